"""Natural keys: by which e-mail address, phone number or SKU a hub record may be found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accord.store.bulk import Bulk
from accord.store.statement import Statement
from accord.store.tables import natural_key

_REMOVE = Statement("DELETE FROM natural_key WHERE entity IN :entities")
_FIND = Statement(
    "SELECT natural_key.type, natural_key.hmac, natural_key.entity"
    " FROM natural_key JOIN entity ON entity.id = natural_key.entity"
    " WHERE natural_key.kind = :kind AND natural_key.type = :type AND natural_key.hmac IN BYTES :hmacs"
    " AND entity.state = 'live' ORDER BY natural_key.hmac, natural_key.entity"
)
_OF = natural_key.select("WHERE entity IN :entities ORDER BY entity, kind, type, hmac")

Key = tuple[str, bytes]
"""Type of the key (``email``) and the keyed hash of its normal form."""


class Keys:
    """An index, not a rule of uniqueness: two people may share an address."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def put(self, kind: str, entity_id: str, keys: Iterable[Key]) -> None:
        """Make these the keys of a hub record, in place of all earlier ones."""
        self.put_many([(kind, entity_id, keys)])

    def put_many(self, owners: Sequence[tuple[str, str, Iterable[Key]]]) -> None:
        """The same for many: (kind, hub record, keys) each."""
        self._bulk.change(_REMOVE, entities=[owner for _, owner, _ in owners])
        rows = [
            {"kind": kind, "type": type_, "hmac": hmac, "entity": owner}
            for kind, owner, keys in owners
            for type_, hmac in dict.fromkeys(keys)
        ]
        self._bulk.insert(natural_key, rows)

    def find(self, kind: str, keys: Iterable[Key]) -> dict[Key, list[str]]:
        """For each key that is known the ids of the live hub records that have it, oldest first."""
        by_type: dict[str, list[bytes]] = {}
        for type_, hmac in dict.fromkeys(keys):
            by_type.setdefault(type_, []).append(hmac)
        found: dict[Key, list[str]] = {}
        for type_, hmacs in by_type.items():
            for row in self._bulk.ask(_FIND, kind=kind, type=type_, hmacs=hmacs):
                found.setdefault((row["type"], row["hmac"]), []).append(row["entity"])
        for ids in found.values():
            ids.sort()
        return found

    def of_entities(self, entities: Iterable[str]) -> dict[str, list[Key]]:
        """The keys of these hub records."""
        found: dict[str, list[Key]] = {}
        for row in self._bulk.ask(_OF, entities=dict.fromkeys(entities)):
            found.setdefault(row["entity"], []).append((row["type"], row["hmac"]))
        return found

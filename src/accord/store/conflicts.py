"""Conflicts: disagreements of two sides, with the value that lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from accord.store.bulk import Bulk
from accord.store.codec import Columns, Found, from_json, to_json
from accord.store.listing import listing
from accord.store.rows import Conflict
from accord.store.statement import Statement
from accord.store.tables import conflict

_Found: TypeAlias = list[Conflict]

_IN_BODY = ("base", "hub_value", "vendor_value", "candidates")
_PLAIN = tuple(name for name in conflict.names if name != "body")
_AGAIN = conflict.update(("body", "policy", "winner", "run"), "WHERE id = :id AND state = 'open'")
_BY_ID = conflict.select("WHERE id = :id")
_IDS = Statement("SELECT id FROM conflict WHERE id IN :ids ORDER BY id")
_RESOLVE = Statement(
    "UPDATE conflict SET state = 'resolved', resolution = :resolution, resolved_at = :now"
    " WHERE id = :id AND state IN ('open', 'review')"
)
_DECIDED = Statement(
    "SELECT external_id, resolution FROM conflict"
    " WHERE connection = :connection AND stream = :stream AND external_id IN :external_ids"
    " AND kind = 'identity' AND state = 'resolved' ORDER BY external_id, id"
)
_WAITING = Statement(
    "SELECT entity, cell FROM conflict WHERE entity IN :entities AND state = 'open' AND cell IS NOT NULL"
    " ORDER BY entity, cell",
    rare="SELECT id FROM conflict WHERE state = 'open'",
)
_ASKED = Statement(
    "SELECT DISTINCT entity FROM conflict WHERE entity IN :entities AND connection = :connection"
    " AND stream = :stream AND kind = 'identity' AND state = 'open' ORDER BY entity",
    rare="SELECT id FROM conflict WHERE state = 'open'",
)
_OPEN_COUNT = Statement("SELECT count(*) FROM conflict WHERE state = 'open'")
_OF = conflict.select("WHERE entity = :entity ORDER BY created_at, id")
_FORGET = Statement("DELETE FROM conflict WHERE entity IN :entities")


class Conflicts:
    """One disagreement is one row, however often it is met."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, conflicts: Sequence[Conflict]) -> int:
        """File conflicts; tells how many are new.

        One that is filed already takes the present values while it is open; one that a person
        resolved stays as it was resolved.
        """
        unique = {each.id: each for each in conflicts}
        known = {row["id"] for row in self._bulk.ask(_IDS, ids=unique)}
        rows = [_pack(each) for each in unique.values()]
        self._bulk.insert(conflict, [row for row in rows if row["id"] not in known])
        self._bulk.each(_AGAIN, [row for row in rows if row["id"] in known])
        return len(unique) - len(known)

    def get(self, id: str) -> Conflict | None:  # noqa: A002
        """The conflict of this id."""
        row = self._bulk.first(_BY_ID, id=id)
        return None if row is None else _unpack(row)

    def resolve(self, id: str, resolution: str, now: float) -> bool:  # noqa: A002
        """Close an open conflict with what was decided; False if there is none of this id."""
        return self._bulk.change(_RESOLVE, id=id, resolution=resolution, now=now) == 1

    def decided(self, connection: str, stream: str, external_ids: Iterable[str]) -> dict[str, str]:
        """What a person decided about ambiguous records: external id -> hub id, or ``new``."""
        found = self._bulk.ask(
            _DECIDED, connection=connection, stream=stream, external_ids=dict.fromkeys(external_ids)
        )
        return {row["external_id"]: row["resolution"] for row in found}

    def open_cells(self, entities: Iterable[str]) -> dict[str, frozenset[str]]:
        """The cells of these hub records that wait for a person's decision."""
        waiting: dict[str, set[str]] = {}
        for row in self._bulk.ask(_WAITING, entities=dict.fromkeys(entities)):
            waiting.setdefault(row["entity"], set()).add(row["cell"])
        return {entity: frozenset(cells) for entity, cells in waiting.items()}

    def asked(self, connection: str, stream: str, entities: Iterable[str]) -> frozenset[str]:
        """Those of these hub records of which a person must say whether a record of this stream is theirs."""
        place = {"connection": connection, "stream": stream}
        found = self._bulk.ask(_ASKED, entities=dict.fromkeys(entities), **place)
        return frozenset(row["entity"] for row in found)

    def open_count(self) -> int:
        """How many conflicts are open."""
        return int(self._bulk.value(_OPEN_COUNT))

    def of(self, entity: str) -> _Found:
        """All conflicts of a hub record, oldest first."""
        return [_unpack(row) for row in self._bulk.ask(_OF, entity=entity)]

    def forget(self, entities: Iterable[str]) -> int:
        """Remove the conflicts of hub records for good (erasure); tells how many."""
        return self._bulk.change(_FORGET, entities=dict.fromkeys(entities))

    def list(
        self,
        state: str | None = "open",
        model: str | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> _Found:
        """A page of conflicts, oldest first, after the conflict with the id ``after``."""
        last = None if after is None else self.get(after)
        place = None if last is None else (last.created_at, last.id)
        asked = listing(conflict, "created_at", {"state": state, "model": model}, limit, place)
        return [_unpack(row) for row in self._bulk.ask(asked.statement, **asked.parameters)]


def _pack(each: Conflict) -> Columns:
    row: Columns = {name: getattr(each, name) for name in _PLAIN}
    row["body"] = to_json([getattr(each, name) for name in _IN_BODY])
    return row


def _unpack(row: Found) -> Conflict:
    plain: dict[str, Any] = {name: row[name] for name in _PLAIN}
    return Conflict(**plain, **dict(zip(_IN_BODY, from_json(row["body"]), strict=True)))

"""Pending references: a record points at one that is not known yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from accord.store.bulk import Bulk
from accord.store.rows import PendingReference
from accord.store.statement import Statement
from accord.store.tables import pending_reference

_TO_THESE = "WHERE connection = :connection AND stream = :stream AND external_id IN :external_ids"
_TO = pending_reference.select(
    f"{_TO_THESE} ORDER BY external_id, entity, cell", rare="SELECT entity FROM pending_reference"
)
_TAKE = Statement(f"DELETE FROM pending_reference {_TO_THESE}")
_OF = pending_reference.select("WHERE entity = :entity ORDER BY cell, external_id")
_DROP = Statement(
    "DELETE FROM pending_reference WHERE connection = :connection AND entity IN :entities",
    rare="SELECT entity FROM pending_reference",
)
_FORGET = Statement("DELETE FROM pending_reference WHERE entity IN :entities")


class References:
    """The vendors' references, kept until the records they name are linked."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, references: Sequence[PendingReference]) -> None:
        """Keep references; one that is kept already stays."""
        self._bulk.add_new(pending_reference, [asdict(each) for each in references])

    def take(self, connection: str, stream: str, external_ids: Iterable[str]) -> list[PendingReference]:
        """The references to these records, which are removed: they are known now."""
        asked = dict.fromkeys(external_ids)
        rows = self._bulk.ask(_TO, connection=connection, stream=stream, external_ids=asked)
        if rows:
            self._bulk.change(_TAKE, connection=connection, stream=stream, external_ids=asked)
        found = [PendingReference(**row) for row in rows]
        return sorted(found, key=lambda each: (each.external_id, each.entity, each.cell))

    def of(self, entity: str) -> list[PendingReference]:
        """The references that a hub record waits for."""
        return [PendingReference(**row) for row in self._bulk.ask(_OF, entity=entity)]

    def drop(self, connection: str, entities: Iterable[str]) -> None:
        """Remove what hub records wait for by the word of one connection."""
        self._bulk.change(_DROP, connection=connection, entities=dict.fromkeys(entities))

    def forget(self, entities: Iterable[str]) -> int:
        """Remove what hub records wait for; tells how many references."""
        return self._bulk.change(_FORGET, entities=dict.fromkeys(entities))

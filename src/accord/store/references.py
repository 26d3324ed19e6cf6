"""Pending references: a record points at one that is not known yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from sqlalchemy import bindparam, delete, select

from accord.store.bulk import Bulk
from accord.store.query import Query
from accord.store.rows import PendingReference
from accord.store.tables import pending_reference

_HERE = (
    pending_reference.c.connection == bindparam("connection"),
    pending_reference.c.stream == bindparam("stream"),
)
_TO = Query(select(pending_reference).where(*_HERE), among=pending_reference.c.external_id)
_TAKE = Query(delete(pending_reference).where(*_HERE), among=pending_reference.c.external_id)


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
        rows = self._bulk.ask_among(_TO, asked, connection=connection, stream=stream)
        if rows:
            self._bulk.change(_TAKE, asked, connection=connection, stream=stream)
        found = [PendingReference(**row) for row in rows]
        return sorted(found, key=lambda each: (each.external_id, each.entity, each.cell))

    def of(self, entity: str) -> list[PendingReference]:
        """The references that a hub record waits for."""
        query = select(pending_reference).where(pending_reference.c.entity == entity)
        rows = self._bulk.rows(query.order_by(pending_reference.c.cell, pending_reference.c.external_id))
        return [PendingReference(**row) for row in rows]

    def forget(self, entities: Iterable[str]) -> int:
        """Remove what hub records wait for; tells how many references."""
        return self._bulk.remove(pending_reference, pending_reference.c.entity, dict.fromkeys(entities))

"""Conflicts: disagreements of two sides, with the value that lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import bindparam, func, select, tuple_, update

from accord.store.bulk import Bulk
from accord.store.codec import Columns, Found, from_json, to_json
from accord.store.query import Query
from accord.store.rows import Conflict
from accord.store.tables import conflict

_Found: TypeAlias = list[Conflict]

_IN_BODY = ("base", "hub_value", "vendor_value", "candidates")
_PLAIN = tuple(column.name for column in conflict.c if column.name != "body")
_AGAIN = (
    update(conflict)
    .where(conflict.c.id == bindparam("asked_id"), conflict.c.state == "open")
    .values({name: bindparam(name) for name in ("body", "policy", "winner", "run")})
)

_IDS = Query(select(conflict.c.id), among=conflict.c.id)
_DECIDED = Query(
    select(conflict.c.external_id, conflict.c.resolution).where(
        conflict.c.connection == bindparam("connection"),
        conflict.c.stream == bindparam("stream"),
        conflict.c.kind == "identity",
        conflict.c.state == "resolved",
    ),
    among=conflict.c.external_id,
)
_WAITING = Query(
    select(conflict.c.entity, conflict.c.cell).where(
        conflict.c.state == "open", conflict.c.cell.is_not(None)
    ),
    among=conflict.c.entity,
)


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
        known = {row["id"] for row in self._bulk.ask_among(_IDS, unique)}
        rows = [_pack(each) for each in unique.values()]
        self._bulk.insert(conflict, [row for row in rows if row["id"] not in known])
        again = [{"asked_id": row["id"]} | row for row in rows if row["id"] in known]
        self._bulk.each(_AGAIN, again)
        return len(unique) - len(known)

    def get(self, id: str) -> Conflict | None:  # noqa: A002
        """The conflict of this id."""
        row = self._bulk.one(select(conflict).where(conflict.c.id == id))
        return None if row is None else _unpack(row)

    def resolve(self, id: str, resolution: str, now: float) -> bool:  # noqa: A002
        """Close an open conflict with what was decided; False if there is none of this id."""
        change = update(conflict).where(conflict.c.id == id, conflict.c.state.in_(("open", "review")))
        values = {"state": "resolved", "resolution": resolution, "resolved_at": now}
        return self._bulk.changed(change.values(**values)) == 1

    def decided(self, connection: str, stream: str, external_ids: Iterable[str]) -> dict[str, str]:
        """What a person decided about ambiguous records: external id -> hub id, or ``new``."""
        asked = dict.fromkeys(external_ids)
        found = self._bulk.ask_among(_DECIDED, asked, connection=connection, stream=stream)
        return {row["external_id"]: row["resolution"] for row in found}

    def open_cells(self, entities: Iterable[str]) -> dict[str, frozenset[str]]:
        """The cells of these hub records that wait for a person's decision."""
        waiting: dict[str, set[str]] = {}
        for row in self._bulk.ask_among(_WAITING, dict.fromkeys(entities)):
            waiting.setdefault(row["entity"], set()).add(row["cell"])
        return {entity: frozenset(cells) for entity, cells in waiting.items()}

    def open_count(self) -> int:
        """How many conflicts are open."""
        return self._bulk.number(select(func.count()).select_from(conflict).where(conflict.c.state == "open"))

    def of(self, entity: str) -> _Found:
        """All conflicts of a hub record, oldest first."""
        query = select(conflict).where(conflict.c.entity == entity)
        return [_unpack(row) for row in self._bulk.rows(query.order_by(conflict.c.created_at, conflict.c.id))]

    def forget(self, entities: Iterable[str]) -> int:
        """Remove the conflicts of hub records for good (erasure); tells how many."""
        return self._bulk.remove(conflict, conflict.c.entity, dict.fromkeys(entities))

    def list(
        self,
        state: str | None = "open",
        model: str | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> _Found:
        """A page of conflicts, oldest first, after the conflict with the id ``after``."""
        turn = tuple_(conflict.c.created_at, conflict.c.id)
        query = select(conflict).order_by(conflict.c.created_at, conflict.c.id).limit(limit)
        if state is not None:
            query = query.where(conflict.c.state == state)
        if model is not None:
            query = query.where(conflict.c.model == model)
        last = None if after is None else self.get(after)
        if last is not None:
            query = query.where(turn > (last.created_at, last.id))
        return [_unpack(row) for row in self._bulk.rows(query)]


def _pack(each: Conflict) -> Columns:
    row: Columns = {name: getattr(each, name) for name in _PLAIN}
    row["body"] = to_json([getattr(each, name) for name in _IN_BODY])
    return row


def _unpack(row: Found) -> Conflict:
    plain: dict[str, Any] = {name: row[name] for name in _PLAIN}
    return Conflict(**plain, **dict(zip(_IN_BODY, from_json(row["body"]), strict=True)))

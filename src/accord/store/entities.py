"""Hub records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, func, select, update

from accord.errors import StateError
from accord.store.bulk import Bulk
from accord.store.codec import pack_entity, unpack_entity
from accord.store.query import Query
from accord.store.rows import Entity, EntityState
from accord.store.tables import entity

_ALL = select(entity)
_BY_ID = Query(_ALL, among=entity.c.id)
_REVISIONS = Query(
    select(entity.c.id, entity.c.rev).where(entity.c.state == EntityState.LIVE.value), among=entity.c.id
)
_REPLACE = (
    update(entity)
    .where(entity.c.id == bindparam("asked_id"), entity.c.rev == bindparam("asked_rev"))
    .values({name: bindparam(name) for name in ("kind", "state", "merged_into", "rev", "created_at", "body")})
)


class Entities:
    """The hub: one row per real person, order or product."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def get(self, ids: Iterable[str]) -> dict[str, Entity]:
        """The hub records of these ids, merged ones as they are; unknown ids are left out."""
        found = self._bulk.ask_among(_BY_ID, dict.fromkeys(ids))
        return {row["id"]: unpack_entity(row) for row in found}

    def revisions(self, ids: Iterable[str]) -> dict[str, int]:
        """The present revisions of those of these hub records that are live."""
        return {row["id"]: row["rev"] for row in self._bulk.ask_among(_REVISIONS, dict.fromkeys(ids))}

    def resolve(self, ids: Iterable[str]) -> dict[str, Entity]:
        """For each asked id the hub record that it stands for now, following merges."""
        asked = set(ids)
        known = self.get(asked)
        missing = _targets(known.values()) - known.keys()
        while missing:
            more = self.get(missing)
            known.update(more)
            missing = _targets(more.values()) - known.keys()
        return {each: _survivor(known, each) for each in asked if each in known}

    def beginning(self, prefix: str, limit: int) -> list[str]:
        """The first hub ids that begin so; ids are hexadecimal, so that a range of the index finds them."""
        query = select(entity.c.id).where(entity.c.id >= prefix, entity.c.id < f"{prefix}g")
        return [row["id"] for row in self._bulk.rows(query.order_by(entity.c.id).limit(limit))]

    def insert(self, entities: Sequence[Entity]) -> None:
        """Add new hub records."""
        self._bulk.insert(entity, [pack_entity(each) for each in entities])
        for each in entities:
            each.loaded_rev = each.rev

    def update(self, entities: Sequence[Entity]) -> None:
        """Save hub records that nobody changed since they were loaded.

        Raises:
            StateError: one was changed meanwhile (its stored revision is not ``loaded_rev``).
        """
        rows = []
        for each in entities:
            row = pack_entity(each)
            row["asked_id"] = row.pop("id")
            row["asked_rev"] = each.loaded_rev
            rows.append(row)
        if self._bulk.each(_REPLACE, rows) != len(rows):
            raise StateError(
                f"one of {len(rows)} hub records was changed by another run since it was loaded",
                hint="run again: nothing of this batch was saved",
            )
        for each in entities:
            each.loaded_rev = each.rev

    def by_kind(
        self,
        kind: str,
        after_id: str | None = None,
        limit: int = 500,
        state: EntityState | None = EntityState.LIVE,
    ) -> list[Entity]:
        """A page of the hub records of a model, by id; ``state`` None takes all states."""
        query = _ALL.where(entity.c.kind == kind).order_by(entity.c.id).limit(limit)
        if state is not None:
            query = query.where(entity.c.state == state.value)
        if after_id is not None:
            query = query.where(entity.c.id > after_id)
        return [unpack_entity(row) for row in self._bulk.rows(query)]

    def count(self, kind: str, state: EntityState | None = EntityState.LIVE) -> int:
        """How many hub records a model has in a state (None: in any)."""
        query = select(func.count()).select_from(entity).where(entity.c.kind == kind)
        return self._bulk.number(query if state is None else query.where(entity.c.state == state.value))

    def merged_into(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """For each survivor the ids that were merged into it directly."""
        query = select(entity.c.id, entity.c.merged_into).where(entity.c.merged_into.is_not(None))
        found: dict[str, list[str]] = {}
        for row in self._bulk.select_among(query, entity.c.merged_into, dict.fromkeys(ids)):
            found.setdefault(row["merged_into"], []).append(row["id"])
        return found


def _targets(entities: Iterable[Entity]) -> set[str]:
    return {each.merged_into for each in entities if each.merged_into is not None}


def _survivor(known: dict[str, Entity], asked: str) -> Entity:
    found, seen = known[asked], {asked}
    while found.merged_into is not None and found.merged_into in known:
        if found.merged_into in seen:
            raise StateError(
                f"hub record {asked} is merged into itself",
                hint="this is a bug in Accord; please report it with the output of `accord show`",
            )
        seen.add(found.merged_into)
        found = known[found.merged_into]
    return found

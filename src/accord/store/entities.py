"""Hub records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accord.errors import StateError
from accord.store.bulk import Bulk
from accord.store.codec import pack_entity, unpack_entity
from accord.store.rows import Entity, EntityState
from accord.store.statement import Statement
from accord.store.tables import entity

_BY_ID = entity.select("WHERE id IN :ids ORDER BY id")
_REVISIONS = Statement("SELECT id, rev FROM entity WHERE id IN :ids AND state = 'live' ORDER BY id")
_BEGINNING = Statement("SELECT id FROM entity WHERE id >= :prefix AND id < :beyond ORDER BY id LIMIT :most")
_REPLACE = entity.update(
    ("kind", "state", "merged_into", "rev", "created_at", "body"), "WHERE id = :id AND rev = :loaded_rev"
)
# An expression, so that no database sorts all of a kind for each page: ids are read on from the last one.
_PAGE = entity.select("WHERE kind || '' = :kind AND id > :after ORDER BY id LIMIT :most")
_PAGE_IN = entity.select("WHERE kind = :kind AND state = :state AND id > :after ORDER BY id LIMIT :most")
_COUNT = Statement("SELECT count(*) FROM entity WHERE kind = :kind")
_COUNT_IN = Statement("SELECT count(*) FROM entity WHERE kind = :kind AND state = :state")
_MERGED = Statement("SELECT id, merged_into FROM entity WHERE merged_into IN :ids ORDER BY merged_into, id")


class Entities:
    """The hub: one row per real person, order or product."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def get(self, ids: Iterable[str]) -> dict[str, Entity]:
        """The hub records of these ids, merged ones as they are; unknown ids are left out."""
        found = map(unpack_entity, self._bulk.rows(_BY_ID, ids=dict.fromkeys(ids)))
        return {entity.id: entity for entity in found}

    def revisions(self, ids: Iterable[str]) -> dict[str, int]:
        """The present revisions of those of these hub records that are live."""
        return self._bulk.pairs(_REVISIONS, ids=dict.fromkeys(ids))

    def resolve(self, ids: Iterable[str]) -> dict[str, Entity]:
        """For each asked id, in their order, the hub record that it stands for now, following merges."""
        asked = sorted(set(ids))
        known = self.get(asked)
        missing = _targets(known.values()) - known.keys()
        while missing:
            more = self.get(missing)
            known.update(more)
            missing = _targets(more.values()) - known.keys()
        return {each: _survivor(known, each) for each in asked if each in known}

    def beginning(self, prefix: str, limit: int) -> list[str]:
        """The first hub ids that begin so; ids are hexadecimal, so that a range of the index finds them."""
        found = self._bulk.ask(_BEGINNING, prefix=prefix, beyond=f"{prefix}g", most=limit)
        return [row["id"] for row in found]

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
        rows = [pack_entity(each) | {"loaded_rev": each.loaded_rev} for each in entities]
        if self._bulk.each(_REPLACE, rows) != len(rows):
            raise StateError(
                f"one of {len(rows)} hub records was changed by another run since it was loaded",
                hint="Run again: nothing of this batch was saved.",
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
        place = {"kind": kind, "after": after_id or "", "most": limit}
        if state is None:
            return [unpack_entity(row) for row in self._bulk.rows(_PAGE, **place)]
        return [unpack_entity(row) for row in self._bulk.rows(_PAGE_IN, **place, state=state.value)]

    def count(self, kind: str, state: EntityState | None = EntityState.LIVE) -> int:
        """How many hub records a model has in a state (None: in any)."""
        if state is None:
            return int(self._bulk.value(_COUNT, kind=kind))
        return int(self._bulk.value(_COUNT_IN, kind=kind, state=state.value))

    def merged_into(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """For each survivor the ids that were merged into it directly."""
        found: dict[str, list[str]] = {}
        for row in self._bulk.ask(_MERGED, ids=dict.fromkeys(ids)):
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
                hint="This is a bug in Accord; please report it with the output of `accord show`.",
            )
        seen.add(found.merged_into)
        found = known[found.merged_into]
    return found

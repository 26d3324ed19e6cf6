"""A person's addresses as consent knows them: keyed hashes, by the channel that uses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from accord.consent.purposes import ADDRESSED
from accord.engine.match import KEPT, key_digest
from accord.model.schema import normal_key
from accord.store.rows import Entity

if TYPE_CHECKING:
    from accord.engine.merge import Merged
    from accord.engine.world import World
    from accord.store import Transaction

INDEXED = "contact_points"
"""Names the mark in ``counter`` that every person's addresses are indexed."""
PAGE = 500
ADDRESSES = ("email", "phone")
"""The cells that are addresses: contact points (postal ones are not told apart)."""


def point_of(type_: str, value: Any, key: bytes) -> str:
    """The keyed hash of an address (hexadecimal), as natural keys and tombstones have it; empty for none."""
    return _point_of(type_, str(value), key) if value else ""


@lru_cache(KEPT)
def _point_of(type_: str, value: str, key: bytes) -> str:
    normal = normal_key(type_, value)
    return key_digest(type_, normal, key).hex() if normal else ""


def points_of(cells: Mapping[str, Any], key: bytes) -> dict[str, str]:
    """A person's present addresses by type."""
    found = {type_: point_of(type_, cells.get(type_), key) for type_ in ADDRESSES}
    return {type_: point for type_, point in found.items() if point}


def point_for(channel: str, points: Mapping[str, str]) -> str:
    """The address that a channel would use; empty where it needs none, or there is none."""
    type_ = ADDRESSED.get(channel)
    return points.get(type_, "") if type_ is not None else ""


def is_addressed(channel: str) -> bool:
    """Whether a permission on this channel belongs to an address."""
    return channel in ADDRESSED


def country_of(cells: Mapping[str, Any]) -> str | None:
    """The country whose law protects a person, as far as their addresses tell."""
    names = [cell for cell in cells if cell.startswith("addresses.")]
    if len(names) > 1:
        names.sort(key=lambda cell: (cell != "addresses.default", cell))
    for cell in names:
        value = cells[cell]
        if isinstance(value, dict) and value.get("country"):
            return str(value["country"])
    return None


def birth_date_of(cells: Mapping[str, Any]) -> date | None:
    """When a person was born, if somebody told."""
    value = cells.get("birth_date")
    return date.fromisoformat(str(value)) if value else None


def rests_on(world: World, cell: str) -> bool:
    """Whether decisions about a person rest on this cell: age, country, kind of contact."""
    return cell in ("birth_date", world.policy.business.field) or cell.startswith("addresses.")


def index(world: World, tx: Transaction, people: Iterable[Entity]) -> None:
    """Note whose these people's addresses are, where any flow asks people at all."""
    if world.asks_people:
        tx.points.put_many([(e.id, points_of(e.cells, world.store.key)) for e in people])


def index_all(world: World) -> None:
    """Index everybody once the first flow that asks people appears; forget it when the last one goes."""
    with world.store.reading() as tx:
        known = tx.marks.get(INDEXED) is not None
    if known == world.asks_people:
        return
    with world.store.transaction("index addresses") as tx:
        tx.marks.remove(INDEXED)
        if not world.asks_people:
            return
        after: str | None = None
        while page := tx.entities.by_kind("customer", after, PAGE):
            index(world, tx, page)
            after = page[-1].id
        tx.marks.put(INDEXED, 1)


def left_behind(merged: Iterable[Merged]) -> dict[str, dict[str, str]]:
    """By hub id the addresses that somebody has no longer."""
    found: dict[str, dict[str, str]] = {}
    for one in merged:
        for change in one.changes:
            if change.cell in ADDRESSES and change.old:
                found.setdefault(change.entity, {}).setdefault(change.cell, str(change.old))
    return found

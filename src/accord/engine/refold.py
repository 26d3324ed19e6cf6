"""Refold: from people's signals to their states, and everything that follows from a change of one.

In the caller's transaction: the derived states and hub cells, the revocations a closing demands, the records
that an opening wakes. Nothing is sent here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from accord.consent.fold import Cell, CellState, Fold
from accord.consent.scope import EVERY, key_of, lineage
from accord.consent.signal import ConsentSignal, Kind, NoticeVersion
from accord.engine.addresses import is_addressed, point_for, point_of, points_of
from accord.engine.ask import reopens, request
from accord.engine.due import revoke
from accord.engine.neighbours import wake
from accord.engine.persons import Person
from accord.model import values
from accord.store.rows import Change, Entity, Stamp

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.store import Transaction


def refold(
    world: World,
    tx: Transaction,
    people: Iterable[Entity],
    *,
    left: Mapping[str, Mapping[str, str]] | None = None,
    anew: bool = False,
    stirred: Collection[str] = (),
    first: Mapping[str, Sequence[ConsentSignal]] | None = None,
) -> list[Person]:
    """Read people's logs anew, and store and carry out what follows.

    Args:
        world: The flows, the policy.
        tx: The writing transaction; signals must be in it.
        people: Their hub records; cells that changed are put into them, to be saved by the caller.
        left: By hub id the old addresses in clear, where an address changed just now.
        anew: Whether all that they ever said is to be carried out anew.
        stirred: Hub ids of those of whom something else changed that decisions rest on.
        first: Of people created in this transaction, all that was said: nothing else is stored of them.
    """
    entities = {entity.id: entity for entity in people}
    known = [id_ for id_ in entities if id_ not in (first or ())]
    logs, before = {**tx.signals.of(known), **(first or {})}, tx.permissions.of(known)
    notices = tx.notices.get({one.notice for log in logs.values() for one in log if one.notice})
    fold = Fold(world.policy, world.env.now().timestamp(), notices)
    found: list[Person] = []
    for id_, entity in entities.items():
        log = logs.get(id_, [])
        if not log and id_ not in before and not anew and id_ not in stirred:
            continue
        points = points_of(entity.cells, world.store.key)
        old = (left or {}).get(id_, {})
        person = Person(entity, log, before.get(id_, {}), {}, points, old, anew, id_ in stirred)
        person.after = {cell: fold.cell(cell, log) for cell in cells_of(log, points, notices)}
        found.append(person)
    tx.permissions.replace({one.entity.id: one.after for one in found if one.after != one.before})
    tx.history.add([change for one in found for change in _show(one, fold.now)])
    if left:
        gone = [point_of(*one, world.store.key) for each in left.values() for one in each.items()]
        wake(world, tx, [entity for id_, entity in entities.items() if id_ in left], gone)
    _follow(world, tx, found)
    return found


def _follow(world: World, tx: Transaction, people: Sequence[Person]) -> None:
    """What a change of state asks for: revocations, requests, and another look at what was kept back."""
    revoke(world, tx, people)
    opening = [one for one in people if one.opened() or reopens(one)]
    if opening:
        request(world, tx, opening)
    woken = [one.entity.id for one in people if one.renewed() or one.stirred]
    held = tx.holds.of(woken) if woken else []
    tx.dirty.add([(hold.connection, hold.stream, hold.entity) for hold in held])
    # Of whoever is created just now nobody was kept back.
    wake(world, tx, [p.entity for p in people if p.entity.loaded_rev != 0 and (p.stirred or p.renewed())])


def cells_of(
    log: Iterable[ConsentSignal], points: Mapping[str, str], notices: Mapping[str, NoticeVersion]
) -> list[Cell]:
    """The cells a log says something about, those of the present addresses among them."""
    found: dict[Cell, None] = {}
    for one in log:
        if one.kind is Kind.OBSERVE:
            continue
        here = point_for(one.channel, points)
        addresses = {one.contact_point, here} if is_addressed(one.channel) else {""}
        notice = notices.get(one.notice)
        purposes = [
            one.purpose,
            *(p for p in (notice.purposes if notice else ()) if one.purpose in lineage(p)[1:]),
        ]
        partners = notice.partners if notice is not None and one.channel == "ad_platform" else ()
        channels = [one.channel, *(f"ad_platform:{name}" for name in partners)]
        for purpose in purposes:
            for channel in channels:
                for point in sorted(addresses):
                    found[Cell(purpose, channel, point, one.topic, one.controller)] = None
    return list(found)


def _show(person: Person, now: float) -> list[Change]:
    """Bring the hub's consent cells to what the log says for the present addresses."""
    entity, changes = person.entity, []
    wanted: dict[str, dict[str, Any]] = {}
    for cell in person.after:
        if EVERY in (cell.purpose, cell.channel) or cell.controller:
            continue
        if is_addressed(cell.channel) and cell.contact_point not in (
            "",
            point_for(cell.channel, person.points),
        ):
            continue
        known = person.after.get(
            Cell(cell.purpose, cell.channel, point_for(cell.channel, person.points), cell.topic)
        )
        name = f"consents.{key_of(cell.purpose, cell.channel, cell.topic)}"
        wanted[name] = _cell(person, known or person.after[cell])
    for name in entity.cells:
        if name.startswith("consents.") and name not in wanted and entity.cells[name] is not None:
            wanted[name] = {"state": "unknown"}
    for name, value in wanted.items():
        old = entity.cells.get(name)
        if old != value:
            changes += _put(entity, name, value, now)
    return changes


def _put(entity: Entity, name: str, value: dict[str, Any], now: float) -> list[Change]:
    """Set a cell; with what a record is created with no history begins."""
    born = entity.loaded_rev == 0
    entity.rev += not born
    old = entity.cells.get(name)
    entity.cells[name] = value
    entity.stamps[name] = Stamp(entity.rev, "accord", now)
    return [] if born else [Change(entity.id, name, old, value, entity.rev, "accord", "", now, "fold")]


def _cell(person: Person, known: CellState) -> dict[str, Any]:
    """A hub cell: state, when it began, and who said so."""
    shown: dict[str, Any] = {"state": known.state}
    if known.since is not None:
        shown["at"] = values.instant(datetime.fromtimestamp(known.since, UTC))
    decisive = person.signal(known.signal)
    if decisive is not None:
        shown["source"] = decisive.source
    return shown

"""Retention: a permission ends when the person has not been in touch for as long as the policy says.

An order, a click, a reply count; an open, a campaign sent to them, a sync that touched their record do not.
The person is asked once whether to go on; without an answer the permission expires and destinations are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from accord.consent.scope import lineage
from accord.consent.signal import Actor, ConsentSignal, Kind
from accord.engine.capture import happened_at
from accord.engine.fingerprints import fingerprint
from accord.engine.reconsider import again, end, everybody
from accord.store.rows import EntityState

if TYPE_CHECKING:
    from accord.consent.fold import Cell
    from accord.consent.policy import Retention
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.rows import Entity

MONTH = 30.4375 * 86_400.0
PAGE = 500
SOURCE = "accord"


@dataclass(slots=True)
class Kept:
    """What a retention run did.

    Attributes:
        renew: Hub ids of people to ask once whether to go on; (hub id, purpose) each.
        expired: (hub id, purpose) of permissions that ended.
        ended: People with a permission whose own date came.
        objections, evidence: Rows whose time was over.
    """

    renew: list[tuple[str, str]] = field(default_factory=list)
    expired: list[tuple[str, str]] = field(default_factory=list)
    ended: int = 0
    objections: int = 0
    evidence: int = 0


def keep(world: World) -> Kept:
    """Run every rule of retention once, page by page."""
    kept, last = Kept(), _contacts(world)
    now = world.env.now().timestamp()
    while ended := end(world):
        kept.ended += ended
    after = ""
    while True:
        with world.store.transaction("retention") as tx:
            subjects = tx.signals.subjects(after, PAGE)
            if not subjects:
                kept.objections, kept.evidence = tx.objections.expire(now), tx.evidence.expire(now)
                break
            after = subjects[-1]
            _page(world, tx, subjects, last, kept)
    # Once a day everything that stands anywhere is decided anew, whatever changed unnoticed.
    everybody(world)
    return kept


def _page(
    world: World, tx: Transaction, subjects: Sequence[str], last: Mapping[str, float], kept: Kept
) -> None:
    people = {id_: e for id_, e in tx.entities.get(subjects).items() if e.state is EntityState.LIVE}
    states, logs = tx.permissions.of(people), tx.signals.of(people)
    new: list[ConsentSignal] = []
    for id_ in people:
        log = logs.get(id_, [])
        for cell, state in states.get(id_, {}).items():
            rule = _rule(world, cell)
            if rule is None or state.state not in ("granted", "soft_opt_in"):
                continue
            new += _due(world, id_, cell, rule, max(last.get(id_, 0.0), _spoken(log)), log, kept)
    added = tx.signals.add(new)
    again(world, tx, [people[id_] for id_ in sorted({one.subject for one in added})])


def _rule(world: World, cell: Cell) -> Retention | None:
    """The narrowest rule for a purpose."""
    by_purpose = {rule.purpose: rule for rule in world.policy.retention}
    return next((by_purpose[name] for name in lineage(cell.purpose) if name in by_purpose), None)


def _spoken(log: Iterable[ConsentSignal]) -> float:
    """When the person last said anything themselves: the collection, at least."""
    acts = [o.effective_at or o.received_at for o in log if o.source != SOURCE and o.kind is not Kind.OBSERVE]
    return max(acts, default=0.0)


def _due(
    world: World,
    person: str,
    cell: Cell,
    rule: Retention,
    last: float,
    log: Sequence[ConsentSignal],
    kept: Kept,
) -> list[ConsentSignal]:
    now = world.env.now().timestamp()
    if now - last < rule.months * MONTH:
        return []
    asked = [one for one in log if one.note == "renewal_asked" and one.purpose == cell.purpose]
    asked = [one for one in asked if one.received_at > last]
    if len(asked) < rule.renewals:
        kept.renew.append((person, cell.purpose))
        return [_signal(person, cell, Kind.OBSERVE, now, "renewal_asked")]
    if asked and now - asked[-1].received_at < world.policy.confirmation_seconds:
        return []
    kept.expired.append((person, cell.purpose))
    return [_signal(person, cell, Kind.EXPIRE, now, "retention")]


def _signal(person: str, cell: Cell, kind: Kind, now: float, note: str) -> ConsentSignal:
    event = f"{note}:{person}:{cell.purpose}:{cell.channel}:{cell.contact_point}:{now}"
    return ConsentSignal(
        id=fingerprint(SOURCE, event),
        subject=person,
        source=SOURCE,
        event=event,
        purpose=cell.purpose,
        channel=cell.channel,
        kind=kind,
        actor=Actor.ACCORD,
        received_at=now,
        effective_at=now,
        contact_point=cell.contact_point,
        topic=cell.topic,
        controller=cell.controller,
        recorded_for=person,
        note=note,
    )


def _contacts(world: World) -> dict[str, float]:
    """By person when they were last in touch: bought, clicked, replied."""
    counts = {name for rule in world.policy.retention for name in rule.counts}
    last: dict[str, float] = {}
    for kind in ("order", "touchpoint"):
        after: str | None = None
        while page := _some(world, kind, after):
            after = page[-1].id
            for entity in page:
                at = _when(entity.cells, kind, counts)
                person = str(entity.cells.get("customer") or "")
                if at is not None and person:
                    last[person] = max(at, last.get(person, 0.0))
    return last


def _some(world: World, kind: str, after: str | None) -> list[Entity]:
    with world.store.reading() as tx:
        return tx.entities.by_kind(kind, after, PAGE, None)


def _when(cells: Mapping[str, Any], kind: str, counts: set[str]) -> float | None:
    """The instant of a contact by the person, None if it was none of theirs."""
    word = "order" if kind == "order" else str(cells.get("kind") or "")
    return happened_at(cells) if word in counts else None

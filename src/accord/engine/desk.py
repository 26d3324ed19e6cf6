"""What people say to a desk, a link or a form, and not through a system that is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accord.consent.purposes import CHANNELS, PURPOSES, needs_grant
from accord.consent.scope import EVERY, lineage
from accord.consent.signal import CLOSING, Actor, ConsentSignal, Kind
from accord.engine.addresses import is_addressed, point_for, points_of
from accord.engine.fingerprints import fingerprint
from accord.engine.hearing import record
from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.engine.persons import Person
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.rows import Entity

DESK = "operator"
CLAMPED = "clamped"
"""Flags a yes dated in the future: it counts from its arrival (consent.md 1.4 rule 2)."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person said.

    Attributes:
        kind: Grant, withdrawal, objection, request, confirmation, renewal or sale.
        purpose: A purpose; for a refusal also a parent of some, or ``*`` for all of them.
        channel: A channel; for a refusal also ``*``.
        at: When they said it, seconds since 1970; None = now.
        evidence: Reference to the proof; a yes needs one.
        notice: ``id@version`` of the text they saw.
        actor: Who says so: the person, or somebody who noted it for them.
        source: Where it was said.
        event: The event's own id there: repeated, it is one signal. Without one every call is an event.
        whole_person: Whether a refusal is about the person rather than the present address.
        parental: Reference to a parent's consent.
        request: For a confirmation: the event of the request it answers.
        expires_at: When a yes ends by itself.
        point: Keyed hash of the address it is about, where that need not be the present one.
        brand: The controller it was said to; empty = the one there is, for a refusal every one.
    """

    kind: Kind
    purpose: str
    channel: str
    at: float | None = None
    evidence: str = ""
    notice: str = ""
    actor: Actor = Actor.AGENT
    source: str = DESK
    event: str = ""
    whole_person: bool = False
    parental: str = ""
    request: str = ""
    expires_at: float | None = None
    point: str = ""
    brand: str = ""


def note(world: World, tx: Transaction, person: Entity, said: Statement) -> Person | None:
    """Record what a person said. When the transaction commits, it holds: nothing is sent against it.

    Returns:
        What holds now; None when this event was recorded before.

    Raises:
        SetupError: the purpose or the channel does not exist, or a yes has no proof.
    """
    check(said)
    now = world.env.now().timestamp()
    event = said.event or world.env.new_id()
    too_late = said.at is not None and said.at > now + world.policy.clamp_seconds
    addressed = is_addressed(said.channel) and not said.whole_person
    point = said.point or point_for(said.channel, points_of(person.cells, world.store.key))
    signal = ConsentSignal(
        id=fingerprint(said.source, event),
        subject=person.id,
        source=said.source,
        event=event,
        purpose=said.purpose,
        channel=said.channel,
        kind=said.kind,
        actor=said.actor,
        received_at=now,
        effective_at=now if said.at is None else said.at,
        contact_point=point if addressed else "",
        controller=said.brand,
        evidence=said.evidence,
        notice=said.notice,
        parental=said.parental,
        request=said.request,
        expires_at=said.expires_at,
        recorded_for=person.id,
        note="" if said.kind in CLOSING or not too_late else CLAMPED,
    )
    return record(world, tx, person, signal)


def check(said: Statement) -> None:
    """Whether this can be said at all.

    Raises:
        SetupError: the purpose or the channel does not exist, or a yes has no proof.
    """
    kind, closing = said.kind, said.kind in CLOSING
    parents = {parent for name in PURPOSES if needs_grant(name) for parent in lineage(name)}
    known = parents if closing else {name for name in PURPOSES if needs_grant(name)}
    if said.purpose not in known:
        raise SetupError(
            f"{said.purpose!r} is no purpose that a person can {'refuse' if closing else 'grant'}",
            hint=f"Purposes are: {', '.join(sorted(known))}.",
        )
    if said.channel not in CHANNELS and not (closing and said.channel == EVERY):
        raise SetupError(
            f"there is no channel {said.channel!r}", hint=f"Channels are: {', '.join(CHANNELS)}."
        )
    proof = said.evidence or (said.notice if kind is Kind.PURCHASE else "")
    if not closing and kind not in (Kind.REQUEST_DOI, Kind.EXPIRE) and not proof:
        raise SetupError(
            f"a {kind} without proof cannot be recorded",
            hint="Name the evidence: the form, receipt, call or document that shows what was agreed to.",
        )

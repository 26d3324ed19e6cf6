"""Asking destinations to open: by an explicit grant, once per destination (consent.md 2.3).

A destination that opens only when asked is asked when a permission opens, or when somebody who allowed is
found there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accord.consent.signal import Actor, ConsentSignal, Kind
from accord.engine import recall
from accord.engine.due import queue, revocation
from accord.engine.fingerprints import fingerprint
from accord.engine.persons import shows_no, shows_yes
from accord.model.record import Verb
from accord.store.consent_rows import Revocation, RevocationState
from accord.store.rows import Link, LinkState

if TYPE_CHECKING:
    from accord.consent.decision import Verdict
    from accord.consent.fold import CellState
    from accord.engine.flow import Member
    from accord.engine.persons import Person
    from accord.engine.world import World
    from accord.store import Transaction

REQUESTING = (Kind.GRANT, Kind.CONFIRM_DOI, Kind.RENEW)
"""Signals that may ask a destination to open: explicit ones, each once per destination."""


def request(world: World, tx: Transaction, people: Sequence[Person]) -> None:
    """Ask destinations that hold these people, and that open only when asked, to open."""
    ids = [one.entity.id for one in people]
    links, told = tx.links.of_entities(ids), _refusals_told(tx, ids)
    asked: list[tuple[Person, Member, Revocation]] = []
    for person in people:
        for link in links.get(person.entity.id, ()):
            owner = world.member((link.connection, link.stream))
            if owner is not None and link.state is LinkState.LIVE:
                found = _requests(world, person, owner.member, link, told)
                asked += [(person, owner.member, one) for one in found]
    queue(world, tx, [one for person, member, one in asked if _may(world, tx, person, member)])


def _may(world: World, tx: Transaction, person: Person, member: Member) -> bool:
    return may_ask(recall.stands(tx, world, member.use, person.entity))


def may_ask(verdict: Verdict) -> bool:
    """Whether a destination may be asked to open: the gate says yes, or only a refusal stands against it.

    In that case the person's own click decides (:func:`_grant`).
    """
    return verdict.allowed or verdict.reason in ("withdrawn", "objection")


def _refusals_told(tx: Transaction, ids: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """Refusals that destinations hold because we told them: (person, connection, purpose, channel)."""
    done = [one for one in tx.revocations.of(ids) if one.state is RevocationState.DONE]
    return frozenset(
        (one.subject, one.connection, one.purpose, one.channel)
        for one in done
        if one.verb == Verb.UNSUBSCRIBE
    )


def _requests(
    world: World, person: Person, member: Member, link: Link, told: frozenset[tuple[str, ...]]
) -> list[Revocation]:
    stream = member.stream
    what, brand = (member.purpose, member.channel), member.brand
    served = member.channel in stream.consent_channels
    if not (member.needs_grant and member.writes and stream.operations.subscribe and served):
        return []
    grant = _grant(person, member)
    yes = shows_yes(person.log, member.connection, *what)
    if grant is None or grant.source == member.connection or yes:
        return []
    refused = (person.entity.id, member.connection, *what) in told
    refused = refused or shows_no(person.log, member.connection, *what)
    if stream.mails_unless_refused and not refused:
        return []
    state = person.state(*what, brand)
    one = revocation(world, person, member.key, Verb.SUBSCRIBE, what, state, [link])
    one.id = fingerprint(Verb.SUBSCRIBE, member.key, what, person.entity.id, grant.id)
    one.cause, one.at = grant.id, grant.effective_at
    return [one]


def _grant(person: Person, member: Member) -> ConsentSignal | None:
    """The explicit grant that entitles to ask: the one that decides, or one a withdrawal overrules.

    The latter only where the destination asks the person to confirm: then their click decides, not we.
    """
    state = person.state(member.purpose, member.channel, member.brand)
    decisive = person.signal(state.signal)
    if state.state == "granted" and decisive is not None and decisive.kind in REQUESTING:
        return decisive
    if state.state == "withdrawn" and member.stream.confirms:
        return _overruled(person, state)
    return None


def reopens(person: Person) -> bool:
    """Whether a later dated yes stands against a refusal: the person may be asked what holds."""
    return any(_overruled(person, state) is not None for state in person.after.values())


def _overruled(person: Person, state: CellState) -> ConsentSignal | None:
    """A later dated yes that another system's withdrawal overrules, if there is one."""
    if state.state != "withdrawn":
        return None
    claims = [one for id_ in state.conflicts if (one := person.signal(id_)) is not None]
    dated = [
        c
        for c in claims
        if c.kind in REQUESTING and c.effective_at is not None and c.actor is not Actor.IMPORT
    ]
    return max(dated, key=lambda one: (one.effective_at or 0.0, one.id), default=None)

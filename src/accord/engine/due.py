"""What destinations are due when a permission changes: revocations by the ledger, requests by a grant.

One consent write per destination, queued in the transaction that appended the signal (consent.md 2.3). Nobody
is ever created anywhere to record a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from accord.consent.purposes import CHANNELS, PURPOSES, family, needs_grant
from accord.consent.scope import channels_above, closes, key_of
from accord.consent.signal import Actor, ConsentSignal, Kind
from accord.engine import clashes
from accord.engine.addresses import is_addressed
from accord.engine.fingerprints import fingerprint
from accord.engine.persons import OPEN, shows_no, shows_yes
from accord.model.record import Verb
from accord.store.consent_rows import LEFT, Decision, Revocation, RevocationState, Send, SendState
from accord.store.rows import Link, LinkState

if TYPE_CHECKING:
    from accord.consent.fold import CellState
    from accord.engine.flow import Member
    from accord.engine.persons import Person
    from accord.engine.world import World
    from accord.store import Transaction

HOUR = 3600.0
OUTDATED = "address_changed"
"""The cause of removals that no signal asked for: an address was left, its hash must leave as well."""
REQUESTING = (Kind.GRANT, Kind.CONFIRM_DOI, Kind.RENEW)
"""Signals that may ask a destination to open: explicit ones, each once per destination."""


def demand(world: World, tx: Transaction, people: Sequence[Person]) -> None:
    """Queue what these people's changed permissions ask of destinations."""
    closing = [one for one in people if one.closed() or one.left or one.regrouped]
    opening = [one for one in people if one.opened() or _reopens(one)]
    if closing:
        _revoke(world, tx, closing)
    if opening:
        request(world, tx, opening)


def _revoke(world: World, tx: Transaction, people: Sequence[Person]) -> None:
    ids = [one.entity.id for one in people]
    sends, links = tx.ledger.of(ids), tx.links.of_entities(ids)
    due: list[Revocation] = []
    left_there: list[Send] = []
    for person in people:
        own = sends.get(person.entity.id, ())
        left = [send for send in own if _is_due(person, send) or _is_outdated(world, person, send)]
        left_there += left
        mine = links.get(person.entity.id, [])
        due += _by_ledger(world, person, left, mine) + _back_to_sources(world, person, mine)
    hopeless = _queue(world, tx, due)
    failed = [one.id for one in left_there if (one.connection, one.purpose, one.channel) in hopeless]
    tx.ledger.mark([one.id for one in left_there if one.id not in failed], SendState.REVOKE_PENDING)
    tx.ledger.mark(failed, SendState.REVOKE_FAILED)


def _is_due(person: Person, send: Send) -> bool:
    """Whether what was sent rests on a permission that does not hold any more."""
    if send.status not in LEFT or not needs_grant(send.purpose):
        return False
    state = person.state(send.purpose, send.channel)
    if state.is_closed:
        return True
    if state.state in OPEN:
        return False
    moved = bool(person.left) and is_addressed(send.channel)
    return moved or person.regrouped or state.epoch > send.epoch


def _is_outdated(world: World, person: Person, send: Send) -> bool:
    """Whether it went out under an address the person has left, and still stands there under its hash."""
    if not person.left or not send.identifiers or send.status not in LEFT or not needs_grant(send.purpose):
        return False
    owner = world.member((send.connection, send.stream))
    return owner is not None and owner.member.stream.operations.remove is not None


def _by_ledger(
    world: World, person: Person, sends: Iterable[Send], links: Sequence[Link]
) -> list[Revocation]:
    """One revocation per destination, purpose and set of identifiers that was used."""
    found: dict[str, Revocation] = {}
    for send in sends:
        member = _serving(world, send.connection, send.stream, send.channel)
        place = member.key if member is not None else (send.connection, send.stream)
        verb = _verb(member, send.purpose)
        state = person.state(send.purpose, send.channel)
        one = _revocation(world, person, place, verb, (send.purpose, send.channel), state, links)
        if state.state in OPEN:  # the permission stands; only the address has gone
            one.cause, one.expected, one.before = OUTDATED, "", ""
        one.identifiers = send.identifiers
        one.external_id = one.external_id or (
            send.external_id if place == (send.connection, send.stream) else None
        )
        again = [send.id] if person.regrouped else []
        one.id = fingerprint(one.id, sorted(send.identifiers.items()), *again)
        one.document |= person.left
        found[one.id] = one
    return list(found.values())


def _back_to_sources(world: World, person: Person, links: Sequence[Link]) -> list[Revocation]:
    """Systems that still show a yes are told, so that their next page does not look like a contradiction."""
    found = []
    for cell in person.closed():
        known = person.after[cell]
        cause = person.signal(known.signal)
        for member in _consenting(world, links):
            if member.connection == (cause.source if cause is not None else ""):
                continue
            for channel in sorted(member.stream.consent_channels or written_channels(member)):
                for purpose in _told(person.log, member.connection, cell.purpose, cell.channel, channel):
                    if shows_yes(person.log, member.connection, purpose, channel):
                        verb = _verb(member, purpose)
                        place = (purpose, channel)
                        found.append(_revocation(world, person, member.key, verb, place, known, links))
    return found


def _told(
    log: Iterable[ConsentSignal], connection: str, purpose: str, channel: str, served: str
) -> list[str]:
    """The purposes a system said something about that this closing covers."""
    names = {
        one.purpose for one in log if one.source == connection and served in channels_above(one.channel)[:2]
    }
    return sorted(name for name in names if closes(purpose, channel, name, served))


def _consenting(world: World, links: Sequence[Link]) -> list[Member]:
    """Members that hold the person and can be told a refusal, also those whose records are only read."""
    live = {(link.connection, link.stream) for link in links if link.state is LinkState.LIVE}
    owners = [owner for key in sorted(live) if (owner := world.member(key)) is not None]
    return [owner.member for owner in owners if can_refuse(owner.member)]


def written_channels(member: Member) -> list[str]:
    """Channels whose state is an ordinary two-way column of the member (a file, a table of one's own)."""
    covers = member.stream.mapping.covers
    return [c for c in CHANNELS if any(covers(f"consents.{key_of(purpose, c)}") for purpose in PURPOSES)]


def can_refuse(member: Member) -> bool:
    """Whether a refusal can be told there: by an operation, or by an ordinary column of a written member."""
    can = member.stream.operations
    if can.unsubscribe is not None or can.remove is not None:
        return True
    return member.writes and can.update is not None and bool(written_channels(member))


def _serving(world: World, connection: str, stream: str, channel: str) -> Member | None:
    """The member of a connection that can carry out a revocation: the one sent to, else another of it."""
    members = [
        m for flow in world.flows for m in flow.members if m.connection == connection and can_refuse(m)
    ]
    members.sort(key=lambda m: m.stream.name != stream)
    serving = [m for m in members if channel in (m.stream.consent_channels or written_channels(m))]
    return next(iter(serving or members), None)


def _verb(member: Member | None, purpose: str) -> str:
    can = member.stream.operations if member is not None else None
    if family(purpose) == "ads" and can is not None and can.remove is not None:
        return Verb.REMOVE
    if can is not None and can.unsubscribe is None and can.remove is not None:
        return Verb.REMOVE
    return Verb.UNSUBSCRIBE


def _revocation(
    world: World,
    person: Person,
    place: tuple[str, str],
    verb: str,
    what: tuple[str, str],
    state: CellState,
    links: Sequence[Link],
) -> Revocation:
    now = world.env.now().timestamp()
    (connection, stream), (purpose, channel) = place, what
    live = [k for k in links if (k.connection, k.stream) == place and k.state is LinkState.LIVE]
    cause = person.signal(state.signal)
    return Revocation(
        id=fingerprint(
            verb, place, what, person.entity.id, state.signal, state.epoch, sorted(person.left.items())
        ),
        subject=person.entity.id,
        connection=connection,
        stream=stream,
        verb=verb,
        purpose=purpose,
        channel=channel,
        external_id=live[0].external_id if live else None,
        at=state.since,
        cause=cause.id if cause is not None else state.signal,
        document=contact_of(person.entity.cells),
        expected="granted" if verb == Verb.SUBSCRIBE else "withdrawn",
        before="withdrawn" if verb == Verb.SUBSCRIBE else "granted",
        created_at=now,
        due_at=now + world.policy.hours_to_revoke(purpose) * HOUR,
    )


def contact_of(cells: Mapping[str, Any]) -> dict[str, Any]:
    """The contact fields a vendor may need to find somebody; nothing else goes with a consent write."""
    return {name: cells[name] for name in ("email", "phone") if cells.get(name)}


def request(world: World, tx: Transaction, people: Sequence[Person]) -> None:
    """Ask destinations that hold these people, and that open only when asked, to open."""
    ids = [one.entity.id for one in people]
    links, told = tx.links.of_entities(ids), _refusals_told(tx, ids)
    due: list[Revocation] = []
    for person in people:
        for link in links.get(person.entity.id, ()):
            owner = world.member((link.connection, link.stream))
            if owner is not None and link.state is LinkState.LIVE:
                due += _requests(world, person, owner.member, link, told)
    _queue(world, tx, due)


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
    what = (member.purpose, member.channel)
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
    state = person.state(*what)
    one = _revocation(world, person, member.key, Verb.SUBSCRIBE, what, state, [link])
    one.id = fingerprint(Verb.SUBSCRIBE, member.key, what, person.entity.id, grant.id)
    one.cause, one.at = grant.id, grant.effective_at
    return [one]


def _grant(person: Person, member: Member) -> ConsentSignal | None:
    """The explicit grant that entitles to ask: the one that decides, or one a withdrawal overrules.

    The latter only where the destination asks the person to confirm: then their click decides, not we.
    """
    state = person.state(member.purpose, member.channel)
    decisive = person.signal(state.signal)
    if state.state == "granted" and decisive is not None and decisive.kind in REQUESTING:
        return decisive
    if state.state == "withdrawn" and member.stream.confirms:
        return _overruled(person, state)
    return None


def _reopens(person: Person) -> bool:
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


def _queue(world: World, tx: Transaction, due: Sequence[Revocation]) -> frozenset[tuple[str, str, str]]:
    """Queue what is new; what no connector can carry out waits for a person from the start.

    Returns:
        Where nothing can be carried out: (connection, purpose, channel).
    """
    unique = {one.id: one for one in due}
    for one in unique.values():
        owner = world.member((one.connection, one.stream))
        if owner is None or (one.verb != Verb.SUBSCRIBE and not can_refuse(owner.member)):
            one.state, one.receipt = RevocationState.IMPOSSIBLE, "impossible"
            one.finished_at = one.alerted_at = one.created_at
            one.reason = "no_operation"
    known = {one.id for one in tx.revocations.of({one.subject for one in unique.values()})}
    new = [one for id_, one in unique.items() if id_ not in known]
    tx.revocations.add(new)
    tx.decisions.append([account_of(one, one.created_at) for one in new])
    hopeless = [one for one in unique.values() if one.state is RevocationState.IMPOSSIBLE]
    clashes.record(tx, [clashes.not_revoked(one, "", one.created_at) for one in hopeless if one in new])
    return frozenset((one.connection, one.purpose, one.channel) for one in hopeless)


def account_of(one: Revocation, at: float) -> Decision:
    """The line of a consent write in the account of decisions."""
    names = ("stream", "verb", "channel", "cause", "receipt", "reason", "attempt")
    facts: dict[str, Any] = {name: getattr(one, name) for name in names}
    facts |= {"state": str(one.state), "revocation": one.id}
    return Decision(
        fingerprint(one.id, at, one.state), at, one.subject, one.connection, one.purpose, "revoke", facts
    )

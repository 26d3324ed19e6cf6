"""What destinations are due when a permission changes: what stands there against it is called back.

One consent write per destination, queued in the transaction that changed what it rests on (consent.md 2.3).
Nobody is ever created anywhere to record a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from accord.consent.purposes import CHANNELS, PURPOSES, family, needs_grant
from accord.consent.scope import channels_above, closes, key_of
from accord.consent.signal import ConsentSignal
from accord.engine import clashes, recall
from accord.engine.addresses import point_of
from accord.engine.fingerprints import fingerprint
from accord.engine.persons import OPEN, Person, people_of, shows_yes
from accord.engine.recall import Recall
from accord.model.record import Verb
from accord.store.consent_rows import Decision, Revocation, RevocationState, Send, SendState
from accord.store.rows import Link, LinkState

if TYPE_CHECKING:
    from accord.consent.decision import Verdict
    from accord.consent.fold import CellState
    from accord.consent.policy import Policy
    from accord.consent.purposes import Use
    from accord.engine.flow import Member
    from accord.engine.world import World
    from accord.store import Transaction

HOUR = 3600.0
OUTDATED = "address_changed"
"""The cause of removals that no signal asked for: an address was left, its hash must leave as well."""
OWN_END = ("withdrawn", "state_expired")
"""Reasons of the gate that are an end of the very permission: a signal, or its date, caused it."""
TOO_YOUNG = "minor"
"""Reasons of the gate that begin so are about the person, wherever they are known."""


@dataclass(slots=True)
class Due:
    """What is to be called back from one place: sends that left under the same identifiers.

    Attributes:
        what: Purpose and channel.
        verdict: Why; None = only an address is gone.
    """

    person: Person
    place: tuple[str, str]
    verb: str
    what: tuple[str, str]
    verdict: Verdict | None
    identifiers: Mapping[str, str]
    external_id: str | None
    sends: list[Send] = field(default_factory=list)


def revoke(world: World, tx: Transaction, people: Sequence[Person]) -> None:
    """Decide anew what stands at destinations of these people, and call back what is refused now."""
    changed = {one.entity.id: one for one in people if one.changed}
    if not changed:
        return
    left = {id_: _points_left(world, one) for id_, one in changed.items()}
    points = [p for id_, one in changed.items() for p in (*one.points.values(), *left[id_])]
    others = recall.sharers(tx, changed, points) if points else []
    everyone = changed | {one.entity.id: one for one in people_of(world, tx, others)}
    stood = Recall(world, tx, everyone)
    links = tx.links.of_entities(list(everyone))
    due: list[Revocation] = []
    pending: list[str] = []
    for id_, person in everyone.items():
        found = _called_back(world, stood, person, left.get(id_, ()))
        pending += [send.id for one in found for send in one.sends]
        told = [_by_ledger(world, one, links[id_]) for one in found]
        due += told
        if id_ in changed:
            due += _where_shown(world, tx, person, links[id_], told)
    tx.ledger.mark(pending, SendState.REVOKE_PENDING)
    queue(world, tx, due)
    hopeless = [id_ for one in due if one.state is RevocationState.IMPOSSIBLE for id_ in one.sends]
    tx.ledger.mark(hopeless, SendState.REVOKE_FAILED)


def _points_left(world: World, person: Person) -> list[str]:
    return [point_of(type_, value, world.store.key) for type_, value in person.left.items()]


def _called_back(world: World, stood: Recall, person: Person, left: Sequence[str]) -> list[Due]:
    """What must leave destinations: refused sends, and addresses the person has no longer."""
    found: dict[str, Due] = {}
    refused = stood.refused(person.entity.id)
    for send, verdict, use in refused:
        _add(found, _due(world, person, send, use, verdict, send.identifiers), send)
    gone = {send.id for send, _, _ in refused}
    for send in stood.sends.get(person.entity.id, ()):
        owner = world.member((send.connection, send.stream))
        member = owner.member if owner is not None else None
        if send.id in gone or member is None or member.stream.operations.remove is None:
            continue
        old = recall.left_behind(member, send, person, left)
        if old:
            _add(found, _due(world, person, send, member.use, None, old), send)
    return list(found.values())


def _add(found: dict[str, Due], one: Due, send: Send) -> None:
    """One per destination, purpose and set of identifiers that was used."""
    key = fingerprint(one.place, one.verb, one.what, sorted(one.identifiers.items()))
    found.setdefault(key, one).sends.append(send)


def _due(
    world: World,
    person: Person,
    send: Send,
    use: Use,
    verdict: Verdict | None,
    identifiers: Mapping[str, str],
) -> Due:
    """What was sent as a service is called back as what its destination is for now."""
    what = (send.purpose, send.channel) if needs_grant(send.purpose) else (use.purpose, use.channel)
    member = _serving(world, send.connection, send.stream, what[1])
    there = (send.connection, send.stream)
    place = member.key if member is not None else there
    external_id = send.external_id if place == there else None
    return Due(person, place, _verb(member, what[0]), what, verdict, identifiers, external_id)


def _by_ledger(world: World, one: Due, links: Sequence[Link]) -> Revocation:
    owner = world.member(one.place)
    state = one.person.state(*one.what, owner.member.brand if owner is not None else "")
    found = revocation(world, one.person, one.place, one.verb, one.what, state, links)
    found.sends = sorted(send.id for send in one.sends)
    found.identifiers = one.identifiers
    found.external_id = found.external_id or one.external_id
    # Its sends are called back once; sent again and refused again, it is another one.
    found.id = fingerprint(found.id, found.sends, found.created_at)
    found.document |= one.person.left
    if one.verdict is None:  # the permission stands; only the address has gone
        found.cause, found.expected, found.before = OUTDATED, "", ""
        found.document = dict(one.person.left)
    else:
        _because(found, one.verdict)
    return found


def _because(found: Revocation, verdict: Verdict) -> None:
    """Note what the gate said; where no signal closed the permission, the revocation is of this moment."""
    found.denied, found.rule = verdict.reason, verdict.rule
    found.epoch, found.signal = max(found.epoch, verdict.epoch), verdict.signal or found.signal
    if verdict.reason not in OWN_END:
        found.at = found.created_at
        found.cause = verdict.signal if verdict.reason.startswith("requires_") else verdict.reason


def _where_shown(
    world: World, tx: Transaction, person: Person, links: Sequence[Link], told: Sequence[Revocation]
) -> list[Revocation]:
    """Systems that still show a yes are told, so that their next page does not look like a contradiction."""
    covered = {(one.connection, one.purpose, one.channel) for one in told}
    found = []
    for cell in person.closed():
        known = person.after[cell]
        cause = person.signal(known.signal)
        for member in _holding(world, links):
            if member.connection == (cause.source if cause is not None else ""):
                continue
            if cell.controller not in ("", member.brand) and member.brand:
                continue  # another brand's affair
            for channel in _channels(person.log, member):
                for purpose in _told(person.log, member.connection, cell.purpose, cell.channel, channel):
                    shown = shows_yes(person.log, member.connection, purpose, channel)
                    if shown and (member.connection, purpose, channel) not in covered:
                        what = (purpose, channel)
                        verb = _verb(member, purpose)
                        found.append(revocation(world, person, member.key, verb, what, known, links))
    covered |= {(one.connection, one.purpose, one.channel) for one in found}
    return found + _minors(world, tx, person, links, covered)


def _minors(
    world: World,
    tx: Transaction,
    person: Person,
    links: Sequence[Link],
    covered: set[tuple[str, str, str]],
) -> list[Revocation]:
    """A destination that asked somebody too young itself: their yes counts nowhere, so it is told as well."""
    found = []
    for member in _holding(world, links):
        use = member.use
        asked = (use.connection, use.purpose, use.channel)
        if not (member.writes and member.needs_grant) or asked in covered:
            continue
        state = person.state(use.purpose, use.channel, use.brand)
        if state.state not in OPEN or not shows_yes(person.log, *asked):
            continue
        verdict = recall.stands(tx, world, use, person.entity)
        if verdict.reason.startswith(TOO_YOUNG):
            what = (use.purpose, use.channel)
            one = revocation(world, person, member.key, _verb(member, use.purpose), what, state, links)
            _because(one, verdict)
            found.append(one)
    return found


def _channels(log: Iterable[ConsentSignal], member: Member) -> list[str]:
    """The channels on which a system can be told, or (where it cannot be) on which it shows anything."""
    served = member.stream.consent_channels or written_channels(member)
    return sorted(served or {one.channel for one in log if one.source == member.connection})


def _told(
    log: Iterable[ConsentSignal], connection: str, purpose: str, channel: str, served: str
) -> list[str]:
    """The purposes a system said something about that this closing covers."""
    names = {
        one.purpose for one in log if one.source == connection and served in channels_above(one.channel)[:2]
    }
    return sorted(name for name in names if closes(purpose, channel, name, served))


def _holding(world: World, links: Sequence[Link]) -> list[Member]:
    """Members that hold the person, also those whose records are only read.

    One that cannot be told a refusal is among them unless another of its connection can: somebody must know.
    """
    live = {(link.connection, link.stream) for link in links if link.state is LinkState.LIVE}
    owners = [owner for key in sorted(live) if (owner := world.member(key)) is not None]
    members = [owner.member for owner in owners]
    able = {member.connection for member in members if can_refuse(member)}
    return [member for member in members if can_refuse(member) or member.connection not in able]


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


def revocation(
    world: World,
    person: Person,
    place: tuple[str, str],
    verb: str,
    what: tuple[str, str],
    state: CellState,
    links: Sequence[Link],
) -> Revocation:
    """A consent write to one place about one permission, as it stands now; nothing is queued."""
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
        epoch=state.epoch,
        signal=state.signal,
        expected="granted" if verb == Verb.SUBSCRIBE else "withdrawn",
        before="withdrawn" if verb == Verb.SUBSCRIBE else "granted",
        created_at=now,
        due_at=now + world.policy.hours_to_revoke(purpose) * HOUR,
    )


def contact_of(cells: Mapping[str, Any]) -> dict[str, Any]:
    """The contact fields a vendor may need to find somebody; nothing else goes with a consent write."""
    return {name: cells[name] for name in ("email", "phone") if cells.get(name)}


def queue(world: World, tx: Transaction, due: Sequence[Revocation]) -> None:
    """Queue what is new; what no connector can carry out waits for a person from the start."""
    if not due:
        return
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
    tx.decisions.append([account_of(world.policy, one, one.created_at) for one in new])
    clashes.record(
        tx,
        [
            clashes.not_revoked(one, "", one.created_at)
            for one in new
            if one.state is RevocationState.IMPOSSIBLE
        ],
    )


def account_of(policy: Policy, one: Revocation, at: float) -> Decision:
    """The line of a consent write in the account of decisions."""
    names = ("stream", "verb", "channel", "cause", "receipt", "reason", "attempt", "epoch", "signal")
    facts: dict[str, Any] = {name: getattr(one, name) for name in (*names, "denied", "rule")}
    facts["policy"] = policy.reference
    facts |= {"state": str(one.state), "revocation": one.id}
    return Decision(
        fingerprint(one.id, at, one.state), at, one.subject, one.connection, one.purpose, "revoke", facts
    )

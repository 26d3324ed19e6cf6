"""Recall: what stands at destinations is decided anew, and called back where the answer is no now.

Whatever a decision rests on may change after a send: what the person said, their age, address or country,
where a value was collected, the policy, what a destination is for. One rule for all of it: what was sent
stays there as long as the gate would still send it. That it cannot be reached now (a bounce) is no reason to
call it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from accord.connector import Stream
from accord.consent.purposes import Use, needs_grant
from accord.engine.gate import LENT, is_sold_there
from accord.engine.known import Known
from accord.errors import MappingError
from accord.store.consent_rows import LEFT, Send
from accord.store.rows import Entity, EntityState

if TYPE_CHECKING:
    from accord.consent.decision import Verdict
    from accord.engine.flow import Member
    from accord.engine.persons import Person
    from accord.engine.world import World
    from accord.store import Transaction

PENDING = "state_pending_confirmation"


class Recall:
    """What stands at destinations of some people, and what the gate says of it now."""

    def __init__(self, world: World, tx: Transaction, people: Mapping[str, Person]) -> None:
        """Read everything in bulk.

        Args:
            world: The flows, the policy.
            tx: The writing transaction; what changed must be in it.
            people: By hub id, as they are now.
        """
        self.world, self.people = world, people
        self.sends: dict[str, list[Send]] = {}
        for id_, sends in (tx.ledger.of(people) if people else {}).items():
            stood = [one for one in sends if one.status in LEFT and uses_of(world, one)]
            if stood:
                self.sends[id_] = stood
        entities = {id_: people[id_].entity for id_ in self.sends}
        uses = {use for sends in self.sends.values() for one in sends for use in uses_of(world, one)}
        self._verdicts = {use: _stands(tx, world, use, entities) for use in uses}
        self._sold = _sold(tx, world, [one for sends in self.sends.values() for one in sends])

    def refused(self, id_: str) -> list[tuple[Send, Verdict, Use]]:
        """Which sends to a person would not be made now, why, and for which use."""
        found = []
        for send in self.sends.get(id_, ()):
            for use in uses_of(self.world, send):
                verdict = LENT if send.record in self._sold else self._verdicts[use][id_]
                if not verdict.allowed and not verdict.waits and not self._asks_itself(id_, send, verdict):
                    found.append((send, verdict, use))
                    break
        return found

    def _asks_itself(self, id_: str, send: Send, verdict: Verdict) -> bool:
        """Whether the destination waits for a click that it asked for itself: to call back would end that."""
        asked = self.people[id_].signal(verdict.signal)
        return verdict.reason == PENDING and asked is not None and asked.source == send.connection


def uses_of(world: World, send: Send) -> tuple[Use, ...]:
    """What must be allowed so that a send may stay: what it was for, and what its destination is for now.

    A destination that is given another purpose in the configuration holds what was sent for the old one.
    """
    owner = world.member((send.connection, send.stream))
    member = owner.member if owner is not None else None
    own = Use(send.connection, send.purpose, send.channel, member.brand if member is not None else "")
    uses = [own] if needs_grant(send.purpose) else []
    if member is not None and member.writes and member.needs_grant and member.use != own:
        uses.append(member.use)
    return tuple(uses)


def _stands(tx: Transaction, world: World, use: Use, people: Mapping[str, Entity]) -> Mapping[str, Verdict]:
    known = Known(tx, world, use, people, reaches=False)
    return {id_: known.verdict(person) for id_, person in people.items()}


def stands(tx: Transaction, world: World, use: Use, person: Entity) -> Verdict:
    """What the gate says now of what one person's data is used for, whether or not they can be reached."""
    return _stands(tx, world, use, {person.id: person})[person.id]


def _sold(tx: Transaction, world: World, sends: Iterable[Send]) -> frozenset[str]:
    """Records that came about at a marketplace: they serve that sale alone."""
    records = {send.record for send in sends if send.record != send.subject}
    found = tx.entities.get(sorted(records)) if records else {}
    return frozenset(id_ for id_, one in found.items() if is_sold_there(world, one))


def sharers(tx: Transaction, people: Mapping[str, Person], points: Iterable[str]) -> list[Entity]:
    """Whoever else has one of these addresses: the strictest of all owners counts for each."""
    owners = tx.points.owners(sorted(set(points)))
    others = {id_ for ids in owners.values() for id_ in ids} - people.keys()
    found = tx.entities.get(sorted(others)) if others else {}
    return [one for one in found.values() if one.state is EntityState.LIVE]


def left_behind(member: Member | None, send: Send, person: Person, points: Iterable[str]) -> dict[str, str]:
    """Of the identifiers a send used, those of an address the person has left; empty if it used none.

    The ledger's own values; that a field belongs to the address is told by making it of that address anew.

    Args:
        member: Where it was sent.
        send: The send.
        person: Who; ``left`` holds the old addresses.
        points: The keyed hashes of what was left.
    """
    if not person.left or not send.identifiers or member is None:
        return {}
    if type(member.stream).identifiers is Stream.identifiers:
        return {}
    present = {name: person.entity.cells.get(name) for name in person.left}
    try:
        old, new, none = (_identifiers(member, each) for each in (person.left, present, {}))
    except MappingError:
        return dict(send.identifiers)  # it cannot be told apart: all of it goes
    made = [name for name, value in old.items() if value not in (new.get(name), none.get(name))]
    by_value = any(send.identifiers.get(name) == old[name] for name in made)
    if not by_value and not (made and set(send.points) & set(points)):
        return {}
    return {name: send.identifiers[name] for name in old if name in send.identifiers}


def _identifiers(member: Member, cells: Mapping[str, object]) -> Mapping[str, str]:
    document = {name: value for name, value in cells.items() if value}
    return member.stream.identifiers(member.stream.mapping.write(document))


def of(people: Sequence[Person]) -> dict[str, Person]:
    """People by hub id."""
    return {one.entity.id: one for one in people}

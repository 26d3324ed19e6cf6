"""The gate: the one place that says yes or refuses.

Asked when a write is planned and again in the transaction that marks it sent. It fails closed: no purpose,
no person, an error: no. Everything is read in bulk, in the caller's transaction: a withdrawal committed
before it counts. A service needs none of it and pays for none of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from accord.consent.decision import (
    ALLOWED,
    NO_SUBJECT,
    UNAVAILABLE,
    Facts,
    Question,
    Verdict,
    decide,
)
from accord.consent.fold import CellState
from accord.consent.purposes import needs_grant
from accord.consent.scope import channels_above, closes
from accord.engine.addresses import (
    birth_date_of,
    country_of,
    is_addressed,
    point_for,
    points_of,
)
from accord.engine.capture import Logs, is_captured
from accord.engine.origins import lent_cells
from accord.engine.persons import state_at
from accord.model.cells import field_of
from accord.store.rows import Entity, EntityState

if TYPE_CHECKING:
    from accord.consent.signal import ConsentSignal, NoticeVersion
    from accord.engine.flow import Member
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.consent_rows import Objection, Suppression

_log = logging.getLogger(__name__)

NO_PURPOSE = Verdict(False, "no_purpose")
NO_PERSON = Verdict(False, "subject_unknown")
FILTERED = Verdict(False, "filtered")
MARKETING = Verdict(False, "marketing_content")
EMPTIED = Verdict(True, "erasure", basis="legal_obligation")
"""Whose person was erased is emptied where it stands, and created nowhere."""
ERASURE = "erasure"
"""Names in a cell's stamp that an erasure emptied it."""
LENT = Verdict(False, "marketplace_origin", state="not_applicable")
NOTHING = CellState()


def verdicts(tx: Transaction, world: World, member: Member, entities: Sequence[Entity]) -> dict[str, Verdict]:
    """For each record whether it may go to this member for the member's purpose."""
    if not member.purpose:
        return {entity.id: NO_PURPOSE for entity in entities}
    if member.stream.subject is None:
        return {entity.id: NO_SUBJECT for entity in entities}
    if not needs_grant(member.purpose):
        return _service(world, member, entities)
    try:
        with tx.bulk.connection.begin_nested():
            return _asked(tx, world, member, entities)
    except (SQLAlchemyError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        # Whatever went wrong with the consent store or the policy: nobody is taken to have agreed.
        _log.error("%s: consent cannot be decided (%s)", member.scope, type(error).__name__, exc_info=True)
        return {entity.id: UNAVAILABLE for entity in entities}


def _service(world: World, member: Member, entities: Sequence[Entity]) -> dict[str, Verdict]:
    """A service needs no grant; what carries marketing is none, whatever the flow calls itself."""
    blocks = world.policy.transactional.blocks
    watched = member.purpose == "service.transactional" and "custom" in member.stream.mapping.writable_fields
    if not watched or not blocks:
        return dict.fromkeys((entity.id for entity in entities), ALLOWED)
    covers, blocked = member.covers, world.blocked
    return {
        entity.id: MARKETING
        if any(blocked(c) and v is not None and covers(c) for c, v in entity.cells.items())
        else ALLOWED
        for entity in entities
    }


def subject_of(member: Member, entity: Entity) -> str:
    """The hub id of the person behind a record; empty where it names none."""
    field = member.stream.subject
    if field is None:
        return ""
    return entity.id if field == "self" else str(entity.cells.get(field) or "")


def _asked(tx: Transaction, world: World, member: Member, entities: Sequence[Entity]) -> dict[str, Verdict]:
    subject = member.stream.subject or ""
    persons = {e.id: e for e in entities} if subject == "self" else _persons(tx, subject, entities)
    living = {p.id: p for p in persons.values() if p.state is EntityState.LIVE}
    known = Known(tx, world, member, living)
    logs = Logs.of(tx, world, member, living) if is_captured(world, member) else None
    found: dict[str, Verdict] = {}
    for entity in entities:
        person = persons.get(entity.id)
        if subject != "self" and _is_sold_there(world, entity):
            found[entity.id] = replace(LENT, subject=person.id if person is not None else "")
        elif person is not None and person.state is EntityState.ERASED and (kept := _not_erased(entity)):
            found[entity.id] = replace(EMPTIED, subject=person.id, withheld=kept)
        elif person is None or person.id not in living:
            found[entity.id] = NO_PERSON
        else:
            verdict = known.verdict(person)
            if logs is not None and verdict.allowed:
                verdict = logs.captured(entity, person, verdict, *known.facts(person))
            found[entity.id] = verdict
    return found


def _not_erased(entity: Entity) -> frozenset[str]:
    """The fields of an erased person's record that hold more than the erasure left; empty if it left all."""
    emptied = {cell for cell, stamp in entity.stamps.items() if stamp.source == ERASURE}
    kept = {field_of(c) for c, value in entity.cells.items() if value is not None and c not in emptied}
    return frozenset(kept) if emptied else frozenset()


def _is_sold_there(world: World, entity: Entity) -> bool:
    """Whether a record (an order) came about at a marketplace: then all of it serves that sale only."""
    return entity.origin.source in world.lenders or bool(entity.cells.get("marketplace"))


def _persons(tx: Transaction, field: str, entities: Iterable[Entity]) -> Mapping[str, Entity]:
    """The person behind each record that refers to one."""
    wanted = {entity.id: str(entity.cells[field]) for entity in entities if entity.cells.get(field)}
    found = tx.entities.resolve(sorted(set(wanted.values())))
    return {id_: found[person] for id_, person in wanted.items() if person in found}


class Known:
    """What the store knows of some people and of all who share their addresses, read in bulk."""

    def __init__(self, tx: Transaction, world: World, member: Member, people: Mapping[str, Entity]) -> None:
        self.world, self.member, self.key = world, member, world.store.key
        now = world.env.now()
        self.now, self.today = now.timestamp(), now.date()
        self.points = {id_: points_of(one.cells, self.key) for id_, one in people.items()}
        self.owners = tx.points.owners(self._shared())
        others = {id_ for ids in self.owners.values() for id_ in ids} - people.keys()
        more = {e.id: e for e in tx.entities.get(sorted(others)).values() if e.state is EntityState.LIVE}
        self.people: dict[str, Entity] = {**people, **more}
        self.points |= {id_: points_of(one.cells, self.key) for id_, one in more.items()}
        self.states = tx.permissions.of(self.people)
        self._addresses(tx)
        winners = [k.signal for states in self.states.values() for k in states.values() if k.signal]
        self.signals: dict[str, ConsentSignal] = tx.signals.get(winners)
        self.notices: Mapping[str, NoticeVersion] = tx.notices.get(
            {one.notice for one in self.signals.values() if one.notice}
        )
        self.origins = tx.origins.of(self.people) if world.lenders else {}
        self.verdicts: dict[str, Verdict] = {}

    def _shared(self) -> list[str]:
        """Addresses whose other owners count: the channel's, for advertising every one that is hashed."""
        if self.member.purpose.startswith("ads."):
            return [point for points in self.points.values() for point in points.values()]
        return [p for points in self.points.values() if (p := point_for(self.member.channel, points))]

    def _addresses(self, tx: Transaction) -> None:
        every = sorted({point for points in self.points.values() for point in points.values()})
        asked = [*every, *(f"person:{id_}" for id_ in self.people)]
        self.suppressions: Mapping[str, list[Suppression]] = tx.suppressions.at(asked)
        self.objections: Mapping[str, list[Objection]] = tx.objections.at(every) if every else {}
        self.erased = (
            {hmac.hex() for hmac in tx.tombstones.any(bytes.fromhex(p) for p in every)} if every else set()
        )

    def verdict(self, person: Entity) -> Verdict:
        """The strictest answer of all who share the person's address (consent.md 1.5)."""
        own = self._one(person)
        if not own.allowed:
            return own
        points = self.points[person.id]
        shared = (
            [point_for(self.member.channel, points)] if is_addressed(self.member.channel) else points.values()
        )
        for point in shared:
            for id_ in sorted(self.owners.get(point, set()) - {person.id}):
                other = self.people.get(id_)
                if other is not None and not (theirs := self._one(other)).allowed:
                    return replace(own, allowed=False, reason=f"shared_{theirs.reason}")
        return own

    def facts(self, person: Entity) -> tuple[Facts, str]:
        """What is known of a person, and the address that the member would use."""
        return self._facts(person), point_for(self.member.channel, self.points[person.id])

    def _one(self, person: Entity) -> Verdict:
        found = self.verdicts.get(person.id)
        if found is None:
            question = Question(self.member.connection, self.member.purpose, self.member.channel, self.today)
            verdict = decide(self.world.policy, question, self._facts(person))
            found = self.verdicts[person.id] = replace(verdict, subject=person.id)
        return found

    def _facts(self, person: Entity) -> Facts:
        cells, channel = person.cells, self.member.channel
        points, point = self.points[person.id], point_for(channel, self.points[person.id])
        country, business = country_of(cells), self._is_business(cells)
        ruling = self.world.policy.ruling(self.member.purpose, channel, country, business=business)
        states = {p: self._state(person.id, p, point) for p in (self.member.purpose, *ruling.requires)}
        winner = self.signals.get(states[self.member.purpose].signal)
        lent = (
            lent_cells(self.world, person, self.origins.get(person.id, ())) if self.world.lenders else set()
        )
        return Facts(
            cells=states,
            reachable=bool(point) or not is_addressed(channel),
            erased=any(p in self.erased for p in points.values()),
            lent=self._is_lent(cells, lent),
            withheld=frozenset(map(field_of, lent)),
            suppressions=self._suppressed(person.id, points.values()),
            objected=self._objected(points.values(), states[self.member.purpose], winner),
            birth_date=birth_date_of(cells),
            country=country,
            business=business,
            parental=winner is not None and bool(winner.parental),
            notice=self.notices.get(winner.notice) if winner is not None else None,
        )

    def _state(self, person: str, purpose: str, point: str) -> CellState:
        known = state_at(self.states.get(person, {}), purpose, self.member.channel, point)
        if known.expires_at is not None and known.expires_at <= self.now and not known.is_closed:
            return replace(known, state="expired", basis="none", epoch=known.epoch + 1)
        return known

    def _is_business(self, cells: Mapping[str, Any]) -> bool:
        field = self.world.policy.business.field
        return bool(field) and cells.get(field) in (True, "true", "yes", "1", 1)

    def _is_lent(self, cells: Mapping[str, Any], lent: set[str]) -> bool:
        """Whether the address that would be used is a marketplace's, or all that identifies the person is."""
        if self.world.policy.is_relay(str(cells.get("email") or "")):
            return True
        present = [name for name in ("email", "phone") if cells.get(name)]
        if is_addressed(self.member.channel):
            type_ = "email" if self.member.channel == "email" else "phone"
            return type_ in lent
        return bool(present) and all(name in lent for name in present)

    def _suppressed(self, person: str, points: Iterable[str]) -> frozenset[str]:
        channels = channels_above(self.member.channel)
        asked = [*points, f"person:{person}"]
        noted = [one for point in asked for one in self.suppressions.get(point, ())]
        return frozenset(one.reason for one in noted if one.channel in channels)

    def _objected(self, points: Iterable[str], state: CellState, winner: ConsentSignal | None) -> bool:
        """Whether an address stands on the objection list, and the person proved no other mind since."""
        noted = [one for point in points for one in self.objections.get(point, ())]
        noted = [o for o in noted if closes(o.purpose, o.channel, self.member.purpose, self.member.channel)]
        proved = state.state == "granted" and winner is not None and winner.is_evidenced
        granted = state.since if proved and state.since is not None else float("-inf")
        return any(one.at >= granted and one.retain_until > self.now for one in noted)


def consents_of(person: Entity) -> dict[str, Any]:
    """A person's derived consent cells by ``"<purpose>:<channel>"``."""
    return {
        cell.partition(".")[2]: value for cell, value in person.cells.items() if cell.startswith("consents.")
    }

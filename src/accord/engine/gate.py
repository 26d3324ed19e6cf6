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

from accord.consent.decision import ALLOWED, NO_SUBJECT, UNAVAILABLE, Verdict
from accord.consent.policy import DAY
from accord.consent.purposes import needs_grant
from accord.engine.capture import Logs, happened_at, is_captured
from accord.engine.known import Known
from accord.model.cells import field_of
from accord.store.rows import Entity, EntityState, LinkState
from accord.store.savepoint import SavepointError

if TYPE_CHECKING:
    from accord.engine.flow import Member
    from accord.engine.world import World
    from accord.store import Transaction

_log = logging.getLogger(__name__)

NO_PURPOSE = Verdict(False, "no_purpose")
NO_PERSON = Verdict(False, "subject_unknown")
FILTERED = Verdict(False, "filtered")
TRANSACTIONAL = "service.transactional"
TOO_OLD = Verdict(False, "event_too_old")
MARKETING = Verdict(False, "marketing_content")
EMPTIED = Verdict(True, "erasure", basis="legal_obligation")
"""Whose person was erased is emptied where it stands, and created nowhere."""
ERASURE = "erasure"
"""Names in a cell's stamp that an erasure emptied it."""
LENT = Verdict(False, "marketplace_origin", state="not_applicable")


def verdicts(tx: Transaction, world: World, member: Member, entities: Sequence[Entity]) -> dict[str, Verdict]:
    """For each record whether it may go to this member for the member's purpose."""
    if not member.purpose:
        return {entity.id: NO_PURPOSE for entity in entities}
    if member.stream.subject is None:
        return {entity.id: NO_SUBJECT for entity in entities}
    if not needs_grant(member.purpose):
        return _service(tx, world, member, entities)
    try:
        with tx.bulk.savepoint():
            return _asked(tx, world, member, entities)
    except (SavepointError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        # Whatever went wrong with the consent store or the policy: nobody is taken to have agreed.
        debug = _log.isEnabledFor(logging.DEBUG)  # the traceback's messages may quote a person
        _log.error("%s: consent cannot be decided (%s)", member.scope, type(error).__name__, exc_info=debug)
        return {entity.id: UNAVAILABLE for entity in entities}


def _service(tx: Transaction, world: World, member: Member, entities: Sequence[Entity]) -> dict[str, Verdict]:
    """A service needs no grant; what carries marketing is none, whatever the flow calls itself.

    What is told somebody about an event (an order) is told while it is one: see :func:`_too_old`.
    """
    found = dict.fromkeys((entity.id for entity in entities), ALLOWED)
    if member.purpose != TRANSACTIONAL:
        return found
    found |= dict.fromkeys(_too_old(tx, world, member, entities), TOO_OLD)
    if world.policy.transactional.blocks and "custom" in member.stream.mapping.writable_fields:
        found |= {entity.id: MARKETING for entity in entities if _is_marketing(world, member, entity)}
    return found


def _is_marketing(world: World, member: Member, entity: Entity) -> bool:
    """Whether a record brings a custom field that the policy takes for marketing, whatever its flow says."""
    blocked = world.blocked(entity.cells)
    return bool(blocked) and any(entity.cells[cell] is not None and member.covers(cell) for cell in blocked)


def _too_old(tx: Transaction, world: World, member: Member, entities: Sequence[Entity]) -> list[str]:
    """Events of which a destination that is to be told for that event's sake hears too late.

    A person's own record is no event. What stands there already is kept in agreement.
    """
    if member.stream.subject in (None, "self"):
        return []
    latest = world.env.now().timestamp() - world.policy.transactional.within_days * DAY
    old = [entity.id for entity in entities if last_event(entity) < latest]
    there = tx.links.of_entities(old, [member.key]) if old else {}
    return [id_ for id_ in old if not any(link.state is LinkState.LIVE for link in there[id_])]


def last_event(entity: Entity) -> float:
    """When something last happened to a record, seconds since 1970: it came about, or it changed.

    One that does not tell when it came about did so when its system showed it first.
    """
    happened = happened_at(entity.cells)
    changed = [stamp.time for stamp in entity.stamps.values() if stamp.version > entity.origin.version]
    return max([entity.origin.time if happened is None else happened, *changed])


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
    known = Known(tx, world, member.use, living)
    logs = Logs.of(tx, world, member, living) if is_captured(world, member) else None
    found: dict[str, Verdict] = {}
    for entity in entities:
        person = persons.get(entity.id)
        if subject != "self" and is_sold_there(world, entity):
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


def is_sold_there(world: World, entity: Entity) -> bool:
    """Whether a record (an order) came about at a marketplace: then all of it serves that sale only."""
    return entity.origin.source in world.lenders or bool(entity.cells.get("marketplace"))


def _persons(tx: Transaction, field: str, entities: Iterable[Entity]) -> Mapping[str, Entity]:
    """The person behind each record that refers to one."""
    wanted = {entity.id: str(entity.cells[field]) for entity in entities if entity.cells.get(field)}
    found = tx.entities.resolve(sorted(set(wanted.values())))
    return {id_: found[person] for id_, person in wanted.items() if person in found}


def consents_of(person: Entity) -> dict[str, Any]:
    """A person's derived consent cells by ``"<purpose>:<channel>"``."""
    return {
        cell.partition(".")[2]: value for cell, value in person.cells.items() if cell.startswith("consents.")
    }

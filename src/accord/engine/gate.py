"""The gate: the one place that says yes or refuses.

Asked when a write is planned and again in the transaction that marks it sent. It fails closed: no
purpose, no subject, an error: no.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from accord.consent.decision import ALLOWED, NO_SUBJECT, Verdict, by_cells
from accord.consent.purposes import needs_grant
from accord.store.rows import Entity, EntityState

if TYPE_CHECKING:
    from accord.engine.flow import Member
    from accord.store import Transaction

NO_PURPOSE = Verdict(False, "no_purpose")
NO_PERSON = Verdict(False, "subject_unknown")
FILTERED = Verdict(False, "filtered")


def verdicts(tx: Transaction, member: Member, entities: Sequence[Entity]) -> dict[str, Verdict]:
    """For each record whether it may go to this member for the member's purpose.

    The records' persons are read in this transaction: a withdrawal committed before it counts.
    """
    if not member.purpose:
        return {entity.id: NO_PURPOSE for entity in entities}
    subject = member.stream.subject
    if subject is None:
        return {entity.id: NO_SUBJECT for entity in entities}
    if not needs_grant(member.purpose):
        return {entity.id: ALLOWED for entity in entities}
    persons = {e.id: e for e in entities} if subject == "self" else _persons(tx, subject, entities)
    return {e.id: _verdict(member, persons.get(e.id)) for e in entities}


def _persons(tx: Transaction, field: str, entities: Iterable[Entity]) -> Mapping[str, Entity]:
    """The person behind each record that refers to one."""
    wanted = {entity.id: str(entity.cells[field]) for entity in entities if entity.cells.get(field)}
    found = tx.entities.resolve(sorted(set(wanted.values())))
    return {id_: found[person] for id_, person in wanted.items() if person in found}


def _verdict(member: Member, person: Entity | None) -> Verdict:
    if person is None or person.state is not EntityState.LIVE:
        return NO_PERSON
    return by_cells(consents_of(person), member.purpose, member.channel)


def consents_of(person: Entity) -> dict[str, Any]:
    """A person's consent cells by ``"<purpose>:<channel>"``."""
    return {
        cell.partition(".")[2]: value for cell, value in person.cells.items() if cell.startswith("consents.")
    }

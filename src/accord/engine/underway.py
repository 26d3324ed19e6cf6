"""An update that is on its way to a record while a person splits it off: it goes with the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accord.model.record import Operation
from accord.store.rows import Entity, Intent, IntentState, Link

if TYPE_CHECKING:
    from accord.engine.flow import Flow
    from accord.store import Transaction

MARK_SECONDS = 5.0
"""A mark whose request has not begun after so long is void (sync.md I7)."""
MOMENT = 0.001
"""Seconds by which a mark is moved, so that whoever awaits the answer sees that it was marked anew."""


def update_of(tx: Transaction, entity: Entity, link: Link) -> Intent | None:
    """The update of this very record that was sent and not answered yet."""
    key = (link.connection, link.stream)
    intent = tx.intents.open_of(*key, [entity.id]).get(entity.id)
    if intent is None or intent.operation != Operation.UPDATE or intent.external_id != link.external_id:
        return None
    return intent if intent.state in (IntentState.SENT, IntentState.UNKNOWN) else None


def hand_over(tx: Transaction, intent: Intent, entity: Entity, born: str) -> frozenset[str]:
    """Make the update one of the record that is split off; the cells whose present values it carries.

    They are the new record's until something shows what became of the write: its answer, an echo, or the
    record as it was before.
    """
    present = {cell: sent for cell, sent in intent.cells.items() if entity.version(cell) == sent[0]}
    intent.entity, intent.sent_at = born, (intent.sent_at or 0.0) + MOMENT
    intent.cells = {cell: (1, digest) for cell, (_, digest) in present.items()}
    tx.intents.update([intent])
    return frozenset(present)


def carried(tx: Transaction, flow: Flow, entity: Entity) -> frozenset[str]:
    """The cells that updates carry which were sent of a record and not answered yet."""
    intents = [tx.intents.open_of(*member.key, [entity.id]).get(entity.id) for member in flow.targets]
    sent = [one for one in intents if one and one.state in (IntentState.SENT, IntentState.UNKNOWN)]
    return frozenset(cell for one in sent if one.operation == Operation.UPDATE for cell in one.cells)


def renew(tx: Transaction, intents: Sequence[Intent], now: float) -> None:
    """Mark intents anew that were marked too long ago: their request is carried out only from now on.

    Whoever finds one without an answer waits from then, too.
    """
    late = [intent for intent in intents if now - (intent.sent_at or 0.0) > MARK_SECONDS]
    for intent in late:
        intent.settle_until = (intent.settle_until or 0.0) + now - (intent.sent_at or 0.0)
        intent.sent_at = now
    tx.intents.update(late)


def as_owned(tx: Transaction, intents: Sequence[Intent]) -> Sequence[Intent]:
    """Intents that were not taken, of the records that they belong to by now.

    One that was handed over is settled like one without an answer: a look shows what the record holds.
    """
    present = tx.intents.get([intent.id for intent in intents])
    for intent in intents:
        owner = present.get(intent.id, intent).entity
        if owner != intent.entity:
            intent.entity, intent.state = owner, IntentState.UNKNOWN
    return intents

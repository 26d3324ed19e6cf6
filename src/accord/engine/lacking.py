"""Records that go without one that they refer to, or not at all, until that one is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from accord.consent.decision import ALLOWED
from accord.store.consent_rows import Hold

if TYPE_CHECKING:
    from accord.engine.intents import Standing
    from accord.engine.scope import Scope
    from accord.store import Transaction

REASON = "no_reference"
"""Why such a record is kept back: what it refers to is not at the system, and will not come as things are."""


def note(tx: Transaction, scope: Scope, known: Standing) -> None:
    """Note which of these records lack what they refer to, so that its arrival wakes them.

    What the gate refuses is noted with the gate's own reason.
    """
    now = scope.now()
    missing = {
        id_: Hold(*scope.member.key, id_, str(known.entities[id_].cells[cell]), REASON, now)
        for id_, references in known.references.items()
        for cell, reference in references.items()
        if reference.external_id is None and not reference.waits
    }
    allowed = [hold for id_, hold in missing.items() if known.verdicts.get(id_, ALLOWED).allowed]
    if allowed:
        tx.holds.put(allowed)


def wake(tx: Transaction, arrived: Iterable[str]) -> None:
    """These are there now: decide those again that went without them."""
    waiting = [hold for hold in tx.holds.of(sorted(set(arrived))) if hold.reason == REASON]
    for hold in waiting:
        tx.holds.release(hold.connection, hold.stream, [hold.entity])
    tx.dirty.add([(hold.connection, hold.stream, hold.entity) for hold in waiting])

"""The brake: a run never deletes or creates more than its limits without a person's word (I15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accord.engine.stop import BrakeError
from accord.model.record import Operation

if TYPE_CHECKING:
    from accord.engine.counts import Counts
    from accord.engine.scope import Scope
    from accord.store import Transaction


@dataclass(frozen=True, slots=True)
class Brake:
    """Compares what a run is about to do at one member with what it may do there."""

    scope: Scope
    counts: Counts

    def check(self, tx: Transaction, creates: int = 0, deletes: int = 0) -> None:
        """See whether these may come on top of what the run has planned.

        Raises:
            BrakeError: they may not; nothing of them was stored.
        """
        limits, counts = self.scope.flow.limits, self.counts
        creates, deletes = creates + counts.planned_creates, deletes + counts.planned_deletes
        key = self.scope.member.key
        if deletes:
            # What earlier runs decided and did not get done would be done by this one.
            deletes += tx.intents.inherited(*key, str(Operation.DELETE), self.scope.run)
        if deletes > limits.least_deletes:
            # What the run has removed so far was there when it began.
            there = tx.links.live_count(*key) + counts.removed
            allowed = limits.deletes_allowed(there)
            if deletes > allowed:
                self._stop("delete", deletes, allowed)
        if limits.max_creates is not None and creates > limits.max_creates:
            self._stop("create", creates, limits.max_creates)

    def _stop(self, verb: str, number: int, allowed: int) -> None:
        member = self.scope.member
        records = f"{allowed} {'record' if allowed == 1 else 'records'}"
        raise BrakeError(
            f"flow {self.scope.flow.name!r} would {verb} more than {records} in {member.scope}",
            facts={
                "flow": self.scope.flow.name,
                "connection": member.connection,
                "at_least": number,
                "limit": allowed,
            },
        )

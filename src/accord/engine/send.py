"""Send one batch: look, wait for the budget, mark as sent, call, confirm. The only way to a side effect.

Nothing here repeats a write.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from accord.connector import Atomicity
from accord.engine import patience
from accord.engine.account import send_id
from accord.engine.confirm import Confirmation
from accord.engine.counts import Counts
from accord.engine.look import Look
from accord.engine.mark import Batch, Marker
from accord.engine.underway import MARK_SECONDS, as_owned
from accord.errors import (
    AccessError,
    AnswerShapeError,
    OutcomeUnknownError,
    RecordRejectedError,
    RetryableError,
    VendorError,
)
from accord.model.record import Operation, Outcome, Result, Row, Write
from accord.store.consent_rows import SendState
from accord.store.rows import Fence, Intent, IntentState

if TYPE_CHECKING:
    from accord.engine.scope import Scope

_log = logging.getLogger(__name__)


_SURPRISES = {Operation.CREATE: Result.PRECONDITION, Operation.UPDATE: Result.GONE}
"""Answers that say that the vendor holds something else than was known."""


class Sender:
    """Sends batches of one member."""

    def __init__(self, scope: Scope, counts: Counts, fences: Sequence[Fence], *, fully_read: bool) -> None:
        self.scope, self.counts, self.fences = scope, counts, fences
        self.member, self.stream = scope.member, scope.member.stream
        self.store = scope.world.store
        self.marker = Marker(scope, counts, fences)
        self.looking = Look(scope, counts, fences, fully_read=fully_read)

    def send(self, operation: Operation, intents: Sequence[Intent]) -> None:
        """Take one batch from intent to confirmed, rejected or unknown.

        Raises:
            AccessError, AnswerShapeError, RetryableError: the stream cannot go on now.
        """
        self.looking.before(operation, intents)
        self.stream.connector.ready(getattr(self.stream.operations, str(operation)))
        batch = self.marker.mark(operation, intents, IntentState.PLANNED)
        try:
            self.exchange(batch)
        finally:
            batch.release()

    def exchange(self, batch: Batch) -> None:
        """Call the vendor and record what it said; a refused whole batch is halved to find the bad one."""
        if not batch.writes:
            return
        call = getattr(self.stream.operations, str(batch.operation))
        left = self._left(batch)
        if left <= 0:
            self._back(batch, 0.0)
            return
        self.stream.connector.begin_within(left)
        try:
            outcomes = list(call(batch.writes))
        except RecordRejectedError as error:
            self._refused(batch, error)
        except OutcomeUnknownError as error:
            self._confirm(batch, [self._outcome(w, Result.UNKNOWN, str(error)) for w in batch.writes])
        except (RetryableError, AccessError) as error:
            self._back(batch, error.retry_after if isinstance(error, RetryableError) else None)
            raise
        except AnswerShapeError:
            self._confirm(
                batch, [self._outcome(w, Result.UNKNOWN, "answer not understood") for w in batch.writes]
            )
            raise
        else:
            self._confirm(batch, outcomes)

    def _left(self, batch: Batch) -> float:
        """Seconds until the marks are void: too old, or a permission they rest on ends by itself."""
        ends = [verdict.ends_at for _, _, verdict, _ in batch.noted if verdict.ends_at is not None]
        return min([(batch.intents[0].sent_at or 0.0) + MARK_SECONDS, *ends]) - self.scope.now()

    def _outcome(self, write: Write, result: Result, reason: str) -> Outcome:
        return Outcome(write.id, result, write.external_id, reason=reason)

    def _refused(self, batch: Batch, error: RecordRejectedError) -> None:
        if len(batch.writes) == 1:
            gone = error.facts.get("status") in (404, 410) and batch.operation is not Operation.CREATE
            result = Result.GONE if gone else Result.REJECTED
            self._confirm(batch, [self._outcome(batch.writes[0], result, _code(error))])
            return
        if self.stream.atomicity is Atomicity.PER_ITEM and error.facts.get("applied") == "some":
            self._confirm(batch, [self._outcome(w, Result.UNKNOWN, _code(error)) for w in batch.writes])
            return
        middle = len(batch.writes) // 2
        for part in (slice(None, middle), slice(middle, None)):
            half = Batch(batch.operation, batch.intents[part], batch.writes[part], batch.entities)
            self.stream.connector.ready(getattr(self.stream.operations, str(batch.operation)))
            self._remark(half)
            self.exchange(half)

    def _remark(self, batch: Batch) -> None:
        """Half of a refused batch is sent anew: it gets a mark of its own, asked of the gate again."""
        with self.store.transaction("not taken", self.fences) as tx:
            ids = [(send_id(intent), SendState.FAILED, None) for intent in batch.intents]
            tx.ledger.settle(ids, self.scope.now())
        fresh = self.marker.mark(batch.operation, batch.intents, IntentState.SENT)
        batch.intents, batch.writes, batch.entities = fresh.intents, fresh.writes, fresh.entities
        batch.noted = fresh.noted

    def _back(self, batch: Batch, retry_after: float | None) -> None:
        """The vendor certainly did not take it: the intents wait and are decided again."""
        now = self.scope.now()
        ids = [send_id(intent) for intent in batch.intents]
        delay = patience.asked(retry_after) or patience.backoff(batch.intents[0].attempt, self.scope)
        for intent in batch.intents:
            # The vendor's bad hour is not the record's fault: it does not count as an attempt.
            intent.attempt -= 1
            intent.state, intent.sent_at, intent.settle_until = IntentState.PLANNED, None, None
            intent.not_before = now + delay
        with self.store.transaction("put back", self.fences) as tx:
            tx.intents.update(as_owned(tx, batch.intents))
            tx.ledger.settle([(id_, SendState.FAILED, None) for id_ in ids], now)

    def _confirm(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        wanted = _SURPRISES.get(batch.operation)
        try:
            self._look_at_surprises(batch, [o for o in outcomes if o.result is wanted])
        except VendorError:
            # What was answered is written down all the same; what could not be read is looked at later.
            reason = "refused, and what stands there could not be read"
            told = [
                replace(o, result=Result.UNKNOWN, reason=reason) if o.result is wanted else o
                for o in outcomes
            ]
            self._record(batch, told)
            raise
        self._record(batch, outcomes)

    def _record(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        reread = self._read_back(batch.operation, outcomes)
        confirmation = Confirmation(self.scope, self.counts, self.fences)
        confirmation.record(batch.operation, batch.intents, batch.writes, outcomes, reread, batch.entities)

    def _look_at_surprises(self, batch: Batch, surprises: Sequence[Outcome]) -> None:
        """Read what the vendor's refusals point at.

        A create refused because a record is there already: so that it can be adopted. An update refused
        because its record is gone: so that a deletion, or a merge into another one, is observed as such.
        """
        sent = {write.id: write.external_id for write in batch.writes}
        named = [id_ for o in surprises if (id_ := o.external_id or sent.get(o.write_id))]
        if named:
            self.looking.updates(named)

    def _read_back(self, operation: Operation, outcomes: Sequence[Outcome]) -> dict[str, Row]:
        """Records as the vendor holds them after a write whose answer did not show them (A5, rule 1).

        Only where the stream is also read: nothing else could mistake the vendor's form for an edit.
        """
        get = self.stream.operations.get
        if get is None or not self.member.reads or operation is Operation.DELETE:
            return {}
        ids = [o.external_id for o in outcomes if o.result is Result.DONE and o.row is None and o.external_id]
        size = self.stream.operations.sizes.get("get", 1)
        rows: dict[str, Row] = {}
        for start in range(0, len(ids), size):
            try:
                found = get(ids[start : start + size])
            except VendorError as error:
                _log.info(
                    "read-back of %s failed (%s); the next read compares",
                    self.member.scope,
                    type(error).__name__,
                )
                return rows
            rows.update({id_: row for id_, row in found.items() if row is not None})
        return rows


def _code(error: RecordRejectedError) -> str:
    code = error.facts.get("code")
    return str(code) if code else str(error)

"""The account: every send in the ledger before it begins, every answer of the gate in the decision log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from accord.connector import Creates, Stream
from accord.engine.gate import subject_of
from accord.errors import RetryableError
from accord.model.cells import Kept, field_of
from accord.model.recurring import Recurring
from accord.store.consent_rows import Decision, Hold, Send
from accord.store.savepoint import SavepointError

if TYPE_CHECKING:
    from accord.consent.decision import Verdict
    from accord.engine.flow import Member
    from accord.engine.plan import Derived
    from accord.engine.scope import Scope
    from accord.store import Transaction
    from accord.store.rows import Entity, Intent, Link

_log = logging.getLogger(__name__)
_field_of = Kept(field_of).__getitem__


def _fields_of(cells: Sequence[str]) -> list[str]:
    return sorted(set(map(_field_of, cells)))


def send_id(intent: Intent) -> str:
    """The ledger's name of one attempt of an intent."""
    return f"{intent.id}:{intent.attempt}"


def repeatable(tx: Transaction, member: Member, entity: Entity, link: Link, cell: str, since: float) -> int:
    """How many sends of a cell to a link would, delivered twice, change its record once more.

    Those that name no version, begun since an instant (seconds since 1970). What names no person has no line
    in the ledger that could be asked for: 0.
    """
    stream, subject = member.stream, subject_of(member, entity)
    upserts = stream.creates is Creates.UPSERT
    if not subject or (stream.etag is not None and not upserts):
        return 0
    return sum(
        one.at >= since
        and (one.connection, one.stream, one.record) == (*member.key, entity.id)
        and one.external_id in (link.external_id, None)
        and (upserts or one.id.partition(":")[0] != link.created_by_intent)
        and field_of(cell) in one.fields
        for one in tx.ledger.of([subject]).get(subject, ())
    )


class Account:
    """Keeps the account of one member, in the transactions of others."""

    def __init__(self, scope: Scope) -> None:
        self.scope, self.member = scope, scope.member
        self._names_people = type(scope.member.stream).identifiers is not Stream.identifiers
        self._fields: Recurring[list[str]] = Recurring(_fields_of)

    def refused(self, tx: Transaction, refused: Sequence[tuple[Entity, Verdict, Sequence[str]]]) -> None:
        """Note records that were not sent: why, and for whom, so that a later grant can wake them.

        Args:
            tx: The transaction of the decision.
            refused: Record, verdict and the cells it would have carried.
        """
        if not refused or self.member.stream.subject is None:
            return
        try:
            with tx.bulk.savepoint():
                self._refused(tx, refused)
        except SavepointError as error:
            if self.member.needs_grant:
                raise self._unusable(error) from error
            _log.error("%s: refusals cannot be noted (%s)", self.member.scope, type(error).__name__)

    def _refused(self, tx: Transaction, refused: Sequence[tuple[Entity, Verdict, Sequence[str]]]) -> None:
        now = self.scope.now()
        if self.member.needs_grant:  # nobody's yes wakes what a service was refused for
            tx.holds.put(
                [
                    Hold(
                        *self.member.key,
                        entity.id,
                        verdict.subject or subject_of(self.member, entity),
                        verdict.reason,
                        now,
                    )
                    for entity, verdict, _ in refused
                ]
            )
        tx.decisions.append([self._decision(e, verdict, cells, now) for e, verdict, cells in refused])

    def sent(self, tx: Transaction, sent: Sequence[tuple[Intent, Entity, Verdict, Derived]]) -> None:
        """Note records that are marked as sent, with the ticket each rests on and the identifiers it uses.

        Raises:
            RetryableError: the account cannot be kept and the purpose needs a grant: nothing may be sent.
        """
        if not sent or self.member.stream.subject is None:
            return
        try:
            with tx.bulk.savepoint():
                self._sent(tx, sent)
        except SavepointError as error:
            if self.member.needs_grant:
                raise self._unusable(error) from error
            # Losing the consent store stops marketing, not orders (consent.md 2.7, K7).
            _log.error("%s: sends cannot be noted (%s)", self.member.scope, type(error).__name__)

    def _sent(self, tx: Transaction, sent: Sequence[tuple[Intent, Entity, Verdict, Derived]]) -> None:
        now = self.scope.now()
        tx.ledger.start([self._send(*one, now) for one in sent])
        if self.member.needs_grant:
            tx.holds.release(*self.member.key, [entity.id for _, entity, _, _ in sent])
            tx.decisions.append([self._decision(e, v, list(d.cells), now) for _, e, v, d in sent])

    def _unusable(self, error: Exception) -> RetryableError:
        return RetryableError(
            f"{self.member.scope}: the consent store is unusable ({type(error).__name__}); nothing is sent",
            hint="Services go on. Repair the store (`accord migrate`, disk, backup) and run again.",
            facts={"connection": self.member.connection},
        )

    def _send(self, intent: Intent, entity: Entity, verdict: Verdict, derived: Derived, now: float) -> Send:
        member = self.member
        names = tuple(derived.cells)
        return Send(
            send_id(intent),
            verdict.subject or subject_of(member, entity),
            entity.id,
            member.connection,
            member.stream.name,
            member.purpose,
            member.channel,
            self._fields[names] or _fields_of(names),
            member.stream.identifiers(derived.row) if self._names_people else {},
            verdict.points,
            verdict.epoch,
            verdict.signal,
            derived.external_id,
            at=now,
        )

    def _decision(self, entity: Entity, verdict: Verdict, cells: Sequence[str], now: float) -> Decision:
        facts: dict[str, Any] = {
            "record": entity.id,
            "stream": self.member.stream.name,
            "channel": self.member.channel,
            "reason": verdict.reason,
            "rule": verdict.rule,
            "policy": self.scope.world.policy.reference,
            "state": verdict.state,
            "basis": verdict.basis,
            "signal": verdict.signal,
            "epoch": verdict.epoch,
            "fields": sorted({field_of(cell) for cell in cells}),
            "withheld": sorted(verdict.withheld),
            "run": self.scope.run,
            **({"captured": dict(verdict.captured)} if verdict.captured else {}),
        }
        return Decision(
            self.scope.env.new_id(),
            now,
            verdict.subject or subject_of(self.member, entity),
            self.member.connection,
            self.member.purpose,
            str(verdict.answer),
            facts,
        )

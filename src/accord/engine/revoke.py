"""Carry out consent writes: before all other traffic, again and again, until a receipt or an alert.

A refusal follows whatever is already on the wire: it waits for the outcome of a write under way, and for an
unanswered one until that has taken effect or never will.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from accord.consent.guard import NOT_LINKED
from accord.consent.purposes import Use
from accord.consent.scope import key_of
from accord.consent.signal import Actor, ConsentSignal, Kind
from accord.engine import clashes, erase, patience
from accord.engine.addresses import point_for, points_of
from accord.engine.ask import may_ask
from accord.engine.due import OUTDATED, account_of, contact_of
from accord.engine.fingerprints import fingerprint
from accord.engine.hearing import record
from accord.engine.persons import OPEN, States, state_at
from accord.engine.recall import stands, uses_of
from accord.engine.trace import Trace, depart
from accord.engine.underway import MARK_SECONDS
from accord.errors import OutcomeUnknownError, RecordRejectedError, RetryableError, VendorError
from accord.model.record import (
    ConsentWrite,
    Operation,
    Outcome,
    Receipt,
    Result,
    Verb,
    Write,
    none_refused,
)
from accord.store.consent_rows import LEFT, Revocation, RevocationState, SendState
from accord.store.rows import Fence, Intent, IntentState, LinkState, Shadow

if TYPE_CHECKING:
    from accord.engine.counts import Counts
    from accord.engine.flow import Member
    from accord.engine.scope import Scope
    from accord.store import Transaction
    from accord.store.rows import Entity

_log = logging.getLogger(__name__)

PAGE = 100
CALLED = (SendState.REVOKE_PENDING, SendState.REVOKE_FAILED)
UNKNOWABLE = "nobody can look for the record"
FIRST_WAIT, LONGEST_WAIT = 2.0, 3600.0
"""Seconds between attempts: doubling, without end."""
PATIENT = 5
"""Attempts after which somebody is told, although it goes on being tried."""

Call = Callable[[Sequence[ConsentWrite]], Sequence[Outcome]]


class Revoker:
    """Carries out what is due at one member."""

    def __init__(self, scope: Scope, counts: Counts, fences: Sequence[Fence] = ()) -> None:
        self.scope, self.counts, self.fences = scope, counts, fences
        self.member, self.stream = scope.member, scope.member.stream
        self.store = scope.world.store

    def run(self) -> None:
        """Carry out everything that may go now.

        Raises:
            VendorError: the vendor does not let us go on; what is due stays so.
        """
        while due := self._claim():
            for verb in Verb:
                some = [one for one in due if one.verb == verb.value]
                call = self._call(verb)
                size = self._size(verb)
                for start in range(0, len(some), size):
                    self._carry_out(call, verb, some[start : start + size])
        self._alert()

    def _call(self, verb: Verb) -> Call | None:
        own: Call | None = getattr(self.stream.operations, verb.value)
        if own is None and verb is Verb.UNSUBSCRIBE and self.stream.operations.update is not None:
            return self._by_update
        return own

    def _size(self, verb: Verb) -> int:
        sizes = self.stream.operations.sizes
        return sizes.get(verb.value) or sizes.get("update", 1)

    def _claim(self) -> list[Revocation]:
        """Mark what may go as sent: of each person only what nothing under way could overtake."""
        now = self.scope.now()
        # Nearly always nothing is due: that much is asked without waiting for the writers.
        with self.store.reading() as tx:
            if not tx.revocations.any_ready(*self.member.key, now):
                return []
        with self.store.transaction("revoke", self.fences) as tx:
            ready = tx.revocations.ready(*self.member.key, now, PAGE)
            if not ready:
                return []
            subjects = sorted({one.subject for one in ready})
            people = tx.entities.resolve(subjects)
            intents = tx.intents.open_of(*self.member.key, sorted({e.id for e in people.values()}))
            links = tx.links.of_entities(sorted({e.id for e in people.values()}), [self.member.key])
            states = tx.permissions.of({e.id for e in people.values()})
            claimed = []
            for one in ready:
                person = people.get(one.subject)
                here = links.get(person.id, ()) if person is not None else ()
                live = next((link for link in here if link.state is LinkState.LIVE), None)
                if live is not None and not self._seeks(one):
                    one.external_id = live.external_id
                wait = self._under_way(intents.get(person.id) if person is not None else None)
                if one.verb == Verb.ERASE and one.external_id is None:
                    wait = max(wait, self._landing(tx, one))
                if wait > now:
                    one.not_before = wait
                elif self._decided(tx, one, person, states.get(person.id, {}) if person is not None else {}):
                    claimed.append(one)
            self._overtaken(tx, [one for one in ready if one.state is RevocationState.DROPPED])
            # A send that reached nobody, or was abandoned: there is nothing left of it to call back.
            ended = (RevocationState.GONE, RevocationState.IMPOSSIBLE)
            self._settle(tx, [one for one in ready if one.state in ended])
            tx.revocations.save(ready)
        return claimed

    def _seeks(self, one: Revocation) -> bool:
        """An erasure has an id of its own or searches for one: a system may hold the person twice."""
        searches = self.stream.operations.find is not None
        return one.verb == Verb.ERASE and (one.external_id is not None or searches)

    def _overtaken(self, tx: Transaction, dropped: Sequence[Revocation]) -> None:
        """What a newer yes saved from being revoked counts as sent again: the next refusal finds it.

        A removal that was tried before may have arrived: the record goes there anew.
        """
        closing = [one for one in dropped if one.verb != Verb.SUBSCRIBE]
        self._mark(tx, closing, {one.id: SendState.SENT for one in closing})
        self._void(tx, [one for one in closing if one.attempt])

    def _under_way(self, intent: Intent | None) -> float:
        """Until when a write of the same person may still take effect."""
        if intent is None or intent.sent_at is None:
            return 0.0
        if intent.state is IntentState.SENT:
            return intent.sent_at + self.stream.t_max + MARK_SECONDS
        return intent.settle_until or 0.0

    def _landing(self, tx: Transaction, one: Revocation) -> float:
        """Until when a create that was sent may still appear there: only then a search finds it or never."""
        sends = [send for some in tx.ledger.of(erase.selves(tx, one.subject)).values() for send in some]
        here = [s.at for s in sends if (s.connection, s.stream) == self.member.key and s.status in LEFT]
        return max(here) + MARK_SECONDS + self.stream.t_max + self.stream.l_max if here else 0.0

    def _is_unknowable(self, tx: Transaction, one: Revocation) -> bool:
        """Whether the person may have a record here that nobody can look for: a create had no answer."""
        if self.stream.operations.find is not None and not self._is_nameless(tx, one):
            return False
        sends = [send for some in tx.ledger.of(erase.selves(tx, one.subject)).values() for send in some]
        here = [send for send in sends if (send.connection, send.stream) == self.member.key]
        return any(send.status in LEFT or (send.status in CALLED and not send.external_id) for send in here)

    def _is_nameless(self, tx: Transaction, one: Revocation) -> bool:
        """Whether nothing is left by which the record of somebody who was erased could be searched for."""
        return one.verb == Verb.ERASE and not Trace(self.scope).can_search(tx, one)

    def _decided(self, tx: Transaction, one: Revocation, person: Entity | None, states: States) -> bool:
        """Decide anew whether it still holds, and mark it; what was overtaken, or meets nobody, ends here."""
        now = self.scope.now()
        if person is not None and one.verb != Verb.ERASE and self._is_overtaken(tx, one, person, states):
            self._end(one, RevocationState.DROPPED, now, "overtaken")
            return False
        if one.external_id is None and not one.identifiers and one.verb != Verb.ERASE:
            # Nobody is created there to record a refusal.
            if self._is_unknowable(tx, one):
                self._impossible(tx, one, now, UNKNOWABLE)
            else:
                self._end(one, RevocationState.GONE, now, "nobody_there")
            return False
        if person is not None and one.cause != OUTDATED:
            one.document = {**contact_of(person.cells), **one.document}
        one.state, one.sent_at, one.attempt = RevocationState.SENT, now, one.attempt + 1
        # Should this process die now, it is tried again.
        one.not_before = now + self.stream.t_max + self._wait(one)
        return True

    def _is_overtaken(self, tx: Transaction, one: Revocation, person: Entity, states: States) -> bool:
        """Whether what was to be told is not so any more: a newer yes, or for a request a newer no."""
        if one.cause == OUTDATED:
            return False
        world = self.scope.world
        use = Use(one.connection, one.purpose, one.channel, self.member.brand)
        points = points_of(person.cells, self.scope.key)
        known = state_at(states, one.purpose, one.channel, point_for(one.channel, points), use.brand)
        if one.verb == Verb.SUBSCRIBE:
            asks = self.stream.confirms and known.state == "withdrawn" and one.cause in known.conflicts
            return not ((known.state in OPEN or asks) and may_ask(stands(tx, world, use, person)))
        if not one.denied:
            return known.state in OPEN
        uses = {use for send in tx.ledger.get(one.sends) for use in uses_of(world, send)} or {use}
        return all(stands(tx, world, each, person).allowed for each in sorted(uses, key=astuple))

    def _wait(self, one: Revocation) -> float:
        return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(one.attempt, 20))

    def _impossible(self, tx: Transaction, one: Revocation, now: float, reason: str) -> None:
        """A person has to do it by hand."""
        one.receipt = Receipt.IMPOSSIBLE.value
        self._end(one, RevocationState.IMPOSSIBLE, now, reason)
        if one.verb != Verb.SUBSCRIBE:  # what cannot be opened harms nobody
            self._tell(tx, one, now)

    @staticmethod
    def _end(one: Revocation, state: RevocationState, now: float, reason: str = "") -> None:
        one.state, one.finished_at, one.reason = state, now, reason

    def _carry_out(self, call: Call | None, verb: Verb, due: Sequence[Revocation]) -> None:
        if call is None:
            outcomes = [
                Outcome(one.id, Result.REJECTED, reason="no_operation", receipt=Receipt.IMPOSSIBLE)
                for one in due
            ]
            self._confirm(due, outcomes)
            return
        self.stream.connector.ready(call)
        try:
            if verb is Verb.ERASE:
                Trace(self.scope).complete(due)
            self._confirm(due, list(call([_write(one, verb) for one in due])))
        except RecordRejectedError as error:
            if len(due) > 1:
                for one in due:
                    self._carry_out(call, verb, [one])
                return
            gone = error.facts.get("status") in (404, 410)
            reason = str(error.facts.get("code") or "refused")
            result = Result.GONE if gone else Result.REJECTED
            self._confirm(due, [Outcome(due[0].id, result, reason=reason)])
        except OutcomeUnknownError:
            self._confirm(due, [Outcome(one.id, Result.UNKNOWN, reason="no_answer") for one in due])
        except VendorError as error:
            after = error.retry_after if isinstance(error, RetryableError) else None
            reason = type(error).__name__
            self._confirm(
                due, [Outcome(one.id, Result.RETRY, reason=reason, retry_after=after) for one in due]
            )
            raise

    def _confirm(self, due: Sequence[Revocation], outcomes: Iterable[Outcome]) -> None:
        """Store what the vendor said; the ledger and the decision log say so too."""
        answers = {outcome.write_id: outcome for outcome in outcomes}
        now = self.scope.now()
        with self.store.transaction("revoked", self.fences) as tx:
            for one in due:
                outcome = answers.get(one.id) or Outcome(one.id, Result.UNKNOWN, reason="no_outcome")
                self._one(tx, one, outcome, now)
            tx.revocations.save(due)
            self._settle(tx, due)
            tx.decisions.append([account_of(self.scope.world.policy, one, now) for one in due])
            depart(tx, self.member, due)
        self.counts.told += sum(one.state is RevocationState.DONE for one in due)

    def _one(self, tx: Transaction, one: Revocation, outcome: Outcome, now: float) -> None:
        one.reason = outcome.reason
        if outcome.reason == NOT_LINKED and self._is_unknowable(tx, one):
            outcome = replace(outcome, receipt=Receipt.IMPOSSIBLE, reason=UNKNOWABLE)
        if outcome.receipt is Receipt.IMPOSSIBLE:
            self._impossible(tx, one, now, outcome.reason)
        elif outcome.result is Result.DONE:
            one.receipt = (outcome.receipt or Receipt.ACCEPTED).value
            self._end(one, RevocationState.DONE, now, outcome.reason)
        elif outcome.result is Result.GONE:
            self._end(one, RevocationState.GONE, now, outcome.reason)
        elif outcome.result is Result.REJECTED and one.verb == Verb.SUBSCRIBE:
            self._final(tx, one, outcome, now)
        else:
            one.state = RevocationState.PENDING
            one.not_before = now + (patience.asked(outcome.retry_after) or self._wait(one))
            if one.attempt >= PATIENT and outcome.result is Result.REJECTED:
                self._tell(tx, one, now)

    def _final(self, tx: Transaction, one: Revocation, outcome: Outcome, now: float) -> None:
        """A vendor that will not open takes the person's refusal for final: so do we; no retry, no letter."""
        self._end(one, RevocationState.DONE, now, outcome.reason)
        if outcome.reason != "compliance_state":
            return
        person = tx.entities.resolve([one.subject]).get(one.subject)
        if person is None:
            return
        event = f"compliance_state:{one.id}"
        source = self.member.connection
        point = point_for(one.channel, points_of(person.cells, self.scope.key))
        record(
            self.scope.world,
            tx,
            person,
            ConsentSignal(
                id=fingerprint(source, event),
                subject=person.id,
                source=source,
                event=event,
                purpose=one.purpose,
                channel=one.channel,
                kind=Kind.WITHDRAW,
                actor=Actor.VENDOR,
                received_at=now,
                contact_point=point,
                origin=f"{self.member.scope}:{one.external_id or ''}",
                recorded_for=person.id,
                controller=self.member.brand,
                note="compliance_state",
            ),
        )

    def _settle(self, tx: Transaction, due: Sequence[Revocation]) -> None:
        """The ledger's sends are revoked once there is a receipt."""
        ends = {
            RevocationState.DONE: SendState.REVOKED,
            RevocationState.GONE: SendState.REVOKED,
            RevocationState.IMPOSSIBLE: SendState.REVOKE_FAILED,
        }
        closing = [one for one in due if one.state in ends and one.verb != Verb.SUBSCRIBE]
        self._mark(tx, closing, {one.id: ends[one.state] for one in closing})
        self._void(tx, [one for one in closing if one.state is not RevocationState.IMPOSSIBLE])

    def _mark(self, tx: Transaction, told: Sequence[Revocation], ends: Mapping[str, SendState]) -> None:
        """Bring the ledger's pending sends to what became of these."""
        for one in told:
            tx.ledger.mark(one.sends, ends[one.id], only=SendState.REVOKE_PENDING)

    def _void(self, tx: Transaction, told: Iterable[Revocation]) -> None:
        """Whoever was taken out is there no more: what is known to stand there is nothing.

        So a later yes, or a new address under the same one, sends all of the record again.
        """
        gone = {one.subject for one in told if one.verb == Verb.REMOVE}
        people = tx.entities.resolve(gone) if gone else {}
        ids = sorted({one.id for one in people.values()})
        links = [k for some in tx.links.of_entities(ids, [self.member.key]).values() for k in some]
        for link in links:
            link.shadow, link.row_digest = Shadow(), None
        tx.links.upsert(links)
        tx.dirty.add([(*self.member.key, link.entity) for link in links])

    def _tell(self, tx: Transaction, one: Revocation, now: float) -> None:
        """Somebody must look: once."""
        if one.alerted_at is None:
            one.alerted_at = now
            clashes.record(tx, [clashes.not_revoked(one, self.scope.run, now)])

    def _alert(self) -> None:
        """What is overdue is tried on, and somebody is told."""
        now = self.scope.now()
        with self.store.reading() as tx:
            late = [
                one for one in tx.revocations.overdue(now) if (one.connection, one.stream) == self.member.key
            ]
        if not late:
            return
        with self.store.transaction("revocations overdue") as tx:
            for one in late:
                self._tell(tx, one, now)
            tx.revocations.save(late)

    def _by_update(self, writes: Sequence[ConsentWrite]) -> Sequence[Outcome]:
        """Where the state is an ordinary column of the record (a file, a table), an update tells it."""
        update = self.stream.operations.update
        made = [_update(self.member, write) for write in writes if write.external_id is not None]
        if update is None:
            return []
        outcomes = update(made) if made else []
        receipt = Receipt.CONFIRMED if self.stream.read_back else Receipt.ACCEPTED
        return [replace(o, receipt=receipt) if o.result is Result.DONE else o for o in outcomes]


def _write(one: Revocation, verb: Verb) -> ConsentWrite:
    return ConsentWrite(
        id=one.id,
        verb=verb,
        purpose=one.purpose,
        channel=one.channel,
        external_id=one.external_id,
        at=datetime.fromtimestamp(one.at, UTC) if one.at is not None else None,
        identifiers=one.identifiers,
        grant=one.cause if verb is Verb.SUBSCRIBE else None,
        scope=one.topic or None,
        document=one.document,
    )


def _update(member: Member, write: ConsentWrite) -> Write:
    state: dict[str, Any] = {"state": "withdrawn"}
    if write.at is not None:
        state["at"] = write.at.isoformat().replace("+00:00", "Z")
    document = {"consents": {key_of(write.purpose, write.channel): state}}
    row = member.stream.mapping.write(document)
    return Write(
        write.id, Operation.UPDATE, row, document, "", write.id, write.external_id, recheck=none_refused
    )

"""Confirm: what the vendor said, per record, in one transaction: links, shadows, intents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from accord.connector import Creates
from accord.engine import clashes, overwritten, patience, unseen
from accord.engine.account import send_id
from accord.engine.agreement import Agreement
from accord.engine.ask import request
from accord.engine.counts import Counts
from accord.engine.intents import unblock
from accord.engine.observe import Observer, Seen
from accord.engine.persons import people_of
from accord.engine.plan import newer
from accord.model.record import Operation, Outcome, Result, Row, Write
from accord.store.carried import Carried
from accord.store.consent_rows import SendState
from accord.store.durability import Durability
from accord.store.rows import (
    Conflict,
    DeadLetter,
    Entity,
    Fence,
    Intent,
    IntentState,
    Link,
    LinkState,
    Shadow,
)

if TYPE_CHECKING:
    from accord.engine.scope import Scope
    from accord.store import Transaction


_LEDGER = {Result.DONE: SendState.SENT, Result.UNKNOWN: SendState.UNKNOWN}
"""What the ledger says of a send; every other result did not reach its destination."""
MOST_ATTEMPTS = 8
"""Tries of one write after which it becomes a dead letter (sync.md A9)."""
MOST_CHASES, CHASE_SECONDS = 20, 600.0
"""How often in a run a write may meet another version than it was made for; how long it waits then."""


class Confirmation:
    """Records the outcomes of one batch. Items without an outcome are unknown: nothing is lost."""

    def __init__(self, scope: Scope, counts: Counts, fences: Sequence[Fence]) -> None:
        self.scope, self.counts, self.fences = scope, counts, fences
        self.key = scope.member.key
        self.observer = Observer(scope.flow, scope.member, scope.key)
        self.links: list[Link] = []
        self.made: dict[str, list[Link]] = {}
        """Links that this batch made, by hub record."""
        self.overwritten: list[tuple[Link, Intent]] = []
        """Links of other people's records that a create by upsert met, with that create."""
        self.updated: list[Intent] = []
        self.closed: list[str] = []
        self.dirty: set[str] = set()
        self.letters: list[DeadLetter] = []
        self.conflicts: list[Conflict] = []
        self.arrived: list[str] = []
        self.entities: Mapping[str, Entity] = {}
        self.owners: Mapping[str, Entity] = {}
        """The same, and those whose records the answers name."""
        self.unwritten: frozenset[str] = frozenset()
        """Those of the latter whom the gate lets nothing be written of here."""
        self.settled: list[tuple[str, SendState, str | None]] = []

    def record(
        self,
        operation: Operation,
        intents: Sequence[Intent],
        writes: Sequence[Write],
        outcomes: Sequence[Outcome],
        reread: Mapping[str, Row],
        known: Mapping[str, Entity],
    ) -> None:
        """Store what became of each intent.

        Args:
            operation: What the batch did.
            intents: The marked intents.
            writes: What was sent for them.
            outcomes: What the vendor said.
            reread: Records read again after the write, by external id, where its answer did not show them.
            known: The hub records as they were when they were marked.
        """
        answers = {outcome.write_id: outcome for outcome in outcomes}
        self.known, self.writes = known, {write.id: write for write in writes}
        shown = {
            o.write_id: self._shown(o.row) for o in outcomes if o.result is Result.DONE and o.row is not None
        }
        later = {id_: self._shown(row) for id_, row in reread.items()}
        self.agreement = Agreement(self.scope, self.writes, later, self.conflicts)
        with self.scope.world.store.transaction("confirm", self.fences, Durability.REPEATABLE) as tx:
            present = self._present(tx, intents)
            ids = [intent.entity for intent in present.values()]
            self.entities = self._entities(tx, ids, known)
            self.named = dict(tx.links.get(*self.key, [o.external_id for o in outcomes if o.external_id]))
            others = {link.entity for link in self.named.values()} - self.entities.keys()
            strangers = tx.entities.resolve(others) if others else {}
            self.owners = {**self.entities, **strangers}
            self.unwritten = overwritten.unwritten(tx, self.scope, strangers.values())
            self.here = tx.links.of_entities(self._to_look_up(present.values(), answers), [self.key])
            self.generation, self.now = tx.streams.load(*self.key).generation, self.scope.now()
            for intent in intents:
                current = present.get(intent.id)
                if current is None:
                    continue  # settled by somebody else meanwhile (a take-over, a merge)
                outcome = answers.get(intent.id) or Outcome(
                    intent.id, Result.UNKNOWN, reason="no outcome given"
                )
                state = _LEDGER.get(outcome.result, SendState.FAILED)
                self.settled.append((send_id(current), state, outcome.external_id or current.external_id))
                self._one(operation, current, outcome, shown.get(intent.id))
            self._write(tx)
        for letter in self.letters:
            self.scope.world.plugins.dead_letter(letter)

    def _present(self, tx: Transaction, intents: Sequence[Intent]) -> dict[str, Intent]:
        """The intents that are still open: ours as marked, unless somebody marked them anew."""
        sent = tx.intents.sent_at(intent.id for intent in intents)
        mine = {i.id: i for i in intents if i.id in sent and sent[i.id] in (i.sent_at, None)}
        changed = sent.keys() - mine.keys()
        return {**mine, **tx.intents.get(changed)} if changed else mine

    def _entities(
        self, tx: Transaction, ids: Sequence[str], known: Mapping[str, Entity]
    ) -> Mapping[str, Entity]:
        """The hub records as they are now; those that have not changed need not be read again."""
        present = tx.entities.revisions(ids)
        same = {id_: known[id_] for id_ in ids if id_ in known and present.get(id_) == known[id_].rev}
        changed = [id_ for id_ in ids if id_ not in same]
        return {**same, **tx.entities.resolve(changed)} if changed else same

    def _to_look_up(self, intents: Iterable[Intent], answers: Mapping[str, Outcome]) -> list[str]:
        """The hub records whose links here are asked for: not of what was done at the very link it names."""
        found: set[str] = set()
        for intent in intents:
            entity, outcome = self.entities.get(intent.entity), answers.get(intent.id)
            link = self.named.get((outcome and outcome.external_id) or "")
            done = outcome is not None and outcome.result is Result.DONE
            if entity is not None and not (done and link is not None and self._same(link, entity)):
                found.add(entity.id)
        return sorted(found)

    def _shown(self, row: Row) -> Seen | None:
        """The record as the vendor now holds it, mapped; unreadable answers say nothing."""
        seen = self.observer.look([row])[0]
        self.observer.map(seen, self.scope.now(), 0.0)
        return seen if seen.error is None else None

    def _one(self, operation: Operation, intent: Intent, outcome: Outcome, shown: Seen | None) -> None:
        result = outcome.result
        if result is Result.DONE or (result is Result.GONE and operation is Operation.DELETE):
            self._done(operation, intent, outcome, shown)
        elif result is Result.REJECTED:
            self._rejected(intent, outcome)
        elif result is Result.UNKNOWN:
            intent.state, intent.reason = IntentState.UNKNOWN, outcome.reason
            self.updated.append(intent)
            self.counts.unknown += 1
        elif result is Result.RETRY:
            self._try_again(intent, outcome)
        elif result is Result.ABANDONED:
            # No fault of the record: it is decided again, and the attempt does not count.
            intent.attempt -= 1
            self._wait(intent, outcome)
        elif operation is Operation.CREATE:
            self._exists(intent, outcome)
        else:
            self._moved_on(intent, outcome)

    def _try_again(self, intent: Intent, outcome: Outcome) -> None:
        """Certainly not applied: later, but not for ever."""
        if intent.attempt >= MOST_ATTEMPTS:
            self._rejected(intent, outcome)
            return
        self._wait(intent, outcome)

    def _wait(self, intent: Intent, outcome: Outcome) -> None:
        intent.state, intent.sent_at, intent.settle_until = IntentState.PLANNED, None, None
        intent.not_before = self.scope.now() + (patience.asked(outcome.retry_after) or 1.0)
        self.updated.append(intent)

    def _exists(self, intent: Intent, outcome: Outcome) -> None:
        """The vendor says that the record to be created is there already.

        The look before this either linked it to our hub record, or found it to be another's: then a
        person must say who is who.
        """
        entity = self.entities.get(intent.entity)
        rival = self.named.get(outcome.external_id or "")
        if entity is not None and any(link.state is LinkState.LIVE for link in self.here.get(entity.id, ())):
            self.closed.append(intent.id)
            self.dirty.add(entity.id)
            self.counts.adopted += 1
        elif entity is not None and rival is not None and not self._same(rival, entity):
            self.conflicts.append(
                clashes.belongs_to_another(self.scope, rival.external_id, entity, rival, intent.id)
            )
            self.closed.append(intent.id)
        else:
            self._try_again(intent, outcome)

    def _done(self, operation: Operation, intent: Intent, outcome: Outcome, shown: Seen | None) -> None:
        entity = self.entities.get(intent.entity)
        there = self.named.get(outcome.external_id or "")
        upserts = operation is Operation.CREATE and self.scope.member.stream.creates is Creates.UPSERT
        if upserts and entity is not None and there is not None and not self._same(there, entity):
            self.overwritten.append((there, intent))
            owner = self.owners.get(there.entity)
            updated = owner is not None and owner.id not in self.unwritten
            if updated and overwritten.is_passing_on(self.scope, there, owner, entity):
                self._try_again(intent, replace(outcome, reason="it meets the record of another person"))
                return
        link = self._link(operation, intent, outcome, entity)
        self.closed.append(intent.id)
        if link is None or entity is None:
            return
        if operation is Operation.DELETE:
            link.state, self.counts.removed = LinkState.GONE, self.counts.removed + 1
        else:
            self.agreement.take(link, intent, shown, outcome)
            if entity.id != intent.entity:  # united meanwhile: versions of the one tell nothing of the other
                link.shadow.agreed, link.shadow.base = {}, 0
            self.counts.created += operation is Operation.CREATE
            self.counts.updated += operation is Operation.UPDATE
            self._look_again(link, entity)
        # A create may have met a record: to name its version would pass over what nobody has read there.
        met = (
            operation is Operation.CREATE
            and self.scope.member.reads
            and not self.agreement.is_surely_new(intent)
        )
        link.etag = None if met else outcome.etag
        link.written_at, link.written_run = self.now, self.scope.run
        if upserts:
            self.named[link.external_id] = link  # another create of this batch may have met it
        self.links.append(link)
        self.arrived.append(entity.id)

    def _link(
        self, operation: Operation, intent: Intent, outcome: Outcome, entity: Entity | None
    ) -> Link | None:
        """The link this write belongs to: the one it updated, the one a pull made meanwhile, or a new one."""
        external_id = outcome.external_id or intent.external_id
        if entity is None or external_id is None:
            return None
        here = self.here.get(entity.id, ())
        known = self.named.get(external_id) or next(
            (link for link in here if link.external_id == external_id), None
        )
        if known is not None and self._same(known, entity):
            if operation is Operation.CREATE:
                known.created_by_intent = known.created_by_intent or intent.id
            return known
        if known is not None:
            self.conflicts.append(
                clashes.belongs_to_another(
                    self.scope, external_id, entity, known, intent.id if operation is Operation.CREATE else ""
                )
            )
            return None
        # Two of this batch may have become one record while it was under way.
        mine = [*here, *self.made.get(entity.id, ())]
        live = bool(mine) and any(link.state is LinkState.LIVE for link in mine)
        link = Link(
            *self.key,
            external_id,
            entity.id,
            LinkState.SHADOWED if live else LinkState.LIVE,
            generation=self.generation,
            shadow=Shadow(base=Carried.of(intent.cells).newest),
            created_by_intent=intent.id,
        )
        self.made.setdefault(entity.id, []).append(link)
        return link

    def _same(self, link: Link, entity: Entity) -> bool:
        owner = self.entities.get(link.entity)
        return link.entity == entity.id or (owner is not None and owner.id == entity.id)

    def _look_again(self, link: Link, entity: Entity) -> None:
        """The hub moved on while the write was on its way: decide again."""
        if newer(entity, link, self.scope.member.covers):
            self.dirty.add(entity.id)

    def _rejected(self, intent: Intent, outcome: Outcome) -> None:
        """Refused for good, as it was sent: what the hub holds by now is another try."""
        sent, entity = self.known.get(intent.entity), self.entities.get(intent.entity)
        rev = max(Carried.of(intent.cells).newest, sent.rev if sent is not None else 0)
        if entity is not None and entity.rev > rev:
            self.dirty.add(entity.id)
        reason = outcome.reason or "refused without a reason"
        self.letters.append(clashes.refused(self.scope, intent, "RecordRejectedError", reason, rev))
        self.closed.append(intent.id)
        self.counts.rejected += 1

    def _moved_on(self, intent: Intent, outcome: Outcome) -> None:
        """The record changed or vanished under us: make it be read again, then decided again.

        One that changes whenever it is written is left alone for a while, so that no run chases it for ever.
        """
        gone = outcome.result is Result.GONE
        for link in self.here.get(intent.entity, ()):
            if link.external_id == intent.external_id:
                link.etag = None
                unseen.forget_row(link)
                if gone and link.state is LinkState.LIVE and not self._can_look:
                    link.state = LinkState.GONE
                self.links.append(link)
        self.scope.chased[intent.entity] += 1
        if self.scope.chased[intent.entity] > MOST_CHASES:
            self._wait(intent, replace(outcome, retry_after=CHASE_SECONDS))
            return
        self.closed.append(intent.id)
        self.counts.superseded += 1
        if not gone or self._can_look:
            self.dirty.add(intent.entity)

    @property
    def _can_look(self) -> bool:
        """Whether a vanished record was read again just now: its link then says what became of it."""
        return self.scope.member.stream.operations.get is not None

    def _write(self, tx: Transaction) -> None:
        tx.links.upsert(self.links)
        tx.ledger.settle(self.settled, self.now)
        tx.intents.update(self.updated)
        tx.intents.close(self.closed)
        if self.dirty:
            tx.dirty.add([(*self.key, entity) for entity in sorted(self.dirty)])
        if self.letters:
            self.counts.dead_letters += tx.letters.put(self.letters)
        self.counts.open_conflicts += clashes.record(tx, self.conflicts)
        if self.overwritten:
            overwritten.restore(tx, self.scope, self.overwritten, self.owners)
        tx.letters.close_writes(*self.key, self.arrived)
        unblock(tx, self.arrived)
        self._request(tx)

    def _request(self, tx: Transaction) -> None:
        """A destination that opens only when asked is asked, once the person it holds is linked."""
        member = self.scope.member
        if member.needs_grant and member.stream.operations.subscribe is not None and self.arrived:
            people = [e for e in self.entities.values() if e.id in self.arrived and e.kind == "customer"]
            request(self.scope.world, tx, people_of(self.scope.world, tx, people))

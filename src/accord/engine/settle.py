"""Settle writes whose outcome is unknown: wait out what the vendor may still do, look, then decide.

Never a blind repeat of a create (sync.md A6): found means adopted, not found after the wait means it
never happened. What nobody can find out goes to a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accord.connector import Creates
from accord.engine import clashes, hub
from accord.engine.confirm import MOST_ATTEMPTS
from accord.engine.counts import Counts
from accord.engine.look import Look
from accord.model.record import Operation
from accord.store.codec import DIGEST
from accord.store.rows import EntityState, Fence, Intent, IntentState

if TYPE_CHECKING:
    from accord.engine.scope import Scope
    from accord.store import Transaction

TRUST_SECONDS = 20 * 3600.0
"""How long a vendor's idempotency key is trusted (Stripe keeps them at least 24 h)."""
BLOCKED_SECONDS = 86_400.0
"""How long a record waits for the one it refers to."""
PAGE = 200
DOUBT = b"\xff" * DIGEST
"""Stands for the digest of what a cell holds where nobody knows what it holds."""


class Settlement:
    """Settles one member's unanswered writes."""

    def __init__(self, scope: Scope, counts: Counts, fences: Sequence[Fence], *, fully_read: bool) -> None:
        self.scope, self.counts, self.fences = scope, counts, fences
        self.stream, self.store = scope.member.stream, scope.world.store
        self.looking = Look(scope, counts, fences, fully_read=fully_read)

    def inherit(self) -> None:
        """Whatever is still marked sent belongs to a run that is gone: its outcome is unknown."""
        with self.store.reading() as tx:
            # Nothing can join them: the lease is ours, and whoever held it is refused by its fence.
            if not tx.intents.unsettled(*self.scope.member.key):
                return
        with self.store.transaction("inherit", self.fences) as tx:
            tx.intents.sent_to_unknown(*self.scope.member.key)

    def run(self) -> None:
        """Settle every unanswered write whose waiting time has passed, and give up waiting for parents."""
        now = self.scope.now()
        self._look_after_blocked(now)
        with self.store.reading() as tx:
            waiting = [
                i for i in tx.intents.unsettled(*self.scope.member.key) if i.state is IntentState.UNKNOWN
            ]
        ripe = [intent for intent in waiting if (intent.settle_until or 0.0) <= now]
        for start in range(0, len(ripe), PAGE):
            self._settle(ripe[start : start + PAGE])

    def _look_after_blocked(self, now: float) -> None:
        """Writes that wait for another record: given up after a day, decided again where nothing is to come.

        Who was to come may have been split off, refused or deleted since, and nobody tells those who wait.
        """
        after: Intent | None = None
        while True:
            with self.store.reading() as tx:
                blocked = tx.intents.blocked(*self.scope.member.key, PAGE, after)
                vain = self._in_vain(tx, blocked)
            if not blocked:
                return
            after = blocked[-1]
            late = [intent for intent in blocked if now - intent.created_at > BLOCKED_SECONDS]
            if late:
                self._give_up(late)
            again = [intent for intent in vain if intent not in late]
            if again:
                with self.store.transaction("wait no more", self.fences) as tx:
                    tx.intents.close([intent.id for intent in again])
                    tx.dirty.add([(*self.scope.member.key, intent.entity) for intent in again])

    def _in_vain(self, tx: Transaction, blocked: Sequence[Intent]) -> list[Intent]:
        """Those of these whose record refers to nobody any more who is still to come."""
        entities = tx.entities.resolve([intent.entity for intent in blocked]) if blocked else {}
        references = self.scope.references(tx, list(entities.values()))
        waits = {id_ for id_, found in references.items() if any(one.waits for one in found.values())}
        return [i for i in blocked if i.entity in entities and entities[i.entity].id not in waits]

    def _give_up(self, late: Sequence[Intent]) -> None:
        """A record that waited a day for its parent becomes a dead letter; its reference is kept."""
        with self.store.transaction("give up", self.fences) as tx:
            revs = {id_: entity.rev for id_, entity in tx.entities.get([i.entity for i in late]).items()}
            reason = "the record it refers to did not arrive within a day; replay when it is there"
            letters = [
                clashes.refused(self.scope, intent, "ReferenceMissing", reason, revs.get(intent.entity, 0))
                for intent in late
            ]
            self.counts.dead_letters += tx.letters.put(letters)
            tx.intents.close([intent.id for intent in late])

    def _settle(self, intents: Sequence[Intent]) -> None:
        creates = [i for i in intents if i.operation == Operation.CREATE]
        updates = [i for i in intents if i.operation == Operation.UPDATE]
        certain = self._search(creates)
        if updates and self.scope.member.reads and self.stream.operations.get is not None:
            self.looking.updates([i.external_id for i in updates if i.external_id])
        self._again(intents, certain)

    def _search(self, creates: Sequence[Intent]) -> frozenset[str]:
        """Search for what creates may have made where a repeat would not meet it; those that may be repeated.

        One that nothing can be asked for by, and that the vendor would not know again, may not.
        """
        if "search" in self.scope.env.ablations:
            return frozenset(i.id for i in creates if self.stream.creates is not Creates.BLIND)
        sent = {intent.entity: intent for intent in creates}
        unmet = self.looking.unmet(sent) if self.stream.creates is Creates.UPSERT else frozenset()
        safe = {i.id for i in creates if i.entity not in unmet and self._is_repeatable(i)}
        searched = {i.entity: i for i in creates if i.id not in safe}
        if not searched or self.stream.operations.find is None:
            return frozenset(safe)
        self.looking.creates(list(searched), searched)
        asked = self.looking.askable(searched)
        return frozenset(safe | {i.id for i in creates if i.entity in asked})

    def _is_repeatable(self, intent: Intent) -> bool:
        """Whether the vendor takes a second create for the first: by a unique key, or our key for a while."""
        kind = self.stream.creates
        young = self.scope.now() - intent.created_at < TRUST_SECONDS
        return kind is Creates.UPSERT or (kind is Creates.IDEMPOTENCY_KEY and young)

    def _again(self, intents: Sequence[Intent], certain: frozenset[str]) -> None:
        """Back to planned: the next decision sees what the look found, and sends only what is missing."""
        with self.store.transaction("settle", self.fences) as tx:
            present = tx.intents.open_of(*self.scope.member.key, [intent.entity for intent in intents])
            for intent in intents:
                current = present.get(intent.entity)
                if current is None or current.id != intent.id or current.state is not IntentState.UNKNOWN:
                    continue
                if self._hopeless(current, certain):
                    entity = tx.entities.resolve([current.entity]).get(current.entity)
                    reason = "nobody can tell whether this was created; look there, then replay or discard"
                    letter = clashes.refused(
                        self.scope, current, "OutcomeUnknownError", reason, entity.rev if entity else 0
                    )
                    self.counts.dead_letters += tx.letters.put([letter])
                    tx.intents.close([current.id])
                    continue
                if current.operation == Operation.UPDATE and not self.scope.member.reads:
                    self._doubt(tx, current)
                elif current.operation == Operation.UPDATE and self.stream.operations.get is not None:
                    self._take_back(tx, current)
                current.state, current.sent_at, current.settle_until = IntentState.PLANNED, None, None
                tx.intents.update([current])

    def _take_back(self, tx: Transaction, intent: Intent) -> None:
        """What an update was to fill in, in a record that a person split off meanwhile, and never did.

        It was the new record's while it was on its way (:mod:`accord.engine.underway`). The look has shown
        that it is not there, so it never was: it stays with whom the record was split from.
        """
        id_ = intent.external_id or ""
        link = tx.links.get(*self.scope.member.key, [id_]).get(id_)
        entity = tx.entities.get([intent.entity]).get(intent.entity)
        if link is None or entity is None or entity.state is not EntityState.LIVE:
            return
        empty = [
            cell
            for cell, (version, digest) in intent.cells.items()
            if digest
            and cell not in link.shadow.seen
            and link.shadow.agreed_version(cell) >= version == entity.version(cell)
        ]
        now = self.scope.now()
        changes = [hub.put(entity, cell, None, "accord", now, run=self.scope.run) for cell in empty]
        if changes:
            tx.history.add(changes)
            tx.entities.update([entity])
            self.scope.wake(tx, [entity])

    def _doubt(self, tx: Transaction, intent: Intent) -> None:
        """Nobody reads what an unanswered update left here: each of its cells is to be written again.

        Else a value that the hub has taken back meanwhile would stay, for it seems never to have gone there.
        """
        key, id_ = self.scope.member.key, intent.external_id or ""
        link = tx.links.get(*key, [id_]).get(id_)
        if link is not None:
            link.shadow.seen.update(dict.fromkeys(intent.cells, DOUBT))
            link.shadow.agreed.update(dict.fromkeys(intent.cells, 0))
            tx.links.upsert([link])

    def _hopeless(self, intent: Intent, certain: frozenset[str]) -> bool:
        """A create that can neither be repeated safely nor searched for; or one that fails for ever."""
        if intent.attempt >= MOST_ATTEMPTS:
            return True
        return intent.operation == Operation.CREATE and intent.id not in certain

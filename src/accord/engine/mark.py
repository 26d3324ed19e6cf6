"""Mark a batch as sent: what may go, decided with the newest state, the gate asked, in one transaction.

The request begins within :data:`MARK_SECONDS` of its mark or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from accord.connector import Creates
from accord.consent.decision import ALLOWED
from accord.engine import clashes, lacking
from accord.engine.account import Account
from accord.engine.counts import Counts
from accord.engine.intents import Standing, carried, decide_one, standing
from accord.engine.plan import Derived, Hold, Reference, fill
from accord.engine.underway import MARK_SECONDS, renew
from accord.errors import MappingError
from accord.model.record import Operation, Recheck, Write
from accord.store.rows import Entity, Fence, Intent, IntentState

if TYPE_CHECKING:
    from accord.consent.decision import Verdict
    from accord.engine.scope import Scope
    from accord.store import Transaction


@dataclass(slots=True)
class Batch:
    """Marked writes that go out together.

    Attributes:
        halved: It is half of one that the vendor has just refused as a whole.
        name, at: Its name in the ids of intents that are made with it, and when.
        group: Names it in the idempotency keys of its creates.
        recheck: Tells which of its writes may not be carried out any more (consent.md 2.7, K4).
    """

    operation: Operation
    intents: list[Intent] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    entities: dict[str, Entity] = field(default_factory=dict)
    noted: list[tuple[Intent, Entity, Verdict, Derived]] = field(default_factory=list)
    halved: bool = False
    name: str = ""
    at: float = 0.0
    group: str = ""
    recheck: Recheck | None = None

    def release(self) -> None:
        """Let go of all records, once nobody asks any more.

        Each write knows its batch by ``recheck``: left alone, they stay until the cycle collector comes.
        """
        self.intents, self.writes, self.noted, self.entities = [], [], [], {}
        self.recheck = None


class Marker:
    """Marks what one member may be sent now."""

    def __init__(self, scope: Scope, counts: Counts, fences: Sequence[Fence]) -> None:
        self.scope, self.counts, self.fences = scope, counts, fences
        self.member, self.stream = scope.member, scope.member.stream
        self.store = scope.world.store
        self.account = Account(scope)
        self.yields = False
        """Whether a revocation is due here: nothing else goes before it."""

    def mark(self, operation: Operation, intents: Sequence[Intent], state: IntentState) -> Batch:
        """Decide anew with the newest state, ask the gate, and mark what may go as sent: one transaction."""
        refusals = self.scope.refusals([intent.entity for intent in intents])
        with self.store.transaction("mark sent", self.fences) as tx:
            wanted = sorted({intent.entity for intent in intents})
            known = self.known(tx, tx.entities.resolve(wanted), refusals)
            anew = state is IntentState.PLANNED
            batch = Batch(operation, entities=dict(known.entities), halved=not anew)
            if anew and self.gives_way(tx):
                return batch
            closed: list[str] = []
            refused: list[tuple[Entity, Verdict, list[str]]] = []
            for intent in intents:
                present = known.intents.get(intent.entity)
                if present is None or present.id != intent.id or present.state is not state:
                    continue
                entity = known.entities.get(intent.entity)
                derived = decide_one(self.scope, known, entity) if entity is not None else None
                verdict = known.verdicts.get(entity.id, ALLOWED) if entity is not None else ALLOWED
                if entity is not None and derived is not None and not verdict.allowed:
                    refused.append((entity, verdict, list(derived.cells)))
                if anew and not self.fits(batch, verdict):
                    continue
                if (
                    entity is None
                    or derived is None
                    or derived.hold is not None
                    or derived.operation != operation
                ):
                    closed.append(intent.id)
                    self._account(tx, intent, derived)
                else:
                    references = dict(known.references.get(entity.id, {}))
                    if self._fill(tx, batch, present, entity, derived, references):
                        batch.noted.append((present, entity, verdict, derived))
            tx.intents.close(closed)
            self.account.refused(tx, refused)
            self.account.sent(tx, batch.noted)
            lacking.note(tx, self.scope, known)
            if "intent" not in self.scope.env.ablations:
                tx.intents.update(batch.intents)
            return batch

    def known(self, tx: Transaction, entities: Mapping[str, Entity], refusals: Mapping[str, str]) -> Standing:
        """How records stand at this member, the gate asked, in the transaction that marks them."""
        known = standing(tx, self.scope, entities, refusals)
        if "consent" in self.scope.env.ablations:
            return replace(known, verdicts=dict.fromkeys(entities, ALLOWED))
        return known

    def _account(self, tx: Transaction, intent: Intent, derived: Derived | None) -> None:
        """An intent that will not go out: superseded by the newest state, or held by a rule."""
        self.counts.superseded += 1
        if derived is None:
            return
        if derived.hold in (None, Hold.BLOCKED):
            tx.dirty.add([(*self.member.key, intent.entity)])
        else:
            self.counts.hold(f"{derived.hold}:{derived.reason}")

    def _fill(
        self,
        tx: Transaction,
        batch: Batch,
        intent: Intent,
        entity: Entity,
        derived: Derived,
        references: dict[str, Reference],
    ) -> bool:
        """Give an intent its vendor row and mark it; a record that cannot be mapped becomes a dead letter."""
        try:
            fill(self.scope.target, entity, derived, references)
        except MappingError as error:
            letter = clashes.refused(self.scope, intent, type(error).__name__, str(error), entity.rev)
            self.counts.dead_letters += tx.letters.put([letter])
            self.scope.world.plugins.dead_letter(letter)
            self.counts.rejected += 1
            tx.intents.close([intent.id])
            return False
        self.add(batch, intent, entity, derived)
        return True

    def add(self, batch: Batch, intent: Intent, entity: Entity, derived: Derived) -> None:
        """Mark an intent as sent with what it carries, and add its write to the batch."""
        batch.entities[entity.id] = entity
        batch.recheck = batch.recheck or partial(self.refused_now, batch)
        stream = self.stream
        # Those that are sent together are settled together.
        now = batch.intents[0].sent_at if batch.intents else None
        now = self.scope.now() if now is None else now
        visible = stream.l_max if derived.operation is Operation.CREATE else 0.0
        # The request may begin as late as the mark allows, and takes T_max from there.
        late = stream.t_max + min(MARK_SECONDS, stream.t_max)
        settle = 0.0 if "settle" in self.scope.env.ablations else late + visible
        if stream.creates is Creates.IDEMPOTENCY_KEY and derived.operation is Operation.CREATE:
            self._group(batch, intent)
            _repeat_exactly(intent, derived)
        intent.cells = carried(self.scope, intent, derived)
        intent.operation, intent.waits_for = str(derived.operation), None
        intent.external_id, intent.precondition = derived.external_id, derived.precondition
        intent.state, intent.sent_at, intent.settle_until = IntentState.SENT, now, now + settle
        intent.attempt += 1
        intent.run = self.scope.run
        batch.intents.append(intent)
        batch.writes.append(_write(intent, derived, batch.recheck))

    def refused_now(self, batch: Batch, writes: Sequence[Write]) -> frozenset[str]:
        """Which marked writes may not be carried out any more: asked before the last step of a vendor's job.

        Each needs the very permission it was marked with: one that ended and came back is a new decision.

        Raises:
            StateError: it cannot be asked, or another process has taken over: nothing may be carried out.
        """
        asked = {write.id for write in writes if write.operation is not Operation.DELETE}
        noted = [one for one in batch.noted if one[0].id in asked]
        refusals = self.scope.refusals([entity.id for _, entity, _, _ in noted])
        with self.store.transaction("recheck", self.fences) as tx:
            known = self.known(tx, tx.entities.resolve([entity.id for _, entity, _, _ in noted]), refusals)
            ended = [
                (entity, known.verdicts.get(entity.id, verdict), intent, derived)
                for intent, entity, verdict, derived in noted
                if not _still_stands(known, intent, entity, verdict)
            ]
            told = [
                (entity, now, list(derived.cells)) for entity, now, _, derived in ended if not now.allowed
            ]
            self.account.refused(tx, told)
            over = {intent.id for _, _, intent, _ in ended}
            renew(tx, [one[0] for one in noted if one[0].id not in over], self.scope.now())
        now = self.scope.now()  # this process may have slept since
        late = {intent.id for intent, _, _, _ in noted if (intent.sent_at or 0.0) < now - MARK_SECONDS}
        marked = [intent.sent_at or 0.0 for intent, _, _, _ in noted if intent.id not in over | late]
        self.stream.connector.begin_within(min(marked, default=now) + MARK_SECONDS - now)
        return frozenset(over | late | (asked - {intent.id for intent, _, _, _ in noted}))

    def gives_way(self, tx: Transaction) -> bool:
        """Whether a refusal is due here: it goes first, and what was to be sent is decided again after it."""
        self.yields = self.yields or tx.revocations.any_ready(*self.member.key, self.scope.now())
        return self.yields

    def fits(self, batch: Batch, verdict: Verdict) -> bool:
        """Whether a record may share the request: some vendors take one consent for all of it (K5)."""
        if not self.stream.consent_per_request or not batch.noted:
            return True
        first = batch.noted[0][2]
        return (first.basis, first.state) == (verdict.basis, verdict.state)

    def _group(self, batch: Batch, intent: Intent) -> None:
        """Creates that are first sent together are repeated together: a key may stand for the whole batch.

        What was certainly not taken may go in other company: never sent, or refused a moment ago.
        """
        if self.stream.operations.sizes.get("create", 1) > 1 and intent.attempt <= int(batch.halved):
            batch.group = batch.group or self.scope.env.new_id()
            intent.key = f"{batch.group}.{len(batch.intents)}"


def _repeat_exactly(intent: Intent, derived: Derived) -> None:
    """A key is honoured for the same body only: a retry repeats the first one, and claims no more than it."""
    if intent.body is None:
        intent.body = derived.row
    else:
        derived.row, derived.cells = intent.body, intent.cells


def group_of(intent: Intent) -> str:
    """The group a create must be repeated with; empty when it may go in any company."""
    repeats = intent.attempt and intent.operation == Operation.CREATE
    return intent.key.rpartition(".")[0] if repeats else ""


def _still_stands(known: Standing, intent: Intent, entity: Entity, verdict: Verdict) -> bool:
    """Whether a marked write is still ours, of the same living record, under the same permission."""
    id_ = entity.id
    mine, record, now = known.intents.get(id_), known.entities.get(id_), known.verdicts.get(id_)
    if mine is None or (mine.id, mine.sent_at) != (intent.id, intent.sent_at):
        return False
    if record is None or (record.id, record.state) != (entity.id, entity.state) or now is None:
        return False
    same = (now.epoch, now.signal, now.withheld) == (verdict.epoch, verdict.signal, verdict.withheld)
    return now.allowed and same and entity.id not in known.refusals


def _write(intent: Intent, derived: Derived, recheck: Recheck | None) -> Write:
    return Write(
        id=intent.id,
        operation=derived.operation,
        row=derived.row,
        document=derived.document,
        hub_id=intent.entity,
        idempotency_key=intent.key,
        external_id=derived.external_id,
        precondition=derived.precondition,
        recheck=recheck,
    )

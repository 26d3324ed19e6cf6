"""Decide: for every record that may have fallen behind at a member, record the write as an intent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from accord.engine import lacking
from accord.engine.account import Account
from accord.engine.brake import Brake
from accord.engine.counts import Counts
from accord.engine.intents import carried, decide_one, standing
from accord.engine.plan import Derived, Hold
from accord.engine.stop import BrakeError
from accord.model.record import Operation
from accord.store.durability import Durability
from accord.store.rows import Entity, Fence, Intent, IntentState, Link

if TYPE_CHECKING:
    from accord.consent.decision import Verdict
    from accord.engine.scope import Scope
    from accord.store import Transaction

MOST_SAMPLES = 1_000
"""Planned writes that a plan lists one by one, per member; all are counted."""
PAGE = 250
"""Records decided in one transaction."""


class Decider:
    """Turns dirty records into planned intents for one member."""

    def __init__(
        self, scope: Scope, counts: Counts, fences: Sequence[Fence], *, approved: bool, explain: bool = False
    ) -> None:
        self.scope, self.counts, self.fences = scope, counts, fences
        free = approved or explain or "brake" in scope.env.ablations
        self.brake = None if free else Brake(scope, counts)
        self.account = Account(scope)
        self.samples: list[tuple[Entity, Derived]] | None = [] if explain else None

    @property
    def counted(self) -> bool:
        """Whether creates must be counted through before any is sent: a limit that nobody lifted."""
        return self.brake is not None and self.scope.flow.limits.max_creates is not None

    def run(self) -> int:
        """Decide all dirty records of this member, page by page; how many intents were written.

        Raises:
            BrakeError: they are more than the flow's limits; none of them was written.
        """
        if self.brake is not None:
            self._foresee(self.brake)
        written, after = 0, ""
        while waiting := self._waiting(after):
            refusals = self.scope.refusals(waiting)  # plugins are asked before the transaction
            with self.scope.world.store.transaction("decide", self.fences, Durability.REPEATABLE) as tx:
                dirty = tx.dirty.take(*self.scope.member.key, PAGE, after)
                entities = tx.entities.get([entity for entity, _ in dirty])
                written += self.entities(tx, entities, refusals)
                tx.dirty.clear(*self.scope.member.key, dirty)
            after = dirty[-1][0] if dirty else waiting[-1]
        return written

    def _foresee(self, brake: Brake) -> None:
        """Count through what waits, if it fills more than a page: a run that stops has begun nothing of it.

        Else each run would carry out a page or more of what nobody approved, and the next one the rest.
        """
        key = self.scope.member.key
        with self.scope.world.store.reading() as tx:
            if tx.dirty.count(*key) <= PAGE:
                return
        planned = self._foreseen(
            self._page if self.counted else lambda tx, after: tx.dirty.gone(*key, PAGE, after)
        )
        try:
            with self.scope.world.store.reading() as tx:
                brake.check(tx, planned[Operation.CREATE], planned[Operation.DELETE])
        except BrakeError:
            # Its report says all that the run would have done.
            planned = planned if self.counted else self._foreseen(self._page)
            self.counts.planned_creates += planned[Operation.CREATE]
            self.counts.planned_updates += planned[Operation.UPDATE]
            self.counts.planned_deletes += planned[Operation.DELETE]
            raise

    def _foreseen(self, page: Callable[[Transaction, str], list[str]]) -> Counter[Operation]:
        """What would be written for all records of these pages."""
        planned, after = Counter[Operation](), ""
        while True:
            with self.scope.world.store.reading() as tx:
                waiting = page(tx, after)
            if not waiting:
                return planned
            refusals = self.scope.refusals(waiting)
            with self.scope.world.store.reading() as tx:
                planned.update(self._planned(tx, waiting, refusals))
            after = waiting[-1]

    def _planned(self, tx: Transaction, ids: Sequence[str], refusals: Mapping[str, str]) -> list[Operation]:
        """What would be written for these records."""
        known = standing(tx, self.scope, tx.entities.get(ids), refusals)
        derived = (decide_one(self.scope, known, entity) for entity in known.entities.values())
        return [one.operation for one in derived if one is not None and one.hold in (None, Hold.BLOCKED)]

    def _waiting(self, after: str) -> list[str]:
        """The next page of dirty records. Most runs end without any, and need no transaction to find out."""
        with self.scope.world.store.reading() as tx:
            return self._page(tx, after)

    def _page(self, tx: Transaction, after: str) -> list[str]:
        return [entity for entity, _ in tx.dirty.take(*self.scope.member.key, PAGE, after)]

    def entities(
        self, tx: Transaction, entities: Mapping[str, Entity], refusals: Mapping[str, str] | None = None
    ) -> int:
        """Decide these records inside the caller's transaction; merged ones have nothing to send."""
        known = standing(tx, self.scope, entities, refusals)
        planned: list[Intent] = []
        moved: list[Link] = []
        settled: list[str] = []
        refused: list[tuple[Entity, Verdict, list[str]]] = []
        for entity in known.entities.values():
            intent = known.intents.get(entity.id)
            if intent is not None and intent.state in (IntentState.SENT, IntentState.UNKNOWN):
                continue  # its outcome decides again
            derived = decide_one(self.scope, known, entity)
            link = known.live(entity.id)
            if derived is not None and derived.hold is Hold.REFUSED and entity.id in known.verdicts:
                refused.append((entity, known.verdicts[entity.id], list(derived.cells)))
            if derived is None:
                moved += [link] if link is not None else []
                self._drop(tx, intent)
                settled += [entity.id] if entity.id in known.letters else []
            elif (decided := self._intent(entity, derived, intent)) is not None:
                planned.append(decided)
            else:
                self._drop(tx, intent)
        tx.links.upsert(moved)
        tx.letters.close_writes(*self.scope.member.key, settled)
        self.account.refused(tx, [one for one in refused if not one[1].allowed])
        lacking.note(tx, self.scope, known)
        if self.brake is not None:
            self.brake.check(tx)
        tx.intents.replace(planned)
        return len(planned)

    def _drop(self, tx: Transaction, intent: Intent | None) -> None:
        if intent is not None:
            tx.intents.close([intent.id])
            self.counts.superseded += 1

    def _intent(self, entity: Entity, derived: Derived, old: Intent | None) -> Intent | None:
        """The intent to store, or None when the write is held for good."""
        if derived.hold not in (None, Hold.BLOCKED):
            self.counts.hold(f"{derived.hold}:{derived.reason}")
            return None
        return self.intent(entity, derived, old)

    def intent(
        self, entity: Entity, derived: Derived, old: Intent | None = None, *, id_: str = "", at: float = 0.0
    ) -> Intent:
        """The intent of a derived write, in the place of an unsent one of the same record.

        Args:
            entity: The record.
            derived: Its write.
            old: The unsent intent.
            id_: Its id, where there is no old one and it is one of a batch.
            at: When the batch was made.
        """
        self._count(derived)
        if self.samples is not None and len(self.samples) < MOST_SAMPLES:
            self.samples.append((entity, derived))
        env = self.scope.env
        id_ = old.id if old is not None else id_ or env.new_id()
        # A create that may have arrived is repeated as it was first sent; what is newer follows as an update.
        first = old if old is not None and old.attempt and derived.operation is Operation.CREATE else None
        body = first.body if first is not None else None
        return Intent(
            id=id_,
            connection=self.scope.member.connection,
            stream=self.scope.member.stream.name,
            entity=entity.id,
            operation=str(derived.operation),
            cells=first.cells
            if body is not None and first is not None
            else carried(self.scope, first, derived),
            body=body,
            state=IntentState.BLOCKED if derived.hold is Hold.BLOCKED else IntentState.PLANNED,
            external_id=derived.external_id,
            precondition=derived.precondition,
            key=old.key if old is not None else id_,
            waits_for=derived.waits_for,
            created_at=old.created_at if old is not None else at or self.scope.now(),
            attempt=old.attempt if old is not None else 0,
            run=self.scope.run,
        )

    def _count(self, derived: Derived) -> None:
        if derived.operation is Operation.CREATE:
            self.counts.planned_creates += 1
        elif derived.operation is Operation.UPDATE:
            self.counts.planned_updates += 1
        else:
            self.counts.planned_deletes += 1

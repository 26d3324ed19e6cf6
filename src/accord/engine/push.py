"""Push: decide, send and settle for one member until nothing is left to do now.

Several batches are in flight at once; while one waits for the vendor, another is marked or confirmed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from accord.engine.counts import Counts
from accord.engine.decider import Decider
from accord.engine.express import Express
from accord.engine.mark import group_of
from accord.engine.progress import Progress
from accord.engine.revoke import Revoker
from accord.engine.send import Sender
from accord.engine.settle import Settlement
from accord.engine.stop import Budget
from accord.errors import AccessError, AnswerShapeError, RetryableError
from accord.model.record import Operation
from accord.store.rows import Entity, Fence, Intent

if TYPE_CHECKING:
    from accord.engine.scope import Scope
    from accord.env import Task

IN_FLIGHT = 8
"""Batches under way at once for one member: the bound on a push's memory and on rudeness."""
PATIENCE = 15.0
"""Seconds a run waits at most for a back-off or an unanswered write; longer ones wait for the next run."""
MOST_FAILURES = 6
"""Consecutive refusals for overload after which a run leaves the vendor in peace."""


class Push:
    """Writes one member's share of a flow."""

    def __init__(
        self,
        scope: Scope,
        counts: Counts,
        fences: Sequence[Fence],
        budget: Budget,
        *,
        approved: bool,
        fully_read: bool,
    ) -> None:
        self.scope, self.counts, self.budget = scope, counts, budget
        self.store = scope.world.store
        self.decider = Decider(scope, counts, fences, approved=approved)
        self.sender = Sender(scope, counts, fences, fully_read=fully_read)
        self.revoker = Revoker(scope, counts, fences)
        self.settlement = Settlement(scope, counts, fences, fully_read=fully_read)
        self.express = Express(scope, self.decider, self.sender, self._launch)
        self.flying: deque[Task[None]] = deque()
        self.failures = 0
        self.trouble: Exception | None = None

    def run(self) -> bool:
        """Bring this member up to the hub; False when time ran out first.

        Raises:
            AccessError, AnswerShapeError, RetryableError: the vendor does not let us go on.
        """
        while not self.budget.spent():
            self.settlement.run()
            self.once()
            if not self._more() and not self._wait():
                return True
        return False

    def once(self) -> None:
        """Decide what is dirty and send what is ready.

        Raises:
            AccessError, AnswerShapeError, RetryableError: the vendor does not let us go on.
        """
        self.sender.marker.yields = False
        self.revoker.run()
        if self.express.serves:
            # What followed a page is under way: its marks go first, or it would be decided again.
            self._fly(self.express.flush)
            self._fly(self.express.dirty)
        self.decider.run()
        self._fly(self._send_ready)
        self._raise_trouble()

    def follow(self, entities: Sequence[Entity]) -> None:
        """Send what a page just changed, while the next one is read; the rest of it waits for :meth:`run`.

        What a limit counts waits, too: it must be counted before the first of it is sent.

        Raises:
            AccessError, AnswerShapeError, RetryableError: the vendor does not let us go on.
        """
        if self.express.serves:
            self.express.take(entities, paged=True)
            self._raise_trouble()

    def _fly(self, send: Callable[[], None]) -> None:
        """Send, and wait for everything that is under way, also when it fails."""
        try:
            send()
        finally:
            while self.flying:
                self._land(self.flying.popleft())

    def _launch(self, work: Callable[[], None]) -> None:
        """Start a batch once there is room for it; a failing vendor stops the sending, not the run."""
        while len(self.flying) >= IN_FLIGHT:
            self._land(self.flying.popleft())
        if self.trouble is None and not self.budget.spent():
            self.flying.append(self.scope.env.spawn(f"write {self.scope.member.scope}", work))

    def _more(self) -> bool:
        """Whether there is something to decide or send right now."""
        with self.store.reading() as tx:
            key, now = self.scope.member.key, self.scope.now()
            due = tx.revocations.any_ready(*key, now)
            return bool(due or tx.dirty.count(*key) or tx.intents.ready(*key, now, 1))

    def _wait(self) -> bool:
        """Wait for the next back-off or settling time if it is near; False when it is not."""
        with self.store.reading() as tx:
            key = self.scope.member.key
            times = [tx.intents.earliest(*key), tx.revocations.earliest(*key)]
        next_at = min((time for time in times if time is not None), default=None)
        if next_at is None:
            return False
        seconds = next_at - self.scope.now()
        if seconds <= 0.0:
            # Due, and yet nothing took it up: marked as sent, and what became of it was never written down.
            self.settlement.inherit()
        left = self.budget.left()
        if seconds > PATIENCE or (left is not None and seconds > left):
            return False
        self.scope.env.sleep(max(seconds, 0.001) + 0.001)
        return True

    def _send_ready(self) -> None:
        """Send what is planned and ready, several batches at once."""
        for operation, batch in self._batches():
            if self.trouble is not None or self.budget.spent() or self.sender.marker.yields:
                break
            work: Callable[[], None] = partial(self.sender.send, operation, batch)
            self._launch(work)

    def _batches(self) -> Iterator[tuple[Operation, Sequence[Intent]]]:
        """Ready intents in order, cut into batches of one operation each; repeats of a group together."""
        sizes = self.scope.member.stream.operations.sizes
        after: Intent | None = None
        window = max(sizes.values(), default=1) * 4
        groups: dict[str, list[Intent]] = {}
        while True:
            with self.store.reading() as tx:
                ready = tx.intents.ready(*self.scope.member.key, self.scope.now(), window, after)
            if not ready:
                break
            after = ready[-1]
            for intent in ready:
                if group_of(intent):
                    groups.setdefault(group_of(intent), []).append(intent)
            for operation in (Operation.UPDATE, Operation.CREATE, Operation.DELETE):
                some = [i for i in ready if i.operation == operation and not group_of(i)]
                size = sizes.get(str(operation), 1)
                for start in range(0, len(some), size):
                    yield operation, some[start : start + size]
        for group in groups.values():
            yield Operation.CREATE, group

    def _land(self, task: Task[None]) -> None:
        """Wait for a batch. An overloaded vendor is waited for; what else goes wrong is kept for later."""
        try:
            task.result()
        except (AccessError, AnswerShapeError) as error:
            self.trouble = self.trouble or error
        except RetryableError as error:
            self.failures += 1
            if self.failures >= MOST_FAILURES:
                self.trouble = self.trouble or error
        else:
            self.failures = 0
            member = self.scope.member
            self.scope.world.progress(
                Progress(
                    self.scope.flow.name,
                    "push",
                    member.connection,
                    member.stream.name,
                    self.counts.writes,
                    self.counts.planned_creates + self.counts.planned_updates + self.counts.planned_deletes,
                )
            )

    def _raise_trouble(self) -> None:
        if self.trouble is not None:
            raise self.trouble

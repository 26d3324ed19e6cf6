"""One run of one flow: lease, pull what changed, decide, push the difference, report. Reads aloud."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from accord.calm import calm
from accord.engine import apart, drain
from accord.engine.addresses import index_all
from accord.engine.counts import Counts
from accord.engine.flow import Flow, Key, Member
from accord.engine.joining import join
from accord.engine.leases import Keeper
from accord.engine.pull import AHEAD, Pull
from accord.engine.push import Push
from accord.engine.rebase import notice, rebase_unread
from accord.engine.reconsider import reconsider
from accord.engine.report import Problem, Report, RunState
from accord.engine.retire import retire
from accord.engine.revoke import Revoker
from accord.engine.scope import Scope
from accord.engine.stop import BrakeError, Budget, UnexpectedError
from accord.engine.turns import AT_ONCE, take_turns
from accord.errors import AccordError, PluginError, StateError
from accord.store.rows import Entity, Fence, Run

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.env import Channel

_log = logging.getLogger(__name__)
MOST_ROUNDS = 12
"""Rounds of deciding and pushing after which a run ends although records still wake each other."""
Paged = Callable[[Sequence[Entity]], None]
"""Told after each page which hub records it changed."""
PAGES_BEHIND = 2
"""Pages a writer may fall behind the reader: the bound on planned intents in a streaming run."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run.

    Attributes:
        full: Read everything again, not only what changed.
        approved: A person has seen the plan: limits do not stop this run.
        only: Restrict the run to these connections; None = all.
        kind: ``sync`` or ``plan``, for the run log.
        unreached: Connections that nobody could ask whose account they lead to, and why: nothing is read
            there and nothing written.
    """

    full: bool = False
    approved: bool = False
    only: frozenset[str] | None = None
    kind: str = "sync"
    unreached: Mapping[str, AccordError] = field(default_factory=dict)


class FlowRun:
    """Runs one flow once. Not reusable."""

    def __init__(self, world: World, flow: Flow, options: Options, budget: Budget) -> None:
        self.world, self.flow, self.options, self.budget = world, flow, options, budget
        self.id = world.env.new_id()
        self.report = Report(flow.name, self.id, started_at=self._now())
        self.scopes = {m.key: Scope(world, flow, m, self.id) for m in flow.members if self._takes_part(m)}
        self.counts: dict[Key, Counts] = {key: Counts() for key in self.scopes}
        self.failed: dict[Key, AccordError | None] = {}  # and why; None = left to another run
        self.complete: set[Key] = set()
        self.keeper = Keeper(world.store, world.env)
        self.fences: list[Fence] = []

    def _takes_part(self, member: Member) -> bool:
        return self.options.only is None or member.connection in self.options.only

    def _now(self) -> float:
        return self.world.env.now().timestamp()

    def sync(self) -> Report:
        """Run the flow. Troubles of single connections are in the report; only a broken store raises."""
        with calm():
            return self._sync()

    def _sync(self) -> Report:
        with self._recorded():
            if self._lease():
                self.leave_unreached()
                self._inherit()
                self.rebase_unread()
                self.join()
                if self._streams_through():
                    self._pull_and_push_together()
                else:
                    self.pull_all()
                    self._push_rounds()
                self._revoke_elsewhere()
                self.settle_state()
        return self.report

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        """The store tells of this run, from its beginning to its end, whatever ends it."""
        self._begin()
        try:
            yield
        except BaseException as error:
            self._end(error)
            raise
        self._end(None)

    def _begin(self) -> None:
        row = Run(self.id, self.flow.name, self.options.kind, self.report.started_at, trace=self.world.trace)
        with self.world.store.transaction("run started") as tx:
            tx.runs.start(row)
            retire(self.world, tx)
            held = tx.holds.because("policy_unavailable")
            tx.dirty.add([(hold.connection, hold.stream, hold.entity) for hold in held])
            apart.reconsider(tx, self.flow)
        index_all(self.world)
        reconsider(self.world)
        self.world.plugins.run_started(row)

    def _lease(self) -> bool:
        """Take the leases; members whose stream another run holds are left to it."""
        if not self.scopes:
            return False
        by_scope = {scope.member.scope: key for key, scope in self.scopes.items()}
        for busy in self.keeper.take(list(by_scope)):
            self.leave(self.scopes[by_scope[busy]], f"{busy} is being synced by another run; left to it")
        self.fences = [] if "fence" in self.world.env.ablations else list(self.keeper.fences)
        if not self.keeper.fences:
            self.report.state = RunState.BUSY
        return bool(self.keeper.fences)

    def leave_unreached(self) -> None:
        """Whose account nobody could ask for stays untouched: it may be another one than before (A9)."""
        for connection, error in self.options.unreached.items():
            scopes = [scope for scope in self.scopes.values() if scope.member.connection == connection]
            if scopes:
                self.failed.update((scope.member.key, error) for scope in scopes)
                self.report.problems.append(Problem.of(connection, error))

    def _inherit(self) -> None:
        """Unanswered writes of a run that died are in doubt from now on."""
        for scope in self.working(self.flow.targets):
            self._push_of(scope).settlement.inherit()
            wait = drain.drain(scope, self.fences)
            if wait > 0:
                self.leave(scope, drain.notice(scope.member.scope, wait))

    def leave(self, scope: Scope, why: str) -> None:
        """Neither read nor write a stream in this run, and say why."""
        self.failed[scope.member.key] = None
        self.report.notices.append(why)

    def working(self, members: Sequence[Member]) -> list[Scope]:
        """The scopes of these members that take part and had no trouble so far."""
        return [self.scopes[m.key] for m in members if m.key in self.scopes and m.key not in self.failed]

    def _streams_through(self) -> bool:
        """With one source that is not written, pages can flow to the targets while reading goes on."""
        sources = self.flow.sources
        return len(sources) == 1 and not any(target.reads for target in self.flow.targets)

    def guard(self, scope: Scope, work: Callable[[], bool]) -> bool:
        """One connection's trouble stops that connection only (I13); a broken store stops the run."""
        try:
            return work()
        except StateError:
            raise
        except BrakeError as error:
            self.report.state = RunState.WAITING
            self._trouble(scope, error)
        except AccordError as error:
            self._trouble(scope, error)
        except Exception as error:  # noqa: BLE001  a connector's bug must not stop the other connections
            _log.debug("%s stopped", scope.member.scope, exc_info=True)
            self._trouble(scope, UnexpectedError(scope.member.scope, error))
        return False

    def _trouble(self, scope: Scope, error: AccordError) -> None:
        self.failed[scope.member.key] = error
        self.report.problems.append(Problem.of(scope.member.connection, error))

    def _pull(self, scope: Scope, paged: Paged = lambda _: None, ahead: int = AHEAD) -> Iterator[None]:
        """Read a source, a page at each step; ``paged`` gets what it changed."""
        key, approved = scope.member.key, self.options.approved
        pull = Pull(scope, self.counts[key], self.fences, self.budget, approved=approved, ahead=ahead)
        pages = pull.pages(full=self.options.full)

        def step() -> bool:
            changed = next(pages, None)
            if changed is not None:
                paged(changed)
            return changed is not None

        while self.guard(scope, step):
            yield
        if pull.rebasing:
            self.report.notices.append(notice(scope.member.scope, self.counts[key].rebased))
        if pull.complete:
            self.complete.add(key)

    def rebase_unread(self) -> None:
        """Take what is only written over to its present mapping."""
        for scope in self.working([m for m in self.flow.targets if not m.reads]):
            counts = self.counts[scope.member.key]
            if self.guard(scope, lambda s=scope, c=counts: rebase_unread(s, c, self.fences)):  # type: ignore[misc]
                self.report.notices.append(notice(scope.member.scope, counts.rebased))

    def join(self) -> None:
        """Streams that take part for the first time look at all that the hub holds."""
        join(self.working(self.flow.targets), self.fences)

    def pull_all(self) -> None:
        """Read every source: a few at once, page by page in turn, so that none waits for another's end."""
        scopes = self.working(self.flow.sources)
        ahead = AHEAD if len(scopes) <= AT_ONCE else 0
        take_turns(self.world.env, f"pull {self.flow.name}", [self._pull(s, ahead=ahead) for s in scopes])

    def _push_of(self, scope: Scope) -> Push:
        key = scope.member.key
        return Push(
            scope,
            self.counts[key],
            self.fences,
            self.budget,
            approved=self.options.approved,
            fully_read=key in self.complete,
        )

    def _push_rounds(self) -> None:
        """Push all targets side by side; again while writes of one made work for another."""
        if self.report.state is RunState.WAITING:
            return
        for _ in range(MOST_ROUNDS):
            scopes = self._ready_targets()
            if not scopes:
                return
            env = self.world.env
            tasks = [
                env.spawn(
                    f"push {scope.member.scope}",
                    lambda scope=scope: self.guard(scope, self._push_of(scope).run),  # type: ignore[misc]
                )
                for scope in scopes
            ]
            done = [task.result() for task in tasks]
            if not all(done) or self.budget.spent() or not self._dirty(scopes):
                return

    def _ready_targets(self) -> list[Scope]:
        """Targets to push: one that is also read waits until its own read is complete.

        Without that, a person who is already there would be created a second time.
        """
        return [
            s for s in self.working(self.flow.targets) if not s.member.reads or s.member.key in self.complete
        ]

    def _dirty(self, scopes: Sequence[Scope]) -> bool:
        with self.world.store.reading() as tx:
            return any(tx.dirty.count(*scope.member.key) for scope in scopes)

    def _pull_and_push_together(self) -> None:
        """One source, targets that are only written: what a page changed is sent while the next is read.

        The channel holds the reader back when a writer falls behind.
        """
        env = self.world.env
        targets = self.working(self.flow.targets)
        channels: dict[Key, Channel[Sequence[Entity] | None]] = {
            scope.member.key: env.channel(PAGES_BEHIND) for scope in targets
        }
        pushers = [
            env.spawn(
                f"push {scope.member.scope}",
                lambda scope=scope: self._follow(scope, channels[scope.member.key]),  # type: ignore[misc]
            )
            for scope in targets
        ]

        def tell(changed: Sequence[Entity] | None) -> None:
            for channel in channels.values():
                channel.put(changed)

        try:
            for scope in self.working(self.flow.sources):
                for _ in self._pull(scope, tell):
                    pass
        finally:
            tell(None)
            for pusher in pushers:
                pusher.result()

    def _follow(self, scope: Scope, pages: Channel[Sequence[Entity] | None]) -> bool:
        """Push page by page behind the reader, then until quiet."""
        push = self._push_of(scope)

        def work() -> bool:
            while (changed := pages.get()) is not None:
                push.follow(changed)
            return push.run()

        try:
            return self.guard(scope, work)
        finally:
            pages.close()

    def _revoke_elsewhere(self) -> None:
        """What this run's refusals ask of other flows' systems does not wait for those flows' turn.

        Nor for a plugin that failed: its rules are about what is written. The leases elsewhere are not
        this run's, but once its own are lost it does nothing more (I11).
        """
        kept = {key for key, error in self.failed.items() if not isinstance(error, PluginError)}
        with self.world.store.reading() as tx:
            places = tx.revocations.places()
        for place in places:
            owner = self.world.member(place)
            if owner is None or place in kept:
                continue
            scope, counts = (
                Scope(self.world, owner.flow, owner.member, self.id),
                self.counts.get(place, Counts()),
            )
            revoker = Revoker(scope, counts, self.fences)
            self.guard(scope, lambda revoker=revoker: revoker.run() is None)  # type: ignore[misc]
            if counts.told:
                self.report.members[scope.member.scope] = counts

    def settle_state(self) -> None:
        """Say in the report how the run ended, if nothing said so before."""
        if self.report.state is not RunState.DONE:
            return
        if self.report.problems:
            self.report.state = RunState.FAILED
        elif self.budget.spent():
            self.report.state = RunState.INTERRUPTED

    def _end(self, error: BaseException | None) -> None:
        """Give the leases back and write the run's account, also after a failure."""
        own = {scope.member.scope: self.counts[key] for key, scope in self.scopes.items()}
        self.report.members = own | self.report.members
        self.report.finished_at = self._now()
        if error is not None and not isinstance(error, Exception):
            return  # killed: a dead process tidies nothing up, and the next run takes over
        state = str(self.report.state) if error is None else "failed"
        row = Run(
            self.id, self.flow.name, self.options.kind, self.report.started_at, state, self.report.finished_at
        )
        row.counters, row.trace = self.report.as_dict(), self.world.trace
        row.error = type(error).__name__ if error is not None else ""
        row.message = str(error) if isinstance(error, AccordError) else ""
        with self.world.store.transaction("run finished") as tx:
            self.keeper.give_back(tx)
            tx.runs.finish(row)
        self.world.plugins.run_finished(row)

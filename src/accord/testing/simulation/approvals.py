"""Plans that wait for a person, as at the front door: a flow's first run, and one under a changed mapping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING

from accord.api import approval, erasures
from accord.engine import rebase, rehearse
from accord.engine.report import Plan, RunState
from accord.engine.stop import Budget

if TYPE_CHECKING:
    from accord.engine.report import Report
    from accord.engine.run import FlowRun
    from accord.engine.world import World
    from accord.model.record import Write
    from accord.store import Store
    from accord.testing.simulation.process import Process
    from accord.testing.simulation.town import Town

Violate = Callable[[str, str], None]


class Approvals:
    """Lets runs wait for somebody who looks at plans now and then, and watches that they write nothing."""

    def __init__(self, town: Town, store: Callable[[], Store], violate: Violate, seed: int) -> None:
        self.town, self._store, self._violate = town, store, violate
        self.random = Random(f"approvals {seed}")
        self._looks: dict[str, float] = {}
        """By flow: the virtual second from which somebody looks at the plan that it waits with."""
        self._waiting: set[str] = set()
        """Processes whose run came to nothing but a plan."""
        self._runs: dict[str, FlowRun] = {}
        """What each process runs."""
        self._known: set[tuple[str, str, str]] = set()
        """(flow, stream, version): mappings of which a plan was seen, or made no difference."""

    def before(self, world: World, run: FlowRun, process: Process) -> Report | None:
        """What a run answers that must wait; None: it may go ahead."""
        if not self.town.climate.patience or run.options.approved:
            return None
        self._runs[process.name] = run
        single = run.options.kind == "record"
        report = self._single(world, run, process) if single else self._planned(world, run, process)
        if report is not None:
            report.tell(erasures.deliver(world, Budget(process)))
        return report

    def after(self, world: World, run: FlowRun, process: Process, report: Report) -> None:
        """A flow has run, if nobody else was at it."""
        ran = run.options.kind != "record" and report.state is not RunState.BUSY
        if self.town.climate.patience and ran:
            pending = rebase.pending(world, run.flow, None)
            approval.granted(world.store, run.flow.name, process, pending)

    def begins(self, process: Process, vendor: str, stream: str, writes: Sequence[Write]) -> None:
        """A writing request begins: consent writes wait for nobody, all others until a person could look."""
        run = self._runs.get(process.name)
        if run is None or not self._intended(writes):
            return
        place = f"{vendor}/{stream}"
        version = run.flow.mappings(None)[place]
        if process.name in self._waiting:
            self._violate("I15 brake", f"{process.name} writes to {place}, and its plan waits")
        elif (run.flow.name, place, version) not in self._known:
            self._violate("I15 brake", f"{process.name} writes to {place} what nobody has seen a plan of")

    def _met_first(self, world: World, run: FlowRun) -> None:
        """A stream that no run could read before has nothing that a mapping could change."""
        if approval.ran(world.store, run.flow.name):
            with world.store.reading() as tx:
                new = [m for m in run.flow.members if tx.streams.load(*m.key).baseline is None]
            self._known |= {(run.flow.name, m.scope, m.stream.mapping.version) for m in new}

    def _intended(self, writes: Sequence[Write]) -> bool:
        """Whether any of them is no consent write, which may be an ordinary update, but has no intent."""
        with self._store().reading() as tx:
            return bool(tx.intents.sent_at([write.id for write in writes]))

    def _knows(self, plan: Plan) -> None:
        self._known |= {(plan.flow, *each) for each in plan.mappings.items()}

    def _single(self, world: World, run: FlowRun, process: Process) -> Report | None:
        """A hint does nothing in a flow that nobody has approved."""
        if approval.ran(world.store, run.flow.name):
            self._met_first(world, run)
            return None
        self._waiting.add(process.name)
        return approval.early(run.flow.name, process)

    def _planned(self, world: World, run: FlowRun, process: Process) -> Report | None:
        flow, scheduler = run.flow, self.town.scheduler
        plans: list[Plan] = []

        def rehearsed() -> Plan:
            plans.append(rehearse.plan(world, flow, run.options, Budget(process)))
            return plans[0]

        turn, mappings = approval.Turn.of(world, flow, None), flow.mappings(None)
        found = approval.wanted(world.store, flow.name, mappings, turn, rehearsed)
        if found is None:
            for plan in plans:
                self._knows(plan)  # it told of no difference
            self._met_first(world, run)
            return None
        self._waiting.add(process.name)
        why, plan = found
        # Who sets a flow up is at hand; the storm is to find it running.
        longest = self.town.climate.patience / (10 if why is approval.Asks.FIRST else 1)
        wait = self.random.uniform(0.0, longest)
        there = self._looks.setdefault(flow.name, scheduler.seconds + wait) <= scheduler.seconds
        if there and plan.is_whole:
            del self._looks[flow.name]
            self._knows(plan)
        self.town.weather.note("plan seen" if there else "plan waited")
        scheduler.note(f"{process.name} {flow.name} {why}: {'seen' if there else 'waits for a person'}")
        return approval.waiting(world.store, plan, why, turn, unattended=not there)

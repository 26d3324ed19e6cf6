"""One schedule: a storm of runs, faults and people, then calm, then the oracle's questions."""

# ruff: noqa: PLR2004  chances stand where they are taken

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from accord.api import erasures
from accord.engine.report import RunState
from accord.engine.run import FlowRun, Options
from accord.engine.single import RecordRun
from accord.engine.stop import BrakeError, Budget
from accord.errors import AccordError, FenceLostError, StateError
from accord.testing.simulation.brakes import Clearances
from accord.testing.simulation.census import census
from accord.testing.simulation.desk import Act, Desk
from accord.testing.simulation.oracle import Oracle, Violation
from accord.testing.simulation.scheduler import CrashError, StuckError
from accord.testing.simulation.town import Climate, Town, general
from accord.testing.simulation.weather import NOTHING, Omission
from accord.testing.simulation.webhooks import Webhooks

if TYPE_CHECKING:
    from accord.engine.flow import Key
    from accord.engine.report import Report
    from accord.store import Store
    from accord.testing.simulation.process import Process
    from accord.testing.simulation.scheduler import Strand
    from accord.testing.simulation.vendor import Table

MOST_ROUNDS = 14
"""Rounds after the storm within which everything must be quiet (sync.md A12)."""
MOST_SWITCHES = 60_000
"""Switch points after which a schedule is taken for endless."""
CALM_ALTERATIONS = 2
"""Changes of the configuration after everything is quiet, in weathers that have such changes."""
BREATH = 400.0
"""Virtual seconds between two rounds: longer than any back-off."""


@dataclass
class Verdict:
    """What a schedule showed.

    Attributes:
        trace: Digest of every choice and effect; the same seed gives the same.
        violations: Broken invariants, by name.
        counts: What the weather did.
        points: Switch points and commits of the storm, at each of which a process may die.
        faults: How often something went wrong, or would have if it had not been left out.
        figures: What the witness of consent and erasure counted.
        census: How often each kind of fault, vendor and act occurred.
    """

    seed: int
    trace: str
    violations: list[Violation]
    switches: int
    rounds: int
    counts: dict[str, int] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)
    points: int = 0
    faults: int = 0
    figures: dict[str, int] = field(default_factory=dict)
    census: dict[str, int] = field(default_factory=dict)

    @property
    def broken(self) -> list[str]:
        """The names of the broken invariants."""
        return sorted({violation.name for violation in self.violations})


BOTH = "both databases alike"


class EndlessError(Exception):
    """The schedule does not come to an end."""


class Schedule:
    """Plays one seed."""

    def __init__(
        self,
        seed: int,
        climate: Climate,
        ablations: frozenset[str],
        omission: Omission = NOTHING,
        *,
        tell: bool = False,
        server: str = "",
    ) -> None:
        self.seed, self.climate, self.omission = seed, climate, omission
        self.town = Town(seed, climate, ablations, omission.faults, server)
        self.scheduler = self.town.scheduler
        self.scheduler.story = [] if tell else None
        self.random = Random(f"operator {seed}")
        self.oracle = Oracle(self.town)
        self.desk = Desk(self.town, seed)
        self.hints = Random(f"hints {seed}")
        self.town.people.acted = self._hint
        self.rounds = 0
        self._busy = 0
        self._approving = False
        """A brake waits for a person, and what it saw is so: a system really is empty."""
        self._stores: list[Store] = []
        self.webhooks = Webhooks(self.town, self.oracle, self._stores, seed)
        self.oracle.webhooks = self.webhooks

    def play(self) -> Verdict:
        """Storm, calm, questions."""
        try:
            self._storm()
            self._calm()
        except (StuckError, EndlessError) as error:
            self.oracle.violate("I16 liveness", str(error))
        finally:
            for process in self.town.processes:
                process.dead = True
            self.scheduler.run(lambda: True)
            for store in self._stores:
                store.close()
            self.oracle.close()
            self.town.close()
        return Verdict(
            self.seed,
            self.scheduler.trace(),
            self.oracle.violations,
            self.scheduler.switches,
            self.rounds,
            self.town.weather.counts,
            self.scheduler.story or [],
            self.town.weather.points,
            self.town.weather.faults,
            dict(self.oracle.witness.figures),
            dict(census(self.town, self.oracle.witness.figures)),
        )

    def _storm(self) -> None:
        people = self.scheduler.spawn("people", self._people)
        operator = self.scheduler.spawn("operator", self._operator)
        actors = [people, operator]
        climate = self.climate
        asked = climate.withdrawals + climate.erasures + climate.unions + climate.partings + climate.rulings
        if asked:
            actors.append(self.scheduler.spawn("desk", self._desk))
        if self.climate.alterations:
            actors.append(self.scheduler.spawn("configuration", self._alter))
        if climate.purges or climate.blackouts:
            actors.append(self.scheduler.spawn("clearances", Clearances(self.town, self.seed).work))
        if self.climate.redactions or self.climate.clicks:
            actors.append(self.scheduler.spawn("webhooks", self.webhooks.work))
        self._until(lambda: all(strand.ended for strand in actors) and not self._busy and self.webhooks.quiet)
        for strand in actors:
            if strand.error is not None:
                raise strand.error

    def _until(self, done: Callable[[], bool]) -> None:
        def over() -> bool:
            if self.scheduler.switches > MOST_SWITCHES:
                raise EndlessError(f"not at an end after {MOST_SWITCHES} switches")
            return done()

        self.scheduler.run(over)

    def _people(self) -> None:
        for number in range(self.climate.acts):
            self.scheduler.pause(seconds=self.random.uniform(0.0, self.climate.rush))
            if number not in self.omission.acts:
                self.town.people.act()
                self.town.people.tidy()

    def _alter(self) -> None:
        """The operator maps something another way, now and then."""
        configuration = self.town.configuration
        for _ in range(self.climate.alterations):
            self.scheduler.pause(seconds=configuration.random.uniform(0.0, 3 * self.climate.rush))
            configuration.alter()

    def _desk(self) -> None:
        for act in self.desk.acts(self.climate):
            self.scheduler.pause(seconds=self.desk.random.uniform(0.0, 2 * self.climate.rush))
            strand, process = self._ask(act)
            self.scheduler.pause(ready=lambda strand=strand: strand.ended)  # type: ignore[misc]
            process.dead = True
            if strand.error is not None and not isinstance(strand.error, CrashError):
                raise strand.error

    def _ask(self, act: Act) -> tuple[Strand, Process]:
        """Start a process that does what somebody asks the desk for."""
        process = self.town.process("here", self.oracle.watch)
        work = partial(self.desk.carry_out, act, process, self._stores)
        return self.scheduler.spawn(f"{process.name} desk", work, process), process

    def _operator(self) -> None:
        for number in range(self.climate.runs):
            self.scheduler.pause(seconds=self.random.uniform(0.0, self.climate.rush))
            if number in self.omission.runs:
                continue
            flow = (
                self.random.choice(("customers", "customers", "orders"))
                if self.climate.orders
                else "customers"
            )
            full = self.random.random() < 0.25
            strand = self._start(flow, full=full, host=self.random.choice(("here", "here", "there")))
            if self.random.random() >= self.climate.together:
                self.scheduler.pause(ready=lambda strand=strand: strand.ended)  # type: ignore[misc]
            else:
                self.scheduler.pause(seconds=self.random.uniform(0.0, 60.0))

    def _start(self, flow: str, *, full: bool, host: str) -> Strand:
        """Start a process that runs a flow once."""
        process = self.town.process(host, self.oracle.watch)
        self._busy += 1

        def work() -> Report | None:
            try:
                return self._run(process, flow, full=full)
            finally:
                self._busy -= 1
                process.dead = True

        return self.scheduler.spawn(f"{process.name} {flow}", work, process)

    def _hint(self, table: Table, id_: str) -> None:
        """A webhook says that a record changed, perhaps twice, late and in any order: it starts a read."""
        if self.hints.random() >= self.climate.hints or not self.town.weather.storming:
            return
        for _ in range(self.hints.choice((1, 1, 2))):
            self.oracle.witness.figures["hints"] += 1
            wait = self.hints.uniform(0.0, 30.0)
            process = self.town.process(self.hints.choice(("here", "there")), self.oracle.watch)
            self._busy += 1
            place = (table.vendor.name, table.name)
            work = partial(self._hinted, process, place, id_, wait)
            self.scheduler.spawn(f"{process.name} hint", work, process)

    def _hinted(self, process: Process, place: Key, id_: str, wait: float) -> None:
        try:
            self.scheduler.pause(seconds=wait)
            flow = "orders" if place[1] == "orders" else "customers"
            self._run(process, flow, full=False, record=(place, id_))
        finally:
            self._busy -= 1
            process.dead = True

    def _run(
        self, process: Process, flow: str, *, full: bool, record: tuple[Key, str] | None = None
    ) -> Report | None:
        store = self.town.open_store(process)
        self._stores.append(store)
        world = self.town.world(process, store)
        found = world.flow(flow)
        assert found is not None
        budget = Budget(process)
        single = RecordRun(world, found, Options(kind="record"), budget)
        options = Options(full=full, approved=self._approving)
        run = FlowRun(world, found, options, budget) if record is None else single
        self.oracle.started(process, run)
        try:
            erasures.reapply(world, self.town.journal)
            report = self.oracle.approvals.before(world, run, process)
            if report is None:
                report = run.sync() if record is None else single.record(*record)
                self.oracle.approvals.after(world, run, process, report)
        except CrashError:
            if not process.dead:
                raise
            return None
        except FenceLostError:
            self.scheduler.note(f"{process.name} lost its fence")
            self.town.weather.note("fence lost to another run")
            return None
        except StateError as error:
            self.oracle.state_error(process, error)
            return None
        except AccordError as error:
            self.oracle.violate("I13 isolation", f"{flow}: {type(error).__name__}: {error}")
            return None
        except Exception as error:  # noqa: BLE001  whatever else escapes a run is a finding
            self.oracle.crashed(flow, error)
            return None
        self.oracle.reported(report)
        return report

    def _round(self, *, full: bool) -> bool:
        """Run every flow once; whether nothing was written, left open or in trouble."""
        self.rounds += 1
        quiet = True
        for flow in ("customers", "orders") if self.climate.orders else ("customers",):
            before = self.oracle.attempts()
            strand = self._start(flow, full=full, host="here")
            self._until(lambda strand=strand: strand.ended)  # type: ignore[misc]
            if strand.error is not None:
                raise strand.error
            report: Report | None = strand.value
            done = report is not None and not report.problems and report.state is not RunState.WAITING
            quiet = quiet and done and self.oracle.attempts() == before
            if report is not None:
                braked = any(problem.error == BrakeError.__name__ for problem in report.problems)
                # A record is gone when two complete reads miss it: the word holds for both.
                rightly = bool(self.climate.purges) or self.oracle.emptied()
                self._approving = rightly and (braked or self._approving)
        self.scheduler.pause(seconds=BREATH)
        return quiet and not self.oracle.open_intents()

    def _settle(self, *, full: bool) -> bool:
        """Rounds until one is quiet."""
        return any(self._round(full=full) for _ in range(MOST_ROUNDS))

    def _calm(self) -> None:
        self.town.weather.calm()
        late = self.scheduler.spawn("calm", lambda: self.scheduler.pause(seconds=200.0))
        self._until(lambda: late.ended and not self._busy)
        for strand in self.webhooks.rest():
            self._until(lambda strand=strand: strand.ended)  # type: ignore[misc]
            if strand.error is not None:
                raise strand.error
        if not self._settle(full=False) or not self._decided():
            self.oracle.unquiet("after the storm")
            return
        self.oracle.cursor()
        if self.oracle.absences():
            # Deletions by absence need two complete reads; what they change is settled after that.
            self._round(full=True)
            for _ in range(2 if self._approving else 0):
                self._round(full=True)  # the first was refused: a system turned empty
        quiet = self._round(full=True)
        if not quiet and not self._settle(full=True):
            self.oracle.unquiet("after complete reads")
            return
        # Two quiet rounds in succession, the second a complete read, are the further run already.
        if not quiet and not self._round(full=False):
            self.oracle.violate("I2 quiescence", "a further run on the converged system wrote")
        before = self.oracle.hub()
        self.oracle.rewind()
        quiet = self._round(full=False)
        if not quiet or self.oracle.hub() != before:
            self.oracle.violate("I9 effectively once", "reading everything once more changed something")
        self.oracle.judge()
        if self.climate.alterations and not self.oracle.violations:
            self._alter_in_calm()

    def _decided(self) -> bool:
        """Everything that waits for a person is decided, where one works through it; whether all is quiet."""
        for _ in range(MOST_ROUNDS if self.climate.rulings else 0):
            if not self.oracle.waits_for_a_person():
                return True
            strand, process = self._ask(self.desk.clerk.decide_all)
            self._until(lambda strand=strand: strand.ended)  # type: ignore[misc]
            process.dead = True
            if not self._settle(full=False):
                return False
        return True

    def _alter_in_calm(self) -> None:
        """Nobody else acts: a change of the configuration moves what it must and nothing more."""
        for _ in range(CALM_ALTERATIONS):
            before = self.oracle.standing()
            change = self.town.configuration.alter()
            if not self._settle(full=False):
                self.oracle.unquiet(f"after a change: {change}")
                return
            self.oracle.moved(change, before)
        self.oracle.judge()


def simulate_on_both(seed: int, climate: Callable[[int], Climate], server: str) -> Verdict:
    """Play a seed on PostgreSQL, and on SQLite: what differs between the two is a violation of its own.

    Args:
        seed: Decides everything.
        climate: What kind of schedule to draw from the seed.
        server: The address of the PostgreSQL server.
    """
    verdict, other = simulate(seed, climate, server=server), simulate(seed, climate)
    if verdict.trace != other.trace:
        verdict.violations.append(Violation(BOTH, "the same seed gives another trace on SQLite"))
    return verdict


def simulate(
    seed: int,
    climate: Callable[[int], Climate] = general,
    ablations: frozenset[str] = frozenset(),
    omission: Omission = NOTHING,
    *,
    tell: bool = False,
    server: str = "",
) -> Verdict:
    """Play a seed.

    Args:
        seed: Decides everything.
        climate: What kind of schedule to draw from the seed.
        ablations: Safeguards to switch off.
        omission: What to leave out.
        tell: Keep the story of what happened, for a person to read.
        server: The address of a PostgreSQL server that holds the store; empty = SQLite.
    """
    return Schedule(seed, climate(seed), ablations, omission, tell=tell, server=server).play()

"""One crash and fault schedule: a storm over the whole engine, then calm, then the questions.

The flow has two members: the tested stream, whose vendor fails in 10 % of all requests, and a peer in memory.
The process dies at seeded moments: at any switch point, inside any commit, before or after any request.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from accord.connector import Context
from accord.engine.flow import Flow, Member
from accord.engine.run import FlowRun, Options
from accord.engine.stop import Budget
from accord.engine.world import World
from accord.errors import StateError
from accord.model.schema import name_of
from accord.plugins import Plugins
from accord.sandbox import FaultProfile
from accord.store import Store
from accord.testing import samples
from accord.testing.blank import blank_store
from accord.testing.clerk import Clerk
from accord.testing.contract.peer import Peer, Shelf, peer
from accord.testing.contract.world import VendorEnv, Worker, unreliable
from accord.testing.simulation.scheduler import CrashError, Scheduler
from accord.testing.simulation.weather import Weather
from accord.testing.stand import CONNECTION, stream_of

if TYPE_CHECKING:
    from accord.engine.report import Report
    from accord.model.record import Row
    from accord.testing.contract.setting import Setting

FAULTY = 0.1
CRASHING = 0.004
"""Chance of a crash at each of a run's some hundred switch points."""
STORMY_RUNS = 3
CALM_RUNS = 3
"""Runs without faults within which everything must be repaired; one more must find nothing to do."""
T_MAX, L_MAX = 0.5, 0.25
BREATH = 400.0
"""Virtual seconds between two calm runs: longer than any back-off."""


class ConformanceError(AssertionError):
    """A record was lost, doubled or left behind. Names the schedule that showed it."""


class Schedule:
    """Plays one seed for one stream of a connector."""

    def __init__(self, suite: Setting, name: str, seed: int, folder: Path) -> None:
        self.name, self.seed, self.folder = name, seed, folder
        self.scheduler, self.random = Scheduler(seed), Random(f"acts {seed}")
        self.weather = Weather(seed, FAULTY, CRASHING)
        self.env = VendorEnv(self.scheduler)
        options = {"size": 0, "seed": seed, "t_max": T_MAX, "l_max": L_MAX, "rate": 0.0}
        self.stand = suite.build(folder / "vendor", self.env, **options)
        self.stand.settings = {**self.stand.settings, "t_max": 2 * T_MAX, "l_max": 2 * L_MAX}
        self.clerk = Clerk(self.stand, self.stand.stream(name), suite.sample)
        self.shelf = Shelf(self.env.now)
        self.peer = peer(self.clerk.stream, self.clerk.sample(1), self.shelf)
        self.edited = next(iter(suite.edit(self.clerk)))
        self.suite, self.store = suite, folder / "accord.db"
        self.wanted: dict[str, object] = {}
        """What the edited field must hold in the end, by the record's token."""
        self.theirs: dict[str, str] = {}
        """The vendor's own records, which only the vendor's people edit: token to external id."""
        self.ours: dict[str, str] = {}
        self.runs = self.crashes = self.made = 0
        blank_store(self.store)

    @property
    def token(self) -> str:
        """The field that names a record."""
        return samples.TOKENS[self.clerk.stream.model]

    def play(self) -> None:
        """Storm, calm, questions.

        Raises:
            ConformanceError: something was lost, doubled or left behind.
        """
        try:
            self._vendor_makes(3)
            self._peer_makes(4)
            for _ in range(STORMY_RUNS):
                self._storm()
                self._acts()
            self._calm()
        finally:
            self.stand.close()

    # People.

    def _vendor_makes(self, number: int) -> None:
        for _ in range(number):
            self.made += 1
            document = self.clerk.sample(self.made)
            [id_] = self.clerk.create(self.made)
            self.theirs[document[self.token]] = id_
            self.wanted[document[self.token]] = document.get(self.edited)

    def _peer_makes(self, number: int) -> None:
        for _ in range(number):
            self.made += 1
            document = self.clerk.sample(self.made)
            held = {name: value for name, value in document.items() if name in self.peer.columns}
            self.ours[document[self.token]] = self.shelf.put(held)
            self.wanted[document[self.token]] = document.get(self.edited)

    def _acts(self) -> None:
        """People go on working in both systems between two runs; each record belongs to one of them."""
        self.scheduler.pause(seconds=self.random.choice((3.0, 30.0, 300.0)))
        for _ in range(self.random.randint(0, 3)):
            self.made += 1
            changed = self.suite.edit(self.clerk, self.made)
            if self.random.random() < 0.5:  # noqa: PLR2004  one side or the other
                token = self.random.choice(sorted(self.ours))
                self.shelf.put(changed, self.ours[token])
            else:
                token = self.random.choice(sorted(self.theirs))
                self.clerk.update(self.theirs[token], changed)
            self.wanted[token] = changed[self.edited]
        self._peer_makes(self.random.randint(1, 2))
        self.scheduler.pause(seconds=self.random.choice((1.0, 60.0)))

    # Runs.

    def _storm(self) -> None:
        if self.stand.sandbox is not None:
            self.stand.sandbox.faults = FaultProfile.parse(f"{FAULTY:.0%}")
        self._run()
        if self.stand.sandbox is not None:
            self.stand.sandbox.faults = FaultProfile()
        self.scheduler.pause(seconds=2 * T_MAX)

    def _run(self) -> Report | None:
        """One process that syncs once; None if it died or had to stop."""
        self.runs += 1
        wire = self.stand.recorder
        worker = Worker(self.runs, self.scheduler, self.weather, None if wire is None else wire.inner)
        stores: list[Store] = []
        strand = self.scheduler.spawn(f"run {self.runs}", lambda: self._sync(worker, stores), worker)
        self.scheduler.run(lambda: strand.ended)
        worker.dead = True
        self.scheduler.run(lambda: True)
        for store in stores:
            store.close()
        if isinstance(strand.error, CrashError):
            self.crashes += 1
            return None
        if isinstance(strand.error, StateError) and self.weather.storming:
            return None
        if strand.error is not None:
            raise strand.error
        report: Report = strand.value
        return report

    def _sync(self, worker: Worker, stores: list[Store]) -> Report:
        store = Store.open(f"sqlite:///{self.store}", worker, migrate=False)
        stores.append(store)
        connector = self.stand.connect(worker, budget=store.budget, tokens=store.tokens)
        stream = stream_of(connector, self.name)
        if self.stand.sandbox is None:
            stream = unreliable(stream, worker, self.weather, self.random)
        other = Peer(Context(worker, "peer", store.budget, store.tokens, self.folder), self.peer)
        [records] = other.open_streams()
        members = [
            Member(CONNECTION, stream, True, True, 0, "service.support"),
            Member("peer", records, True, True, 1, "service.support"),
        ]
        keys = [name for name in ("email", "number") if name in self.peer.columns]
        flow = Flow("records", stream.model, name_of(stream.model), members, keys)
        run = FlowRun(World(store, worker, Plugins(), [flow]), flow, Options(), Budget(worker))
        try:
            return run.sync()
        finally:
            connector.close()

    # Questions.

    def _calm(self) -> None:
        self.weather.calm()
        self.scheduler.pause(seconds=BREATH)
        quiet = any(self._quiet() for _ in range(CALM_RUNS + 1))
        held = [
            self._document(row) for row in self.clerk.again().rows() if not self.clerk.stream.is_deleted(row)
        ]
        self._compare("the vendor", [(str(one[self.token]), one.get(self.edited)) for one in held])
        rows = self.shelf.rows.values()
        self._compare("the peer", [(str(row.get(self.token)), row.get(self.edited)) for row in rows])
        if not quiet:
            raise self._wrong("a further run still wrote, or could not end")

    def _quiet(self) -> bool:
        """Run once more; whether nothing was left to do."""
        report = self._run()
        self.scheduler.pause(seconds=BREATH)
        return report is not None and not report.problems and not report.writes

    def _document(self, row: Row) -> dict[str, object]:
        return self.clerk.stream.mapping.read(row)

    def _compare(self, where: str, held: list[tuple[str, object]]) -> None:
        tokens = [token for token, _ in held]
        doubled = {token for token in tokens if tokens.count(token) > 1}
        if doubled:
            raise self._wrong(f"{where} holds {sorted(doubled)} more than once")
        if set(tokens) != set(self.wanted):
            lost, strange = sorted(self.wanted.keys() - set(tokens)), sorted(set(tokens) - self.wanted.keys())
            raise self._wrong(f"{where} lost {lost} and holds {strange} besides")
        behind = sorted(token for token, value in held if value != self.wanted[token])
        if behind:
            raise self._wrong(f"{where} holds an old {self.edited} of {behind}")

    def _wrong(self, what: str) -> ConformanceError:
        played = f"{self.runs} runs, {self.crashes} crashes"
        return ConformanceError(f"schedule {self.name}-{self.seed} ({played}): {what}")

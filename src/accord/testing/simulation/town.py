"""A town: vendors, people and one store, with everything about them drawn from the seed."""

# ruff: noqa: PLR2004  chances stand where they are taken

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random

from accord.api.journal import NAME
from accord.connector import Context, Creates, Deletes, Stream
from accord.engine.flow import DeletePolicy, FieldRule, Flow, ForeignEdit, Limits, Member, Policy, PolicyKind
from accord.engine.world import World
from accord.model import Customer, Order
from accord.model.record import Row, Write
from accord.plugins import Plugins
from accord.store import Store
from accord.store.database import Database, open_database
from accord.store.durability import Durability
from accord.store.schema import Opened
from accord.store.sealed import no_sealer
from accord.store.store import BUSY_TIMEOUT
from accord.store.tables import SCHEMA_VERSION
from accord.testing.blank import KEY
from accord.testing.simulation.configuration import Configuration
from accord.testing.simulation.editions import CUT
from accord.testing.simulation.ground import Ground
from accord.testing.simulation.issuer import Unsealed
from accord.testing.simulation.people import People, token_of
from accord.testing.simulation.power import WiredDatabase
from accord.testing.simulation.process import Process, Watch
from accord.testing.simulation.scheduler import Scheduler
from accord.testing.simulation.systems import Begins, Noted, System
from accord.testing.simulation.vendor import NEWS, Traits, Vendor, cut, spaced, upper
from accord.testing.simulation.weather import Weather

NAMES = ("amber", "birch", "cedar")
LATEST = Policy(PolicyKind.LATEST)
LIMITS = Limits()


@dataclass(frozen=True)
class Climate:
    """What a schedule is like before chance plays: sizes, faults, and which systems there are.

    Attributes:
        systems: How many systems are in the customers flow.
        acts: How many things people do while faults go on.
        runs: How many runs are started meanwhile.
        rush: Seconds between two acts or runs, at most.
        anonymous: Share of people entered without an e-mail address.
        together: Chance that the next run starts before the last one ended.
        busying: Chance that a transaction cannot begin, because somebody else writes for too long.
        powering: Chance that the power fails of the machine that holds the store and runs everything.
        hints: Chance that a vendor tells Accord of an act of its people: once or twice, sooner or later.
        agreeing: Share of people entered who agreed to advertising by e-mail.
        withdrawals: How many people withdraw at Accord's own desk.
        erasures: How many people ask there to be erased.
        merging: Chance that two records of a vendor are merged after an act, beside those of ordinary people.
        redactions: How many people ask a vendor to forget them, which it tells Accord by a webhook.
        clicks: How often a mail program ends somebody's advertising by the link in a message.
        alterations: How often the operator changes a mapping or the policy while all this goes on.
        patience: For how many seconds, at most, a plan waits until somebody looks; 0 = no run waits for that.
        unions: How often the operator says that two hub records are one person.
        partings: How often the operator says that one record of a person is another's.
        rulings: How often a clerk decides a conflict, or gives a dead letter another try; in the end all.
        purges: How often people delete nearly everything at one vendor.
        blackouts: How often a vendor's lists show nothing for a while.
        limits: How much a run may delete without approval.
        crash_at: The switch point at which a process dies, counted from 1; 0 = left to chance.
        match: The natural keys of customers, strongest first.
        rules: Rules of single fields of customers.
        sharing: Chance that a number that is typed is one that somebody has already.
        one_way: People work in the first system only, and the others are filled from it, page behind page.
    """

    systems: int = 3
    people: int = 4
    acts: int = 14
    runs: int = 5
    rush: float = 20.0
    together: float = 0.0
    orders: bool = False
    anonymous: float = 0.0
    news: bool = False
    faulty: float = 0.1
    crashing: float = 0.002
    freezing: float = 0.0
    busying: float = 0.0
    powering: float = 0.0
    hints: float = 0.0
    agreeing: float = 0.0
    withdrawals: int = 0
    erasures: int = 0
    merging: float = 0.0
    redactions: int = 0
    clicks: int = 0
    alterations: int = 0
    patience: float = 0.0
    unions: int = 0
    partings: int = 0
    rulings: int = 0
    purges: int = 0
    blackouts: int = 0
    limits: Limits = LIMITS
    crash_at: int = 0
    match: tuple[str, ...] = ("email",)
    rules: Mapping[str, FieldRule] = field(default_factory=dict)
    sharing: float = 0.0
    one_way: bool = False
    delete: DeletePolicy = DeletePolicy.DETACH
    policy: Policy = LATEST
    traits: tuple[Traits, ...] = ()


def general(seed: int) -> Climate:
    """Any weather, any vendors."""
    random = Random(f"climate {seed}")
    systems = random.choice((2, 2, 3))
    zombies = random.random() < 0.25
    asked = Random(f"desk climate {seed}")
    news = asked.random() < 0.5
    prefer = Policy(PolicyKind.PREFER, NAMES)
    return Climate(
        systems=systems,
        people=random.choice((1, 2, 4)),
        acts=random.randint(4, 18),
        runs=random.randint(2, 6),
        rush=random.choice((3.0, 15.0, 40.0)),
        together=0.6 if zombies else 0.0,
        orders=random.random() < 0.35,
        news=random.random() < 0.35,
        faulty=random.choice((0.0, 0.05, 0.12, 0.22)),
        crashing=random.choice((0.0, 0.002, 0.008)),
        freezing=0.004 if zombies else 0.0,
        delete=random.choice((DeletePolicy.DETACH, DeletePolicy.DETACH, DeletePolicy.PROPAGATE)),
        policy=random.choice((LATEST, LATEST, prefer)),
        traits=tuple(vendor_traits(random) for _ in range(systems + 1)),
        agreeing=0.6 if news else 0.0,
        withdrawals=asked.choice((0, 1, 3)) if news else 0,
        erasures=asked.choice((0, 0, 1, 2)),
        busying=asked.choice((0.0, 0.0, 0.004)),
        hints=asked.choice((0.0, 0.0, 0.3)),
    )


def brief(seed: int) -> Climate:
    """The weather of a check at every change: each sixth schedule in full, the others with less in them."""
    climate = replace(general(seed), busying=0.0, hints=0.0)
    if seed % 6 == 0:
        return climate
    return replace(
        climate,
        systems=2,
        people=min(climate.people, 2),
        acts=min(climate.acts, 7),
        runs=min(climate.runs, 2),
        orders=climate.orders and bool(seed % 2),
        erasures=min(climate.erasures, 1),
        withdrawals=min(climate.withdrawals, 1),
    )


def vendor_traits(random: Random) -> Traits:
    """How one vendor behaves."""
    creates = random.choice(
        (Creates.IDEMPOTENCY_KEY, Creates.UPSERT, Creates.REFERENCE, Creates.REFERENCE, Creates.BLIND)
    )
    forms = {
        name: form
        for name, form in (("first", cut(CUT)), ("last", upper), ("tel", spaced))
        if random.random() < 0.25
    }
    return Traits(
        creates=creates,
        by_reference=creates is not Creates.BLIND and random.random() < 0.6,
        conditional=random.random() < 0.6,
        shows=random.random() < 0.4,
        visible_after=random.choice((0.0, 0.0, 5.0, 30.0)),
        effective_after=random.choice((2.0, 10.0, 40.0)),
        skew=random.choice((0.0, 0.0, 1.5, -1.5)),
        deletes=random.choice((Deletes.FEED, Deletes.FLAG, Deletes.SCAN)),
        forms=forms,
        declared=random.random() < 0.8,
        follows=random.random() < 0.5,
        keeps_winner=random.random() < 0.6,
        batch=2,
        page=random.choice((2, 3, 10)),
    )


class Town:
    """Everything that outlives the processes of one schedule."""

    def __init__(
        self,
        seed: int,
        climate: Climate,
        ablations: frozenset[str],
        omitted: frozenset[int] = frozenset(),
        server: str = "",
    ) -> None:
        self.seed, self.climate = seed, climate
        self.scheduler = Scheduler(seed)
        self.weather = Weather(
            seed,
            climate.faulty,
            climate.crashing,
            climate.freezing,
            ablations,
            climate.crash_at,
            omitted,
            busying=climate.busying,
            powering=climate.powering,
        )
        traits = [*climate.traits, *(Traits() for _ in range(4))]
        names = NAMES[: climate.systems]
        self.vendors = {name: Vendor(name, traits[at], self.scheduler, seed) for at, name in enumerate(names)}
        manned = [vendor for name, vendor in self.vendors.items() if self.is_read(name)]
        self.people = People(manned, seed, number=climate.people)
        self.people.ordering, self.people.anonymous = climate.orders, climate.anonymous
        self.people.agreeing, self.people.sharing = climate.agreeing, climate.sharing
        self.people.merging = climate.merging
        self.people.telling = bool(climate.redactions or climate.clicks)
        if climate.news:
            self.vendors[NEWS] = Vendor(
                NEWS, replace(traits[climate.systems], deletes=Deletes.NONE), self.scheduler, seed
            )
        self.configuration = Configuration(
            list(self.vendors.values()), climate.policy, seed, orders=climate.orders
        )
        self.ground = Ground(server)
        self.disk = self.ground.disk() if climate.powering else None
        self.processes: list[Process] = []
        self._databases: dict[int, Database] = {}
        """The store's connections, by how many processes had crashed when they were opened."""
        self.begins: Begins = _unwatched
        self.creations: list[tuple[float, str, str, str, str]] = []
        """(when, vendor, table, hub id, row id) of every record that Accord made."""
        self.made_with: set[tuple[str, str, str, str, str]] = set()
        """(vendor, table, row id, column, token) of what creates of Accord carried."""
        self.overwritten: set[tuple[str, str, str, str]] = set()
        """(vendor, table, column, token) that a write without a condition replaced."""
        self.overwritten_tags: set[str] = set()
        self.barred: set[str] = set()
        """Addresses of people who were erased, and the tokens of their telephone numbers."""
        self.nameless: set[tuple[str, str]] = set()
        """(column, token) of people who were erased and had neither."""

    @property
    def journal(self) -> Path:
        """The journal of erasures, beside the store."""
        return self.ground.folder / NAME

    def is_read(self, name: str) -> bool:
        """Whether Accord reads a vendor; people work in no other, but for the newsletter's own."""
        return name != NEWS and (not self.climate.one_way or name == NAMES[0])

    def is_foreign(self, name: str, cell: str) -> bool:
        """Whether another vendor owns a cell, so that what people type here does not count."""
        rule = self.climate.rules.get(cell)
        owned = rule is not None and rule.owner not in (None, name)
        return owned and rule is not None and rule.on_foreign_edit is not ForeignEdit.ACCEPT

    def is_written(self, name: str) -> bool:
        """Whether Accord writes to a vendor."""
        return not self.climate.one_way or name != NAMES[0]

    def close(self) -> None:
        """Remove the store."""
        if self.disk is not None:
            self.disk.close()
        for database in self._databases.values():
            database.close()
        self.ground.close()

    def process(self, host: str, watch: Watch) -> Process:
        """A new process on a host."""
        found = Process(len(self.processes) + 1, host, self.scheduler, self.weather, self._is_alive, watch)
        found.power_fails = self._lose_power
        self.processes.append(found)
        return found

    def _lose_power(self) -> None:
        """Every process ends that has begun, and the store is as the last lasting commit left it."""
        for process in self.scheduler.processes():
            if not process.dead:
                process.end()
        if self.disk is not None:
            self.disk.lose()

    def _is_alive(self, name: str) -> bool:
        return any(process.name == name and not process.dead for process in self.processes)

    def open_store(self, process: Process) -> Store:
        """The store as a process opens it: anew after a crash, else on connections others have opened."""
        # As Store.open does, without reading the schema's version: the harness has just copied the file.
        crashes = sum(process.crashed for process in self.processes)
        if crashes not in self._databases:
            self._databases[crashes] = self._connect()
        find_sealer = Unsealed if any(vendor.issuer for vendor in self.vendors.values()) else no_sealer
        return Store(self._databases[crashes], process, find_sealer, Opened(SCHEMA_VERSION, KEY))

    def _connect(self) -> Database:
        if self.disk is None:
            return open_database(self.ground.url, BUSY_TIMEOUT)
        return WiredDatabase(self.ground.file, BUSY_TIMEOUT, self.disk, self._is_lasting)

    def _is_lasting(self, durability: Durability) -> bool:
        return durability is Durability.LASTING and "durability" not in self.weather.ablations

    def world(self, process: Process, store: Store) -> World:
        """The configured flows, with connectors opened by this process."""
        streams = {name: self._open(process, store, vendor) for name, vendor in self.vendors.items()}
        flows = [self._customers(streams)]
        if self.climate.orders:
            flows.append(self._orders(streams))
        return World(store, process, _plugins(), flows)

    def system(self, process: Process, store: Store, vendor: Vendor) -> System:
        """A vendor as this process connects to it."""
        context = Context(process, vendor.name, store.budget, store.tokens, self.ground.folder)
        return System(context, process, vendor, self._noted(vendor), self.begins)

    def _open(self, process: Process, store: Store, vendor: Vendor) -> Mapping[str, Stream]:
        return {stream.name: stream for stream in self.system(process, store, vendor).open_streams()}

    def _noted(self, vendor: Vendor) -> Noted:
        def note(what: str, table: str, write: Write, id_: str, before: Row) -> None:
            self.scheduler.note(f"{vendor.name}/{table} {what} {id_} for {write.hub_id[18:]} {write.row}")
            if what == "created":
                self.creations.append((self.scheduler.seconds, vendor.name, table, write.hub_id, id_))
                tokens = ((column, token_of(column, value)) for column, value in write.row.items())
                self.made_with |= {(vendor.name, table, id_, c, token) for c, token in tokens if token}
            elif not vendor.traits.conditional or what == "upserted":
                self._overwrite(vendor.name, table, before, write.row)

        return note

    def _overwrite(self, vendor: str, table: str, before: Row, after: Row) -> None:
        """Remember what a write without a condition replaced: nobody can promise that it was seen."""
        for column in after:
            token = token_of(column, before.get(column))
            if token:
                self.overwritten.add((vendor, table, column, token))
        if "tags" in after:
            self.overwritten_tags.update(set(before.get("tags") or ()) ^ set(after["tags"] or ()))

    def _customers(self, streams: Mapping[str, Mapping[str, Stream]]) -> Flow:
        members = [
            self._member(name, found["contacts"], at, self._purpose(name))
            for at, (name, found) in enumerate(streams.items())
        ]
        return Flow(
            "customers",
            Customer,
            "customer",
            members,
            self.climate.match,
            self.configuration.policy,
            self.climate.rules,
            limits=self.climate.limits,
            delete=self.climate.delete,
        )

    def _orders(self, streams: Mapping[str, Mapping[str, Stream]]) -> Flow:
        members = [
            self._member(name, found["orders"], at, "service.support")
            for at, (name, found) in enumerate(streams.items())
            if name != NEWS
        ]
        return Flow(
            "orders",
            Order,
            "order",
            members,
            ("number",),
            self.configuration.policy,
            limits=self.climate.limits,
        )

    def _member(self, name: str, stream: Stream, at: int, purpose: str) -> Member:
        return Member(name, stream, self.is_read(name), self.is_written(name), at, purpose)

    def _purpose(self, name: str) -> str:
        return "marketing.direct" if name == NEWS else "service.support"


def _unwatched(process: Process, vendor: str, stream: str, writes: Sequence[Write]) -> None:
    """Nobody watches requests; whoever does replaces it."""


@cache
def _plugins() -> Plugins:
    return Plugins()

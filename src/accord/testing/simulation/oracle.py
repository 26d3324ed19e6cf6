"""The oracle: knows what people did and what must therefore be true; names what is not (sync.md A10)."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accord.connector import Deletes
from accord.engine.stop import BrakeError, UnexpectedError
from accord.env import SystemEnv
from accord.errors import StoreBusyError
from accord.store import Store
from accord.store.rows import IntentState
from accord.testing.simulation.agreement import Agreement
from accord.testing.simulation.approvals import Approvals
from accord.testing.simulation.brakes import Brakes
from accord.testing.simulation.demands import Standing, beyond
from accord.testing.simulation.evidence import Evidence
from accord.testing.simulation.losses import Losses
from accord.testing.simulation.remains import remains
from accord.testing.simulation.vendor import NEWS
from accord.testing.simulation.witness import Witness

if TYPE_CHECKING:
    from accord.engine.report import Report
    from accord.engine.run import FlowRun
    from accord.errors import StateError
    from accord.model.record import Write
    from accord.store import Transaction
    from accord.testing.simulation.configuration import Alteration
    from accord.testing.simulation.process import Process
    from accord.testing.simulation.town import Town
    from accord.testing.simulation.vendor import Table
    from accord.testing.simulation.webhooks import Webhooks

UNFENCED = frozenset({"run started", "lease", "renew", "release", "run finished", "budget"})
TOKENS = frozenset({"token lease", "token", "token release"})
"""Transactions that are not made under the leases of a run."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant."""

    name: str
    text: str


class Oracle:
    """Watches a schedule while it plays and judges its end."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.violations: list[Violation] = []
        self._runs: dict[str, FlowRun] = {}
        self._store: Store | None = None
        self._problems: list[str] = []
        self.witness = Witness(town, lambda: self.store, self.violate)
        self.brakes = Brakes(town, self.violate)
        self.approvals = Approvals(town, lambda: self.store, self.violate, town.seed)
        town.begins = self._begins
        self.webhooks: Webhooks | None = None
        town.people.untagging = self._untagging

    @property
    def store(self) -> Store:
        """The store, for looking only."""
        if self._store is None:
            self._store = Store.open(self.town.ground.url, SystemEnv(), migrate=False)
        return self._store

    def close(self) -> None:
        """Close the store."""
        if self._store is not None:
            self._store.close()

    def violate(self, name: str, text: str) -> None:
        """Report a broken invariant."""
        self.town.scheduler.note(f"VIOLATION {name}: {text}")
        self.violations.append(Violation(name, text))

    def _untagging(self, table: Table, id_: str, tag: str) -> None:
        """A tag goes that Accord has not seen there: nothing tells that from a write that never arrived."""
        with self.store.reading() as tx:
            link = tx.links.get(table.vendor.name, table.name, [id_]).get(id_)
            if link is None or f"tags.{tag}" not in link.shadow.seen:
                self.town.people.diary.untold.add((tag, table.vendor.name, id_))

    def _begins(self, process: Process, vendor: str, stream: str, writes: Sequence[Write]) -> None:
        self.witness.begins(vendor, stream, writes)
        self.brakes.begins(process, vendor, stream, writes)
        self.approvals.begins(process, vendor, stream, writes)

    def started(self, process: Process, run: FlowRun) -> None:
        """A process begins a run."""
        self._runs[process.name] = run
        if run.options.approved:
            self.brakes.approved.add(process.name)

    def watch(self, process: Process, label: str) -> None:
        """Called at every switch point of every process and before every commit, before anybody else runs."""
        what, _, moment = label.partition(":")
        if moment == "committing":
            self.witness.committing(what)
        if moment != "committed":
            return
        self.witness.committed(what)
        if self.town.climate.together and what not in UNFENCED | TOKENS:
            self._fenced(process, what)

    def _fenced(self, process: Process, what: str) -> None:
        """I11: whoever just committed still held every lease of its run."""
        run = self._runs.get(process.name)
        if run is None:
            return
        with self.store.reading() as tx:
            for fence in list(run.keeper.fences):
                lease = tx.leases.held(fence.scope)
                if lease is not None and lease.fence != fence.number:
                    self.violate("I11 fencing", f"{process.name} committed {what!r} without {fence.scope}")

    def state_error(self, process: Process, error: StateError) -> None:
        """A run ended because of the store: only another run at the same time may be the reason."""
        self.town.scheduler.note(f"{process.name} {type(error).__name__}")
        busy = isinstance(error, StoreBusyError) and self.town.climate.busying
        if not self.town.climate.together and not busy:
            said = f"{type(error).__name__}: {error} {error.facts.get('rule', '')}"
            # The store's folder has another name each time: it must not enter the trace.
            self.violate("I13 isolation", said.replace(str(self.town.ground.folder), "…"))

    def crashed(self, flow: str, error: Exception) -> None:
        """Something escaped from a run that is no Accord error: a bug."""
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{last.filename.rsplit('/', 1)[-1]}:{last.lineno}"
        self.violate("I13 isolation", f"{flow}: {type(error).__name__}: {error} at {place}")

    def reported(self, report: Report) -> None:
        """I14: every row that was read has exactly one outcome."""
        for scope, counts in report.members.items():
            if not counts.balanced:
                self.violate("I14 conservation", f"{scope}: {counts}")
        self._problems = [f"{p.connection}: {p.error}: {p.message}" for p in report.problems]
        if any(found.error == BrakeError.__name__ for found in report.problems):
            self.town.weather.note("run stopped by a limit")
        for found in report.problems:
            if found.error == UnexpectedError.__name__:
                self.violate("I13 isolation", found.message)
        for problem in self._problems:
            self.town.scheduler.note(f"problem {problem}")

    def attempts(self) -> int:
        """Writes that reached any vendor."""
        return sum(
            table.attempts for vendor in self.town.vendors.values() for table in vendor.tables.values()
        )

    def open_intents(self) -> list[str]:
        """What is still to be sent or settled."""
        with self.store.reading() as tx:
            return [line for place in self.places() for line in _open(tx, *place)]

    def waits_for_a_person(self) -> bool:
        """Whether a conflict is open."""
        with self.store.reading() as tx:
            return bool(tx.conflicts.list("open", None, 1))

    def places(self) -> Sequence[tuple[str, str]]:
        """Every (connection, stream) there is."""
        streams = ("contacts", "orders") if self.town.climate.orders else ("contacts",)
        return [
            (name, stream)
            for name in self.town.vendors
            for stream in streams
            if (name, stream) != (NEWS, "orders")
        ]

    def unquiet(self, when: str) -> None:
        """I1: the system must come to rest."""
        still = [*self.open_intents(), *self._problems] or ["it writes again and again"]
        self.violate("I1 convergence", f"not quiet {when}: {'; '.join(still)[:600]}")

    def absences(self) -> bool:
        """Whether a record is gone from a vendor that tells nobody."""
        return any(
            (table.deleted or table.merged) and vendor.traits.deletes is Deletes.SCAN
            for vendor in self.town.vendors.values()
            for table in vendor.tables.values()
        )

    def emptied(self) -> bool:
        """Whether a system really holds nothing any more that it once held."""
        every = [table for vendor in self.town.vendors.values() for table in vendor.tables.values()]
        return any(table.deleted and not table.rows for table in every)

    def cursor(self) -> None:
        """I10: incremental reads missed no row that the vendor showed."""
        with self.store.reading() as tx:
            self._take(Agreement(Evidence(self.town, tx, self.places())).unread())

    def hub(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Every hub record's state and values."""
        with self.store.reading() as tx:
            every = [
                e for kind in ("customer", "order") for e in tx.entities.by_kind(kind, None, 10_000, None)
            ]
            return {entity.id: (str(entity.state), dict(entity.cells)) for entity in every}

    def rewind(self) -> None:
        """Let the next run of every stream begin at the beginning, as after a restored backup."""
        with self.store.transaction("rewind") as tx:
            for place in self.places():
                state = tx.streams.load(*place)
                state.cursor = state.token = None
                tx.streams.save(state)

    def standing(self) -> Standing:
        """Everything as it stands now."""
        with self.store.reading() as tx:
            letters = tx.letters.list(limit=10_000)
            blocked = [place[0] for place in self.places() for _ in tx.intents.blocked(*place)]
        return Standing.of(self.town, self.hub(), letters, blocked)

    def moved(self, change: Alteration, before: Standing) -> None:
        """A change of the configuration alone moved no more than it asked for."""
        self._take(beyond(change, before, self.standing()))

    def judge(self) -> None:
        """All that must be true at the end."""
        with self.store.reading() as tx:
            known = Evidence(self.town, tx, self.places())
            self._take(Agreement(known).all())
            self._take(Losses(known).all())
            self._take(remains(known, self.witness))
            if self.webhooks is not None:
                self._take(self.webhooks.findings(known))
            self.witness.end(tx)

    def _take(self, found: Iterable[tuple[str, str]]) -> None:
        for name, text in found:
            self.violate(name, text)


def _open(tx: Transaction, connection: str, stream: str) -> list[str]:
    counts = dict(tx.intents.count(connection, stream))
    if counts[IntentState.BLOCKED]:
        # An order waits a day for a customer whom the vendor refuses, or whose create met the record of
        # another person: a wait that a person was told of.
        waits = [one.waits_for or "" for one in tx.intents.blocked(connection, stream)]
        told = {
            *tx.letters.open_for(connection, "contacts", waits),
            *tx.conflicts.asked(connection, "contacts", waits),
        }
        counts[IntentState.BLOCKED] -= sum(id_ in told for id_ in waits)
    lines = [f"{connection}/{stream} {number} {state}" for state, number in counts.items() if number]
    dirty = tx.dirty.count(connection, stream)
    return [*lines, f"{connection}/{stream} {dirty} dirty"] if dirty else lines

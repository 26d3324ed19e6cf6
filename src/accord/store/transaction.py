"""Transactions: all repositories over one connection, and what begins and ends them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock, get_ident
from typing import TYPE_CHECKING

from accord.store.bulk import Bulk
from accord.store.conflicts import Conflicts
from accord.store.entities import Entities
from accord.store.erasures import Erasures
from accord.store.flows import Accounts, Flows
from accord.store.history import History
from accord.store.intents import Intents
from accord.store.keys import Keys
from accord.store.leases import Leases
from accord.store.ledger import Decisions, Holds, Ledger
from accord.store.letters import Letters
from accord.store.links import Links
from accord.store.marks import Marks
from accord.store.merges import Apart, Merges, Tombstones
from accord.store.notices import NoticeVersions, Proofs
from accord.store.permissions import ContactPoints, Objections, Origins, Permissions, Suppressions
from accord.store.references import References
from accord.store.revocations import Revocations
from accord.store.runs import Runs
from accord.store.secrets import Secrets
from accord.store.signals import Signals
from accord.store.streams import Dirty, Streams

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from accord.env import Env
    from accord.store.database import Database
    from accord.store.rows import Fence
    from accord.store.sealed import Sealer


class Transaction:
    """What the store gives inside ``with store.transaction(...)`` and ``with store.reading()``.

    Attributes:
        bulk: The connection, for queries of other packages (insights, consent) over the same tables.
    """

    __slots__ = (
        "accounts",
        "apart",
        "bulk",
        "conflicts",
        "decisions",
        "dirty",
        "entities",
        "erasures",
        "evidence",
        "flows",
        "history",
        "holds",
        "intents",
        "keys",
        "leases",
        "ledger",
        "letters",
        "links",
        "marks",
        "merges",
        "notices",
        "objections",
        "origins",
        "permissions",
        "points",
        "references",
        "revocations",
        "runs",
        "secrets",
        "signals",
        "streams",
        "suppressions",
        "tombstones",
    )

    def __init__(self, connection: Connection, sealer: Sealer | None) -> None:
        bulk = self.bulk = Bulk(connection, sealer)
        self.accounts = Accounts(bulk)
        self.apart = Apart(bulk)
        self.conflicts = Conflicts(bulk)
        self.decisions = Decisions(bulk)
        self.dirty = Dirty(bulk)
        self.entities = Entities(bulk)
        self.erasures = Erasures(bulk)
        self.evidence = Proofs(bulk)
        self.flows = Flows(bulk)
        self.history = History(bulk)
        self.holds = Holds(bulk)
        self.intents = Intents(bulk)
        self.keys = Keys(bulk)
        self.leases = Leases(bulk)
        self.ledger = Ledger(bulk)
        self.letters = Letters(bulk)
        self.links = Links(bulk)
        self.marks = Marks(bulk)
        self.merges = Merges(bulk)
        self.notices = NoticeVersions(bulk)
        self.objections = Objections(bulk)
        self.origins = Origins(bulk)
        self.permissions = Permissions(bulk)
        self.points = ContactPoints(bulk)
        self.references = References(bulk)
        self.revocations = Revocations(bulk)
        self.runs = Runs(bulk)
        self.secrets = Secrets(bulk)
        self.signals = Signals(bulk)
        self.streams = Streams(bulk)
        self.suppressions = Suppressions(bulk)
        self.tombstones = Tombstones(bulk)


class Transactions:
    """Begins and ends the transactions of one database; all threads of a process share one.

    Attributes:
        sealer: What seals payloads at rest; None keeps them out of the store.
    """

    def __init__(self, database: Database, env: Env, sealer: Sealer | None) -> None:
        self.sealer = sealer
        self._database = database
        self._env = env
        self._lock = Lock()
        self._writer: int | None = None

    @contextmanager
    def transaction(
        self, label: str, fences: Iterable[Fence] = (), *, durable: bool = True
    ) -> Iterator[Transaction]:
        """The one writing transaction of all threads and processes.

        It commits at the end and rolls back on any exception. ``Env`` hears of it before it begins
        (``switch``), just before it commits (``committing``) and after it ended (``switch`` with
        ``:committed``).

        Args:
            label: What it does, for the simulation's trace.
            fences: Leases that must still be held.
            durable: False lets a power failure take the commit back (rate budgets).

        Raises:
            FenceLostError: another run holds a newer lease.
            StoreBusyError: another process wrote for longer than the busy timeout.
        """
        if self._writer == get_ident():
            raise RuntimeError(f"transaction {label!r} inside another transaction")
        self._env.switch(label)
        with self._lock:
            self._writer = get_ident()
            try:
                with self._database.writing(durable=durable) as connection:
                    tx = Transaction(connection, self.sealer)
                    tx.leases.check(fences)
                    yield tx
                    self._env.committing(label)
            finally:
                self._writer = None
        self._env.switch(f"{label}:committed")

    def scrub(self) -> None:
        """Clear what deleted rows left in the database's files."""
        with self._lock:
            self._database.scrub()

    @contextmanager
    def reading(self, label: str = "read") -> Iterator[Transaction]:  # noqa: ARG002  named in traces of callers
        """A read-only view of one moment; writers go on meanwhile."""
        with self._database.reading() as connection:
            yield Transaction(connection, self.sealer)

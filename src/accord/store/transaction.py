"""Transactions: all repositories over one connection, and what begins and ends them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import cache
from importlib import import_module
from threading import Lock, get_ident
from types import TracebackType
from typing import TYPE_CHECKING, Any

from accord.store.bulk import Bulk
from accord.store.durability import Durability

if TYPE_CHECKING:
    from accord.env import Env
    from accord.store.conflicts import Conflicts
    from accord.store.database import Database
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
    from accord.store.rows import Fence
    from accord.store.runs import Runs
    from accord.store.sealed import FindSealer
    from accord.store.secrets import Secrets
    from accord.store.signals import Signals
    from accord.store.streams import Dirty, Streams

_HOMES = {
    "accounts": "flows.Accounts",
    "apart": "merges.Apart",
    "conflicts": "conflicts.Conflicts",
    "decisions": "ledger.Decisions",
    "dirty": "streams.Dirty",
    "entities": "entities.Entities",
    "erasures": "erasures.Erasures",
    "evidence": "notices.Proofs",
    "flows": "flows.Flows",
    "history": "history.History",
    "holds": "ledger.Holds",
    "intents": "intents.Intents",
    "keys": "keys.Keys",
    "leases": "leases.Leases",
    "ledger": "ledger.Ledger",
    "letters": "letters.Letters",
    "links": "links.Links",
    "marks": "marks.Marks",
    "merges": "merges.Merges",
    "notices": "notices.NoticeVersions",
    "objections": "permissions.Objections",
    "origins": "permissions.Origins",
    "permissions": "permissions.Permissions",
    "points": "permissions.ContactPoints",
    "references": "references.References",
    "revocations": "revocations.Revocations",
    "runs": "runs.Runs",
    "secrets": "secrets.Secrets",
    "signals": "signals.Signals",
    "streams": "streams.Streams",
    "suppressions": "permissions.Suppressions",
    "tombstones": "merges.Tombstones",
}
"""Where the repositories are: a command loads those it asks."""


class Transaction:
    """What the store gives inside ``with store.transaction(...)`` and ``with store.reading()``.

    Each repository is made when it is first asked for: a transaction needs few of them.

    Attributes:
        bulk: The connection, for queries of other packages (insights, consent) over the same tables.
    """

    __slots__ = (*_HOMES, "bulk")

    accounts: Accounts
    apart: Apart
    conflicts: Conflicts
    decisions: Decisions
    dirty: Dirty
    entities: Entities
    erasures: Erasures
    evidence: Proofs
    flows: Flows
    history: History
    holds: Holds
    intents: Intents
    keys: Keys
    leases: Leases
    ledger: Ledger
    letters: Letters
    links: Links
    marks: Marks
    merges: Merges
    notices: NoticeVersions
    objections: Objections
    origins: Origins
    permissions: Permissions
    points: ContactPoints
    references: References
    revocations: Revocations
    runs: Runs
    secrets: Secrets
    signals: Signals
    streams: Streams
    suppressions: Suppressions
    tombstones: Tombstones

    def __init__(self, bulk: Bulk) -> None:
        self.bulk = bulk

    if not TYPE_CHECKING:  # a type checker would take any name for one that exists

        def __getattr__(self, name: str) -> Any:
            """Make a repository at its first use."""
            if name not in _HOMES:
                raise AttributeError(f"a transaction has no {name!r}")
            made = _kind(name)(self.bulk)
            setattr(self, name, made)
            return made


@cache
def _kind(name: str) -> Callable[[Bulk], object]:
    module, _, kind = _HOMES[name].partition(".")
    found: Callable[[Bulk], object] = getattr(import_module(f"accord.store.{module}"), kind)
    return found


class Transactions:
    """Begins and ends the transactions of one database; all threads of a process share one.

    Attributes:
        find_sealer: Finds what seals payloads at rest, once.
    """

    def __init__(self, database: Database, env: Env, find_sealer: FindSealer) -> None:
        self.find_sealer: FindSealer = cache(find_sealer)
        self.database = database
        self.env = env
        self.lock = Lock()
        self.writer: int | None = None

    def transaction(
        self, label: str, fences: Iterable[Fence] = (), durability: Durability = Durability.LASTING
    ) -> AbstractContextManager[Transaction]:
        """The one writing transaction of all threads and processes.

        It commits at the end and rolls back on any exception. ``Env`` hears of it before it begins
        (``switch``), just before it commits (``committing``) and after it ended (``switch`` with
        ``:committed``).

        Args:
            label: What it does, for the simulation's trace.
            fences: Leases that must still be held.
            durability: What may take the commit back.

        Raises:
            FenceLostError: another run holds a newer lease.
            StoreBusyError: another process wrote for longer than the busy timeout.
        """
        return _Writing(self, label, fences, self.database.writing(durability))

    def scrub(self) -> None:
        """Clear what deleted rows left in the database's files."""
        with self.lock:
            self.database.scrub()

    def reading(self, label: str = "read") -> AbstractContextManager[Transaction]:  # noqa: ARG002  named in traces of callers
        """A read-only view of one moment; writers go on meanwhile."""
        return _Reading(self)


class _Writing:
    """The context of a writing transaction. Classes, not generators: it is entered for every batch."""

    __slots__ = ("_fences", "_label", "_mine", "_turn")

    def __init__(
        self,
        mine: Transactions,
        label: str,
        fences: Iterable[Fence],
        turn: AbstractContextManager[Any, bool | None],
    ) -> None:
        self._mine = mine
        self._label = label
        self._fences = fences
        self._turn = turn

    def __enter__(self) -> Transaction:
        mine = self._mine
        if mine.writer == get_ident():
            raise RuntimeError(f"transaction {self._label!r} inside another transaction")
        mine.env.switch(self._label)
        mine.lock.acquire()
        mine.writer = get_ident()
        try:
            driver = self._turn.__enter__()
        except BaseException:
            self._leave()
            raise
        tx = Transaction(Bulk(driver, mine.database, mine.find_sealer))
        try:
            tx.leases.check(self._fences)
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return tx

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._commit()
            else:
                self._turn.__exit__(kind, error, trace)
        finally:
            self._leave()
        if error is None:
            self._mine.env.switch(f"{self._label}:committed")

    def _commit(self) -> None:
        try:
            self._mine.env.committing(self._label)
        except BaseException as error:
            self._turn.__exit__(type(error), error, error.__traceback__)
            raise
        self._turn.__exit__(None, None, None)

    def _leave(self) -> None:
        self._mine.writer = None
        self._mine.lock.release()


class _Reading:
    """The context of a reading transaction."""

    __slots__ = ("_mine", "_turn")

    def __init__(self, mine: Transactions) -> None:
        self._mine = mine
        self._turn = mine.database.reading()

    def __enter__(self) -> Transaction:
        return Transaction(Bulk(self._turn.__enter__(), self._mine.database, self._mine.find_sealer))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turn.__exit__(kind, error, trace)

"""The store: opening it, its two kinds of transactions, and a copy for plans."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Self

from accord.store.budget import Budget
from accord.store.copies import Copies
from accord.store.database import Database, open_database
from accord.store.durability import Durability
from accord.store.schema import Opened, prepare, read
from accord.store.statement import Statement
from accord.store.statistics import analyze_if_grown
from accord.store.tables import TABLES
from accord.store.tokens import Tokens
from accord.store.transaction import Transaction, Transactions

if TYPE_CHECKING:
    from accord.env import Env
    from accord.ports import BudgetStore, TokenStore
    from accord.store.rows import Fence
    from accord.store.sealed import FindSealer, Sealer

KEY_SIZE = 32
BUSY_TIMEOUT = 30.0
"""Seconds to wait for another process's writing transaction."""


class Store:
    """All that Accord remembers. Open it with :meth:`open`, close it with :meth:`close` or ``with``.

    Attributes:
        key: 32 bytes made with the store, for keyed digests and HMACs.
        budget: Rate budgets shared by all runs.
        tokens: Rotated access tokens, one refresher at a time.
    """

    key: bytes
    budget: BudgetStore
    tokens: TokenStore

    def __init__(self, database: Database, env: Env, find_sealer: FindSealer, opened: Opened) -> None:
        self._database = database
        self._env = env
        self._transactions = Transactions(database, env, find_sealer)
        self.key = opened.key
        self.budget = Budget(self._transactions, env)
        self.tokens = Tokens(self._transactions, env)

    @classmethod
    def open(
        cls,
        url: str,
        env: Env,
        *,
        sealer: Sealer | FindSealer | None = None,
        migrate: bool = True,
        busy_timeout: float = BUSY_TIMEOUT,
        new_key: bytes | None = None,
    ) -> Store:
        """Open a store, creating it when there is none.

        Args:
            url: ``sqlite:///path`` or ``postgresql+psycopg://user@host/database``.
            env: The door to time, ids and the simulation.
            sealer: Seals tokens, secrets and payloads; without one they are not kept. A function is asked
                for it when it is needed.
            migrate: Migrate an older schema, instead of refusing it.
            busy_timeout: Seconds to wait for another process that writes.
            new_key: The key of a store that is created now; a simulation passes one, others leave it out.

        Raises:
            StoreVersionError: the schema is newer, or older and ``migrate`` is off.
            StoreBusyError: another process holds the write lock.
            StateError: the store cannot be reached, read or written; see its hint.
        """
        database = open_database(url, busy_timeout)
        try:
            # Never drawn from Env: its randomness is not made for secrets.
            opened = prepare(database, new_key or secrets.token_bytes(KEY_SIZE), migrate=migrate)
        except BaseException:
            database.close()
            raise
        find = sealer if callable(sealer) else partial(_given, sealer)
        return cls(database, env, find, opened)

    def transaction(
        self, label: str, fences: Iterable[Fence] = (), durability: Durability = Durability.LASTING
    ) -> AbstractContextManager[Transaction]:
        """The one writing transaction; see :meth:`accord.store.transaction.Transactions.transaction`.

        Raises:
            FenceLostError: another run holds a newer lease.
            StoreBusyError: another process wrote for longer than the busy timeout.
        """
        return self._transactions.transaction(label, fences, durability)

    def reading(self, label: str = "read") -> AbstractContextManager[Transaction]:
        """A read-only view of one moment; writers go on meanwhile."""
        return self._transactions.reading(label)

    @contextmanager
    def copy_for_plan(self) -> Iterator[Store]:
        """A throw-away copy to try a run on. Budgets and tokens stay those of the original."""
        with Copies(self._transactions, self._database, self._env).make() as database:
            copy = Store(
                database, self._env, self._transactions.find_sealer, Opened(self.schema_version(), self.key)
            )
            copy.budget, copy.tokens = self.budget, self.tokens
            yield copy

    def schema_version(self) -> str:
        """The version of the store's schema."""
        found = read(self._database)
        return "" if found is None else found.version

    def url_safe(self) -> str:
        """The store's address without a password."""
        return self._database.url

    def size(self) -> dict[str, int]:
        """The number of rows of each table."""
        with self.reading("size") as tx:
            return {
                name: int(tx.bulk.value(Statement(f"SELECT count(*) FROM {name}")))
                for name in sorted(table.name for table in TABLES)
            }

    def analyze_if_grown(self) -> bool:
        """Renew the planner's statistics after the first load and at tenfold growth; tells whether it did."""
        return analyze_if_grown(self._transactions)

    def scrub(self) -> None:
        """Leave nothing of deleted rows in the files (after an erasure): log and freed space are cleared."""
        self._transactions.scrub()

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _given(sealer: Sealer | None) -> Sealer | None:
    return sealer

"""Throw-away copies of the store, on which a plan tries a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accord.env import Env
    from accord.store.database import Database
    from accord.store.transaction import Transactions

_PREFIX = "plan:"
_LONGEST = 24 * 3600.0
"""Seconds after which nobody can still be using a copy."""


class Copies:
    """Makes copies and removes them, also those that a killed process left behind.

    A lease in the original store names each copy, so that its owner can be found dead.
    """

    def __init__(self, transactions: Transactions, database: Database, env: Env) -> None:
        self._transactions = transactions
        self._database = database
        self._env = env

    @contextmanager
    def make(self) -> Iterator[Database]:
        """A copy of this moment, removed at the end."""
        name = f"plan{self._env.new_id()}"
        for left in self._claim(name):
            self._discard(left)
        copied: Database | None = None
        try:
            copied = self._database.copy(name)
            yield copied
        finally:
            if copied is not None:
                copied.close()
            self._discard(name)

    def _claim(self, name: str) -> list[str]:
        """Note our copy; return those whose owner is gone."""
        now = self._env.now().timestamp()
        with self._transactions.transaction("plan copy") as tx:
            known = tx.leases.every(_PREFIX)
            tx.leases.acquire(_PREFIX + name, self._env.holder, _LONGEST, now, self._env.process_alive)
        return [
            each.scope.removeprefix(_PREFIX)
            for each in known
            if each.expires_at <= now or not self._env.process_alive(each.holder)
        ]

    def _discard(self, name: str) -> None:
        self._database.discard_copy(name)
        with self._transactions.transaction("plan discard") as tx:
            tx.leases.remove(_PREFIX + name)

"""Rate budgets: token buckets shared by all runs of an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accord.store.durability import Durability
from accord.store.tables import bucket

if TYPE_CHECKING:
    from accord.env import Env
    from accord.store.transaction import Transaction, Transactions


_FIND = bucket.select("WHERE scope = :scope")


@dataclass(slots=True)
class _Bucket:
    """``size`` is what the vendor said the bucket holds, None if it never did."""

    scope: str
    tokens: float
    size: float | None
    refilled_at: float
    blocked_until: float


class Budget:
    """See :class:`accord.ports.BudgetStore`."""

    def __init__(self, transactions: Transactions, env: Env) -> None:
        self._transactions = transactions
        self._env = env

    def take(self, scope: str, cost: float, *, rate: float, burst: float, keep: float = 0.0) -> float:
        """Spend ``cost`` tokens; 0.0 when they were taken, else the seconds to wait.

        A request that costs more than the bucket ever holds may go when the bucket is full, and
        leaves it in debt.
        """
        with self._transactions.transaction("budget", (), Durability.EXPENDABLE) as tx:
            now = self._env.now().timestamp()
            found = _load(tx, scope) or _Bucket(scope, burst, None, now, 0.0)
            if found.blocked_until > now:
                return found.blocked_until - now
            room = burst if found.size is None else min(burst, found.size)
            _refill(found, now, rate, room)
            needed = min(cost + keep * room, room)
            # Rounding must not let a caller wait for the billionth part of a token.
            if found.tokens + 1e-9 < needed:
                return (needed - found.tokens) / rate
            found.tokens -= cost
            _save(tx, found)
        return 0.0

    def block(self, scope: str, seconds: float) -> None:
        """Let nobody spend from this scope for so long; a longer block stays."""
        with self._transactions.transaction("budget", (), Durability.EXPENDABLE) as tx:
            now = self._env.now().timestamp()
            # An unknown bucket starts empty: the vendor has just refused us.
            found = _load(tx, scope) or _Bucket(scope, 0.0, None, now, 0.0)
            found.blocked_until = max(found.blocked_until, now + seconds)
            _save(tx, found)

    def learn(self, scope: str, *, remaining: float | None, limit: float | None, reset: float | None) -> None:
        """Note what the vendor's headers said. It never adds tokens: other requests are on their way."""
        with self._transactions.transaction("budget", (), Durability.EXPENDABLE) as tx:
            found = _load(tx, scope)
            if found is None:
                return
            now = self._env.now().timestamp()
            if limit is not None and limit > 0:
                found.size = limit
            if remaining is not None:
                found.tokens = min(found.tokens, remaining)
                if remaining <= 0 and reset is not None:
                    found.blocked_until = max(found.blocked_until, now + reset)
            _save(tx, found)


def _load(tx: Transaction, scope: str) -> _Bucket | None:
    row = tx.bulk.first(_FIND, scope=scope)
    return None if row is None else _Bucket(**row)


def _save(tx: Transaction, found: _Bucket) -> None:
    tx.bulk.upsert(bucket, [{name: getattr(found, name) for name in bucket.names}])


def _refill(found: _Bucket, now: float, rate: float, room: float) -> None:
    # A clock that was set back refills nothing.
    passed = max(0.0, now - found.refilled_at)
    found.tokens = min(room, found.tokens + passed * rate)
    found.refilled_at = now

"""A budget store in memory, for tests and for programs that embed Accord without a database."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock  # guards a dictionary; no thread is started and nothing waits inside
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accord.env import Env


@dataclass(slots=True)
class _Bucket:
    tokens: float
    refilled_at: float
    blocked_until: float = 0.0
    size: float = float("inf")


class MemoryBudget:
    """Token buckets in memory: a :class:`accord.ports.BudgetStore` for one process."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._buckets: dict[str, _Bucket] = {}
        self._lock = Lock()

    def take(self, scope: str, cost: float, *, rate: float, burst: float, keep: float = 0.0) -> float:
        """Spend ``cost`` tokens; a negative cost gives tokens back. Returns the seconds to wait, or 0."""
        now = self._env.monotonic()
        with self._lock:
            bucket = self._buckets.setdefault(scope, _Bucket(burst, now))
            bucket.tokens = min(burst, bucket.size, bucket.tokens + (now - bucket.refilled_at) * rate)
            bucket.refilled_at = now
            if cost > 0 and bucket.blocked_until > now:
                return bucket.blocked_until - now
            needed = min(cost + keep * burst, burst, bucket.size) if cost > 0 else bucket.tokens
            # A hair of tolerance: waiting exactly as long as told must be enough in floating point.
            if needed - bucket.tokens > 1e-9:  # noqa: PLR2004
                return (needed - bucket.tokens) / rate
            bucket.tokens = min(burst, bucket.tokens - cost)
            return 0.0

    def block(self, scope: str, seconds: float) -> None:
        """Nobody may spend from this scope for so long."""
        now = self._env.monotonic()
        with self._lock:
            bucket = self._buckets.setdefault(scope, _Bucket(0.0, now))
            bucket.blocked_until = max(bucket.blocked_until, now + seconds)

    def learn(self, scope: str, *, remaining: float | None, limit: float | None, reset: float | None) -> None:
        """Spend down to what the vendor says is left; wait for the reset when nothing is."""
        now = self._env.monotonic()
        with self._lock:
            bucket = self._buckets.setdefault(scope, _Bucket(float("inf"), now))
            if limit is not None and limit >= 1:
                bucket.size = limit
            if remaining is None:
                return
            bucket.tokens = min(bucket.tokens, remaining)
            bucket.refilled_at = now
            if remaining < 1 and reset:
                bucket.blocked_until = max(bucket.blocked_until, now + reset)

"""Spending from rate budgets: before a request, and for the engine before it marks an intent as sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock  # guards a dictionary; nothing waits inside
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from accord.errors import RateLimitedError
from accord.http.limits import EVERY, Quota, RateLimit

if TYPE_CHECKING:
    from accord.env import Env
    from accord.ports import BudgetStore

# Without a declared limit the budget is still asked, so that a block (429) reaches every run.
_UNDECLARED = RateLimit(1000, 1.0)
_KEEP = 0.2
_LEASE_SECONDS = 1.0
_LEASE_SHARE = 0.25
_GRANT_SECONDS = 60.0
_LONGEST_BLOCK = 3_600.0


@dataclass(slots=True)
class _Lease:
    """Tokens taken in advance, about a second's worth, so that not every request asks the store."""

    tokens: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class _Grant:
    """One call that the budget has granted to this thread and that is not spent yet."""

    cost: float
    expires_at: float


# Context variables, unlike thread locals, also keep simulated threads (greenlets) apart.
_Granted = WeakKeyDictionary["Purse", dict[str, list[_Grant]]]
_granted: ContextVar[_Granted | None] = ContextVar("accord_http_granted", default=None)
_urgent: ContextVar[bool] = ContextVar("accord_http_urgent", default=False)


class Purse:
    """The budget of one connection as its HTTP client spends it.

    Args:
        env: Clock and sleep.
        budget: The store shared by all runs of the account.
        connection: First part of every scope.
        limits: What the connector declares.
        patience: Longest wait in seconds; beyond it RateLimitedError tells the engine to come back later.
    """

    def __init__(
        self,
        env: Env,
        budget: BudgetStore,
        connection: str,
        limits: Sequence[RateLimit],
        *,
        patience: float = 300.0,
    ) -> None:
        self._env = env
        self._budget = budget
        self._connection = connection
        self._patience = patience
        # The scarcest window first: a token taken from it is never given back while waiting for another.
        self._limits = sorted(limits, key=lambda limit: -limit.seconds)
        self._leases: dict[str, _Lease] = {}
        self._lock = Lock()

    def acquire(self, limit_class: str, cost: float) -> None:
        """Spend the cost of one call, from this thread's grants first; wait for the rest.

        Raises:
            RateLimitedError: the wait would be longer than the patience.
        """
        granted = self._spend_grant(limit_class)
        if cost > granted:
            self._wait_for(limit_class, cost - granted)

    def ready(self, calls: int, limit_class: str, cost: float) -> None:
        """Wait until this thread holds so many granted calls; its next requests spend them first.

        Raises:
            RateLimitedError: the wait would be longer than the patience.
        """
        held = self._grants(limit_class)
        while len(held) < calls:
            self._wait_for(limit_class, cost)
            held.append(_Grant(cost, self._env.monotonic() + _GRANT_SECONDS))

    def refund(self, limit_class: str, cost: float) -> None:
        """Give back what the vendor did not charge after all."""
        for limit in self._of(limit_class):
            self._budget.take(self._scope(limit), -cost, rate=limit.rate, burst=limit.bucket)

    def block(self, limit_class: str, seconds: float) -> None:
        """The vendor refused: nobody may send requests of this class for so long."""
        limit = self._narrowest(limit_class)
        self._drop_lease(self._scope(limit))
        self._budget.block(self._scope(limit), min(seconds, _LONGEST_BLOCK))

    def learn(self, limit_class: str, quotas: Sequence[Quota]) -> None:
        """Heed what the vendor's headers told; only a half-empty window is worth a write."""
        for quota in quotas:
            if quota.limit is not None and quota.remaining > quota.limit / 2:
                continue
            limit = self._longest(limit_class) if quota.long else self._narrowest(limit_class)
            if quota.long and limit.seconds < self._window(quota):
                self._block_if_empty(limit, quota)
                continue
            scope = self._scope(limit)
            self._drop_lease(scope)
            self._budget.learn(scope, remaining=quota.remaining, limit=quota.limit, reset=quota.reset)
            self._block_if_empty(limit, quota)

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """Within, nothing is kept for others: this is the interactive call or the withdrawal."""
        before = _urgent.set(True)
        try:
            yield
        finally:
            _urgent.reset(before)

    def _window(self, quota: Quota) -> float:
        return 3_600.0 if quota.long else 0.0

    def _block_if_empty(self, limit: RateLimit, quota: Quota) -> None:
        if quota.remaining < 1 and quota.reset:
            self._budget.block(self._scope(limit), min(quota.reset, _LONGEST_BLOCK))

    def _of(self, limit_class: str) -> list[RateLimit]:
        return [limit for limit in self._limits if limit.counts(limit_class)] or [_UNDECLARED]

    def _narrowest(self, limit_class: str) -> RateLimit:
        """The limit that a refusal is most likely about: of the class itself, of the shortest window."""
        return min(self._of(limit_class), key=lambda limit: (limit.scope == EVERY, limit.seconds))

    def _longest(self, limit_class: str) -> RateLimit:
        return max(self._of(limit_class), key=lambda limit: limit.seconds)

    def _scope(self, limit: RateLimit) -> str:
        """Bucket name; windows of one class are told apart by their length (``crm:search/86400``)."""
        same = [other for other in self._limits if other.scope == limit.scope]
        window = f"/{limit.seconds:g}" if len(same) > 1 else ""
        return f"{self._connection}:{limit.scope}{window}"

    def _grants(self, limit_class: str) -> list[_Grant]:
        """This thread's unspent grants of a class; old ones lapse, their tokens may be worth nothing now."""
        everyone = _granted.get()
        if everyone is None:
            everyone = WeakKeyDictionary()
            _granted.set(everyone)
        mine = everyone.setdefault(self, {}).setdefault(limit_class, [])
        now = self._env.monotonic()
        mine[:] = [grant for grant in mine if grant.expires_at > now]
        return mine

    def _spend_grant(self, limit_class: str) -> float:
        held = self._grants(limit_class)
        return held.pop(0).cost if held else 0.0

    def _wait_for(self, limit_class: str, cost: float) -> None:
        waited = 0.0
        for limit in self._of(limit_class):
            while (wait := self._take(limit, cost)) > 0:
                waited += wait
                if waited > self._patience:
                    raise self._too_long(limit_class, wait)
                self._env.sleep(wait)

    def _take(self, limit: RateLimit, cost: float) -> float:
        scope, now = self._scope(limit), self._env.monotonic()
        if self._spend_lease(scope, cost, now):
            return 0.0
        block = min(limit.rate * _LEASE_SECONDS, limit.bucket * _LEASE_SHARE)
        if block >= 2 * cost and self._ask(limit, scope, block) <= 0:
            with self._lock:
                self._leases[scope] = _Lease(block - cost, now + _LEASE_SECONDS)
            return 0.0
        return self._ask(limit, scope, cost)

    def _ask(self, limit: RateLimit, scope: str, cost: float) -> float:
        spare = 1 - cost / limit.bucket
        keep = 0.0 if _urgent.get() or limit is _UNDECLARED or spare < _KEEP else _KEEP
        return self._budget.take(scope, cost, rate=limit.rate, burst=limit.bucket, keep=keep)

    def _spend_lease(self, scope: str, cost: float, now: float) -> bool:
        with self._lock:
            lease = self._leases.get(scope)
            if lease is None or lease.expires_at <= now or lease.tokens < cost:
                return False
            lease.tokens -= cost
            return True

    def _drop_lease(self, scope: str) -> None:
        with self._lock:
            self._leases.pop(scope, None)

    def _too_long(self, limit_class: str, wait: float) -> RateLimitedError:
        return RateLimitedError(
            f"Connection {self._connection!r}: the rate budget of class {limit_class!r} is spent",
            retry_after=wait,
            hint="Nothing was sent. Accord comes back when the vendor's limit allows it.",
            facts={"connection": self._connection, "limit_class": limit_class},
        )

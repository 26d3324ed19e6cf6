"""Rate limits as the vendor enforces them: token buckets on the sandbox's clock."""

from __future__ import annotations

from accord.sandbox.clock import Clock


class Bucket:
    """A bucket of ``burst`` tokens refilled at ``rate`` per second. A rate of 0 never limits."""

    def __init__(self, clock: Clock, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._tokens = burst
        self._at = clock.monotonic()

    @property
    def available(self) -> float:
        """Tokens left now."""
        self._refill()
        return self._tokens if self.rate > 0 else self.burst

    def take(self, cost: float = 1.0) -> float:
        """Spend tokens: 0.0 when they were there, else the seconds until they would be."""
        if self.rate <= 0:
            return 0.0
        self._refill()
        if self._tokens >= cost:
            self._tokens -= cost
            return 0.0
        return (cost - self._tokens) / self.rate

    def refund(self, cost: float) -> None:
        """Give tokens back (a request that cost less than it asked for)."""
        self._tokens = min(self.burst, self._tokens + cost)

    def _refill(self) -> None:
        now = self._clock.monotonic()
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now

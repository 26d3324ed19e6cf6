"""A world in which waiting takes no time and every request goes where the test says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from accord.env import SystemEnv

if TYPE_CHECKING:
    import httpx

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

LONG_AGO = datetime(2001, 1, 1, 12, tzinfo=UTC)
"""For systems with a clock of their own (files): whatever they date happened after every virtual instant."""


class VirtualEnv(SystemEnv):
    """An :class:`~accord.env.Env` with real threads and a clock that only :meth:`sleep` moves.

    Attributes:
        elapsed: Seconds slept so far.
        wire: What every HTTP client of a connector talks to; None is the network.
    """

    def __init__(self, start: datetime = NOON) -> None:
        super().__init__()
        self.start = start
        self.elapsed = 0.0
        self.wire: httpx.BaseTransport | None = None

    def now(self) -> datetime:
        """The start and what was slept since."""
        return self.start + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        """Seconds slept so far."""
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.elapsed += max(0.0, seconds)

    def transport(self, base_url: str) -> httpx.BaseTransport | None:  # noqa: ARG002  one wire for all
        """The test's wire."""
        return self.wire

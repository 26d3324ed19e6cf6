"""The sandbox's clock: the environment's, shifted when a test asks for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime

from accord.env import Env


class Clock:
    """Time as the vendor sees it. ``advance`` moves it without waiting."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._shift = timedelta()

    def now(self) -> datetime:
        """The vendor's present instant in UTC."""
        return self._env.now() + self._shift

    def monotonic(self) -> float:
        """Seconds that never go back, moved along by ``advance``."""
        return self._env.monotonic() + self._shift.total_seconds()

    def sleep(self, seconds: float) -> None:
        """Wait in the environment's time."""
        if seconds > 0:
            self._env.sleep(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock forward by so many seconds (never back)."""
        if seconds < 0:
            raise ValueError("a sandbox's clock only moves forward")
        self._shift += timedelta(seconds=seconds)

    def http_date(self) -> str:
        """The present instant as the ``Date`` header writes it."""
        return format_datetime(self.now(), usegmt=True)

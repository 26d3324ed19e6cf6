"""OAuth tokens that expire and rotate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from accord.sandbox.clock import Clock
from accord.sandbox.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Issued:
    """A fresh pair. ``expires_in`` is in seconds."""

    access: str
    refresh: str
    expires_in: int


class Tokens:
    """Issues, checks, refreshes and expires tokens; kept in the shelf, so that they survive a restart.

    ``rotate``: a refresh token works once and the answer brings the next one.
    """

    def __init__(
        self, shelf: Shelf, clock: Clock, random: Random, *, lifetime: int = 1800, rotate: bool = False
    ) -> None:
        self._table = shelf.table("_tokens")
        self._clock = clock
        self._random = random
        self._shelf = shelf
        self._lifetime = lifetime
        self._rotate = rotate

    def issue(self, refresh: str | None = None) -> Issued:
        """A new access token, with the given refresh token or a fresh one."""
        access, refresh = self._word("at"), refresh or self._word("rt")
        ends = self._clock.now() + timedelta(seconds=self._lifetime)
        with self._shelf.acting("vendor"):
            self._table.insert({"kind": "access", "ends": ends.isoformat()}, id_=access)
            if refresh not in self._table:
                self._table.insert({"kind": "refresh"}, id_=refresh)
        return Issued(access, refresh, self._lifetime)

    def refresh(self, refresh: str) -> Issued | None:
        """Exchange a refresh token; None when it is unknown or was used up."""
        item = self._table.get(refresh)
        if item is None or item.values["kind"] != "refresh":
            return None
        if not self._rotate:
            return self.issue(refresh)
        with self._shelf.acting("vendor"):
            self._table.remove(refresh)
        return self.issue()

    def state(self, access: str) -> str:
        """``valid``, ``expired``, or ``unknown`` for a token that was not issued here."""
        item = self._table.get(access)
        if item is None or item.values["kind"] != "access":
            return "unknown"
        return "valid" if self._clock.now() < datetime.fromisoformat(item.values["ends"]) else "expired"

    def expire(self) -> None:
        """Every access token ends now; refresh tokens stay."""
        with self._shelf.acting("vendor"):
            for item in self._table.items():
                if item.values["kind"] == "access":
                    self._table.update(item.id, {"ends": self._clock.now().isoformat()})

    def _word(self, prefix: str) -> str:
        return f"{prefix}-{self._random.getrandbits(96):024x}"

"""What the HTTP layer needs of the store, as protocols, so that it need not import it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Token:
    """An access token as the vendor issued it.

    Attributes:
        expires_at: UTC; None = unknown.
        origin: A digest of the consent, or of the refresh token, that all this began with; empty = unknown.
    """

    access: str
    refresh: str | None = None
    expires_at: datetime | None = None
    origin: str = ""

    def __repr__(self) -> str:
        """Never shows the token."""
        return f"Token(***, expires_at={self.expires_at})"


class TokenStore(Protocol):
    """Keeps rotated tokens of a connection. One refresher at a time across all processes."""

    def load(self, connection: str) -> Token | None:
        """The newest saved token, if any."""

    def refresh(self, connection: str, stale: Token | None, fetch: Callable[[Token | None], Token]) -> Token:
        """Exchange the token once for all processes.

        Takes the refresh lease of the connection, re-reads the store (somebody may have refreshed
        already: then that token is returned and ``fetch`` is not called), calls
        ``fetch(newest token)`` and saves the new token before returning it.
        """


class BudgetStore(Protocol):
    """Rate budgets shared by every run of an account. Scopes are ``connection:class`` strings."""

    def take(self, scope: str, cost: float, *, rate: float, burst: float, keep: float = 0.0) -> float:
        """Spend ``cost`` tokens of a bucket refilled at ``rate`` per second up to ``burst``.

        Returns 0.0 when the tokens were taken, else the seconds to wait before asking again.
        ``keep`` is the share of the bucket this caller must leave to others (0.2 = leave 20 %).
        """

    def block(self, scope: str, seconds: float) -> None:
        """Nobody may spend from this scope for so long (429 or Retry-After was seen)."""

    def learn(self, scope: str, *, remaining: float | None, limit: float | None, reset: float | None) -> None:
        """Note what the vendor's headers said: tokens left, bucket size, seconds until refill."""

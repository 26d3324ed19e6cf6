"""Notices a vendor (or a connector) that leads a read in circles, or on and on without showing anything."""

from __future__ import annotations

MOST_EMPTY = 2_000
"""Pages without a row, one after the other, after which a read is taken to have no end."""


class Circles:
    """Follows the tokens of one read. Remembers two of them, however long it is (Brent's algorithm)."""

    def __init__(self) -> None:
        self._last: str | None = None
        self._landmark: str | None = None
        self._steps, self._lap = 0, 1
        self._empty = 0

    def closed(self, token: str | None, rows: int) -> bool:
        """Whether this page says that the read would not end."""
        if token is None:
            return False
        self._empty = 0 if rows else self._empty + 1
        if token in (self._last, self._landmark) or self._empty >= MOST_EMPTY:
            return True
        self._last, self._steps = token, self._steps + 1
        if self._steps == self._lap:
            self._landmark, self._steps, self._lap = token, 0, self._lap * 2
        return False

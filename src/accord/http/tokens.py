"""A token store in memory, for tests and for programs that embed Accord without a database."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock  # guards a dictionary; the exchange itself runs outside it
from typing import TYPE_CHECKING

from accord.ports import Token

if TYPE_CHECKING:
    from accord.env import Env

_PAUSE = 0.05


class MemoryTokens:
    """Tokens in memory: a :class:`accord.ports.TokenStore` for one process."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._tokens: dict[str, Token] = {}
        self._busy: set[str] = set()
        self._lock = Lock()

    def load(self, connection: str) -> Token | None:
        """The newest saved token, if any."""
        with self._lock:
            return self._tokens.get(connection)

    def refresh(self, connection: str, stale: Token | None, fetch: Callable[[Token | None], Token]) -> Token:
        """Exchange the token once, however many ask; the others wait and share the result."""
        while not self._begin(connection):
            self._env.sleep(_PAUSE)
        try:
            newest = self.load(connection)
            if newest is not None and (stale is None or newest.access != stale.access):
                return newest
            fresh = fetch(newest)
            with self._lock:
                self._tokens[connection] = fresh
            return fresh
        finally:
            with self._lock:
                self._busy.discard(connection)

    def _begin(self, connection: str) -> bool:
        with self._lock:
            if connection in self._busy:
                return False
            self._busy.add(connection)
            return True

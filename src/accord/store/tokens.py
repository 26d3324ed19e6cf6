"""Rotated access tokens: sealed, and refreshed once for all processes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from accord.errors import AccessError, RetryableError
from accord.ports import Token
from accord.store.codec import from_json, to_json
from accord.store.statement import Statement
from accord.store.tables import token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accord.env import Env
    from accord.store.rows import Fence
    from accord.store.sealed import Sealer
    from accord.store.transaction import Transaction, Transactions

TTL = 60.0
"""Seconds after which a refresher that went silent is replaced."""

_POLL = 0.5
_VALUE = Statement("SELECT value FROM token WHERE connection = :connection")


class Tokens:
    """See :class:`accord.ports.TokenStore`."""

    def __init__(self, transactions: Transactions, env: Env) -> None:
        self._transactions = transactions
        self._env = env

    def load(self, connection: str) -> Token | None:
        """The newest saved token, if any."""
        with self._transactions.reading() as tx:
            return _load(tx, connection)

    def refresh(self, connection: str, stale: Token | None, fetch: Callable[[Token | None], Token]) -> Token:
        """Exchange the token once for all processes; see the port.

        Raises:
            StateError: no key is set, so that the new token could not be saved.
            RetryableError: another process refreshes this token and does not end.
        """
        with self._transactions.reading() as tx:
            tx.bulk.require_sealer("tokens")
        with self._lease(connection, stale) as renewed:
            return renewed if renewed is not None else self._exchange(connection, stale, fetch)

    def _exchange(
        self, connection: str, stale: Token | None, fetch: Callable[[Token | None], Token]
    ) -> Token:
        newest = self.load(connection) or stale
        try:
            fresh = fetch(newest)
        except AccessError:
            # Somebody whose lease we took over may have used the refresh token and saved the new one.
            saved = self.load(connection)
            if saved is None or saved == newest:
                raise
            return saved
        if fresh.refresh is None and newest is not None:
            fresh = replace(fresh, refresh=newest.refresh)
        return self._save(connection, fresh)

    def _save(self, connection: str, fresh: Token) -> Token:
        with self._transactions.transaction("token") as tx:
            sealed = tx.bulk.require_sealer("tokens").seal(_pack(fresh))
            tx.bulk.upsert(token, [{"connection": connection, "value": sealed}])
        return fresh

    @contextmanager
    def _lease(self, connection: str, stale: Token | None) -> Iterator[Token | None]:
        """Hold the refresh lease; gives the token instead if another process renewed it meanwhile."""
        deadline = self._env.monotonic() + 2 * TTL
        while True:
            fence = self._acquire(connection)
            renewed = self.load(connection)
            if renewed is not None and renewed != stale:
                self._release(fence)
                yield renewed
                return
            if fence is not None:
                break
            if self._env.monotonic() > deadline:
                raise RetryableError(
                    f"another process has been refreshing the token of {connection} too long",
                    hint="Run again; if it stays so, end the other process.",
                )
            self._env.sleep(_POLL)
        try:
            yield None
        finally:
            self._release(fence)

    def _acquire(self, connection: str) -> Fence | None:
        env = self._env
        with self._transactions.transaction("token lease") as tx:
            now = env.now().timestamp()
            grant = tx.leases.acquire(f"token:{connection}", env.holder, TTL, now, env.process_alive)
        return None if grant is None else grant.fence

    def _release(self, fence: Fence | None) -> None:
        if fence is not None:
            with self._transactions.transaction("token release") as tx:
                tx.leases.release(fence)


def _load(tx: Transaction, connection: str) -> Token | None:
    value = tx.bulk.value(_VALUE, connection=connection)
    return None if value is None else _unpack(value, tx.bulk.require_sealer("tokens"))


def _pack(each: Token) -> bytes:
    return to_json([each.access, each.refresh, each.expires_at])


def _unpack(value: bytes, sealer: Sealer) -> Token:
    access, refresh, expires_at = from_json(sealer.unseal(value))
    return Token(access, refresh, None if expires_at is None else datetime.fromisoformat(expires_at))

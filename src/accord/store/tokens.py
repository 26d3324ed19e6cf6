"""Rotated access tokens: sealed, and refreshed once for all processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from accord.errors import AccessError, FenceLostError, RetryableError
from accord.ports import Token
from accord.store.codec import from_json, to_json
from accord.store.statement import Statement
from accord.store.tables import token

if TYPE_CHECKING:
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
        deadline = self._env.monotonic() + 2 * TTL
        while True:
            began = self._env.monotonic()
            fence = self._acquire(connection)
            try:
                fresh = self._renewed(connection, stale) or (
                    self._exchange(connection, stale, fetch, fence, began) if fence is not None else None
                )
            finally:
                self._release(fence)
            if fresh is not None:
                return fresh
            if self._env.monotonic() > deadline:
                raise RetryableError(
                    f"another process has been refreshing the token of {connection} too long",
                    hint="Run again; if it stays so, end the other process.",
                )
            self._env.sleep(_POLL)

    def _renewed(self, connection: str, stale: Token | None) -> Token | None:
        """The saved token, if another process renewed it meanwhile."""
        saved = self.load(connection)
        return None if saved == stale else saved

    def _exchange(
        self,
        connection: str,
        stale: Token | None,
        fetch: Callable[[Token | None], Token],
        fence: Fence,
        began: float,
    ) -> Token | None:
        """Exchange the token under a lease; None: it may not be ours any more.

        A vendor whose refresh tokens are good for one use may end them all when an old one comes again, so
        that nobody may ask, or save what was answered, who stood still for as long as the lease lives.
        """
        newest = self.load(connection) or stale
        if self._env.monotonic() - began > TTL / 2:
            return None
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
        try:
            return self._save(connection, fresh, fence)
        except FenceLostError:
            return None

    def _save(self, connection: str, fresh: Token, fence: Fence) -> Token:
        with self._transactions.transaction("token", [fence]) as tx:
            sealed = tx.bulk.require_sealer("tokens").seal(_pack(fresh))
            tx.bulk.upsert(token, [{"connection": connection, "value": sealed}])
        return fresh

    def _acquire(self, connection: str) -> Fence | None:
        env = self._env
        with self._transactions.transaction("token lease") as tx:
            now = env.now().timestamp()
            return tx.leases.acquire(f"token:{connection}", env.holder, TTL, now, env.process_alive)

    def _release(self, fence: Fence | None) -> None:
        if fence is not None:
            with self._transactions.transaction("token release") as tx:
                tx.leases.release(fence)


def _load(tx: Transaction, connection: str) -> Token | None:
    value = tx.bulk.value(_VALUE, connection=connection)
    return None if value is None else _unpack(value, tx.bulk.require_sealer("tokens"))


def _pack(each: Token) -> bytes:
    return to_json([each.access, each.refresh, each.expires_at, each.origin])


def _unpack(value: bytes, sealer: Sealer) -> Token:
    access, refresh, expires_at, *origin = from_json(sealer.unseal(value))
    expires = None if expires_at is None else datetime.fromisoformat(expires_at)
    return Token(access, refresh, expires, *origin)

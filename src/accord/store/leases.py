"""Leases: who may write for a scope, with a fence that only grows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from accord.errors import FenceLostError
from accord.store.bulk import Bulk
from accord.store.rows import Fence
from accord.store.statement import Statement
from accord.store.tables import lease

_FENCES = Statement(
    "SELECT scope, fence FROM lease WHERE scope IN :scopes AND holder IS NOT NULL ORDER BY scope"
)
_BY_SCOPE = lease.select("WHERE scope = :scope")
_HELD = lease.select("WHERE scope = :scope AND holder IS NOT NULL")
_EVERY = lease.select("WHERE holder IS NOT NULL ORDER BY scope")
_RENEW = Statement(
    "UPDATE lease SET expires_at = :expires_at WHERE scope = :scope AND fence = :fence AND holder IS NOT NULL"
)
_RELEASE = Statement(
    "UPDATE lease SET holder = NULL, expires_at = 0"
    " WHERE scope = :scope AND fence = :fence AND holder IS NOT NULL"
)
_REMOVE = Statement("DELETE FROM lease WHERE scope = :scope")


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as it stands. ``expires_at`` in seconds since 1970."""

    scope: str
    holder: str
    fence: int
    expires_at: float


class Leases:
    """One row per scope; it stays when the lease is released, because its fence must not go back."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def acquire(
        self, scope: str, holder: str, ttl: float, now: float, alive: Callable[[str], bool]
    ) -> Fence | None:
        """Take the lease of a scope if it is free, expired, or held by a process known to be dead.

        Args:
            scope: What the lease is about, ``connection/stream``.
            holder: Who asks (``Env.holder``).
            ttl: Seconds until the lease expires unless it is renewed.
            now: Seconds since 1970.
            alive: Whether the process of a holder may still run (``Env.process_alive``).
        """
        row = self._bulk.first(_BY_SCOPE, scope=scope)
        if row is not None and row["holder"] is not None and row["expires_at"] > now and alive(row["holder"]):
            return None
        fence = 1 if row is None else row["fence"] + 1
        self._bulk.upsert(
            lease, [{"scope": scope, "holder": holder, "fence": fence, "expires_at": now + ttl}]
        )
        return Fence(scope, fence)

    def renew(self, fence: Fence, ttl: float, now: float) -> bool:
        """Push the expiry back; False says that the lease is lost."""
        change = {"scope": fence.scope, "fence": fence.number, "expires_at": now + ttl}
        return self._bulk.change(_RENEW, **change) == 1

    def release(self, fence: Fence) -> bool:
        """Give the lease back; False says that it was lost before."""
        return self._bulk.change(_RELEASE, scope=fence.scope, fence=fence.number) == 1

    def held(self, scope: str) -> Lease | None:
        """The lease of a scope unless it was released; it may have expired."""
        row = self._bulk.first(_HELD, scope=scope)
        return None if row is None else Lease(**row)

    def every(self, prefix: str = "") -> list[Lease]:
        """All leases that were not released and whose scope begins so, by scope."""
        return [Lease(**row) for row in self._bulk.ask(_EVERY) if row["scope"].startswith(prefix)]

    def remove(self, scope: str) -> None:
        """Forget a scope and its fence: only for scopes whose name never comes back."""
        self._bulk.change(_REMOVE, scope=scope)

    def check(self, fences: Iterable[Fence]) -> None:
        """Assert that these fences are still the newest ones.

        Raises:
            FenceLostError: one is not; the caller must write nothing more.
        """
        numbers = {fence.scope: fence.number for fence in fences}
        if not numbers:
            return
        found = {row["scope"]: row["fence"] for row in self._bulk.ask(_FENCES, scopes=numbers)}
        for scope, number in numbers.items():
            if found.get(scope) != number:
                raise FenceLostError(
                    f"another run took over {scope}; this one writes nothing more",
                    hint="Let the other run finish; see `accord runs`.",
                    facts={"scope": scope, "fence": number, "newest": found.get(scope)},
                )

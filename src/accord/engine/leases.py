"""Leases of a run: taken before the first page, renewed while it works, given back at its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accord.store.rows import Fence

if TYPE_CHECKING:
    from accord.env import Env
    from accord.store import Store, Transaction

TTL = 30.0
"""Seconds without renewal after which another run may take over."""
RENEW = 10.0
"""Seconds between renewals."""


class Keeper:
    """Holds leases on streams and renews them beside the work."""

    def __init__(self, store: Store, env: Env) -> None:
        self.store, self.env = store, env
        self.fences: list[Fence] = []
        self._stopped = False

    def take(self, scopes: Sequence[str]) -> list[str]:
        """Take what is free; the scopes that another run holds."""
        with self.store.transaction("lease") as tx:
            now = self.env.now().timestamp()
            taken = {
                scope: tx.leases.acquire(scope, self.env.holder, TTL, now, self.env.process_alive)
                for scope in sorted(scopes)
            }
        busy = [scope for scope, fence in taken.items() if fence is None]
        self.fences += [fence for fence in taken.values() if fence is not None]
        if self.fences:
            self.env.spawn("leases", self._renew)
        return busy

    def _renew(self) -> None:
        waited = 0.0
        while not self._stopped:
            self.env.sleep(0.5)
            waited += 0.5
            if waited >= RENEW and not self._stopped:
                waited = 0.0
                self._renew_all()

    def _renew_all(self) -> None:
        now = self.env.now().timestamp()
        with self.store.transaction("renew") as tx:
            for fence in self.fences:
                # A lost lease needs no word here: the next writing transaction finds its fence gone.
                tx.leases.renew(fence, TTL, now)

    def give_back(self, tx: Transaction) -> None:
        """Release every lease still held."""
        self._stopped = True
        for fence in self.fences:
            tx.leases.release(fence)
        self.fences = []

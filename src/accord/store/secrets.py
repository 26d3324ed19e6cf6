"""Secrets kept in the store (references ``store:NAME``), always sealed."""

from __future__ import annotations

from sqlalchemy import select

from accord.store.bulk import Bulk
from accord.store.tables import secret


class Secrets:
    """Values by name; without a key none is kept."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def set(self, name: str, value: str) -> None:
        """Keep a secret under a name, in place of an earlier one."""
        sealed = self._bulk.require_sealer("secrets").seal(value.encode())
        self._bulk.upsert(secret, [{"name": name, "value": sealed}])

    def get(self, name: str) -> str | None:
        """The secret, None if there is none of this name."""
        row = self._bulk.one(select(secret.c.value).where(secret.c.name == name))
        return None if row is None else self._bulk.require_sealer("secrets").unseal(row["value"]).decode()

    def names(self) -> list[str]:
        """The names of all secrets."""
        return [row["name"] for row in self._bulk.rows(select(secret.c.name).order_by(secret.c.name))]

    def delete(self, name: str) -> bool:
        """Forget a secret; tells whether there was one."""
        return self._bulk.remove(secret, secret.c.name, [name]) > 0

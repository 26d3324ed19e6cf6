"""Secrets kept in the store (references ``store:NAME``), always sealed."""

from __future__ import annotations

from accord.store.bulk import Bulk
from accord.store.statement import Statement
from accord.store.tables import secret

_VALUE = Statement("SELECT value FROM secret WHERE name = :name")
_NAMES = Statement("SELECT name FROM secret ORDER BY name")
_DELETE = Statement("DELETE FROM secret WHERE name = :name")


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
        value = self._bulk.value(_VALUE, name=name)
        return None if value is None else self._bulk.require_sealer("secrets").unseal(value).decode()

    def names(self) -> list[str]:
        """The names of all secrets."""
        return [row["name"] for row in self._bulk.ask(_NAMES)]

    def delete(self, name: str) -> bool:
        """Forget a secret; tells whether there was one."""
        return self._bulk.change(_DELETE, name=name) > 0

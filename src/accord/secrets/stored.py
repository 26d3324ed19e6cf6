"""Secrets kept in the store: a plugin that the composition root registers when the store is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.errors import SecretMissingError
from accord.hookspecs import hookimpl
from accord.secrets.reference import Reference

if TYPE_CHECKING:
    from accord.store import Store


class StoreSecrets:
    """Resolves ``store:NAME``.

    Args:
        store: An open store; without a key it holds no secrets.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @hookimpl
    def accord_secret(self, ref: str) -> str | None:
        """The unsealed secret.

        Raises:
            SecretMissingError: the store has none of this name.
            StateError: the store's key is missing or another one.
        """
        if not ref.startswith("store:"):
            return None
        reference = Reference.parse(ref)
        with self._store.reading("secret") as tx:
            value = tx.secrets.get(reference.name)
        if value is None:
            raise SecretMissingError(
                f"{reference}: the store keeps no secret of this name",
                hint=f"Set it with `accord config secret set {reference.name}`.",
                facts={"reference": str(reference)},
            )
        return value

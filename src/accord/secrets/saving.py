"""Keeping a secret: what ``accord config secret set`` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.errors import SetupError
from accord.secrets import ring
from accord.secrets.reference import Reference

if TYPE_CHECKING:
    from pydantic import SecretStr

    from accord.store import Store


def save(name: str, value: SecretStr, store: Store) -> Reference:
    """Keep a secret and give the reference to be written into accord.toml.

    Args:
        name: A bare name or ``store:NAME`` for the store, ``keyring:SERVICE/USER`` for the keyring.
        value: The secret.
        store: Where bare names are kept; it must have been opened with a sealer.

    Raises:
        SetupError: the reference names a place that Accord cannot write to, or the value is empty.
        SecretMissingError: the keyring cannot be used.
        StateError: the store has no key.
    """
    reference = Reference.parse(name if ":" in name else f"store:{name}")
    secret = value.get_secret_value()
    if not secret:
        raise SetupError(
            f"{reference}: an empty secret is none", hint="Give the value, or unset the setting."
        )
    if reference.scheme == "keyring":
        ring.write(*reference.service_and_user, secret)
    elif reference.scheme == "store":
        with store.transaction("secret") as tx:
            tx.secrets.set(reference.name, secret)
    else:
        raise SetupError(
            f"{reference}: Accord cannot keep secrets there",
            hint="Use a bare name for the encrypted store, or keyring:SERVICE/USER.",
        )
    return reference

"""The built-in plugin that resolves ``env:`` and ``keyring:`` references."""

from __future__ import annotations

import os

from accord.errors import SecretMissingError
from accord.hookspecs import hookimpl
from accord.secrets import ring
from accord.secrets.reference import Reference


@hookimpl
def accord_secret(ref: str) -> str | None:
    """The value of an environment variable or of a keyring entry.

    Raises:
        SecretMissingError: nothing is kept there, or the keyring cannot be reached.
    """
    scheme = ref.partition(":")[0]
    if scheme == "env":
        return _from_environment(Reference.parse(ref))
    if scheme == "keyring":
        return _from_keyring(Reference.parse(ref))
    return None


def _from_environment(reference: Reference) -> str:
    value = os.environ.get(reference.name)
    if not value:
        state = "not set" if value is None else "empty"
        raise SecretMissingError(
            f"{reference}: the environment variable {reference.name} is {state}",
            hint=f"Set {reference.name} where Accord is started, then run again.",
            facts={"reference": str(reference)},
        )
    return value


def _from_keyring(reference: Reference) -> str:
    service, user = reference.service_and_user
    value = ring.read(service, user)
    if not value:
        raise SecretMissingError(
            f"{reference}: the keyring has no entry of service {service!r} for user {user!r}",
            hint=f"Keep it there with `accord config secret set {reference}`.",
            facts={"reference": str(reference)},
        )
    return value

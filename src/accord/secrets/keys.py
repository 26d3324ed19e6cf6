"""The key that seals what the store must not hold in clear: from ``ACCORD_KEY`` or the keyring."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final

from pydantic import SecretStr

from accord.errors import SecretMissingError
from accord.secrets import ring
from accord.store.sealed import FernetSealer

VARIABLE: Final = "ACCORD_KEY"
SERVICE: Final = "accord"
USER: Final = "store-key"


class Place(StrEnum):
    """Where the store's key is kept."""

    ENVIRONMENT = "environment"
    KEYRING = "keyring"
    NOWHERE = "nowhere"
    """No keyring takes it: a person must keep it and set ``ACCORD_KEY``."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """What :func:`create_key` did.

    Attributes:
        place: Where the key is now.
        created: Whether it is a new one.
        key: The key, to be shown once, where no place keeps it.
    """

    place: Place
    created: bool
    key: SecretStr | None = None


def sealer(url: str | None) -> FernetSealer | None:
    """The sealer of a store, None where there is no key: tokens and secrets are then not kept.

    ``ACCORD_KEY`` may hold several keys with commas between them: the first seals, the others still unseal.

    Args:
        url: The store's address. None, or a database in memory, leaves nothing behind to be sealed.

    Raises:
        StateError: the key is malformed.
    """
    if url is None or _in_memory(url):
        return None
    keys = [part for part in os.environ.get(VARIABLE, "").replace(" ", "").split(",") if part]
    if not keys:
        kept = _from_keyring()
        keys = [kept] if kept else []
    return FernetSealer(keys[0], *keys[1:]) if keys else None


def find_sealer(url: str | None) -> Callable[[], FernetSealer | None]:
    """How to come by the sealer of a store: asking the keyring takes longer than most commands do.

    Raises:
        StateError: the key in ``ACCORD_KEY`` is malformed.
    """
    if os.environ.get(VARIABLE):
        # Told now, not when something is sealed at last.
        sealer(url)
    return partial(sealer, url)


def create_key() -> NewKey:
    """Make a key unless there is one, and keep it in the keyring where that is possible."""
    if os.environ.get(VARIABLE):
        return NewKey(Place.ENVIRONMENT, created=False)
    if _from_keyring():
        return NewKey(Place.KEYRING, created=False)
    key = FernetSealer.new_key().decode("ascii")
    try:
        ring.write(SERVICE, USER, key)
    except SecretMissingError:
        # Without a keyring the answer itself carries the key: the caller shows it once.
        return NewKey(Place.NOWHERE, created=True, key=SecretStr(key))
    return NewKey(Place.KEYRING, created=True)


def _from_keyring() -> str | None:
    try:
        return ring.read(SERVICE, USER)
    except SecretMissingError:
        # A machine without a keyring is no error here: the store works without a key, only that it then
        # keeps no secrets and no tokens. Whoever needs one is told so by the store.
        return None


def _in_memory(url: str) -> bool:
    return url in {"sqlite://", "sqlite:///", "sqlite:///:memory:"} or "mode=memory" in url

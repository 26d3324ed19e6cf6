"""Sealing at rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from accord.errors import StateError


class Sealer(Protocol):
    """Authenticated encryption of what must not lie about in clear."""

    def seal(self, value: bytes) -> bytes:
        """The value, encrypted."""

    def unseal(self, value: bytes) -> bytes:
        """The value again.

        Raises:
            StateError: another key sealed it, or it was changed.
        """


FindSealer = Callable[[], Sealer | None]
"""Finds what seals; None where there is no key. Asked at most once, when it is needed."""


def no_sealer() -> None:
    """For a store that keeps nothing that must be sealed."""


class FernetSealer:
    """Seals with Fernet (AES-128-CBC and HMAC-SHA256, https://github.com/fernet/spec).

    Args:
        key: 32 bytes as URL-safe base64, as ``FernetSealer.new_key()`` makes them; it seals and unseals.
        older: Keys that still unseal, so that a key can be replaced.
    """

    def __init__(self, key: bytes | str, *older: bytes | str) -> None:
        from cryptography.fernet import Fernet, MultiFernet

        try:
            self._fernet = MultiFernet([Fernet(each) for each in (key, *older)])
        except ValueError:
            # The library's message is not chained: it may come to quote the key.
            raise StateError(
                "the key of the store is malformed: it must be 32 bytes as URL-safe base64",
                hint="Set the key that `accord init` printed, or make a new one for a new store.",
            ) from None

    @staticmethod
    def new_key() -> bytes:
        """A fresh key."""
        from cryptography.fernet import Fernet

        return Fernet.generate_key()

    def seal(self, value: bytes) -> bytes:
        """The value, encrypted with the newest key."""
        return self._fernet.encrypt(value)

    def unseal(self, value: bytes) -> bytes:
        """The value again; any of the keys may have sealed it."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(value)
        except InvalidToken:
            raise StateError(
                "the store holds a value that none of the present keys sealed",
                hint="Bring back the earlier key (ACCORD_KEY), or set the secret or token anew.",
            ) from None

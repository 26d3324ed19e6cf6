"""References to secrets: ``scheme:name``. The text is safe to show, it is not the secret."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from accord.errors import SetupError

FORMS: Final = "env:NAME, keyring:SERVICE/USER or store:NAME"
"""The built-in forms, for messages."""

BUILT_IN: Final = ("env", "keyring", "store")

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.ASCII)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed reference."""

    scheme: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Take a reference apart.

        Raises:
            SetupError: it has none of the forms. The text itself may be a secret and is not shown.
        """
        scheme, colon, name = text.partition(":")
        if (
            not (colon and name and _SCHEME.fullmatch(scheme))
            or name != name.strip()
            or not _fits(scheme, name)
        ):
            raise SetupError(
                "this is not a reference to a secret",
                hint=f"Write {FORMS}, and keep the value itself out of the file.",
            )
        return cls(scheme, name)

    @property
    def service_and_user(self) -> tuple[str, str]:
        """The parts of a keyring reference; the user is what follows the first slash."""
        service, _, user = self.name.partition("/")
        return service, user

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}"


def _fits(scheme: str, name: str) -> bool:
    if scheme == "env":
        return _ENV_NAME.fullmatch(name) is not None
    if scheme == "keyring":
        service, slash, user = name.partition("/")
        return bool(service and slash and user)
    # "https://user:word@host" has the shape of a reference and is none.
    return not name.startswith("//") and not any(sign.isspace() for sign in name)


def is_reference(text: str, schemes: tuple[str, ...] = BUILT_IN) -> bool:
    """Whether a text refers to a secret by one of these schemes.

    A scheme nobody knows does not make a reference: a literal such as ``abc:def`` would pass for one.
    """
    if text.partition(":")[0] not in schemes:
        return False
    try:
        Reference.parse(text)
    except SetupError:
        return False
    return True

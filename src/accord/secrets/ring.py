"""The system's keyring. The library is slow to import, so it is loaded when it is first needed."""

from __future__ import annotations

from accord.errors import SecretMissingError

_HINT = (
    "On a server without a desktop there is often no keyring: use an environment variable (env:NAME) or the "
    "encrypted store (store:NAME), or set up a backend that `keyring --list-backends` shows."
)


def read(service: str, user: str) -> str | None:
    """An entry's value, None if there is none.

    Raises:
        SecretMissingError: no keyring can be reached, or it is locked.
    """
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(service, user)
    except (KeyringError, OSError, RuntimeError) as error:
        raise _unreachable(error) from error


def write(service: str, user: str, value: str) -> None:
    """Keep a value, in place of an earlier one.

    Raises:
        SecretMissingError: no keyring can be reached, or it refuses.
    """
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(service, user, value)
    except (KeyringError, OSError, RuntimeError) as error:
        raise _unreachable(error) from error


def _unreachable(error: Exception) -> SecretMissingError:
    return SecretMissingError(
        f"the system's keyring cannot be used ({type(error).__name__})",
        hint=_HINT,
        facts={"error": type(error).__name__},
    )

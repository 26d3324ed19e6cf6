"""Credentials of a connection. Secrets are typed so that nothing prints them."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pydantic import SecretStr

    from accord.env import Env
    from accord.http.answer import Answer
    from accord.ports import Token, TokenStore


@dataclass(frozen=True, slots=True)
class Unsent:
    """The request that credentials are asked for; signatures are computed over it."""

    method: str
    url: str = field(repr=False)
    params: Mapping[str, Any] = field(repr=False)
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request carries to prove who we are.

    Attributes:
        headers: Headers to send.
        params: Query parameters to send.
        token: The token behind them, so that a refused one can be told from a newer one.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    token: Token | None = field(default=None, repr=False)


class Desk(Protocol):
    """What credentials may use of the HTTP client."""

    @property
    def env(self) -> Env:
        """Clock and randomness."""

    @property
    def connection(self) -> str:
        """The connection's name."""

    @property
    def tokens(self) -> TokenStore:
        """Where rotated tokens are kept."""

    def exchange(
        self,
        url: str,
        *,
        form: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> Answer:
        """Ask a token endpoint, without credentials of our own.

        Raises:
            AccessError: the vendor refuses.
            RetryableError: it could not be asked now; nothing else was sent.
        """


class Auth(ABC):
    """A way to prove who we are. Subclass it for a vendor's own scheme."""

    @abstractmethod
    def credentials(self, desk: Desk, request: Unsent) -> Credentials:
        """What to send with this request."""

    def renew(self, desk: Desk, refused: Credentials) -> bool:  # noqa: ARG002
        """After a 401: whether other credentials than the refused ones can now be had."""
        return False


class NoAuth(Auth):
    """For vendors, or sandboxes, that ask for nothing."""

    def credentials(self, desk: Desk, request: Unsent) -> Credentials:  # noqa: ARG002
        """Nothing."""
        return Credentials()


class ApiKey(Auth):
    """A fixed key in a header or in the query.

    Args:
        secret: The key.
        header: The header it is sent in.
        query: The query parameter it is sent in instead of a header.
        prefix: What stands before the key, such as ``"Token "``.
    """

    def __init__(
        self, secret: SecretStr, *, header: str = "X-Api-Key", query: str | None = None, prefix: str = ""
    ) -> None:
        self._secret = secret
        self._header = header
        self._query = query
        self._prefix = prefix

    def credentials(self, desk: Desk, request: Unsent) -> Credentials:  # noqa: ARG002
        """The key in its place."""
        value = self._prefix + self._secret.get_secret_value()
        if self._query is not None:
            return Credentials(params={self._query: value})
        return Credentials(headers={self._header: value})


class Bearer(ApiKey):
    """A fixed bearer token (RFC 6750)."""

    def __init__(self, secret: SecretStr) -> None:
        super().__init__(secret, header="Authorization", prefix="Bearer ")


class Basic(Auth):
    """User name and password (RFC 7617); vendors often use a key as either."""

    def __init__(self, user: str | SecretStr, secret: SecretStr | None = None) -> None:
        self._user = user
        self._secret = secret

    def credentials(self, desk: Desk, request: Unsent) -> Credentials:  # noqa: ARG002
        """The encoded pair."""
        return Credentials(headers={"Authorization": basic(self._user, self._secret)})


class Combined(Auth):
    """Several at once, such as an application key beside a token."""

    def __init__(self, *parts: Auth) -> None:
        self._parts = parts

    def credentials(self, desk: Desk, request: Unsent) -> Credentials:
        """All of them together."""
        found = [part.credentials(desk, request) for part in self._parts]
        return Credentials(
            headers={name: value for each in found for name, value in each.headers.items()},
            params={name: value for each in found for name, value in each.params.items()},
            token=next((each.token for each in found if each.token is not None), None),
        )

    def renew(self, desk: Desk, refused: Credentials) -> bool:
        """Whether any part could be renewed."""
        renewed = [part.renew(desk, refused) for part in self._parts]
        return any(renewed)


def basic(user: str | SecretStr, secret: SecretStr | None) -> str:
    """The value of an Authorization header for user and password."""
    name = user if isinstance(user, str) else user.get_secret_value()
    word = secret.get_secret_value() if secret is not None else ""
    return "Basic " + base64.b64encode(f"{name}:{word}".encode()).decode("ascii")

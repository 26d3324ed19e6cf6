"""OAuth 2 tokens: fetched, kept in the token store, renewed by one process at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

from accord.errors import AccessError
from accord.http import places
from accord.http.auth import Auth, Credentials, Desk, Unsent, basic
from accord.ports import Token

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic import SecretStr

    from accord.http.answer import Answer

_EARLY = timedelta(seconds=60)
_LONGEST = timedelta(days=366)
"""A token said to live longer is renewed after this: dates end in the year 9999."""


class FetchedToken(Auth):
    """A token that must be fetched and renewed. Subclass it and define :meth:`fetch`.

    Args:
        header: The header the token is sent in.
        scheme: The word before it, empty for none.
        slot: Tells apart several tokens of one connection.
    """

    def __init__(self, *, header: str = "Authorization", scheme: str = "Bearer", slot: str = "") -> None:
        self._header = header
        self._prefix = f"{scheme} " if scheme else ""
        self._slot = slot
        self._held: Token | None = None

    @abstractmethod
    def fetch(self, desk: Desk, newest: Token | None) -> Token:
        """Ask the vendor for a token; ``newest`` is the last one saved, whose refresh token may be needed.

        Raises:
            AccessError: the vendor refuses for good.
            RetryableError: it could not be asked now.
        """

    def credentials(self, desk: Desk, request: Unsent) -> Credentials:  # noqa: ARG002
        """The current token, renewed a minute before it expires."""
        token = self._held or desk.tokens.load(self._key(desk))
        if token is None or _expires(token, desk.env.now()):
            token = self._renewed(desk, token)
        self._held = token
        return Credentials(headers={self._header: self._prefix + token.access}, token=token)

    def renew(self, desk: Desk, refused: Credentials) -> bool:
        """Exchange the refused token, unless another thread or process has done so already."""
        fresh = self._renewed(desk, refused.token)
        self._held = fresh
        return refused.token is None or fresh.access != refused.token.access

    def _key(self, desk: Desk) -> str:
        return f"{desk.connection}/{self._slot}" if self._slot else desk.connection

    def _renewed(self, desk: Desk, stale: Token | None) -> Token:
        return desk.tokens.refresh(self._key(desk), stale, lambda newest: self._fetch(desk, newest))

    def _fetch(self, desk: Desk, newest: Token | None) -> Token:
        try:
            fresh = self.fetch(desk, newest)
        except AccessError:
            # Another process may have used the single-use refresh token a moment before us.
            saved = desk.tokens.load(self._key(desk))
            if saved is None or (newest is not None and saved.access == newest.access):
                raise
            return saved
        if fresh.refresh is None and newest is not None:
            return replace(fresh, refresh=newest.refresh)
        return fresh


class _TokenEndpoint(FetchedToken):
    """What both OAuth 2 grants share: how the token endpoint is asked and its answer read."""

    def __init__(  # noqa: PLR0913  what vendors vary
        self,
        token_url: str,
        client_id: str | SecretStr,
        client_secret: SecretStr | None,
        *,
        scope: str = "",
        extra: Mapping[str, str] | None = None,
        client_auth: Literal["body", "basic"] = "body",
        encoding: Literal["form", "json"] = "form",
        header: str = "Authorization",
        scheme: str = "Bearer",
        slot: str = "",
    ) -> None:
        super().__init__(header=header, scheme=scheme, slot=slot)
        self._token_url = token_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._extra = {**({"scope": scope} if scope else {}), **(extra or {})}
        self._client_auth = client_auth
        self._encoding = encoding

    def _grant(self, desk: Desk, grant: Mapping[str, str]) -> Token:
        fields = {**grant, **self._extra}
        headers = {}
        if self._client_auth == "basic":
            headers["Authorization"] = basic(self._client_id, self._client_secret)
        else:
            fields["client_id"] = _plain(self._client_id)
            if self._client_secret is not None:
                fields["client_secret"] = self._client_secret.get_secret_value()
        body: dict[str, Any] = {self._encoding: fields}
        return token_of(desk.exchange(self._token_url, headers=headers, **body), desk)


class OAuth2ClientCredentials(_TokenEndpoint):
    """The client credentials grant (RFC 6749, 4.4).

    Args:
        token_url: Absolute, or a path below base_url (sandboxes).
        client_id: The application's id.
        client_secret: Its secret.
        scope: Scopes to ask for, separated by spaces.
        extra: Further fields the vendor wants (``audience``, ``account_id``).
        client_auth: Whether id and secret stand in the body or in a Basic header.
        encoding: How the body is written.
        header: The header the token is sent in.
        scheme: The word before it.
        slot: Tells apart several tokens of one connection.
    """

    def fetch(self, desk: Desk, newest: Token | None) -> Token:  # noqa: ARG002
        """Ask for a new token; nothing of the old one is needed."""
        return self._grant(desk, {"grant_type": "client_credentials"})


class OAuth2Refresh(_TokenEndpoint):
    """The refresh grant (RFC 6749, 6), with refresh tokens that change at every use.

    Takes the arguments of :class:`OAuth2ClientCredentials` and the ``refresh_token`` that a person's
    consent gave first. The newest one in the token store goes before it.
    """

    def __init__(
        self,
        token_url: str,
        client_id: str | SecretStr,
        client_secret: SecretStr | None,
        refresh_token: SecretStr,
        **options: Any,
    ) -> None:
        super().__init__(token_url, client_id, client_secret, **options)
        self._first = refresh_token

    def fetch(self, desk: Desk, newest: Token | None) -> Token:
        """Exchange the newest refresh token; if it is refused and a person gave a new one, that one.

        The one that all began with is not tried again: it was used, and some vendors end every token of a
        connection when a used one comes again (RFC 9700, 4.14.2).
        """
        first = self._first.get_secret_value()
        origin = blake2b(first.encode(), digest_size=8).hexdigest()
        if newest is None or not newest.refresh:
            return self._refresh(desk, first, origin)
        try:
            return self._refresh(desk, newest.refresh, newest.origin)
        except AccessError:
            if origin == newest.origin:
                raise
            return self._refresh(desk, first, origin)

    def _refresh(self, desk: Desk, refresh: str, origin: str) -> Token:
        token = self._grant(desk, {"grant_type": "refresh_token", "refresh_token": refresh})
        return replace(token, refresh=token.refresh or refresh, origin=origin)


def token_of(answer: Answer, desk: Desk) -> Token:
    """The token of a token endpoint's answer (RFC 6749, 5.1); ``expires_in`` may be ``"900s"``.

    Raises:
        AccessError: the answer has no access token.
    """
    body = answer.json()
    access = places.at(body, "access_token") or places.at(body, "accessToken")
    if not isinstance(access, str):
        raise AccessError(
            f"Connection {desk.connection!r}: the token endpoint answered without a token",
            hint="Check the application's credentials and grant, then run `accord check`.",
            facts=answer.facts,
        )
    refresh = places.at(body, "refresh_token") or places.at(body, "refreshToken")
    lasts = _lifetime(str(places.at(body, "expires_in") or places.at(body, "expiresIn") or ""))
    expires_at = None if lasts is None else desk.env.now() + lasts
    return Token(access, refresh if isinstance(refresh, str) else None, expires_at)


def _lifetime(text: str) -> timedelta | None:
    """How long a token lives; None when it was not told, or nonsense."""
    seconds = text.removesuffix("s")
    if not (seconds.isascii() and seconds.replace(".", "", 1).isdigit()):
        return None
    return timedelta(seconds=min(float(seconds), _LONGEST.total_seconds()))


def _expires(token: Token, now: datetime) -> bool:
    return token.expires_at is not None and token.expires_at - _EARLY <= now


def _plain(value: str | SecretStr) -> str:
    return value if isinstance(value, str) else value.get_secret_value()

"""One request and its answer: credentials, redirects, lost connections. No repetition but after a 401."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from accord.errors import (
    AccessError,
    AnswerShapeError,
    ConfigError,
    OutcomeUnknownError,
    RecordRejectedError,
    RetryableError,
    VendorError,
)
from accord.http.answer import Answer
from accord.http.auth import Credentials, Unsent
from accord.http.faults import ErrorTable
from accord.http.hosts import Origin
from accord.http.redaction import path_template

if TYPE_CHECKING:
    import httpx

    from accord.env import Env
    from accord.http.auth import Auth
    from accord.http.hosts import Pinned
    from accord.http.wire import Wire
    from accord.ports import TokenStore

_log = logging.getLogger("accord.http")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_UNAUTHORIZED = 401
_SENDABLE = re.compile(r"[\t\x20-\x7e]*")
"""The characters of header values (RFC 9110, 5.5), without the obsolete ones above ASCII."""

# A context variable, unlike a thread local, also keeps simulated threads (greenlets) apart.
_due: ContextVar[tuple[Exchange, float] | None] = ContextVar("accord_http_due", default=None)


@dataclass(frozen=True, slots=True)
class Order:
    """A request as the client wants it sent, before credentials."""

    method: str
    url: httpx.URL = field(repr=False)
    operation: str
    safe: bool
    params: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None = field(default=None, repr=False)
    bare: bool = False

    def with_body(
        self, *, json: Any = None, form: Mapping[str, Any] | None = None, content: bytes | None = None
    ) -> Order:
        """The order with its body written out."""
        if json is not None:
            return self._with("application/json", orjson.dumps(json, option=orjson.OPT_NON_STR_KEYS))
        if form is not None:
            from accord.http.wire import encode_form

            return self._with("application/x-www-form-urlencoded", encode_form(form))
        return self if content is None else replace(self, content=content)

    def _with(self, content_type: str, content: bytes) -> Order:
        named = any(name.lower() == "content-type" for name in self.headers)
        headers = self.headers if named else {**self.headers, "Content-Type": content_type}
        return replace(self, content=content, headers=headers)


class Exchange:
    """Sends orders of one connection and names what went wrong. A :class:`accord.http.auth.Desk`."""

    def __init__(
        self,
        *,
        env: Env,
        connection: str,
        tokens: TokenStore,
        auth: Auth,
        pinned: Pinned,
        headers: Mapping[str, str],
        transport: httpx.BaseTransport | None,
        timeout: float,
    ) -> None:
        from accord.http.wire import Wire

        self.env = env
        self.connection = connection
        self.tokens = tokens
        self.pinned = pinned
        self._auth = auth
        self._headers = headers
        self._wire: Wire = Wire(transport, timeout, env.monotonic)

    def prepare(self) -> None:
        """Have credentials at hand that will not expire at once."""
        self._auth.credentials(self, Unsent("GET", str(self.pinned.base), {}))

    def begin_within(self, seconds: float) -> None:
        """The next write of this thread begins within so many seconds, or not at all."""
        _due.set((self, self.env.monotonic() + seconds))

    def close(self) -> None:
        """Close the sockets."""
        self._wire.close()

    def send(self, order: Order) -> Answer:
        """Send with credentials; after a 401 renew them and send once more.

        A 401 means that nothing was applied, so that this holds for writes too.

        Raises:
            RetryableError: nothing reached the vendor, or it took nothing.
            OutcomeUnknownError: a write that may have been applied.
            AccessError: a certificate is not trusted, or the token endpoint refuses us.
            AnswerShapeError: a redirect leads astray, or the answer is too large.
        """
        due = None if order.safe else self._due()
        credentials = self._credentials(order)
        self._insist(order, due)
        answer = self._follow(order, credentials)
        if answer.status == _UNAUTHORIZED and not order.bare and self._auth.renew(self, credentials):
            credentials = self._credentials(order)
            self._insist(order, due)
            answer = self._follow(order, credentials)
        return answer

    def _due(self) -> float | None:
        """When the write that is about to be sent is due; only the first of an operation is."""
        due = _due.get()
        if due is None or due[0] is not self:
            return None
        _due.set(None)
        return due[1]

    def _insist(self, order: Order, due: float | None) -> None:
        """A write that waited too long for a budget or for credentials is decided anew."""
        if due is not None and self.env.monotonic() > due:
            raise RetryableError(
                f"Connection {self.connection!r}: {order.operation} could not begin in time",
                hint="Nothing was applied. Accord decides anew and tries again.",
                facts={"connection": self.connection, "operation": order.operation},
            )

    def exchange(
        self,
        url: str,
        *,
        form: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> Answer:
        """Ask a token endpoint; see :class:`accord.http.auth.Desk`."""
        address = self._token_address(url)
        operation = f"{method} {path_template(str(address))}"
        order = Order(method, address, operation, safe=True, params={}, headers=headers or {}, bare=True)
        answer = self._once(order.with_body(json=json, form=form), Credentials())
        error = ErrorTable(code=("error",)).judge(answer, self.env.now())
        if isinstance(error, RecordRejectedError):
            raise AccessError(
                str(error),
                hint="The token endpoint refuses the grant: check the application, then connect it again.",
                facts=error.facts,
            )
        if error is not None:
            raise error
        return answer

    def _token_address(self, url: str) -> httpx.URL:
        """Declared by the connector, hence any https host; plain http only beside a base_url of http."""
        import httpx

        if url.startswith("/"):
            return self.pinned.url(url)
        address = httpx.URL(url)
        if address.scheme == "https" or (address.scheme == self.pinned.home.scheme == "http"):
            return address
        raise ConfigError(
            f"Connection {self.connection!r}: the token address is not https",
            hint="Correct the token address in the connector or its settings.",
            facts={"connection": self.connection},
        )

    def _credentials(self, order: Order) -> Credentials:
        if order.bare:
            return Credentials()
        request = Unsent(order.method, str(order.url), order.params, order.content)
        credentials = self._auth.credentials(self, request)
        if not all(_SENDABLE.fullmatch(value) for value in credentials.headers.values()):
            raise AccessError(
                f"Connection {self.connection!r}: a credential holds a character that no header may hold; "
                "nothing was sent",
                hint="Give the secret again: without line ends, and as the vendor shows it.",
                facts={"connection": self.connection, "operation": order.operation},
            )
        return credentials

    def _follow(self, order: Order, credentials: Credentials) -> Answer:
        answer = self._once(order, credentials)
        for _ in range(_MOST_REDIRECTS):
            if answer.status not in _REDIRECTS or order.method not in ("GET", "HEAD"):
                return answer
            target = self.pinned.follow(answer.headers.get("location", ""), order.url)
            if Origin.of(target) != Origin.of(order.url):
                credentials = Credentials()  # what was meant for one host is not shown to another
            order = replace(order, url=target, params={})
            answer = self._once(order, credentials)
        raise AnswerShapeError(
            f"Connection {self.connection!r}: {order.operation} was redirected too often",
            hint="Check base_url.",
            facts=answer.facts,
        )

    def _once(self, order: Order, credentials: Credentials) -> Answer:
        from accord.http import wire

        outgoing = wire.Outgoing(
            order.method,
            _with_query(order.url, {**order.params, **credentials.params}),
            {**self._headers, **order.headers, **credentials.headers},
            order.content,
        )
        started = self.env.monotonic()
        try:
            incoming = self._wire.send(outgoing)
        except (wire.NotSentError, wire.UntrustedError, wire.LostError, wire.TooLargeError) as error:
            raise self._failed(order, error) from None
        answer = Answer(
            status=incoming.status,
            headers=incoming.headers,
            content=incoming.content,
            url=str(order.url),
            operation=order.operation,
            connection=self.connection,
            safe=order.safe,
        )
        self._note(answer, started)
        return answer

    def _note(self, answer: Answer, started: float) -> None:
        if _log.isEnabledFor(logging.DEBUG):
            ms = (self.env.monotonic() - started) * 1000
            _log.debug(
                "%s %s -> %d in %.0f ms %s",
                self.connection,
                answer.operation,
                answer.status,
                ms,
                answer.request_id,
                extra={"accord": {**answer.facts, "ms": round(ms)}},
            )

    def _failed(self, order: Order, error: Exception) -> VendorError:
        from accord.http import wire

        facts = {"connection": self.connection, "operation": order.operation, "cause": str(error)}
        what = f"Connection {self.connection!r}: {order.operation}"
        if isinstance(error, wire.UntrustedError):
            hint = "Install the certificate authority that signed it; verification cannot be switched off."
            return AccessError(f"{what} met a certificate that is not trusted", hint=hint, facts=facts)
        if isinstance(error, wire.NotSentError):
            hint = "Nothing was sent. Check the network and base_url; Accord tries again later."
            return RetryableError(f"{what} could not reach the vendor ({error})", hint=hint, facts=facts)
        if not order.safe:
            hint = "The write may have been applied: the next run looks before it writes again."
            return OutcomeUnknownError(f"{what} got no whole answer ({error})", hint=hint, facts=facts)
        if isinstance(error, wire.TooLargeError):
            hint = "Ask for smaller pages."
            return AnswerShapeError(f"{what} was answered with more than 64 MB", hint=hint, facts=facts)
        return RetryableError(
            f"{what} got no whole answer ({error})", hint="Accord tries again.", facts=facts
        )


def _with_query(url: httpx.URL, params: Mapping[str, Any]) -> httpx.URL:
    """The address with these parameters beside those it has; ours replace those of the same name."""
    given = {name: _text(value) for name, value in params.items() if value is not None}
    return url.copy_merge_params(given) if given else url


def _text(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_text(each) for each in value]
    return value if isinstance(value, (str, int, float, bool)) else str(value)

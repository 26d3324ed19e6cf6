"""The HTTP client of one connection: everything between a connector's call and the socket."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Protocol, Self

from accord.errors import RateLimitedError, VendorError
from accord.http import graphql
from accord.http.answer import Answer
from accord.http.exchange import Exchange, Order
from accord.http.faults import ErrorTable
from accord.http.hosts import Pinned
from accord.http.limits import RateLimit, quotas
from accord.http.purse import Purse
from accord.http.redaction import path_template
from accord.http.retry import RetryPolicy, repeat

if TYPE_CHECKING:
    from accord.env import Env
    from accord.http.auth import Auth
    from accord.ports import BudgetStore, TokenStore

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BLOCK_SECONDS = 1.0


class Context(Protocol):
    """What the client needs of its surroundings; :class:`accord.connector.Context` is one."""

    @property
    def env(self) -> Env:
        """Clock, sleep, randomness, transports."""

    @property
    def connection(self) -> str:
        """The connection's name."""

    @property
    def budget(self) -> BudgetStore:
        """Rate budgets shared by all runs."""

    @property
    def tokens(self) -> TokenStore:
        """Rotated tokens."""


class Http:
    """A synchronous, thread-safe client for one connection.

    Safe requests (GET, HEAD, or ``safe=True``) are repeated inside until they succeed or the retry policy
    is spent. Writes are sent at most once; their errors say whether they may have been applied.

    Args:
        base_url: Where the API lives; paths are appended to it.
        context: The engine's surroundings.
        auth: How we prove who we are.
        limits: The vendor's published rate limits.
        headers: Sent with every request.
        hosts: Further hosts of the vendor that links may lead to; they get the credentials too.
        timeout: Seconds to wait for each part of an answer.
        errors: Where the vendor's statuses mean something else than usual.
        retry: How safe requests are repeated.
        idempotency_header: The header that ``idempotency_key`` is sent in.

    Raises:
        ConfigError: base_url is not a plain http(s) address.
    """

    def __init__(  # noqa: PLR0913  every one is an independent fact about the vendor
        self,
        base_url: str,
        *,
        context: Context,
        auth: Auth,
        limits: Sequence[RateLimit] = (),
        headers: Mapping[str, str] | None = None,
        hosts: Sequence[str] = (),
        timeout: float = 30.0,
        errors: ErrorTable | None = None,
        retry: RetryPolicy | None = None,
        idempotency_header: str = "Idempotency-Key",
    ) -> None:
        self.env = context.env
        self.connection = context.connection
        self.tokens = context.tokens
        self.errors = errors or ErrorTable()
        self._base_url = str(base_url)
        self._hosts = hosts
        self._headers = {
            "User-Agent": f"accord/{_version()}",
            "Accept": "application/json",
            **(headers or {}),
        }
        self._auth = auth
        self._timeout = timeout
        self._retry = retry or RetryPolicy()
        self._idempotency_header = idempotency_header
        self._purse = Purse(context.env, context.budget, context.connection, limits)

    def get(self, path_or_url: str, **options: Any) -> Answer:
        """``request("GET", ...)``."""
        return self.request("GET", path_or_url, **options)

    def post(self, path_or_url: str, **options: Any) -> Answer:
        """``request("POST", ...)``."""
        return self.request("POST", path_or_url, **options)

    def put(self, path_or_url: str, **options: Any) -> Answer:
        """``request("PUT", ...)``."""
        return self.request("PUT", path_or_url, **options)

    def patch(self, path_or_url: str, **options: Any) -> Answer:
        """``request("PATCH", ...)``."""
        return self.request("PATCH", path_or_url, **options)

    def delete(self, path_or_url: str, **options: Any) -> Answer:
        """``request("DELETE", ...)``."""
        return self.request("DELETE", path_or_url, **options)

    def request(  # noqa: PLR0913  the one door, and each option stands alone
        self,
        method: str,
        path_or_url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        safe: bool | None = None,
        cost: float = 1.0,
        idempotency_key: str | None = None,
        limit_class: str = "default",
        template: str = "",
        accept: Collection[int] = (),
        bare: bool = False,
    ) -> Answer:
        """Send a request and return the vendor's answer.

        Args:
            method: The HTTP method.
            path_or_url: A path below base_url, or an absolute address of a pinned host.
            params: Query parameters; None values are left out, lists repeat their name.
            json: The body, written as JSON.
            form: The body, written as a form.
            content: The body as bytes (its Content-Type among ``headers``).
            headers: Sent besides the client's own.
            safe: Whether it may be repeated; None = by the method.
            cost: What it costs of the rate budget.
            idempotency_key: Sent in the vendor's idempotency header.
            limit_class: Which rate limits count it.
            template: Its path with placeholders, for messages and logs.
            accept: Statuses that are returned instead of raised.
            bare: Send it without credentials (signed download links).

        Raises:
            RetryableError: it was not applied and may be tried again (RateLimitedError: told to wait).
            OutcomeUnknownError: a write that may have been applied.
            AccessError: credentials or scopes are refused.
            RecordRejectedError: the vendor refuses it as it is; ``facts["status"]`` and ``["code"]``.
            AnswerShapeError: the answer or a link is not what the vendor documents.
        """
        order = Order(
            method=method.upper(),
            url=self._exchange.pinned.url(path_or_url),
            operation=f"{method.upper()} {template or path_template(path_or_url)}",
            safe=method.upper() in _SAFE if safe is None else safe,
            params=dict(params or {}),
            headers={**(headers or {}), **self._idempotency(idempotency_key)},
            bare=bare,
        ).with_body(json=json, form=form, content=content)
        return self._perform(order, limit_class, cost, lambda answer: self._usual(answer, accept))

    def graphql(
        self,
        path: str,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        safe: bool | None = None,
        cost: float = 1.0,
        limit_class: str = "default",
    ) -> dict[str, Any]:
        """Run a GraphQL document and return its ``data``; ``userErrors`` in it are the caller's.

        Raises:
            VendorError: as :meth:`request`; the errors of the answer are mapped by their code.
        """
        answer = self.graphql_answer(path, query, variables, safe=safe, cost=cost, limit_class=limit_class)
        data: dict[str, Any] = answer.json()["data"]
        return data

    def graphql_answer(
        self,
        path: str,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        safe: bool | None = None,
        cost: float = 1.0,
        limit_class: str = "default",
    ) -> Answer:
        """As :meth:`graphql`, with the whole answer: its ``cost`` says what the vendor charged."""
        order = Order(
            method="POST",
            url=self._exchange.pinned.url(path),
            operation=graphql.operation(path, query),
            safe=graphql.is_query(query) if safe is None else safe,
            params={},
            headers={},
        ).with_body(json={"query": query, "variables": dict(variables or {})})

        def judge(answer: Answer) -> VendorError | None:
            error = self._usual(answer, ()) or graphql.judge(answer)
            self._purse.learn(limit_class, graphql.quotas(answer))
            return error

        answer = self._perform(order, limit_class, cost, judge)
        self._purse.refund(limit_class, graphql.overcharge(answer, cost))
        return answer

    def poll(
        self,
        path_or_url: str,
        *,
        done: Callable[[Answer], bool],
        every: float = 2.0,
        deadline: float = 600.0,
        **options: Any,
    ) -> Answer | None:
        """Ask again every so many seconds until the answer is the wanted one; None = never in time."""
        started = self.env.monotonic()
        while True:
            answer = self.get(path_or_url, **options)
            if done(answer):
                return answer
            if self.env.monotonic() - started + every > deadline:
                return None
            self.env.sleep(every)

    def ready(self, n: int = 1, *, limit_class: str = "default", cost: float = 1.0) -> None:
        """Wait now for what the next ``n`` requests of this thread would wait for.

        The engine calls it before it marks an intent as sent, so that nothing waits between the mark and the
        socket: a token about to expire is renewed, and the rate budget grants the calls.

        Raises:
            RateLimitedError: the budget is spent for long.
            AccessError: the credentials are refused.
        """
        self._exchange.prepare()
        self._purse.ready(n, limit_class, cost)

    def begin_within(self, seconds: float) -> None:
        """The next write of this thread begins within so many seconds, or raises RetryableError unsent.

        The engine says so after it has marked an intent as sent: what that rests on holds for so long.
        """
        self._exchange.begin_within(seconds)

    def urgent(self) -> AbstractContextManager[None]:
        """Within, requests may spend what is kept for interactive calls and withdrawals."""
        return self._purse.urgent()

    def close(self) -> None:
        """Close the sockets; a later request would open new ones."""
        exchange = self.__dict__.pop("_exchange", None)
        if exchange is not None:
            exchange.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def _exchange(self) -> Exchange:
        # Made at the first request, so that opening a connection loads no HTTP library.
        pinned = Pinned(self._base_url, self._hosts, connection=self.connection)
        return Exchange(
            env=self.env,
            connection=self.connection,
            tokens=self.tokens,
            auth=self._auth,
            pinned=pinned,
            headers=self._headers,
            transport=self.env.transport(self._base_url),
            timeout=self._timeout,
        )

    def _idempotency(self, key: str | None) -> dict[str, str]:
        return {} if key is None else {self._idempotency_header: key}

    def _usual(self, answer: Answer, accept: Collection[int]) -> VendorError | None:
        return None if answer.status in accept else self.errors.judge(answer, self.env.now())

    def _perform(
        self, order: Order, limit_class: str, cost: float, judge: Callable[[Answer], VendorError | None]
    ) -> Answer:
        def once() -> Answer:
            self._purse.acquire(limit_class, cost)
            answer = self._exchange.send(order)
            if order.safe and answer.torn:  # cut off on its way, perhaps: worth a second look
                self._purse.acquire(limit_class, cost)
                answer = self._exchange.send(order)
            return self._judged(answer, limit_class, judge)

        return repeat(self.env, self._retry, once) if order.safe else once()

    def _judged(
        self, answer: Answer, limit_class: str, judge: Callable[[Answer], VendorError | None]
    ) -> Answer:
        clock = answer.server_time or self.env.now()
        self._purse.learn(limit_class, quotas(answer.headers, clock))
        error = judge(answer)
        if error is None and answer.markup:
            # Also where nobody will look into the body: a write that "succeeded" so never reached the vendor.
            error = answer.malformed("a page of markup")
        if isinstance(error, RateLimitedError):
            self._purse.block(limit_class, _BLOCK_SECONDS if error.retry_after is None else error.retry_after)
        if error is not None:
            raise error
        return answer


def _version() -> str:
    try:
        return version("accord")
    except PackageNotFoundError:
        return "0"

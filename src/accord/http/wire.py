"""The socket side: one httpx client per connection, one TLS context per process.

This module and :mod:`accord.http.hosts` are all of Accord that touches httpx. It is loaded with the first
request only.
"""

from __future__ import annotations

import logging
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlencode

# httpx loads its command line (click, rich, pygments) where these are installed: 100 ms and 8 MB for nothing.
# None stands for a module that cannot be imported: https://docs.python.org/3/library/sys.html#sys.modules
_unneeded = "httpx" not in sys.modules and sys.modules.setdefault("httpx._main", None) is None  # type: ignore[arg-type]
import httpx  # noqa: E402

if _unneeded:
    sys.modules.pop("httpx._main", None)

# httpx logs whole addresses at INFO and httpcore headers at DEBUG: ids, addresses and tokens.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

MAX_BYTES = 64 * 1024 * 1024
_NOTHING = httpx.ByteStream(b"")
_CONNECT_SECONDS = 10.0
_PARTS = 10
"""An answer may take so many times the limit of one part: who sends a byte now and then holds up no run."""
_PACKINGS = ("gzip", "deflate")
_UNPACKED = frozenset({"br", "compress", "gzip", "deflate", "x-gzip", "zstd"})
_CONNECTIONS = 32
_DEEPEST_CAUSE = 8


class NotSentError(Exception):
    """The request certainly never reached the vendor."""


class UntrustedError(Exception):
    """The vendor's certificate is not trusted; nothing was sent."""


class LostError(Exception):
    """The request may have reached the vendor; no whole answer came back."""


class TooLargeError(Exception):
    """The answer is larger than :data:`MAX_BYTES`."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request ready to be sent."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """What came back."""

    status: int
    headers: httpx.Headers
    content: bytes


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """The TLS context of this process: loading the certificates costs 60 ms, so it is done once."""
    return httpx.create_ssl_context()


class Wire:
    """Sends requests and turns httpx's exceptions into what they mean for the request. Thread-safe.

    Args:
        transport: From :meth:`accord.env.Env.transport`; None means the network.
        timeout: Seconds to wait for each part of an answer, and a tenth of what its body may take.
        monotonic: The clock.
    """

    def __init__(
        self, transport: httpx.BaseTransport | None, timeout: float, monotonic: Callable[[], float]
    ) -> None:
        self._transport = transport
        self._timeout = timeout
        self._monotonic = monotonic

    @cached_property
    def _secure(self) -> httpx.Client:
        return self._client(tls() if self._transport is None else _unarmed())

    @cached_property
    def _plain(self) -> httpx.Client:
        return self._client(_unarmed())

    def _client(self, context: ssl.SSLContext) -> httpx.Client:
        client = httpx.Client(
            transport=self._transport,
            verify=context,
            timeout=httpx.Timeout(self._timeout, connect=min(self._timeout, _CONNECT_SECONDS)),
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
            follow_redirects=False,
        )
        client.headers = httpx.Headers({"Accept-Encoding": ", ".join(_PACKINGS)})
        return client

    def send(self, request: Outgoing) -> Incoming:
        """Send once and read the whole answer.

        Raises:
            NotSentError: no connection could be made.
            UntrustedError: the certificate is not trusted.
            LostError: the connection broke or timed out after sending had begun.
            TooLargeError: the answer exceeds the cap.
        """
        client = self._secure if request.url.scheme == "https" else self._plain
        built = client.build_request(
            request.method, request.url, headers=dict(request.headers), content=request.content
        )
        try:
            answer = client.send(built, stream=True)
            try:
                return Incoming(answer.status_code, answer.headers, self._read(answer))
            finally:
                answer.close()
                # A response and its stream know each other: the body that was sent would stay until the
                # cycle collector comes.
                answer.stream = _NOTHING
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise _unsent(error) from None
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            raise NotSentError(type(error).__name__) from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            # httpx's text may quote the address; its class says enough.
            raise LostError(type(error).__name__) from None

    def _read(self, answer: httpx.Response) -> bytes:
        _check_packing(answer.headers.get("content-encoding", ""))
        if int(_digits(answer.headers.get("content-length", "")) or 0) > MAX_BYTES:
            raise TooLargeError
        parts: list[bytes] = []
        size, end = 0, self._monotonic() + _PARTS * self._timeout
        for part in answer.iter_bytes():
            size += len(part)
            if size > MAX_BYTES:
                raise TooLargeError
            if self._monotonic() > end:
                raise LostError("ReadTimeout")
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Close the sockets."""
        for name in ("_secure", "_plain"):
            client = self.__dict__.pop(name, None)
            if client is not None:
                client.close()


def _check_packing(told: str) -> None:
    """Refuse what we did not ask for: packed twice, or by a denser method, a few bytes fill the memory."""
    packings = [name for name in told.lower().replace(" ", "").split(",") if name in _UNPACKED]
    if len(packings) > 1 or not {*_PACKINGS, "x-gzip"}.issuperset(packings):
        raise LostError("DecodingError")


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdigit() else ""


def _unsent(error: Exception) -> Exception:
    seen: BaseException | None = error
    for _ in range(_DEEPEST_CAUSE):
        if isinstance(seen, ssl.SSLCertVerificationError):
            return UntrustedError(type(error).__name__)
        seen = None if seen is None else seen.__cause__ or seen.__context__
    return NotSentError(type(error).__name__)


def _unarmed() -> ssl.SSLContext:
    """Verifies, but trusts nobody: plain http needs no certificates, a TLS handshake would fail."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def encode_form(form: Mapping[str, Any]) -> bytes:
    """A form body: lists of plain values repeat their name, objects write ``name[key]``."""
    return urlencode(list(_pairs("", form))).encode()


def _pairs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _pairs(f"{name}[{key}]" if name else str(key), inner)
    elif isinstance(value, (list, tuple)):
        for place, inner in enumerate(value):
            nested = isinstance(inner, (Mapping, list, tuple))
            yield from _pairs(f"{name}[{place}]" if nested else name, inner)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    elif value is not None:
        yield name, str(value)

"""Host pinning: links that a vendor hands us may only lead to that vendor.

A next-link is data. Whoever can put an address into it could otherwise make us send our credentials to
any machine, or read from our own network.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accord.errors import AnswerShapeError, ConfigError, RecordRejectedError

if TYPE_CHECKING:
    import httpx

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:|[/\\]{2}")
_CLIMBS = re.compile(r"(^|[/\\])(\.|%2e){1,2}([/\\]|$)", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ufeff]")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what must be equal before we send anything there."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def of(cls, url: httpx.URL) -> Origin:
        """The origin of an address; the port is always a number for http and https."""
        return cls(url.scheme, url.host, url.port or _PORTS.get(url.scheme))


class Pinned:
    """The addresses that one connection may call.

    Args:
        base_url: Where the API lives; paths are appended to it.
        hosts: Further hosts of the same vendor: ``files.example.com``, ``*.example.com`` (its subdomains)
            or ``http://127.0.0.1:9000`` (only beside a base_url that is http itself).
        connection: The connection's name, for messages.

    Raises:
        ConfigError: base_url or an entry of hosts is not a plain http(s) address.
    """

    def __init__(self, base_url: str, hosts: Sequence[str] = (), *, connection: str = "") -> None:
        self.connection = connection
        self.base = self._configured(base_url)
        self.home = Origin.of(self.base)
        self._exact: set[Origin] = {self.home}
        self._below: list[str] = []
        for host in hosts:
            self._allow(host)

    def _configured(self, text: str) -> httpx.URL:
        import httpx

        try:
            url = httpx.URL(text)
        except (httpx.InvalidURL, TypeError, ValueError):
            url = httpx.URL("")
        if url.scheme not in _PORTS or not url.host or url.userinfo or url.query or url.fragment:
            raise ConfigError(
                f"Connection {self.connection!r} has an unusable base_url",
                hint="Expected https://host[/path] without user, query or fragment.",
                facts={"connection": self.connection, "key": "base_url"},
            )
        return url

    def _allow(self, entry: str) -> None:
        if entry.startswith("*."):
            self._below.append(entry[1:].lower())
            return
        url = self._configured(entry if "://" in entry else f"https://{entry}")
        if url.scheme == "https" or self.home.scheme == "http":
            self._exact.add(Origin.of(url))

    def url(self, path_or_url: str) -> httpx.URL:
        """The full address of a path below base_url, or a pinned absolute address.

        Raises:
            AnswerShapeError: the address leads to another host, or is not an address.
            RecordRejectedError: the path climbs (``..``): with such an id it would name another object.
        """
        if _ABSOLUTE.match(path_or_url):
            return self._pinned(path_or_url, self.base)
        if _CLIMBS.search(re.split(r"[?#]", path_or_url, maxsplit=1)[0]):
            raise RecordRejectedError(
                f"Connection {self.connection!r}: a path holds '..' where an id belongs; nothing was sent",
                hint="Correct the record's id. In a connector, write ids with accord.http.segment.",
                facts={"connection": self.connection},
            )
        below = self.base.path.rstrip("/") + "/" + path_or_url.lstrip("/")
        return self._pinned(below, self.base)

    def follow(self, link: str, origin: httpx.URL) -> httpx.URL:
        """The address that a link of an answer leads to, relative to the address that was asked.

        Raises:
            AnswerShapeError: as for :meth:`url`.
        """
        return self._pinned(link, origin)

    def _pinned(self, text: str, start: httpx.URL) -> httpx.URL:
        import httpx

        if not text or _UNSAFE.search(text):
            raise self._refused("an address with forbidden characters", "")
        try:
            # The check reads the very object that is sent, so no second parser can disagree with it.
            url = start.join(text)
            hostless = _ABSOLUTE.match(text) is not None and not httpx.URL(text).host
        except (httpx.InvalidURL, ValueError) as error:
            raise self._refused("an unreadable address", "") from error
        if hostless:
            raise self._refused("an address without a host", "")
        if url.userinfo:
            raise self._refused("an address with a user name in it", url.host)
        if not self._belongs(Origin.of(url), downgraded=start.scheme == "https" and url.scheme != "https"):
            raise self._refused("an address of another host", url.host)
        return url.copy_with(fragment=None)

    def _belongs(self, origin: Origin, *, downgraded: bool) -> bool:
        if downgraded or origin.scheme not in _PORTS:
            return False
        if origin in self._exact or self._is_upgrade(origin):
            return True
        below = any(origin.host.endswith(end) and len(origin.host) > len(end) for end in self._below)
        return below and origin.scheme == "https" and origin.port == _PORTS["https"]

    def _is_upgrade(self, origin: Origin) -> bool:
        """From http on its default port to https on its own: the one change of scheme that is safe."""
        return self.home == Origin("http", origin.host, 80) and origin == Origin("https", origin.host, 443)

    def _refused(self, what: str, host: str) -> AnswerShapeError:
        shown = f" ({host[:100]})" if host else ""
        return AnswerShapeError(
            f"Connection {self.connection!r} was led to {what}{shown}; nothing was sent there",
            hint="If the vendor really serves this host, the connector must name it in hosts.",
            facts={"connection": self.connection, "foreign_host": host[:100]},
        )

"""Requests and answers as plain values, so that a sandbox works with and without a socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(slots=True)
class Request:
    """One HTTP request as a handler sees it.

    Attributes:
        method: Upper-case verb.
        path: Decoded path without the query.
        query: Every value of every query parameter.
        headers: Names in lower case.
        body: As received.
        params: The ``{names}`` of the route, filled in by the router.
        fault: The fault drawn for this request, '' for none (page faults are applied by the handler).
        reads: Whether the route only reads, whatever its verb.
    """

    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    params: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    reads: bool = False

    @classmethod
    def to(
        cls,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Request:
        """A request for a path with its query, as the request line has them (still percent-encoded)."""
        from urllib.parse import unquote

        parts = urlsplit(target)
        query = parse_qs(parts.query, keep_blank_values=True)
        lower = {name.lower(): value for name, value in (headers or {}).items()}
        return cls(method.upper(), unquote(parts.path), query, lower, body)

    def argument(self, name: str, default: str = "") -> str:
        """The last value of a query parameter."""
        values = self.query.get(name)
        return values[-1] if values else default

    def arguments(self, name: str) -> list[str]:
        """Every value of a query parameter, repeated or separated by commas."""
        return [part for value in self.query.get(name, ()) for part in value.split(",") if part]

    def instant(self, name: str) -> datetime | None:
        """The instant in a query parameter, None when it is absent.

        Raises:
            ValueError: it is no date and time of ISO 8601 with an offset.
        """
        text = self.argument(name)
        if not text:
            return None
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise ValueError(f"{name} has no offset")
        return found

    def header(self, name: str) -> str:
        """A header's value, '' when it is absent."""
        return self.headers.get(name.lower(), "")

    def json(self) -> Any:
        """The decoded body; None when it is empty.

        Raises:
            ValueError: the body is not JSON.
        """
        return json.loads(self.body) if self.body else None

    def form(self) -> dict[str, str]:
        """The fields of a form-encoded body."""
        text = self.body.decode("utf-8", "replace")
        return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}

    @property
    def bearer(self) -> str:
        """The token of an ``Authorization: Bearer`` header, '' when there is none."""
        scheme, _, token = self.header("authorization").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


@dataclass(slots=True)
class Response:
    """One HTTP answer. ``cut`` ends the body after so many bytes and closes the connection."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None

    @classmethod
    def json(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """An answer with a JSON body."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(status, {"Content-Type": "application/json;charset=utf-8", **(headers or {})}, body)

    @classmethod
    def text(cls, value: str, status: int = 200, kind: str = "text/plain;charset=utf-8") -> Response:
        """An answer with a text body of the given content type."""
        return cls(status, {"Content-Type": kind}, value.encode())

    @classmethod
    def empty(cls, status: int = 204) -> Response:
        """An answer without a body."""
        return cls(status)

    def value(self) -> Any:
        """The decoded JSON body, None when it is empty."""
        return json.loads(self.body) if self.body else None


class Refused(Exception):  # noqa: N818  it is an answer, not a failure
    """Raised by a handler to answer with a refusal at once."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"refused with status {response.status}")
        self.response = response


class ConnectionLost(Exception):  # noqa: N818  what the client will see, not a failure here
    """The connection closes without an answer."""

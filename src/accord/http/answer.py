"""A vendor's answer, read lazily and shown nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from accord.errors import AnswerShapeError, OutcomeUnknownError, VendorError
from accord.http.redaction import short_code

_REQUEST_IDS = (
    "x-request-id",
    "request-id",
    "x-hubspot-correlation-id",
    "x-correlation-id",
    "x-amzn-requestid",
    "x-fb-trace-id",
    "x-ms-request-id",
    "cf-ray",
)
_UNREAD = object()


@dataclass(slots=True)
class Answer:
    """One answer of a vendor.

    Attributes:
        status: The HTTP status.
        headers: The headers, asked for in any case.
        content: The body as bytes, decompressed.
        url: The address that answered (after redirects).
        operation: ``"GET /contacts/{key}"``, for messages.
        connection: The connection's name, for messages.
        safe: Whether the request could be repeated; a write whose answer cannot be read may have
            been applied.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    url: str = field(default="", repr=False)
    operation: str = ""
    connection: str = ""
    safe: bool = True
    _body: Any = field(default=_UNREAD, repr=False)

    @property
    def text(self) -> str:
        """The body as text, in the charset that Content-Type names, else UTF-8; never raises."""
        charset = self.headers.get("content-type", "").lower().partition("charset=")[2].split(";")[0]
        try:
            return self.content.decode(charset.strip(" \"'") or "utf-8", errors="replace")
        except (LookupError, ValueError):  # a codec of its own rules, such as idna
            return self.content.decode("utf-8", errors="replace")

    @property
    def says_json(self) -> bool:
        """Whether the vendor calls the body JSON."""
        return "json" in self.headers.get("content-type", "").lower()

    def json(self) -> Any:
        """The body decoded from JSON; None when it is empty.

        Raises:
            AnswerShapeError: the body is no JSON (an HTML page, a torn answer).
            OutcomeUnknownError: the same after a write: it may have been applied.
        """
        if self._body is _UNREAD:
            try:
                self._body = orjson.loads(self.content) if self.content.strip() else None
            except orjson.JSONDecodeError:
                raise self.malformed(self._what()) from None
        return self._body

    @property
    def torn(self) -> bool:
        """Whether the vendor calls the body JSON and it is not."""
        if not self.says_json:
            return False
        try:
            self.json()
        except VendorError:
            return True
        return False

    @property
    def markup(self) -> bool:
        """Whether it is a page for people (of a proxy, a login) that came with a status of success."""
        page = self.content.lstrip()[:1] == b"<" and "html" in self.headers.get("content-type", "").lower()
        return page and 200 <= self.status < 300  # noqa: PLR2004  the statuses of success

    def _what(self) -> str:
        html = self.content.lstrip()[:1] == b"<" or "html" in self.headers.get("content-type", "")
        return "a page of markup instead of JSON" if html else "text that is no complete JSON"

    def malformed(self, what: str) -> VendorError:
        """The error for an answer that cannot be trusted, fit to what the request may have done."""
        message = f"Connection {self.connection!r}: {self.operation} answered {self.status} with {what}"
        if self.safe:
            hint = "Check base_url and whether a proxy or login page stands between; then run again."
            return AnswerShapeError(message, hint=hint, facts=self.facts)
        hint = "The write may have been applied: the next run looks before it writes again."
        return OutcomeUnknownError(message, hint=hint, facts=self.facts)

    @property
    def server_time(self) -> datetime | None:
        """The vendor's clock (the Date header), None when it told nothing readable."""
        try:
            told = parsedate_to_datetime(self.headers.get("date", ""))
            return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
        except (ValueError, TypeError, OverflowError):
            return None

    @property
    def request_id(self) -> str:
        """The vendor's name for this request, to quote to its support; empty when there is none."""
        named = (short_code(self.headers.get(name)) for name in _REQUEST_IDS)
        return next((name for name in named if name), "")

    @property
    def cost(self) -> Mapping[str, Any] | None:
        """What a GraphQL vendor charged (``extensions.cost``), None when it did not say."""
        body = self.json()
        extensions = body.get("extensions") if isinstance(body, dict) else None
        cost = extensions.get("cost") if isinstance(extensions, dict) else None
        return cost if isinstance(cost, dict) else None

    @property
    def facts(self) -> dict[str, Any]:
        """What may be logged of it."""
        facts: dict[str, Any] = {
            "connection": self.connection,
            "operation": self.operation,
            "status": self.status,
        }
        if self.request_id:
            facts["request_id"] = self.request_id
        return facts

"""The blocks of transactional mail, which Brevo lists apart from its contacts.

They are listed by day or by creation, never by address, and say nothing through a contact's own stamps.
Days are not asked for: Brevo takes none that lies in the future (its reference: get-transac-blocked-contacts)
and does not say in which time zone, so that at some hour of every day the question would be refused, or
today's blocks would be left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from accord.http import Http

PATH = "/v3/smtp/blockedContacts"
PAGE, OVERLAP = 100, 10
"""Rows of one answer, and how many of them the next one shows again: who is unblocked moves the others up."""

DAY = timedelta(days=1)
"""How much further back than asked for the newest blocks are read: dates may have no offset."""

Blocks = Mapping[str, list[dict[str, str]]]
"""By address in lower case: reason and instant of each block, newest first, one per reason."""


def blocks_since(http: Http, since: datetime | None) -> Blocks:
    """The blocks made since an instant (a day earlier, for stamps without an offset), or all of them."""
    found: dict[str, dict[str, str]] = {}
    for row in _all(http) if since is None else _newest(http, moment((since - DAY).isoformat())):
        reasons = found.setdefault(row["email"].lower(), {})
        at = moment(row["blockedAt"])
        code = str((row.get("reason") or {}).get("code"))
        reasons[code] = max(at, reasons.get(code, at))
    return {email: _newest_first(reasons) for email, reasons in found.items()}


def moment(text: str) -> str:
    """An instant in UTC; Brevo writes it with an offset, or with none at all."""
    at = datetime.fromisoformat(text)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _all(http: Http) -> Iterator[dict[str, Any]]:
    """Oldest first, so that a block made meanwhile joins the end and moves nothing."""
    for rows in _pages(http, "asc"):
        yield from rows


def _newest(http: Http, start: str) -> Iterator[dict[str, Any]]:
    """Newest first, down to a page without any since the start; a block made meanwhile only repeats rows."""
    for rows in _pages(http, "desc"):
        fresh = [row for row in rows if moment(row["blockedAt"]) >= start]
        yield from fresh
        if not fresh:
            return


def _pages(http: Http, sort: str) -> Iterator[list[dict[str, Any]]]:
    offset = 0
    while True:
        params = {"limit": PAGE, "offset": offset, "sort": sort}
        rows = http.get(PATH, params=params, limit_class="blocks").json().get("contacts") or []
        yield rows
        offset += PAGE - OVERLAP
        if len(rows) < PAGE:
            return


def _newest_first(reasons: Mapping[str, str]) -> list[dict[str, str]]:
    rows = [{"code": code, "at": at} for code, at in reasons.items()]
    return sorted(rows, key=lambda row: (row["at"], row["code"]), reverse=True)

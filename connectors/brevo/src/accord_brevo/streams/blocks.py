"""The blocks of transactional mail, which Brevo lists apart from its contacts.

They can be asked for by day only, never by address, and say nothing through a contact's own stamps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from accord.http import Http

PATH = "/v3/smtp/blockedContacts"
PAGE = 100
DAY = timedelta(days=1)
Blocks = Mapping[str, list[dict[str, str]]]
"""By address in lower case: reason and instant of each block, newest first, one per reason."""


def blocks_since(http: Http, since: datetime | None, now: datetime) -> Blocks:
    """The blocks made since an instant (a day earlier, for the account's time zone), or all of them."""
    window = {} if since is None else {"startDate": _day(since - DAY), "endDate": _day(now + DAY)}
    found: dict[str, dict[str, str]] = {}
    for row in _rows(http, window):
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


def _rows(http: Http, window: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Oldest first, so that a block made meanwhile joins the end and moves nothing."""
    offset = 0
    while True:
        params = {"limit": PAGE, "offset": offset, "sort": "asc", **window}
        rows = http.get(PATH, params=params).json().get("contacts") or []
        yield from rows
        offset += PAGE
        if len(rows) < PAGE:
            return


def _newest_first(reasons: Mapping[str, str]) -> list[dict[str, str]]:
    rows = [{"code": code, "at": at} for code, at in reasons.items()]
    return sorted(rows, key=lambda row: (row["at"], row["code"]), reverse=True)


def _day(at: datetime) -> str:
    return at.astimezone(UTC).date().isoformat()

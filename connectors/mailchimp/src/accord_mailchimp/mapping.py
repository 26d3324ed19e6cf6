"""What the fields of an audience's member mean, and what its status says about consent.

Merge fields are those of a new audience (FNAME, LNAME, PHONE, ADDRESS, BIRTHDAY) and one of ours. The
meaning of a status is data: tested value by value, unseen ones included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accord import Document, Row
from accord.mapping import (
    MISSING,
    Converter,
    Language,
    Mapping,
    PhoneNumber,
    UnfitError,
    both,
    parse_instant,
    read,
    write,
)

REFERENCE = "ACCORD_ID"
"""The merge field that holds our reference; a tag has ten characters at most."""

SHOWN_STATUS = {
    "subscribed": "granted",
    "unsubscribed": "withdrawn",
    "pending": "pending_confirmation",
    "cleaned": "unknown",
    "transactional": "unknown",
    "archived": "unknown",
}
"""A member's status as consent; a value not listed is unknown.

``cleaned`` is a bounce and no wish: it shows as a suppression. ``transactional`` was never asked, and
``archived`` hides what was answered before.
"""

CELL = "consents[marketing.direct:email]"
LINES = ("addr1", "addr2", "city", "state", "zip", "country")
NEEDED = ("addr1", "city", "state", "zip")
"""An address field takes all of these or nothing (developer/marketing/docs/merge-fields, Add merge data)."""

NOTHING = "\N{NO-BREAK SPACE}"
"""What stands for a needed line that the person does not have, such as a state in France.

Mailchimp's support advises it, quoted at corporatecontacts.freshdesk.com, article 11000047236.
"""


@dataclass(frozen=True)
class PostalAddress(Converter):
    """A merge field of type address: complete, with invisible stand-ins for lines that are missing, or empty.

    Without a country it is left empty: Mailchimp would fill in US.
    """

    lossy = True

    def read(self, value: Any, row: Row) -> tuple[str | None, ...]:  # noqa: ARG002  see Converter
        """The lines; an address that was never filled is an empty text."""
        held = value if isinstance(value, dict) else {}
        lines = [str(held.get(name) or "").strip() or None for name in LINES]  # strips stand-ins too
        # Mailchimp fills in US where only the country is missing, and shows it beside empty lines.
        return tuple(lines) if any(lines[:-1]) else (None,) * len(LINES)

    def write(self, value: tuple[Any, ...], document: Document) -> dict[str, str] | None:  # noqa: ARG002
        """All lines, or None when there are none, or no country."""
        lines = {name: str(line or "").strip() for name, line in zip(LINES, value, strict=True)}
        if not lines["country"] or not any(lines[name] for name in LINES[:-1]):
            return None
        return {name: line or (NOTHING if name in NEEDED else "") for name, line in lines.items()}


def _birthday(document: Document) -> str:
    """Month and day: a merge field of type birthday holds no year, so it cannot be read back."""
    born = str(document.get("birth_date") or "")
    return f"{born[5:7]}/{born[8:10]}" if born else ""


def _decided_at(row: Row) -> Any:
    """When the person opted in, or complained.

    ``timestamp_opt`` stays on a member who unsubscribed later: it dates the opt-in only. An unsubscription
    has no date of its own; ``last_changed`` moves with every edit and would date it too late.
    """
    if row.get("status") == "subscribed":
        return row.get("timestamp_opt") or None
    return _complained_at(row) if row.get("status") == "unsubscribed" else None


def _confirmed(row: Row) -> bool | None:
    """Whether a confirmation followed the sign-up: both steps have their own time.

    The fields' meaning is the vendor's ("signed up for the list", "confirmed their opt-in status").
    """
    if row.get("status") != "subscribed":
        return None
    try:
        signed, opted = (parse_instant(row.get(f"timestamp_{step}") or "") for step in ("signup", "opt"))
    except UnfitError:
        return None
    return True if opted > signed else None


def _evidence(row: Row) -> str | None:
    """Where Mailchimp keeps the proof of a confirmed opt-in (its time, and the address it came from)."""
    if not _confirmed(row):
        return None
    return f"mailchimp:{row.get('list_id')}/{row.get('contact_id')}/{row.get('timestamp_opt')}"


def _bounced(row: Row) -> Any:
    return "cleaned" if row.get("status") == "cleaned" else MISSING


def _complained_at(row: Row) -> Any:
    return (row.get("abuse_report") or {}).get("date")


def _complaint(row: Row) -> Any:
    return "abuse report" if row.get("abuse_report") else MISSING


MEMBERS = Mapping(
    both("email", "email_address"),
    both("given_name", "merge_fields.FNAME"),
    both("family_name", "merge_fields.LNAME"),
    both(
        "phone",
        "merge_fields.PHONE",
        as_=PhoneNumber(country="merge_fields.ADDRESS.country"),
        invalid="unset",
    ),
    both(
        (
            "addresses.default.street_address",
            "addresses.default.extended_address",
            "addresses.default.locality",
            "addresses.default.region",
            "addresses.default.postal_code",
            "addresses.default.country",
        ),
        "merge_fields.ADDRESS",
        as_=PostalAddress(),
    ),
    write(_birthday, "merge_fields.BIRTHDAY", needs=("birth_date",)),
    both("language", "language", as_=Language("base"), invalid="unset"),
    read(f"{CELL}.state", "status", values=SHOWN_STATUS, unseen="unknown"),
    read(f"{CELL}.at", _decided_at, needs=("status", "timestamp_opt", "abuse_report")),
    read(f"{CELL}.double_opt_in", _confirmed, needs=("status", "timestamp_signup", "timestamp_opt")),
    read(
        f"{CELL}.evidence",
        _evidence,
        needs=("status", "timestamp_signup", "timestamp_opt", "list_id", "contact_id"),
    ),
    read("suppressions[email:hard_bounce].source", _bounced, needs=("status",)),
    read("suppressions[email:complaint].source", _complaint, needs=("abuse_report",)),
    read(
        "suppressions[email:complaint].at",
        lambda row: _complained_at(row) or MISSING,
        needs=("abuse_report",),
    ),
    empty="",
)

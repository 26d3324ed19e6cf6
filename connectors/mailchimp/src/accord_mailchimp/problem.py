"""Mailchimp's refusals: problem documents (RFC 7807), known by their title.

The titles are those of the vendor's error glossary (mailchimp.com/developer/marketing/docs/errors) and of
answers quoted in public issue trackers. Its sentences quote addresses and are never repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import accord
from accord.http import Answer

COMPLIANCE_STATE = "compliance_state"
FORGOTTEN = "forgotten_email"
CROWDED = "too_many_signups"
CROWDED_DETAIL = "signed up to a lot of lists very recently"
"""An address that came to many audiences of Mailchimp's at once is refused for now, under the title of a bad
member: only the sentence tells (ibericode/mailchimp-for-wordpress#771, verbb/formie#2276)."""

CROWDED_WAIT = 3600.0
"""Seconds until such an address is tried again; the vendor says only "for now"."""

TITLES = {
    "Member In Compliance State": COMPLIANCE_STATE,
    "Forgotten Email Not Subscribed": FORGOTTEN,
    "Member Exists": "member_exists",
    "Invalid Resource": "invalid_resource",
    "Resource Nesting Too Deep": "invalid_resource",
    "JSON Parse Error": "invalid_resource",
}
FIELD = re.compile(r"[A-Za-z0-9_.\[\]]{1,40}")


def reason_of(body: Any, status: int) -> str:
    """Why a member was refused, in a code and the names of the fields in question.

    Args:
        body: The decoded answer.
        status: Its HTTP status, for a title that is not known.
    """
    problem: Mapping[str, Any] = body if isinstance(body, dict) else {}
    if CROWDED_DETAIL in str(problem.get("detail")):
        return CROWDED
    code = TITLES.get(str(problem.get("title")), f"status {status}")
    named = (
        str(error.get("field") or "") for error in problem.get("errors") or () if isinstance(error, dict)
    )
    return " ".join([code, *(name for name in named if FIELD.fullmatch(name))])


def refused(write: accord.Write | accord.ConsentWrite, answer: Answer) -> accord.Outcome:
    """A refused write: for good, or, where Mailchimp takes the address for crowded, for now."""
    reason = reason_of(answer.json(), answer.status)
    if reason == CROWDED:
        return accord.Outcome(
            write.id, accord.Result.RETRY, write.external_id, reason=reason, retry_after=CROWDED_WAIT
        )
    return accord.Outcome(write.id, accord.Result.REJECTED, write.external_id, reason=reason)

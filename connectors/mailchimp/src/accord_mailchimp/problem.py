"""Mailchimp's refusals: problem documents (RFC 7807), known by their title.

The titles are those of the vendor's error glossary (mailchimp.com/developer/marketing/docs/errors) and of
answers quoted in public issue trackers. Its sentences quote addresses and are never repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

COMPLIANCE_STATE = "compliance_state"
FORGOTTEN = "forgotten_email"

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
    code = TITLES.get(str(problem.get("title")), f"status {status}")
    named = (
        str(error.get("field") or "") for error in problem.get("errors") or () if isinstance(error, dict)
    )
    return " ".join([code, *(name for name in named if FIELD.fullmatch(name))])

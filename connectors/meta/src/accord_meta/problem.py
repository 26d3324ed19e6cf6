"""What Meta's errors mean: numbers in the body, with statuses that say little.

Sources: Graph API "Rate limits" and "Handle errors"; the reference of custom audience users for the flag;
facebook/facebook-nodejs-business-sdk issue 222 for a retired version.
Meta answers most refusals, limits among them, with status 400.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from accord.errors import AccessError, RateLimitedError, RetryableError, VendorError
from accord.http import Answer, ErrorRule, ErrorTable

FLAGGED: Final = 471
"""``operation_status`` of an audience that Meta has restricted."""
UPLOAD_BLOCKED: Final = 1713230
"""``error_subcode`` of every attempt to change the members of a flagged audience, removals too."""

NO_SUCH_NODE: Final = 33
"""``error_subcode`` of an id that leads nowhere, or that the token may not see: Meta does not say which."""

REFUSALS = range(400, 500)
LIMITS = ("4", "17", "32", "341", "613", *(str(code) for code in range(80000, 80015)))
"""Application, account, page, custom, and one code per business use case (80003: custom audiences)."""

RIGHTS = ("3", "10", "102", "190", "294", "368", "2655", "2663", *(str(code) for code in range(200, 300)))
"""Capability, permission, session, token, blocked for abuse, terms of custom audiences not accepted."""

RETIRED = "2635"
"""A version of the Marketing API that is no longer served."""

WRONG_AUDIENCE = "2650"
"""An audience that takes no list of customers: it is made of visits, for example."""

UNSERVED = ("1", "2")
"""Unknown error, and service unavailable: Meta says to wait and ask again."""

USAGE = "x-business-use-case-usage"


def error_of(answer: Answer) -> dict[str, Any]:
    """The error object of an answer, {} when it has none."""
    try:
        body = answer.json()
    except VendorError:
        return {}
    found = body.get("error") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def closed(problem: VendorError) -> str:
    """Why one audience takes no changes while others may (flagged, unreachable); "" for other errors."""
    return str(problem.facts.get("audience", ""))


def _blocked(answer: Answer) -> bool:
    return error_of(answer).get("error_subcode") == UPLOAD_BLOCKED


def _missing(answer: Answer) -> bool:
    error = error_of(answer)
    return error.get("code") == 803 or error.get("error_subcode") == NO_SUCH_NODE  # noqa: PLR2004


def _passing(answer: Answer) -> bool:
    error = error_of(answer)
    return error.get("is_transient") is True or str(error.get("code")) in UNSERVED


class Errors(ErrorTable):
    """Meta tells a wait in minutes, inside a JSON text in a header, and a flag in a second number."""

    def wait(self, answer: Answer, now: datetime) -> float | None:
        """Seconds until the busiest use case is free again; None when Meta does not say."""
        usages = _usages(answer.headers.get(USAGE, ""))
        minutes = [float(usage.get("estimated_time_to_regain_access") or 0) for usage in usages]
        return max(minutes) * 60 if any(minutes) else ErrorTable.wait(self, answer, now)

    def error(
        self, answer: Answer, kind: type[VendorError], code: str, now: datetime, *, hint: str = ""
    ) -> VendorError:
        """The error, with what is wrong with the audience among its facts."""
        problem = ErrorTable.error(self, answer, kind, code, now, hint=hint)
        if _blocked(answer) or _missing(answer):
            problem.facts["audience"] = "flagged" if _blocked(answer) else "unreachable"
        return problem


def _usages(text: str) -> list[dict[str, Any]]:
    """The use cases of the header, over all business accounts; [] when it is not what Meta documents."""
    try:
        told = json.loads(text or "{}")
    except ValueError:
        return []
    lists = told.values() if isinstance(told, dict) else ()
    return [
        usage for usages in lists if isinstance(usages, list) for usage in usages if isinstance(usage, dict)
    ]


ERRORS = Errors(
    rules=(
        ErrorRule(REFUSALS, RateLimitedError, code=LIMITS),
        ErrorRule(
            REFUSALS,
            AccessError,
            when=_blocked,
            hint="Meta has flagged this audience and blocks additions and removals alike. Appeal or correct "
            "it in Audience Manager, or delete the audience; withdrawals wait until then.",
        ),
        ErrorRule(
            REFUSALS,
            AccessError,
            code=RETIRED,
            hint="Meta has retired this version of its API: set the connection's api_version to a later one.",
        ),
        ErrorRule(
            REFUSALS,
            AccessError,
            when=_missing,
            hint="There is no audience or dataset with this id, or the token may not use it: compare the id "
            "with Audience Manager or Events Manager, and give the token's user access to it.",
        ),
        ErrorRule(
            REFUSALS,
            AccessError,
            code=WRONG_AUDIENCE,
            hint="Only an audience made from a customer list takes members: set audience to such a one.",
        ),
        ErrorRule(REFUSALS, AccessError, code=RIGHTS),
        ErrorRule(REFUSALS, RetryableError, when=_passing),
    ),
    code=("error.code",),
)

"""What GraphQL adds to HTTP: errors inside a 200, and prices by the query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from accord.errors import (
    AccessError,
    AnswerShapeError,
    OutcomeUnknownError,
    RateLimitedError,
    RecordRejectedError,
    RetryableError,
    VendorError,
)
from accord.http import places
from accord.http.answer import Answer
from accord.http.limits import Quota
from accord.http.redaction import path_template, short_code

_COMMENT = re.compile(r"#[^\n]*")
_HEAD = re.compile(r"\b(mutation|subscription|query)\b\s*([A-Za-z_]\w*)?")
_ACCESS = frozenset({"ACCESS_DENIED", "UNAUTHENTICATED", "UNAUTHORIZED", "FORBIDDEN"})
_DOCUMENT = frozenset(
    {
        "undefinedField",
        "undefinedType",
        "undefinedDirective",
        "argumentNotAccepted",
        "argumentLiteralsIncompatible",
        "missingRequiredArguments",
        "missingRequiredInputObjectAttribute",
        "selectionMismatch",
        "variableMismatch",
        "variableRequiresValidType",
    }
)
"""Codes of graphql-ruby (lib/graphql/static_validation/rules): the schema does not fit the document, so that
nothing of it was run, whatever record it is about."""
_SERVER = frozenset({"INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT", "INTERNAL_ERROR"})

_UNFIT = "The vendor's API has changed: compare the connection's API version with what `accord check` tells."


def is_query(document: str) -> bool:
    """Whether a document only reads: no operation in it is a mutation."""
    kinds = {found.group(1) for found in _HEAD.finditer(_COMMENT.sub("", document))}
    return "mutation" not in kinds


def operation(path: str, document: str) -> str:
    """``POST /graphql.json ProductPage``: the document's own name tells operations apart."""
    found = _HEAD.search(_COMMENT.sub("", document))
    name = found.group(2) if found and found.group(2) else ""
    return f"POST {path_template(path)} {name}".rstrip()


def judge(answer: Answer) -> VendorError | None:
    """The error that a GraphQL answer reports, None when it brings data.

    Throttled requests were not run, nor were those that do not fit the vendor's schema: with these a person
    must see to the API version. An internal error of a mutation leaves its outcome unknown.
    """
    body = answer.json()
    errors = body.get("errors") if isinstance(body, dict) else None
    if not errors:
        whole = isinstance(body, dict) and isinstance(body.get("data"), dict)
        return None if whole else answer.malformed("neither data nor errors")
    codes = [short_code(places.at(error, "extensions.code")) for error in places.objects(errors)]
    kind, code = _worst(codes, safe=answer.safe)
    facts = {**answer.facts, **({"code": code} if code else {})}
    message = f"Connection {answer.connection!r}: {answer.operation} was answered with {code or 'errors'}"
    if issubclass(kind, RetryableError):
        return kind(message, retry_after=_restored(body), hint="Accord tries again later.", facts=facts)
    hint = _UNFIT if code in _DOCUMENT else "See the vendor's documentation of this code."
    return kind(message, hint=hint, facts=facts)


def _worst(codes: list[str], *, safe: bool) -> tuple[type[VendorError], str]:
    for known, kind in (
        (frozenset({"THROTTLED", "RATE_LIMITED"}), RateLimitedError),
        (_ACCESS, AccessError),
        (_SERVER, RetryableError if safe else OutcomeUnknownError),
        (_DOCUMENT, AnswerShapeError if safe else AccessError),
    ):
        code = next((code for code in codes if code in known), None)
        if code is not None:
            return kind, code
    return (AnswerShapeError if safe else RecordRejectedError), next(iter(codes), "")


def quotas(answer: Answer) -> tuple[Quota, ...]:
    """The bucket that Shopify-like vendors report beside the data."""
    status = _throttle(answer.json())
    left, size, rate = (_number(status.get(name)) for name in _BUCKET)
    if left is None or size is None:
        return ()
    return (Quota(left, size, (size - left) / rate if rate else None),)


_BUCKET = ("currentlyAvailable", "maximumAvailable", "restoreRate")


def overcharge(answer: Answer, asked: float) -> float:
    """How much more was taken from the budget than the vendor charged."""
    actual = _number((answer.cost or {}).get("actualQueryCost"))
    return 0.0 if actual is None else max(0.0, asked - actual)


def _restored(body: Any) -> float | None:
    """Seconds until the bucket holds what the refused query needs."""
    status = _throttle(body)
    needed = _number(places.at(body, "extensions.cost.requestedQueryCost"))
    left, _, rate = (_number(status.get(name)) for name in _BUCKET)
    if needed is None or left is None or not rate:
        return None
    return max(0.0, (needed - left) / rate)


def _throttle(body: Any) -> Mapping[str, Any]:
    found = places.at(body, "extensions.cost.throttleStatus")
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

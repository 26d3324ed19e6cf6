"""The shapes of HubSpot's answers: records, batches, errors.

Shapes follow the vendor's description (crm_contacts.json, v3). The description types property values
as strings; the service itself answers ``null`` for a requested property that is empty, and so does this.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from accord.sandbox import Item, Response

ARCHIVED = "#archived"
"""Where a stored row keeps the instant of its archiving; no property can be called so."""

MIGRATING = 477

CATEGORIES: Mapping[str, str] = {
    "unauthorized": "INVALID_AUTHENTICATION",
    "token_expired": "EXPIRED_AUTHENTICATION",
    "invalid_json": "VALIDATION_ERROR",
    "not_found": "OBJECT_NOT_FOUND",
    "rate_limited": "RATE_LIMITS",
}


def stamp(instant: datetime) -> str:
    """An instant as HubSpot writes it: UTC with milliseconds."""
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"


def millis(instant: datetime) -> int:
    """An instant in milliseconds since 1970, as filters compare it."""
    return int(instant.timestamp() * 1000)


def correlation(random: Random) -> str:
    """A correlation id."""
    return str(UUID(int=random.getrandbits(128), version=4))


def error(random: Random, status: int, category: str, message: str, **more: Any) -> Response:
    """An error body of the CRM API."""
    body = {"status": "error", "message": message, "correlationId": correlation(random), "category": category}
    return Response.json({**body, **more}, status)


def closed(random: Random, status: int) -> Response:
    """What everybody is told while a portal is closed; a migration says how long it lasts."""
    response = error(random, status, "UNAVAILABLE", "The portal cannot be used now")
    if status == MIGRATING:
        response.headers["Retry-After"] = "7200"
    return response


def invalid(random: Random, problems: Sequence[Mapping[str, Any]]) -> Response:
    """400 for property values: the message repeats the problems as JSON, as HubSpot does."""
    text = f"Property values were not valid: {json.dumps(list(problems), separators=(',', ':'))}"
    details = [
        {"message": row["message"], "code": row["error"], "context": {"propertyName": [row["name"]]}}
        for row in problems
    ]
    return error(random, 400, "VALIDATION_ERROR", text, errors=details)


def problem(name: str, code: str, message: str) -> dict[str, Any]:
    """One property that was refused."""
    return {"isValid": False, "message": message, "error": code, "name": name}


def record(item: Item, names: Sequence[str], stamps: tuple[str, str]) -> dict[str, Any]:
    """One CRM object with the wanted properties; ``stamps`` names those of creation and change."""
    shown: dict[str, Any] = {name: _property(item, name, stamps) for name in names}
    for name in (stamps[0], stamps[1], "hs_object_id"):
        shown[name] = _property(item, name, stamps)
    archived = item.values.get(ARCHIVED)
    body: dict[str, Any] = {"id": item.id, "properties": dict(sorted(shown.items()))}
    body |= {"createdAt": stamp(item.created_at), "updatedAt": stamp(item.updated_at)}
    body["archived"] = archived is not None
    return body | {"archivedAt": archived} if archived else body


def _property(item: Item, name: str, stamps: tuple[str, str]) -> str | None:
    if name == "hs_object_id":
        return item.id
    if name == stamps[0]:
        return stamp(item.created_at)
    if name == stamps[1]:
        return stamp(item.updated_at)
    value = item.values.get(name)
    return None if value in (None, "") else str(value)


def batch(
    now: datetime, results: Sequence[Any], failures: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The envelope of a batch answer."""
    at = stamp(now)
    body: dict[str, Any] = {"status": "COMPLETE", "results": list(results)}
    if failures:
        body |= {"numErrors": len(failures), "errors": list(failures)}
    return body | {"requestedAt": at, "startedAt": at, "completedAt": at}


def failure(category: str, message: str, context: Mapping[str, Sequence[str]], **more: Any) -> dict[str, Any]:
    """One failed item of a 207 answer."""
    body = {"status": "error", "category": category, "message": message, "context": dict(context)}
    return {**body, "errors": [], "links": {}, **more}

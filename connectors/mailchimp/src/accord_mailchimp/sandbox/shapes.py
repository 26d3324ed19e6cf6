"""What the stand-in's answers look like: members, instants, problem documents."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from accord.sandbox import Item, Response, Values

LIST_ID = "sandbox"
GLOSSARY = "https://mailchimp.com/developer/marketing/docs/errors/"
TITLES = {
    "not_found": "Resource Not Found",
    "unauthorized": "API Key Invalid",
    "token_expired": "API Key Invalid",
    "rate_limited": "Too Many Requests",
    "invalid_json": "JSON Parse Error",
    "invalid_resource": "Invalid Resource",
    "compliance_state": "Member In Compliance State",
    "forgotten_email": "Forgotten Email Not Subscribed",
}
KEPT = ("email_address", "email_type", "status", "merge_fields", "ip_signup", "timestamp_signup", "ip_opt")
NUMBERS = {"avg_open_rate": 0, "avg_click_rate": 0}
PLACE = {"latitude": 0, "longitude": 0, "gmtoff": 0, "dstoff": 0, "country_code": "", "timezone": ""}


def problem(status: int, code: str, detail: str, errors: list[Values] | None = None) -> Response:
    """A problem document (RFC 7807)."""
    instance = hashlib.md5(f"{code} {detail}".encode(), usedforsecurity=False).hexdigest()
    title = TITLES.get(code, "Internal Server Error")
    body = {"type": GLOSSARY, "title": title, "status": status, "detail": detail, "instance": instance}
    more = {"errors": errors} if errors else {}
    return Response.json({**body, **more}, status, {"Content-Type": "application/problem+json;charset=utf-8"})


def moment(value: datetime) -> str:
    """An instant in whole seconds with its offset, as every field shows it."""
    return value.astimezone(UTC).isoformat(timespec="seconds")


def hash_of(email: str) -> str:
    """How a member is named: the MD5 of the address in lower case."""
    return hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()


def shown(item: Item, tags: list[str]) -> dict[str, Any]:
    """A member as lists and lookups show it; every merge field is there, empty ones as ''."""
    values = item.values
    hash_ = hash_of(values["email_address"])
    held = values["merge_fields"]
    row = {name: values[name] for name in KEPT} | {"timestamp_opt": values["timestamp_opt"]}
    row |= {"id": hash_, "contact_id": item.id, "unique_email_id": hash_[:10], "list_id": LIST_ID}
    row |= {"merge_fields": {tag: held.get(tag, "") for tag in tags}, "interests": {}, "stats": NUMBERS}
    row |= {"last_changed": moment(item.updated_at), "language": values["language"], "vip": False}
    row |= {"member_rating": 2, "email_client": "", "location": PLACE, "source": "API - Generic"}
    row |= {"full_name": f"{held.get('FNAME', '')} {held.get('LNAME', '')}".strip(), "tags": []}
    if values["status"] == "unsubscribed":
        row["unsubscribe_reason"] = values["unsubscribe_reason"]
    return row

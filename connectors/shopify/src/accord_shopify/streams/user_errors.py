"""What the vendor's ``userErrors`` mean. Most carry no code, so the field and the wording decide.

The vendor's prose may quote what was sent, so it never leaves this file: a reason is the field and one word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_WORDS = (
    ("taken", ("already been taken", "already in use", "is in use", "must be unique", "not_unique", "taken")),
    ("missing", ("does not exist", "can't be found", "could not be found", "not found", "does_not_exist")),
    ("blank", ("can't be blank", "must have a", "is required")),
    ("too_long", ("too long",)),
    ("invalid", ("invalid",)),
)
_IDS = frozenset({"id", "customerId", "productId"})
Errors = Sequence[dict[str, Any]]


def reason(errors: Errors) -> str:
    """The first error as field and word: ``email: taken``."""
    return f"{_field(errors[0])}: {_word(errors[0])}" if errors else "refused"


def is_taken(errors: Errors, *fields: str) -> bool:
    """Whether another record already holds a value of one of these fields."""
    return any(_word(error) == "taken" and _field(error) in fields for error in errors)


def is_missing(errors: Errors) -> bool:
    """Whether the record itself does not exist (any more)."""
    return any(_word(error) == "missing" and set(error.get("field") or ()) & _IDS for error in errors)


def has_code(errors: Errors, *codes: str) -> bool:
    """Whether one of the errors has one of these codes."""
    return any(error.get("code") in codes for error in errors)


def _field(error: dict[str, Any]) -> str:
    """The first part of the path that names a field: ``input.metafields.0.value`` is ``metafields``."""
    path = [part for part in error.get("field") or () if part != "input" and not part.isdigit()]
    return path[0] if path else "record"


def _word(error: dict[str, Any]) -> str:
    said = f"{error.get('code') or ''} {error.get('message') or ''}".lower()
    return next((word for word, signs in _WORDS if any(sign in said for sign in signs)), "refused")

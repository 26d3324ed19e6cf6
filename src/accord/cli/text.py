"""Values as people read them. Vendors' texts cannot steer the terminal: control characters are taken out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

Each = TypeVar("Each")

LONGEST = 200
"""Characters of one value; the whole one is in ``--json``."""

MORE = "There are more; --limit N lists more of them."
"""What stands below a list that was cut."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_HOUR, _MINUTE = 3600, 60


def clean(text: str) -> str:
    """The text without characters that move the cursor, change colours or turn the reading direction."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if unicodedata.category(sign) in _HIDDEN else sign for sign in text)


def value(given: Any) -> str:
    """A value of a record on one line."""
    if given is None:
        return "(empty)"
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, Mapping):
        shown = ", ".join(f"{key}={value(inner)}" for key, inner in given.items() if inner is not None)
    elif isinstance(given, list | tuple):
        shown = ", ".join(value(inner) for inner in given)
    else:
        shown = str(given)
    shown = clean(shown)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def instant(seconds: float | None) -> str:
    """Seconds since 1970 as UTC, to the second; a dash for none."""
    if not seconds:
        return "-"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def duration(seconds: float) -> str:
    """How long, in the largest units that matter."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min {int(seconds % _MINUTE)} s"
    return f"{int(seconds // _HOUR)} h {int(seconds % _HOUR // _MINUTE)} min"


def counted(numbers: Mapping[str, int]) -> str:
    """``refused:no_grant 12, filtered 3``; a dash for nothing."""
    return (
        ", ".join(f"{name.rstrip(':')} {number}" for name, number in sorted(numbers.items()) if number) or "-"
    )


def listed(names: Iterable[str]) -> str:
    """Names with commas; a dash for none."""
    return ", ".join(names) or "-"


def plural(number: int, noun: str) -> str:
    """``1 conflict``, ``2 conflicts``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def cut(found: list[Each], limit: int) -> tuple[list[Each], bool]:
    """The first ``limit`` of a list, and whether there were more."""
    return found[:limit], len(found) > limit

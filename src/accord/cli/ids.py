"""Rows of the queues and journals by a unique beginning of their id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.api import Accord
    from accord.api.erasures import ErasureReport
    from accord.store.rows import Conflict, DeadLetter, Run

SHORT = 12
"""Characters of a fingerprint that tables show."""

MOST = 10_000
"""Rows of a queue among which a beginning is looked for."""

T = TypeVar("T")


def one(given: str, known: Mapping[str, T], what: str, where: str) -> T:
    """What the beginning of an id stands for.

    Raises:
        SetupError: it stands for nothing, or for several.
    """
    found = sorted(id_ for id_ in known if id_.startswith(given.lower()))
    if given in known or len(found) == 1:
        return known[given] if given in known else known[found[0]]
    if found:
        shown = ", ".join(found[:5])
        raise SetupError(f"{what} {given!r} is not unique", hint=f"Type more of it: {shown}.")
    raise SetupError(f"there is no {what} {given!r}", hint=f"`{where}` lists them.")


def conflict(accord: Accord, given: str) -> Conflict:
    """A conflict by the beginning of its id."""
    known = {each.id: each for each in accord.conflicts(None, limit=MOST)}
    return one(given, known, "conflict", "accord conflicts list --all")


def letter(accord: Accord, given: str) -> DeadLetter:
    """A dead letter by the beginning of its id."""
    known = {each.id: each for each in accord.dead_letters(None, limit=MOST)}
    return one(given, known, "dead letter", "accord dead-letters list --all")


def run(accord: Accord, given: str) -> Run:
    """A run by the beginning of its id."""
    return one(given, {each.id: each for each in accord.runs(limit=MOST)}, "run", "accord runs")


def erasure(accord: Accord, given: str) -> ErasureReport:
    """An erasure by the beginning of its id."""
    known = {each.request: each for each in accord.erasures(MOST)}
    return one(given, known, "erasure", "accord erasures list")

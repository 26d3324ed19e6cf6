"""Ids by a unique prefix."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.api import Accord

SHORT = 12
"""Characters of a fingerprint that tables show."""

MOST = 10_000
"""Rows of a queue among which a prefix is looked for."""


def one(given: str, known: Iterable[str], what: str, where: str) -> str:
    """The id that a prefix stands for.

    Raises:
        SetupError: it stands for none, or for several.
    """
    found = sorted({id_ for id_ in known if id_.startswith(given.lower())})
    if len(found) == 1 or given in found:
        return given if given in found else found[0]
    if found:
        shown = ", ".join(found[:5])
        raise SetupError(f"{what} {given!r} is not unique", hint=f"Type more of it: {shown}.")
    raise SetupError(f"there is no {what} {given!r}", hint=f"`{where}` lists them.")


def conflict(accord: Accord, given: str) -> str:
    """The conflict a prefix stands for."""
    known = (each.id for each in accord.conflicts(None, limit=MOST))
    return one(given, known, "conflict", "accord conflicts list --all")


def letter(accord: Accord, given: str) -> str:
    """The dead letter a prefix stands for."""
    known = (each.id for each in accord.dead_letters(None, limit=MOST))
    return one(given, known, "dead letter", "accord dead-letters list --all")


def run(accord: Accord, given: str) -> str:
    """The run a prefix stands for."""
    known = (each.id for each in accord.runs(limit=MOST))
    return one(given, known, "run", "accord runs")


def erasure(accord: Accord, given: str) -> str:
    """The erasure a prefix stands for."""
    known = (each.request for each in accord.erasures(MOST))
    return one(given, known, "erasure", "accord erasures")

"""One exit code for several results: the one that matters most."""

from __future__ import annotations

from collections.abc import Iterable

SEVERITY = (5, 4, 1, 2, 3, 130)
"""Refused access, a plan that waits, a failure, a wrong configuration, new conflicts, interrupted."""


def worst(codes: Iterable[int]) -> int:
    """The exit code of a command with several results; 0 when all are done."""
    found = {code for code in codes if code}
    return next((code for code in (*SEVERITY, *sorted(found)) if code in found), 0)

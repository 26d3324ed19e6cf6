"""How long a vendor that could not serve us is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from accord.engine.scope import Scope

LONGEST: Final = 3_600.0
"""Seconds that a vendor's word makes a write or a withdrawal wait; then it is asked again."""
BACKOFF_FIRST, BACKOFF_CAP = 1.0, 300.0


def asked(seconds: float | None) -> float | None:
    """The seconds that a vendor asks us to wait, within reason; None = it did not say.

    What is no time to come (zero, less, no number) says nothing: taken at its word it would have us ask
    without a pause. A year is a mistake, too, and a withdrawal must not wait for it.
    """
    if not isinstance(seconds, (int, float)) or not seconds > 0.0:
        return None
    return min(float(seconds), LONGEST)


def backoff(attempt: int, scope: Scope) -> float:
    """Seconds to wait before the next attempt: full jitter, doubling, capped (sync.md A9)."""
    return scope.env.random.uniform(0.0, min(BACKOFF_CAP, BACKOFF_FIRST * 2**attempt))

"""Invented signals for consent tests: short to write, complete enough to fold."""

from __future__ import annotations

import itertools
from typing import Any

from accord.consent.fold import Cell, CellState, Fold
from accord.consent.policy import Policy, shipped
from accord.consent.signal import Actor, ConsentSignal, Kind, Notices

NOW = 1_790_000_000.0
HOUR, DAY = 3600.0, 86_400.0
POINT = "aa" * 16
CELL = Cell("marketing.direct", "email", POINT)

_numbers = itertools.count()


def said(kind: Kind, **more: Any) -> ConsentSignal:
    """A signal about marketing by e-mail, received when it took effect."""
    number = next(_numbers)
    at = more.get("effective_at", NOW - 30 * DAY)
    values = {
        "id": f"s{number:06d}",
        "subject": "ann",
        "source": "shop",
        "event": f"e{number}",
        "purpose": "marketing.direct",
        "channel": "email",
        "actor": Actor.VENDOR,
        "effective_at": at,
        "received_at": NOW - 30 * DAY if at is None else at,
        "contact_point": POINT,
    }
    return ConsentSignal(kind=kind, **(values | more))


def fold(
    *signals: ConsentSignal, cell: Cell = CELL, policy: Policy | None = None, notices: Notices | None = None
) -> CellState:
    """The state of a cell now."""
    return Fold(policy or shipped(), NOW, notices or {}).cell(cell, signals)


def grant(**more: Any) -> ConsentSignal:
    """A yes."""
    return said(Kind.GRANT, **more)


def withdraw(**more: Any) -> ConsentSignal:
    """A no."""
    return said(Kind.WITHDRAW, **more)

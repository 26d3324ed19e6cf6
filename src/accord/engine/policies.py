"""Who wins when two sides changed the same cell: pure functions with one total order.

Every comparison uses (time of the change at its system, priority of the member, link id), so that all
workers agree and the order in which records arrive does not matter (sync.md A4, I12).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from accord.engine.flow import Policy, PolicyKind
from accord.store.rows import Stamp

TIE_SECONDS = 300.0
"""Two dated consent acts closer than this are a tie, and the withdrawal wins (consent.md 1.4)."""

_CLOSED = ("withdrawn", "expired", "not_applicable")
_OPEN = ("granted", "soft_opt_in")


class Winner(Enum):
    """The side whose value stands."""

    HUB = "hub"
    VENDOR = "vendor"
    NOBODY = "nobody"
    """A person decides; until then each side keeps its own."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A value and where it comes from."""

    value: Any
    stamp: Stamp


def decide(policy: Policy, hub: Claim, vendor: Claim, priorities: Mapping[str, int]) -> Winner:
    """The winner between the hub's value and the vendor's, both changed since they last agreed."""
    if policy.kind is PolicyKind.MANUAL:
        return Winner.NOBODY
    if policy.kind is PolicyKind.MOST_RESTRICTIVE:
        return consent_winner(hub.value, vendor.value)
    if policy.kind is PolicyKind.EARLIEST:
        return Winner.VENDOR if _is_earlier(vendor.value, hub.value) else Winner.HUB
    if policy.kind is PolicyKind.LATTICE:
        ranks = _rank(policy, hub.value), _rank(policy, vendor.value)
        if ranks[0] != ranks[1]:
            return Winner.VENDOR if ranks[1] < ranks[0] else Winner.HUB
    if policy.kind is PolicyKind.PREFER:
        places = _place(policy, hub.stamp), _place(policy, vendor.stamp)
        if places[0] != places[1]:
            return Winner.VENDOR if places[1] < places[0] else Winner.HUB
    return Winner.VENDOR if _order(vendor.stamp, priorities) > _order(hub.stamp, priorities) else Winner.HUB


def disagree(policy: Policy, hub: Any, vendor: Any) -> bool:
    """Whether two values contradict each other, so that one of them loses something worth keeping."""
    if policy.kind is PolicyKind.EARLIEST:
        return False
    if policy.kind is PolicyKind.MOST_RESTRICTIVE:
        states = {_state(hub), _state(vendor)}
        return "unknown" not in states and len(states) > 1
    if isinstance(hub, dict) and isinstance(vendor, dict):
        return any(disagree(policy, hub.get(key), value) for key, value in vendor.items())
    return hub is not None and vendor is not None and hub != vendor


def _is_earlier(value: Any, than: Any) -> bool:
    if value is None or than is None:
        return value is not None
    return datetime.fromisoformat(str(value)) < datetime.fromisoformat(str(than))


def _order(stamp: Stamp, priorities: Mapping[str, int]) -> tuple[float, int, str, str]:
    return (stamp.time, -priorities.get(stamp.source, 1_000), stamp.source, stamp.link)


def _place(policy: Policy, stamp: Stamp) -> int:
    connection = stamp.source.partition("/")[0]
    return list(policy.order).index(connection) if connection in policy.order else len(policy.order)


def _rank(policy: Policy, value: Any) -> int:
    return list(policy.order).index(value) if value in policy.order else len(policy.order)


def consent_winner(hub: Any, vendor: Any) -> Winner:
    """The stricter of two consent cells; only a later dated act of the person reopens a closed one."""
    ours, theirs = _state(hub), _state(vendor)
    if theirs in ("unknown", ours):
        return Winner.HUB
    if ours == "unknown":
        return Winner.VENDOR
    if theirs in _CLOSED:
        return Winner.HUB if ours in _OPEN and _later(hub, vendor) else Winner.VENDOR
    if ours in _CLOSED:
        return Winner.VENDOR if theirs in _OPEN and _later(vendor, hub) else Winner.HUB
    return Winner.VENDOR if _later(vendor, hub) else Winner.HUB


def _state(value: Any) -> str:
    return str(value.get("state") or "unknown") if isinstance(value, dict) else "unknown"


def _later(one: Any, other: Any) -> bool:
    """Whether one act is dated later than the other by more than the tie window; undated is never later."""
    times = _at(one), _at(other)
    if times[0] is None:
        return False
    return times[1] is not None and times[0] - times[1] > TIE_SECONDS


def _at(value: Any) -> float | None:
    text = value.get("at") if isinstance(value, dict) else None
    return datetime.fromisoformat(text).timestamp() if text else None

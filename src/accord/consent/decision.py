"""May this record go there for this purpose? Pure; unknown is never yes (consent.md 0, 2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accord.consent.purposes import lineage, needs_grant


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's answer.

    Attributes:
        allowed: Whether the record may be sent.
        reason: The rule that decided, as a word for counters, logs and ``explain``.
    """

    allowed: bool
    reason: str


ALLOWED = Verdict(True, "service")
NO_SUBJECT = Verdict(True, "no_personal_data")


def decide(consents: Mapping[str, Any], purpose: str, channel: str) -> Verdict:
    """Decide from a person's consent cells (``"<purpose>:<channel>"`` -> state).

    A service needs no grant. For everything else one withdrawal, of the purpose or a parent, on this
    channel, closes; only a grant for exactly this purpose and channel opens.
    """
    if not needs_grant(purpose):
        return ALLOWED
    for name in lineage(purpose):
        if _state(consents, name, channel) == "withdrawn":
            return Verdict(False, "withdrawn")
    state = _state(consents, purpose, channel)
    if state == "granted":
        return Verdict(True, "granted")
    return Verdict(False, f"state_{state}")


def _state(consents: Mapping[str, Any], purpose: str, channel: str) -> str:
    cell = consents.get(f"{purpose}:{channel}")
    return str(cell.get("state") or "unknown") if isinstance(cell, dict) else "unknown"

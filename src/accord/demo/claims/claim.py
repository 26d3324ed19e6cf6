"""What a claim says, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """A checked claim.

    Attributes:
        name: Stable, for ``--json``.
        title: For people.
        ok: Whether it holds.
        figures: What was counted.
    """

    name: str
    title: str
    ok: bool
    figures: Mapping[str, int | str | float]

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return {"name": self.name, "ok": self.ok, "figures": dict(self.figures)}

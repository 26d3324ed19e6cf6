"""What goes wrong on the way: latency, and faults drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """What a request may meet; a third each."""

    REFUSED = "refused"
    """429 with Retry-After; nothing was done."""
    FAILED = "failed"
    """500; nothing was done, but who asked cannot know."""
    LOST = "lost"
    """It was done, and then the connection broke."""


@dataclass
class Weather:
    """The present conditions.

    Attributes:
        latency: Seconds until each answer.
        share: Share of requests that meet a fault.
        retry_after: Seconds that a refusal asks to wait.
        met: How many faults there were, by kind.
    """

    latency: float = 0.0
    share: float = 0.0
    seed: int = 1
    retry_after: int = 1
    met: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def draw(self) -> Fault | None:
        """The fault of the next request, if any."""
        if not self.share or self._random.random() >= self.share:
            return None
        fault = self._random.choice(list(Fault))
        self.met[fault.value] = self.met.get(fault.value, 0) + 1
        return fault

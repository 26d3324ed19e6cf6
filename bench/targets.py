"""What Accord is to reach, and whether it does. A ratio is to the floor of the same round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.figures import Summary


@dataclass(frozen=True)
class Target:
    """One figure of a workload that must not be exceeded.

    Attributes:
        of: The figure; None = not measured in this run.
        must: The bound. ``aim``: the bound one hopes for.
        least: The figure must not be below the bound instead.
    """

    what: str
    of: Callable[[Summary], float | None]
    must: float
    aim: float
    least: bool = False

    def judged(self, summary: Summary) -> str:
        """``time: aim``, ``time: must``, ``time: MISSED (2.3, must be at most 1.5)``, or nothing."""
        found = self.of(summary)
        if found is None:
            return ""
        if self._holds(found, self.aim):
            return f"{self.what}: aim"
        if self._holds(found, self.must):
            return f"{self.what}: must"
        side = "at least" if self.least else "at most"
        return f"{self.what}: MISSED ({found:.3g}, must be {side} {self.must:g})"

    def _holds(self, found: float, bound: float) -> bool:
        return found >= bound if self.least else found <= bound


def time(must: float, aim: float) -> Target:
    """Seconds, times the floor's."""
    return Target("time", lambda summary: summary.time_ratio, must, aim)


def cpu(must: float, aim: float) -> Target:
    """CPU, times the floor's."""
    return Target("CPU", lambda summary: summary.cpu_ratio, must, aim)


def fact(name: str, must: float, aim: float, *, least: bool = False) -> Target:
    """A fact of the workload."""
    return Target(name.replace("_", " "), lambda summary: summary.facts.get(name), must, aim, least)


def count(name: str) -> Target:
    """A count that must be nought."""
    return Target(name, lambda summary: float(getattr(summary, name)), 0, 0)


NOTHING_AMISS = (count("lost"), count("wrong"), count("duplicates"))
FAULTLESS = (*NOTHING_AMISS, count("reruns"))
TARGETS: Mapping[str, Sequence[Target]] = {
    "W1": (time(1.5, 1.0), cpu(2.5, 1.6), *NOTHING_AMISS),
    "W1+": (time(2.0, 1.5), *NOTHING_AMISS),
    "W2": (time(0.7, 0.5), cpu(0.9, 0.7), count("written")),
    "W3": (time(1.2, 1.0), cpu(2.0, 1.3), *NOTHING_AMISS),
    "W4": (time(1.5, 1.0), cpu(1.7, 1.1), *NOTHING_AMISS),
    "W5": (time(1.0, 0.75), Target("in flight", lambda summary: summary.in_flight, 4, 6, least=True)),
    "W6-2": FAULTLESS,
    "W6-10": FAULTLESS,
    "W6c-2": FAULTLESS,
    "W6c-10": FAULTLESS,
    "W7": (
        Target("MB", lambda summary: summary.peak if summary.size == 100_000 else None, 90, 65),  # noqa: PLR2004
        fact("bytes_per_record", 100, 30),
    ),
    "W8": (
        fact("decided_per_second", 3000, 8000, least=True),
        fact("agree", 1, 1, least=True),
        fact("duplicate_people", 0, 0),
    ),
    "W9": (fact("killed", 1, 1, least=True), *NOTHING_AMISS),
    "W10": (fact("times_sqlite", 2.0, 1.3), *NOTHING_AMISS),
    "W11-version": (Target("CPU s", lambda summary: summary.cpu, 0.3, 0.15),),
    "W11-status": (Target("CPU s", lambda summary: summary.cpu, 0.8, 0.4),),
    "W12": (
        fact("slowest_to_fastest", 3.0, 1.5),
        fact("slowest_to_fastest_arrived", 3.0, 1.5),
        *NOTHING_AMISS,
    ),
}


def verdict(summary: Summary) -> str:
    """What Accord reached on a workload: a word per target, nothing where there is none."""
    told = [target.judged(summary) for target in TARGETS.get(summary.workload, ())]
    return "; ".join(text for text in told if text)

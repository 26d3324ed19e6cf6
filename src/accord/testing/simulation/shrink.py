"""A failing schedule made as short as it can be: faults, acts and runs that it fails without are left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from accord.testing.simulation.schedule import Verdict, simulate
from accord.testing.simulation.town import Climate
from accord.testing.simulation.weather import NOTHING, Omission

MOST_TRIES = 120
"""Schedules played to shrink one."""


@dataclass(frozen=True, slots=True)
class Case:
    """What to play.

    Attributes:
        climate: The weather, by seed.
        ablations: Safeguards that are off.
    """

    seed: int
    climate: Callable[[int], Climate]
    ablations: frozenset[str] = frozenset()

    def play(self, omission: Omission, *, tell: bool = False) -> Verdict:
        """Play it without what is left out."""
        return simulate(self.seed, self.climate, self.ablations, omission, tell=tell)


class Shrinker:
    """Leaves out as much as possible while the same invariant still breaks."""

    def __init__(self, case: Case, most: int = MOST_TRIES) -> None:
        self.case, self.left = case, most
        self.verdict = case.play(NOTHING)
        self.omission = NOTHING

    def run(self) -> Omission:
        """What can be left out; nothing if the schedule does not fail."""
        if not self.verdict.violations:
            return NOTHING
        climate = self.case.climate(self.case.seed)
        self._drop("faults", range(1, self.verdict.faults + 1))
        self._drop("acts", range(climate.acts))
        self._drop("runs", range(climate.runs))
        self._drop("faults", range(1, self.verdict.faults + 1))
        return self.omission

    def _drop(self, what: str, numbers: Sequence[int]) -> None:
        """Leave out large pieces first, then smaller ones; from the end, where least hangs on them."""
        size = len(numbers)
        while size and self.left:
            kept = [n for n in numbers if n not in getattr(self.omission, what)]
            for start in reversed(range(0, len(kept), size)):
                self._without(what, kept[start : start + size])
            size //= 2

    def _without(self, what: str, piece: Sequence[int]) -> None:
        if not self.left:
            return
        self.left -= 1
        more = replace(self.omission, **{what: getattr(self.omission, what) | frozenset(piece)})
        verdict = self.case.play(more)
        if set(verdict.broken) & set(self.verdict.broken):
            self.omission = more


def words(omission: Omission) -> list[str]:
    """The options of ``replay`` that leave the same out."""
    every = (("faults", omission.faults), ("acts", omission.acts), ("runs", omission.runs))
    return [f"--no-{name} {','.join(map(str, sorted(numbers)))}" for name, numbers in every if numbers]

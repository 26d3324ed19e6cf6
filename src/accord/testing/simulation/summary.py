"""What many schedules showed, as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from accord.testing.simulation.census import KINDS

if TYPE_CHECKING:
    from accord.testing.simulation.schedule import Verdict

INVARIANTS = (
    "I1 convergence",
    "I2 quiescence",
    "I3 no duplicate creation",
    "I4 no lost update",
    "I5 no echo pollution",
    "I6 no resurrection",
    "I7 no send after withdrawal",
    "I9 effectively once",
    "I10 cursor safety",
    "I11 fencing",
    "I13 isolation",
    "I14 conservation",
    "I15 brake",
    "I16 liveness",
)


@dataclass
class Summary:
    """Counts over schedules.

    Attributes:
        broken: Seeds (or points) by the name of the invariant they broke.
        counts: Faults by name.
        figures: What the witness of consent and erasure counted, by name.
        census: How often each kind of fault, vendor and act occurred.
        in_schedules: In how many schedules it did.
        traces: Sum of the schedules' traces: two that differ in any choice or effect differ in it.
    """

    schedules: int = 0
    switches: int = 0
    broken: dict[str, list[int]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    census: Counter[str] = field(default_factory=Counter)
    in_schedules: Counter[str] = field(default_factory=Counter)
    traces: int = 0

    def add(self, verdict: Verdict, number: int | None = None) -> None:
        """Count one more; ``number`` names it if not its seed."""
        self.schedules += 1
        self.switches += verdict.switches
        self.traces = (self.traces + int(verdict.trace, 16)) % 2**64  # in whatever order they end
        self.counts.update(verdict.counts)
        self.figures.update(verdict.figures)
        self.census.update(verdict.census)
        self.in_schedules.update(name for name, often in verdict.census.items() if often)
        for name in verdict.broken:
            self.broken.setdefault(name, []).append(verdict.seed if number is None else number)

    @property
    def failed(self) -> int:
        """How many schedules broke something."""
        return len({number for numbers in self.broken.values() for number in numbers})

    def lines(self, seconds: float, first: str) -> Iterator[str]:
        """The table.

        Args:
            seconds: How long it took.
            first: What the number of the first failure is called.
        """
        rate = self.schedules / max(seconds, 0.001)
        yield f"{self.schedules} schedules, {self.switches} switch points, {rate:.2f} schedules/s"
        yield f"traces: {self.traces:016x}, the same wherever this engine plays them"
        yield "faults: " + (", ".join(f"{n} {often}" for n, often in sorted(self.counts.items())) or "none")
        yield from self._account()
        yield f"{'invariant':<30} {'broken in':>9}  first {first}"
        for name in sorted({*INVARIANTS, *self.broken}, key=_number):
            found = self.broken.get(name, [])
            yield f"{name:<30} {len(found):>9}  {min(found) if found else '-'}"

    def occurrences(self) -> Iterator[str]:
        """How often everything occurred that can, also what never did."""
        yield f"{'occurred':<40} {'times':>8} {'in schedules':>13}"
        for name in KINDS:
            yield f"{name:<40} {self.census[name]:>8} {self.in_schedules[name]:>13}"

    def _account(self) -> Iterator[str]:
        """Consent and erasure: how much of it there was, and what must be nought."""
        said = self.figures
        yield (
            f"consent: {said['withdrawals']} withdrawals, {said['erasures']} erasures, {said['begun']} "
            f"requests begun, {said['marks']} advertising marks ({said['called back']} called back)"
        )
        share = 100 * said["edits lost"] / max(said["edits"], 1)
        yield (
            f"edits: {said['edits']}, {said['hints']} hints of vendors; "
            f"lost to a write without a condition: {said['edits lost']} ({share:.2f} %)"
        )
        yield f"{'sends marked after a committed withdrawal or erasure':<60} {said['marked late']:>6}"
        yield f"{'requests begun on a mark older than 5 s':<60} {said['begun late']:>6}"
        yield f"{'marks before a withdrawal that nobody calls back':<60} {said['not called back']:>6}"


def _number(name: str) -> tuple[int, str]:
    digits = name.partition(" ")[0].lstrip("I")
    return (int(digits) if digits.isdigit() else 0, name)

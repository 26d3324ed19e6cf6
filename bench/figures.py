"""What was measured, and how runs of one workload are put side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

FLOOR = "floor"


@dataclass(frozen=True)
class Figure:
    """One program on one workload in one round.

    Attributes:
        seconds: The work itself: programs are loaded and their files opened before it begins.
        cpu: CPU seconds of the whole process, imports included.
        peak: Most memory, in MB.
        written: Records that reached the sink, repeats included.
        lost, wrong, duplicates: Records missing at the sink, other than they should be, there twice.
        in_flight: Most requests that the vendor saw at once.
        reruns: Further runs that were needed until everything was there.
        facts: What else the workload counts.
    """

    workload: str
    program: str
    round: int
    size: int
    seconds: float
    cpu: float
    peak: float
    read: int = 0
    written: int = 0
    lost: int = 0
    wrong: int = 0
    duplicates: int = 0
    in_flight: int = 0
    reruns: int = 0
    failed: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """All rounds of one program on one workload: medians, and ratios to the floor of the same round."""

    workload: str
    program: str
    size: int
    rounds: int
    seconds: float
    cpu: float
    peak: float
    time_ratio: float | None
    cpu_ratio: float | None
    written: int
    lost: int
    wrong: int
    duplicates: int
    in_flight: int
    reruns: int
    failed: str
    facts: dict[str, Any]


def summaries(figures: Sequence[Figure]) -> list[Summary]:
    """One line per workload, size and program, in the order in which they were first run."""
    groups: dict[tuple[str, int, str], list[Figure]] = {}
    for figure in figures:
        groups.setdefault((figure.workload, figure.size, figure.program), []).append(figure)
    return [_summary(runs, figures) for runs in groups.values()]


def _summary(runs: Sequence[Figure], everything: Sequence[Figure]) -> Summary:
    first = runs[0]
    floors = {
        figure.round: figure
        for figure in everything
        if (figure.workload, figure.size, figure.program) == (first.workload, first.size, FLOOR)
    }
    pairs = [(run, floors[run.round]) for run in runs if run.round in floors]
    numbers = {name for run in runs for name, value in run.facts.items() if isinstance(value, (int, float))}
    return Summary(
        workload=first.workload,
        program=first.program,
        size=first.size,
        rounds=len(runs),
        seconds=median(run.seconds for run in runs),
        cpu=median(run.cpu for run in runs),
        peak=median(run.peak for run in runs),
        time_ratio=_ratio(pairs, lambda figure: figure.seconds),
        cpu_ratio=_ratio(pairs, lambda figure: figure.cpu),
        written=round(median(run.written for run in runs)),
        lost=max(run.lost for run in runs),
        wrong=max(run.wrong for run in runs),
        duplicates=max(run.duplicates for run in runs),
        in_flight=min(run.in_flight for run in runs),
        reruns=max(run.reruns for run in runs),
        failed=next((run.failed for run in runs if run.failed), ""),
        facts={
            name: median(run.facts[name] for run in runs if name in run.facts) for name in sorted(numbers)
        },
    )


def _ratio(pairs: Sequence[tuple[Figure, Figure]], of: Callable[[Figure], float]) -> float | None:
    ratios = [of(run) / of(floor) for run, floor in pairs if of(floor) > 0]
    return median(ratios) if ratios else None

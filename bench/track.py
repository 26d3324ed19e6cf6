"""The track: one run after the other against one vendor, each with what it cost and what it did there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.entrants import ACCORD, Entrant
from bench.figures import Figure
from bench.hosting import Vendor
from bench.process import Cost, measure

MOST_RERUNS = 5


@dataclass(frozen=True)
class Errand:
    """One run of a program.

    Attributes:
        stream: Which records.
        full: Read everything, whatever is known.
        append: Through the create-only door.
        options: What else the program is told.
        variables: Environment variables.
    """

    stream: str = "customers"
    full: bool = False
    append: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> list[str]:
        """The same as a command line."""
        flags = ["--full"] * self.full + ["--append"] * self.append
        options = [part for name, value in self.options.items() for part in ("--option", f"{name}={value}")]
        return ["--stream", self.stream, *flags, *options]


@dataclass
class Track:
    """Where programs run.

    Attributes:
        size: Records in the source's streams.
        tell: Called with each figure.
        profile: A file to which Accord's runs append where their CPU went; they are then much slower.
        figures: All figures so far.
    """

    vendor: Vendor
    size: int
    tell: Callable[[Figure], None]
    round: int = 0
    profile: Path | None = None
    figures: list[Figure] = field(default_factory=list)

    @contextmanager
    def session(
        self, *, customers: int | None = None, orders: int = 0, slices: int = 1, **weather: Any
    ) -> Iterator[Path]:
        """A vendor with fresh records and an empty sink, and an empty folder for what a program remembers."""
        count = self.size if customers is None else customers
        self.vendor.tell("stock", customers=count, orders=orders, slices=slices)
        self.vendor.tell("weather", **weather)
        folder = Path(tempfile.mkdtemp(prefix="accord-bench-"))
        try:
            yield folder
        finally:
            self.vendor.tell("weather")
            shutil.rmtree(folder)

    def run(
        self,
        entrant: Entrant,
        errand: Errand,
        folder: Path,
        watch: Callable[[int], None] | None = None,
    ) -> tuple[Cost, dict[str, Any]]:
        """One run: what it cost, and the vendor's account of it."""
        self.vendor.tell("zero")
        command = entrant.command(self.vendor.url, folder, *errand.arguments)
        if self.profile is not None and entrant is ACCORD:
            command += ["--option", f"profile={self.profile}"]
        cost = measure(command, errand.variables, watch)
        return cost, self.vendor.tell("report")

    def figure(self, workload: str, entrant: Entrant, errand: Errand, folder: Path, **facts: Any) -> Figure:
        """One run as a figure, compared with what should be at the sink."""
        cost, report = self.run(entrant, errand, folder)
        return self.compared(workload, entrant, errand, [(cost, report)], **facts)

    def until_done(
        self, workload: str, entrant: Entrant, errand: Errand, folder: Path, **facts: Any
    ) -> Figure:
        """Run again until nothing is lost, five times at most; all runs together are one figure."""
        runs = []
        for _ in range(MOST_RERUNS + 1):
            runs.append(self.run(entrant, errand, folder))
            lost = self.vendor.tell("compare", stream=errand.stream)["lost"]
            if runs[-1][0].code == 0 and not lost:
                break
        return self.compared(workload, entrant, errand, runs, **facts)

    def compared(
        self,
        workload: str,
        entrant: Entrant,
        errand: Errand,
        runs: list[tuple[Cost, dict[str, Any]]],
        **facts: Any,
    ) -> Figure:
        """What runs cost together, and how far the sink is from what it should hold."""
        figure = self.account(workload, entrant, errand, runs, **facts)
        found = self.vendor.tell("compare", stream=errand.stream)
        return replace(figure, lost=found["lost"], wrong=found["wrong"], duplicates=found["duplicates"])

    def account(
        self,
        workload: str,
        entrant: Entrant,
        errand: Errand,
        runs: list[tuple[Cost, dict[str, Any]]],
        **facts: Any,
    ) -> Figure:
        """What runs cost together."""
        last, costs = runs[-1][0], [cost for cost, _ in runs]
        sinks = [report["sinks"][errand.stream] for _, report in runs]
        return Figure(
            workload,
            entrant.name,
            self.round,
            self.size,
            seconds=sum(cost.told.get("seconds", cost.wall) for cost in costs),
            cpu=sum(cost.cpu for cost in costs),
            peak=max(cost.peak for cost in costs),
            read=int(last.told.get("read", 0)),
            written=sum(sink.get("records", 0) for sink in sinks),
            in_flight=max(report.get("in_flight", 0) for _, report in runs),
            reruns=len(runs) - 1,
            failed=_failure(last),
            facts={
                "requests": sum(report.get("GET", 0) + report.get("POST", 0) for _, report in runs),
                "rewritten": sum(sink.get("unchanged", 0) for sink in sinks),
                **facts,
            },
        )

    def keep(self, figure: Figure) -> None:
        """Note a figure."""
        self.figures.append(figure)
        self.tell(figure)


def _failure(cost: Cost) -> str:
    if cost.code:
        return f"exit code {cost.code}: {cost.output[-400:]}"
    problems = cost.told.get("problems")
    return "; ".join(problems) if problems else ""

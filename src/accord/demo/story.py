"""What a person at the terminal sees: a line per step, and every claim with its figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from rich.console import Console
from rich.status import Status
from rich.text import Text

if TYPE_CHECKING:
    from accord.demo.claims.claim import Claim
    from accord.demo.stage import Stage
    from accord.engine.progress import Progress
    from accord.engine.report import Plan, Report

NAMES = {
    "shop": "web shop (Shopify sandbox)",
    "crm": "CRM (HubSpot sandbox)",
    "letter": "newsletter (Brevo sandbox)",
    "till": "till (CSV files)",
    "loyalty": "loyalty programme (SQLite)",
}


class Story:
    """Tells it; says nothing when it is silent."""

    def __init__(self, *, silent: bool) -> None:
        self._status: Status | None = None
        self._console = Console(quiet=silent, highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Long work: a spinner on a terminal, a line elsewhere."""
        if self._console.quiet or not self._console.is_terminal:
            self._console.print(f"{what} …")
            yield
            return
        with self._console.status(f"{what} …") as self._status:
            yield
        self._status = None

    def hear(self, step: Progress) -> None:
        """What a run just did, beside the spinner."""
        if self._status is not None:
            of = f" of {step.total:,}" if step.total else ""
            verb = "reading" if step.phase == "pull" else "writing"
            self._status.update(f"{step.flow}: {verb} {NAMES[step.connection]}, {step.done:,}{of}")

    def working(self) -> AbstractContextManager[None]:
        """A spinner on a terminal, nothing elsewhere."""
        return (
            self.step("Checking") if self._console.is_terminal and not self._console.quiet else nullcontext()
        )

    def systems(self, stage: Stage) -> None:
        """Who takes part, and how many each holds."""
        self._console.print("\nFive systems, none of which knows the others:", style="bold")
        for name, title in NAMES.items():
            where = stage.vendors[name].url if name in stage.vendors else str(stage.folder)
            self._console.print(f"  {title:<28}{len(stage.start.held[name]):>7,} people  {where}")
        self._console.print(f"  configuration: {stage.config}\n")

    def plan(self, plan: Plan) -> None:
        """What the first run would do."""
        counts = ", ".join(
            f"{scope.partition('/')[0]} +{count['create']:,} ~{count['update']:,}"
            for scope, count in plan.counts.items()
            if any(count.values())
        )
        self._console.print(f"Plan of {plan.flow} (+ create, ~ update): {counts}")

    def report(self, report: Report) -> None:
        """What a run did."""
        total, seconds = report.total, report.finished_at - report.started_at
        self._console.print(
            f"Synced {report.flow}: {total.read:,} read, {report.writes:,} written, "
            f"{total.dead_letters} set aside, {seconds:.1f} s"
        )

    def claim(self, number: int, claim: Claim) -> None:
        """A claim, its figures, and whether it holds."""
        line = Text(
            "  ok      " if claim.ok else "  FAILED  ", style="bold green" if claim.ok else "bold red"
        )
        line.append(f"{number:>2}  {claim.title}", style="default")
        self._console.print(line)
        self._console.print(f"              {figures(claim.figures)}", style="dim")

    def heading(self, text: str) -> None:
        """A new part."""
        self._console.print(f"\n{text}", style="bold")

    def end(self, text: str) -> None:
        """The last words."""
        self._console.print(f"\n{text}")


def figures(values: Mapping[str, int | str | float]) -> str:
    """Figures in one line."""
    shown = (f"{value:,}" if isinstance(value, int) else str(value) for value in values.values())
    return " · ".join(f"{name.replace('_', ' ')} {value}" for name, value in zip(values, shown, strict=True))

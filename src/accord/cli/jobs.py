"""Runs or plans of several flows, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from accord.errors import AccordError, StateError

if TYPE_CHECKING:
    from accord.engine.report import Report

R = TypeVar("R", bound="Report")
Job = tuple[str, Callable[[], R]]


@dataclass
class Results(Generic[R]):
    """What became of them.

    Attributes:
        done: What ran.
        failed: What could not be started, and why.
        left: What was not started because somebody said stop.
    """

    done: list[R] = field(default_factory=list)
    failed: list[tuple[str, AccordError]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """The one that matters most."""
        from accord.cli.codes import worst
        from accord.cli.failure import INTERRUPTED

        codes = [each.exit_code for each in self.done] + [error.exit_code for _, error in self.failed]
        return worst([*codes, INTERRUPTED if self.left else 0])

    def document(self, name: str) -> dict[str, Any]:
        """For ``--json``; the reports stand under ``name``."""
        failed = [
            {"flow": flow, "error": type(error).__name__, "message": str(error), "hint": error.hint}
            for flow, error in self.failed
        ]
        reports = [each.as_dict() for each in self.done]
        return {name: reports, "failed": failed, "not_started": self.left, "exit_code": self.exit_code}

    def complain(self) -> None:
        """Tell on standard error what could not be started."""
        from accord.cli.output import complain

        for name, error in self.failed:
            complain(f"{name}: {error}", error.hint)


def run(jobs: Sequence[Job[R]], stopped: Callable[[], bool]) -> Results[R]:
    """Run them until somebody says stop. One flow's trouble does not stop the next.

    Raises:
        StateError: the store cannot be used; nothing else would come out of the next flow.
    """
    results: Results[R] = Results()
    for name, job in jobs:
        if stopped():
            results.left.append(name)
            continue
        try:
            results.done.append(job())
        except StateError:
            raise
        except AccordError as error:
            # Kept, told at the end, and part of the exit code.
            results.failed.append((name, error))
    return results

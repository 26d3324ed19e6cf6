"""What several runs or plans mean for a command: one exit code, one document, what could not be started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accord.cli.codes import worst
from accord.cli.failure import INTERRUPTED
from accord.cli.output import complain

if TYPE_CHECKING:
    from accord.api.several import Results
    from accord.engine.report import Report


def exit_code(results: Results[Any]) -> int:
    """The one that matters most."""
    codes = [each.exit_code for each in results.done] + [error.exit_code for _, error in results.failed]
    return worst([*codes, INTERRUPTED if results.left else 0])


def document(results: Results[Any], name: str) -> dict[str, Any]:
    """For ``--json``; the reports stand under ``name``."""
    reports: list[Report] = results.done
    return {
        name: [each.as_dict() for each in reports],
        "failed": [
            {"flow": flow, "error": type(error).__name__, "message": str(error), "hint": error.hint}
            for flow, error in results.failed
        ],
        "not_started": results.left,
        "exit_code": exit_code(results),
    }


def complained(results: Results[Any]) -> int:
    """Tell on standard error what could not be started; the exit code."""
    for name, error in results.failed:
        complain(f"{name}: {error}", error.hint)
    return exit_code(results)

"""Pairs of external ids from a CSV file: every line is right, or nothing is taken over."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.api import Accord
    from accord.engine.decide import Pair

COLUMNS = ("connection", "stream", "external_id", "other_connection", "other_stream", "other_external_id")
MOST_TOLD = 20
"""Bad lines that are told one by one."""


def read(file: Path) -> Mapping[int, Pair]:
    """The pairs of a file by their line numbers.

    Raises:
        SetupError: the file cannot be read, its header is another one, or a line is not complete.
    """
    from accord.engine.decide import Pair

    found: dict[int, Pair] = {}
    wrong: list[tuple[int, str]] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = csv.DictReader(opened, strict=True)
            if tuple(rows.fieldnames or ()) != COLUMNS:
                raise SetupError(
                    f"{file}:1: another header is expected",
                    hint=f"The first line must be: {','.join(COLUMNS)}",
                )
            for row in rows:
                lacks = [name for name in COLUMNS if not (row[name] or "").strip()]
                if lacks or None in row:
                    wrong.append(
                        (rows.line_num, f"{lacks[0]} is missing" if lacks else "there are too many columns")
                    )
                else:
                    found[rows.line_num] = Pair(*(row[name].strip() for name in COLUMNS))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SetupError(f"{file}: {_why(error)}", hint="Save it as a CSV file in UTF-8.") from error
    _refuse(file, wrong)
    return found


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"the file cannot be read ({error.strerror})"
    return "this is not UTF-8" if isinstance(error, UnicodeDecodeError) else f"this is not CSV ({error})"


def record(accord: Accord, file: Path, pairs: Mapping[int, Pair]) -> None:
    """Link them in one transaction.

    Raises:
        SetupError: a pair cannot be linked; none of them was.
    """
    try:
        accord.import_links(pairs.values())
    except SetupError as error:
        lines = list(pairs)
        _refuse(file, [(lines[position], reason) for position, reason in error.facts.get("refused", ())])
        raise


def _refuse(file: Path, wrong: Sequence[tuple[int, str]]) -> None:
    if not wrong:
        return
    told = [f"{file}:{line}: {reason}" for line, reason in wrong[:MOST_TOLD]]
    if len(wrong) > MOST_TOLD:
        told.append(f"{file}: and {len(wrong) - MOST_TOLD} more lines")
    problems = [{"line": line, "message": reason} for line, reason in wrong]
    raise SetupError(
        "\n".join(told),
        hint="Nothing was linked. Correct these lines and import again.",
        facts={"problems": problems},
    )

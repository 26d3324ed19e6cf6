"""A record as it stands in a file, and what all formats share."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar, Protocol

from accord import Row
from accord.errors import AnswerShapeError, RetryableError
from accord_files.encoding import Content

LONGEST_RECORD = 32 * 1024 * 1024
"""Bytes of one record that are read at all; a longer one is a quote that nobody closed."""


@dataclass(slots=True)
class Entry:
    """One record of a file.

    Attributes:
        line: Where it begins: line number (text) or row number (sheet), from 1.
        row: Its values by column.
        problem: Why it is refused, without any value of it; '' = it is sound.
        raw: Its text exactly as it stands in the file, for formats that have one.
        cells: Its cells in order, for formats with columns.
    """

    line: int
    row: Row
    problem: str = ""
    raw: str = ""
    cells: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read and write a stream's files.

    Attributes:
        connection: For messages.
        needed: The columns that the mapping, the key and the options name; a file must have them.
        encoding: Declared codec, None = detect.
        delimiter: Declared separator of CSV cells, None = detect.
        sheet: Declared sheet of a workbook, None = its first.
        longest: Characters a single field may have.
    """

    connection: str
    needed: Sequence[str]
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    longest: int = 1_000_000


Changes = Mapping[int, Row | None]
"""New rows by the line of the record they replace; None removes it."""


@dataclass(frozen=True, slots=True)
class Old:
    """The file that is about to be rewritten; neither file nor content when there is none yet."""

    name: str
    file: BinaryIO | None = None
    content: Content | None = None


class Format(Protocol):
    """A file format.

    Attributes:
        headed: Whether a file without records still has a header: one of no bytes is then no table.
    """

    headed: ClassVar[bool]

    def inspect(self, file: BinaryIO, name: str) -> Content:
        """One pass over the bytes: digest and encoding.

        Raises:
            AnswerShapeError: it is not what its format says.
        """

    def entries(self, file: BinaryIO, name: str, content: Content) -> Iterator[Entry]:
        """The records of a file, in order.

        Raises:
            AnswerShapeError: the file as a whole cannot be trusted.
            RetryableError: it looks half-written.
        """

    def columns(self, old: Old) -> list[str] | None:
        """The columns that the file has, or will have; None when its rows are nested."""

    def shown(self, value: Any) -> Any:
        """A written value as reading will show it."""

    def unwritable(self, row: Row, content: Content | None) -> str:
        """Why the file cannot hold this row, '' if it can."""

    def rewrite(self, old: Old, target: BinaryIO, changes: Changes, new: Sequence[Row]) -> None:
        """Copy a file with rows replaced, removed and appended; everything else stays as it is."""


def release(text: io.TextIOWrapper) -> None:
    """Let go of the file below a text without closing it; after its owner has closed it, do nothing."""
    if not text.buffer.closed:
        text.detach()


def half_written(connection: str, name: str, why: str) -> RetryableError:
    """The error for a file that somebody is still writing."""
    return RetryableError(
        f"Connection {connection!r}: {name!r} looks half-written: {why}",
        hint="Nothing of it was applied; it is read again next time. Let the export write a temporary name "
        "and rename it when it is complete.",
        facts={"connection": connection, "file": name},
        retry_after=60.0,
    )


def wrong_header(connection: str, name: str, why: str) -> AnswerShapeError:
    """The error for a file whose columns are not the configured ones."""
    return AnswerShapeError(
        f"Connection {connection!r}: {name!r} {why}",
        hint="Correct the stream's `fields`, `key` or `delimiter`, or export the columns it had.",
        facts={"connection": connection, "file": name},
    )


def check_header(layout: Layout, name: str, header: Sequence[str]) -> None:
    """Refuse a header that lacks a needed column or has it twice."""
    missing = [column for column in layout.needed if column not in header]
    if missing:
        shown = ", ".join(repr(column) for column in missing)
        raise wrong_header(layout.connection, name, f"line 1 has no column {shown}")
    twice = sorted({column for column in layout.needed if header.count(column) > 1})
    if twice:
        raise wrong_header(layout.connection, name, f"line 1 has the column {twice[0]!r} more than once")


def too_long(row: Mapping[str, Any], longest: int) -> str | None:
    """The first column whose text is longer than allowed."""
    for column, value in row.items():
        if isinstance(value, str) and len(value) > longest:
            return column
    return None


def as_text(value: Any) -> str:
    """A JSON value as the text of a cell; None is the empty cell."""
    import json

    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)

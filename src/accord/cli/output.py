"""What commands print: one JSON document, or text and tables; colours and lines only on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Sequence
from typing import IO, Any

from accord.cli.text import clean

Row = Sequence[object]


def is_terminal(stream: IO[str]) -> bool:
    """Whether a person watches this stream."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def coloured(stream: IO[str]) -> bool:
    """Whether to use colours there (https://no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


class Output:
    """Standard output of one command."""

    def __init__(self, *, json: bool) -> None:
        self.json = json

    def tell(self, document: object, render: Callable[[], None]) -> None:
        """Print the JSON document, or whatever ``render`` prints."""
        if self.json:
            self.document(document)
        else:
            render()

    def document(self, document: object) -> None:
        """Print one JSON document and hand it on at once."""
        import orjson

        options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE
        sys.stdout.write(orjson.dumps(document, default=str, option=options).decode())
        sys.stdout.flush()

    def line(self, text: str = "") -> None:
        """Print a line as it is."""
        sys.stdout.write(f"{text}\n")

    def title(self, text: str) -> None:
        """Print the line above a table."""
        self.line(f"\x1b[1m{text}\x1b[0m" if coloured(sys.stdout) else text)

    def table(self, headers: Sequence[str], rows: Sequence[Row], *, right: Collection[str] = ()) -> None:
        """Print a table: with lines on a terminal, aligned text elsewhere.

        Args:
            headers: The columns.
            rows: A cell per column.
            right: Columns of numbers, aligned to the right.
        """
        cells = [[clean(str(cell)) for cell in row] for row in rows]
        if is_terminal(sys.stdout):
            _drawn(headers, cells, right)
        else:
            for line in aligned(headers, cells, right):
                self.line(line)


def aligned(headers: Sequence[str], cells: Sequence[Sequence[str]], right: Collection[str]) -> list[str]:
    """A table as plain lines, two blanks between columns."""
    columns = list(zip(headers, *cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for row in (headers, *cells):
        parts = [
            cell.rjust(width) if header in right else cell.ljust(width)
            for header, cell, width in zip(headers, row, widths, strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return lines


def _drawn(headers: Sequence[str], cells: Sequence[Sequence[str]], right: Collection[str]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = [
        place
        for place, header in enumerate(headers)
        if place == 0 or header not in right or not _empty(cells, place)
    ]
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for place in shown:
        number = headers[place] in right
        drawn.add_column(
            headers[place], justify="right" if number else "left", no_wrap=number, overflow="fold"
        )
    for row in cells:
        drawn.add_row(*(Text(row[place]) for place in shown))
    Console(highlight=False).print(drawn)


def _empty(cells: Sequence[Sequence[str]], place: int) -> bool:
    """Whether a column of numbers has nothing but zeros: a narrow terminal has better use for the room."""
    return all(row[place] in {"0", ""} for row in cells)


def complain(message: str, hint: str = "", *, stream: Any = None) -> None:
    """Print ``error: …`` and ``hint: …`` on standard error."""
    out = stream or sys.stderr
    red, blue, end = ("\x1b[31m", "\x1b[36m", "\x1b[0m") if coloured(out) else ("", "", "")
    for line in message.splitlines() or [""]:
        out.write(f"{red}error:{end} {clean(line)}\n")
    for line in hint.splitlines():
        out.write(f"{blue}hint:{end} {clean(line)}\n")
    out.flush()

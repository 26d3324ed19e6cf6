"""CSV: comma, semicolon or tab separated text, as RFC 4180 and the tills of the world write it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, ClassVar, Literal

from accord import Row
from accord.errors import AnswerShapeError
from accord_files.encoding import Content, inspect
from accord_files.record import (
    LONGEST_RECORD,
    Changes,
    Entry,
    Layout,
    Old,
    as_text,
    check_header,
    half_written,
    release,
    too_long,
)

DELIMITERS = (",", ";", "\t", "|")


class Lines:
    """Lines of a text, which remembers those of the record in hand and counts them."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text = text
        self.taken: list[str] = []
        self.count = 0
        self.length = 0

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self.text.readline(LONGEST_RECORD + 1)
        if not line:
            raise StopIteration
        self.taken.append(line)
        self.count += 1
        self.length += len(line)
        if self.length > LONGEST_RECORD:
            raise csv.Error("record too long")
        return line

    def take(self) -> str:
        """The text of the record just read."""
        raw = "".join(self.taken)
        self.taken.clear()
        self.length = 0
        return raw


class CsvFormat:
    """Reads and rewrites CSV files; rows that do not change are copied character by character."""

    headed: ClassVar[bool] = True

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def inspect(self, file: BinaryIO, name: str) -> Content:
        """One pass over the bytes: digest and encoding."""
        return inspect(file, name, self.layout.connection, self.layout.encoding)

    def entries(self, file: BinaryIO, name: str, content: Content) -> Iterator[Entry]:
        """The records below the header; blank lines are skipped."""
        records = self._records(file, name, content)
        header = next(records, None)
        if header is None:
            return
        check_header(self.layout, name, header.cells)
        for entry in records:
            if entry.cells or entry.problem:
                yield self._named(entry, header.cells)

    def _records(self, file: BinaryIO, name: str, content: Content) -> Iterator[Entry]:
        """All records, the header too, with cells but without names."""
        file.seek(0)
        text = io.TextIOWrapper(file, content.encoding, newline="")
        try:
            width = 0
            for entry in self._parsed(text, name):
                width = width or len(entry.cells)
                if len(entry.cells) < width and not entry.raw.endswith(("\n", "\r")):
                    raise half_written(self.layout.connection, name, f"line {entry.line} breaks off")
                yield entry
        finally:
            release(text)

    def _parsed(self, text: io.TextIOWrapper, name: str) -> Iterator[Entry]:
        # The limit is the process's; ours is enforced per field below, with a line number.
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST_RECORD))
        first = text.readline(LONGEST_RECORD)
        text.seek(0)
        lines = Lines(text)
        reader = csv.reader(lines, delimiter=self.delimiter_of(first), strict=True)
        while True:
            line = lines.count + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._broken(error, lines, line, name)
                continue
            yield Entry(line, {}, raw=lines.take(), cells=cells)

    def _broken(self, error: csv.Error, lines: Lines, line: int, name: str) -> Entry:
        """A record with wrong quotes is refused; one that swallows the rest refuses the file."""
        if "unexpected end of data" in str(error):
            raise half_written(
                self.layout.connection, name, f"the quote opened in line {line} is never closed"
            ) from error
        if lines.length > LONGEST_RECORD or "field limit" in str(error):
            raise AnswerShapeError(
                f"Connection {self.layout.connection!r}: {name!r} line {line} begins an endless record",
                hint="Look for a quotation mark in that line that is never closed.",
                facts={"connection": self.layout.connection, "file": name, "line": line},
            ) from error
        return Entry(line, {}, problem=f"line {line}: its quotation marks do not pair", raw=lines.take())

    def _named(self, entry: Entry, header: Sequence[str]) -> Entry:
        cells, width = entry.cells, len(header)
        entry.row = {column: cell or None for column, cell in zip(header, cells, strict=False) if column}
        if entry.problem:
            return entry
        if len(cells) < width or any(cells[width:]):
            entry.problem = f"line {entry.line}: has {len(cells)} cells, the header has {width}"
        elif (column := too_long(entry.row, self.layout.longest)) is not None:
            entry.row[column] = None
            entry.problem = f"line {entry.line}: {column!r} holds more than {self.layout.longest} characters"
        elif "\0" in entry.raw:
            entry.problem = f"line {entry.line}: holds NUL characters"
        return entry

    def delimiter_of(self, header: str) -> str:
        """The declared delimiter, else the candidate that the header holds most often."""
        if self.layout.delimiter is not None:
            return self.layout.delimiter
        outside = "".join(header.split('"')[::2])
        return max(DELIMITERS, key=outside.count)

    def columns(self, old: Old) -> list[str]:
        """The header's names."""
        if old.file is None or old.content is None:
            return list(self.layout.needed)
        header = next(self._records(old.file, old.name, old.content), None)
        return [] if header is None else [name for name in header.cells if name]

    def shown(self, value: Any) -> str | None:
        """Text; an empty cell is null."""
        return as_text(value) or None

    def unwritable(self, row: Row, content: Content | None) -> str:
        """Why the file cannot hold this row, '' if it can."""
        encoding = self._encoding(content)
        for column, value in row.items():
            text = as_text(value)
            if "\0" in text:
                return f"column {column!r} would hold a NUL character"
            if len(text) > self.layout.longest:
                return f"column {column!r} would hold more than {self.layout.longest} characters"
            try:
                text.encode(encoding)
            except UnicodeEncodeError:
                return (
                    f"column {column!r} holds a character that the file's encoding {encoding} lacks: "
                    "save the file as UTF-8, then replay"
                )
        return ""

    def rewrite(self, old: Old, target: BinaryIO, changes: Changes, new: Sequence[Row]) -> None:
        """Copy the file with rows replaced, removed and appended."""
        out = io.TextIOWrapper(target, self._encoding(old.content), newline="")
        try:
            records: Iterator[Entry] = iter(())
            if old.file is not None and old.content is not None:
                records = self._records(old.file, old.name, old.content)
            header = next(records, None)
            first = header.raw if header is not None else ""
            names = header.cells if header is not None else list(self.layout.needed)
            sheet = _Writer(out, names, self.delimiter_of(first), first)
            for entry in records:
                if entry.line not in changes:
                    sheet.copy(entry.raw)
                elif (row := changes[entry.line]) is not None:
                    sheet.put(row, entry.cells)
            for row in new:
                sheet.put(row, [])
            out.flush()
        finally:
            out.detach()

    def _encoding(self, content: Content | None) -> str:
        return content.encoding if content is not None and content.size else self.layout.encoding or "utf-8"


class _Writer:
    """Writes records in the manner of a file's header: delimiter, line break, quoting."""

    def __init__(self, out: io.TextIOWrapper, header: Sequence[str], delimiter: str, first: str) -> None:
        self.out, self.header = out, header
        ending = "\r\n" if first.endswith("\r\n") else "\r" if first.endswith("\r") else "\n"
        quoting: Literal[0, 1] = csv.QUOTE_ALL if first.startswith('"') else csv.QUOTE_MINIMAL
        self.csv = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=quoting)
        # The writer quotes only the line break it writes itself, and a reader ends lines at others too.
        self.quoted = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
        self.ending = ending
        self.open_line = False
        if first:
            self.copy(first)
        else:
            self.csv.writerow(header)

    def copy(self, raw: str) -> None:
        """Write text as it stood."""
        self._finish()
        self.out.write(raw)
        self.open_line = bool(raw) and not raw.endswith(("\n", "\r"))

    def put(self, row: Row, old: Sequence[str]) -> None:
        """Write a row; columns it does not name keep their old cells."""
        self._finish()
        cells = [*old, *[""] * (len(self.header) - len(old))]
        for position, column in enumerate(self.header):
            if column in row:
                cells[position] = as_text(row[column])
        breaks = any("\r" in cell or "\n" in cell for cell in cells)
        (self.quoted if breaks else self.csv).writerow(cells)

    def _finish(self) -> None:
        if self.open_line:
            self.out.write(self.ending)
            self.open_line = False

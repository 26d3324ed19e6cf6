"""XLSX: one sheet of a workbook, its first row naming the columns.

Text is written as text whatever it looks like: ``=1+1`` in a name never becomes a formula.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from accord import Row
from accord.errors import AnswerShapeError
from accord_files.encoding import Content
from accord_files.record import (
    Changes,
    Entry,
    Layout,
    Old,
    as_text,
    check_header,
    half_written,
    too_long,
    wrong_header,
)

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.workbook.workbook import Workbook

CHUNK = 1 << 20
UNPACKED = 512 * 1024 * 1024
"""Bytes a workbook may unpack to; a compressed bomb is refused before it is opened."""
CELL = 32_767
"""Characters a cell of a workbook may have (Excel's limit)."""
ERRORS = frozenset({"#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#N/A", "#NUM!", "#NULL!"})


class XlsxFormat:
    """Reads and rewrites workbooks; other sheets, formats and untouched cells stay."""

    headed: ClassVar[bool] = True

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def inspect(self, file: BinaryIO, name: str) -> Content:  # noqa: ARG002  one signature for all formats
        """One pass over the bytes."""
        digest, size = hashlib.sha256(), 0
        file.seek(0)
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
        return Content(digest.hexdigest(), "", size)

    def entries(self, file: BinaryIO, name: str, content: Content) -> Iterator[Entry]:
        """The rows below the header; empty rows are skipped."""
        if not content.size:
            return
        book = self._open(file, name, read_only=True, data_only=True)
        try:
            rows = self._sheet(book, name).iter_rows(values_only=True)
            header = [as_text(value) for value in next(rows, ())]
            if not any(header):
                return
            check_header(self.layout, name, header)
            for number, values in enumerate(rows, start=2):
                if any(value not in (None, "") for value in values):
                    yield self._entry(number, header, values)
        finally:
            book.close()

    def _entry(self, number: int, header: Sequence[str], values: Sequence[Any]) -> Entry:
        row = {column: _json(value) for column, value in zip(header, values, strict=False) if column}
        entry = Entry(number, row)
        if any(value not in (None, "") for value in values[len(header) :]):
            entry.problem = f"row {number}: has values beyond the named columns"
        elif (column := next((key for key, value in row.items() if value in ERRORS), None)) is not None:
            entry.problem = f"row {number}: column {column!r} holds a formula that failed"
        elif (column := too_long(row, self.layout.longest)) is not None:
            row[column] = None
            entry.problem = (
                f"row {number}: column {column!r} holds more than {self.layout.longest} characters"
            )
        return entry

    def _open(self, file: BinaryIO, name: str, **options: bool) -> Workbook:
        import openpyxl

        file.seek(0)
        try:
            with zipfile.ZipFile(file) as archive:
                unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > UNPACKED:
                raise self._unreadable(name, f"it unpacks to more than {UNPACKED // 1024**2} MB")
            file.seek(0)
            return openpyxl.load_workbook(file, **options)
        except AnswerShapeError:
            raise
        except zipfile.BadZipFile as error:
            raise half_written(self.layout.connection, name, "it is not a complete workbook") from error
        except Exception as error:
            raise self._unreadable(name, f"it is no workbook ({type(error).__name__})") from error

    def _sheet(self, book: Workbook, name: str) -> Any:
        wanted = self.layout.sheet
        if wanted is None:
            return book.worksheets[0]
        if wanted not in book.sheetnames:
            raise wrong_header(self.layout.connection, name, f"has no sheet {wanted!r}")
        return book[wanted]

    def _unreadable(self, name: str, why: str) -> AnswerShapeError:
        return AnswerShapeError(
            f"Connection {self.layout.connection!r}: {name!r} cannot be read: {why}",
            hint="Open it in a spreadsheet and save it anew as .xlsx.",
            facts={"connection": self.layout.connection, "file": name},
        )

    def columns(self, old: Old) -> list[str]:
        """The names in the sheet's first row."""
        if old.file is None or old.content is None or not old.content.size:
            return list(self.layout.needed)
        book = self._open(old.file, old.name, read_only=True)
        try:
            header = next(self._sheet(book, old.name).iter_rows(max_row=1, values_only=True), ())
            return [as_text(value) for value in header if value] or list(self.layout.needed)
        finally:
            book.close()

    def shown(self, value: Any) -> Any:
        """Numbers and truth values as they are, everything else as text; empty text is null."""
        return value if isinstance(value, (bool, int, float)) else as_text(value) or None

    def unwritable(self, row: Row, content: Content | None) -> str:  # noqa: ARG002  every workbook is alike
        """Why a workbook cannot hold this row, '' if it can."""
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

        for column, value in row.items():
            text = as_text(value)
            if ILLEGAL_CHARACTERS_RE.search(text):
                return f"column {column!r} would hold a control character"
            if len(text) > CELL:
                return f"column {column!r} would hold more than {CELL} characters"
        return ""

    def rewrite(self, old: Old, target: BinaryIO, changes: Changes, new: Sequence[Row]) -> None:
        """Save the workbook with rows replaced, removed and appended."""
        book, sheet, header = self._existing(old) or self._fresh()
        for line, row in changes.items():
            if row is not None:
                _fill(sheet, line, header, row)
        for line in sorted((line for line, row in changes.items() if row is None), reverse=True):
            sheet.delete_rows(line)
        free = _last(sheet) + 1
        for line, row in enumerate(new, start=free):
            _fill(sheet, line, header, row, like=line - 1 if line > 2 else None)  # noqa: PLR2004  row 1 is the header
        book.save(target)

    def _existing(self, old: Old) -> tuple[Workbook, Any, dict[str, int]] | None:
        if old.file is None or old.content is None or not old.content.size:
            return None
        book = self._open(old.file, old.name)
        sheet = self._sheet(book, old.name)
        names = [as_text(cell.value) for cell in sheet[1]]
        if not any(names):
            return None
        return book, sheet, {name: column for column, name in enumerate(names, start=1) if name}

    def _fresh(self) -> tuple[Workbook, Any, dict[str, int]]:
        import openpyxl

        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        if self.layout.sheet is not None:
            sheet.title = self.layout.sheet
        header = {name: column for column, name in enumerate(self.layout.needed, start=1)}
        _fill(sheet, 1, header, {name: name for name in header})
        return book, sheet, header


def _json(value: Any) -> Any:
    """A cell's value as JSON; empty text is an empty cell."""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, float, bool)):
        return None if value == "" else value
    return str(value)


def _last(sheet: Any) -> int:
    """The last row that holds anything."""
    last = 1
    for line, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        if any(value not in (None, "") for value in values):
            last = line
    return last


def _fill(sheet: Any, number: int, header: Mapping[str, int], row: Row, like: int | None = None) -> None:
    for column, value in row.items():
        if column in header:
            cell = sheet.cell(number, header[column])
            pattern = cell if like is None else sheet.cell(like, header[column])
            _put(cell, value, pattern)


def _put(cell: Cell, value: Any, pattern: Cell) -> None:
    """Set a cell; text stays text, and a date stays a date where the column holds dates."""
    if isinstance(value, str) and pattern.is_date:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            pass  # no ISO date: written as the text it is
        else:
            style = pattern.number_format
            cell.value = moment.replace(tzinfo=None)
            cell.number_format = style
            return
    if value is None or isinstance(value, (bool, int, float)):
        cell.value = value
        return
    cell.value = as_text(value)
    cell.data_type = "s"

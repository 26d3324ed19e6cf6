"""JSONL: one JSON object per line, nested as deep as the source likes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO, ClassVar

from accord import Row
from accord.errors import AnswerShapeError
from accord_files.encoding import Content, inspect
from accord_files.record import LONGEST_RECORD, Changes, Entry, Layout, Old, half_written, release, too_long


class JsonlFormat:
    """Reads and rewrites JSONL files; lines that do not change are copied character by character."""

    headed: ClassVar[bool] = False

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def inspect(self, file: BinaryIO, name: str) -> Content:
        """One pass over the bytes. JSON is UTF-8 (RFC 8259) unless the stream declares otherwise."""
        found = inspect(file, name, self.layout.connection, self.layout.encoding or "utf-8")
        return replace(found, terminated=True)  # an object that is closed is complete

    def entries(self, file: BinaryIO, name: str, content: Content) -> Iterator[Entry]:
        """The objects of the file; blank lines are skipped."""
        return (entry for entry in self._lines(file, name, content) if entry.row or entry.problem)

    def _lines(self, file: BinaryIO, name: str, content: Content) -> Iterator[Entry]:
        file.seek(0)
        text = io.TextIOWrapper(file, content.encoding, newline="")
        try:
            number = 0
            while raw := text.readline(LONGEST_RECORD + 1):
                number += 1
                if len(raw) > LONGEST_RECORD:
                    raise self._endless(name, number)
                yield self._entry(raw, number, name)
        finally:
            release(text)

    def _entry(self, raw: str, number: int, name: str) -> Entry:
        entry = Entry(number, {}, raw=raw)
        if not raw.strip():
            return entry
        try:
            found = json.loads(raw, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            if not raw.endswith(("\n", "\r")):
                raise half_written(self.layout.connection, name, f"line {number} breaks off") from error
            entry.problem = f"line {number}: is not JSON"
            return entry
        if not isinstance(found, dict) or not found:
            entry.problem = f"line {number}: is no JSON object, or an empty one"
            return entry
        entry.row = found
        if (column := too_long(flat(found), self.layout.longest)) is not None:
            entry.row = {key: value for key, value in found.items() if not isinstance(value, (dict, list))}
            entry.row = {
                key: None if _long(value, self.layout.longest) else value for key, value in entry.row.items()
            }
            entry.problem = f"line {number}: {column!r} holds more than {self.layout.longest} characters"
        return entry

    def _endless(self, name: str, number: int) -> AnswerShapeError:
        return AnswerShapeError(
            f"Connection {self.layout.connection!r}: {name!r} line {number} is too long for one record",
            hint="JSONL has one object per line; an array or indented JSON must be converted first.",
            facts={"connection": self.layout.connection, "file": name, "line": number},
        )

    def columns(self, old: Old) -> None:
        """No fixed ones."""

    def shown(self, value: Any) -> Any:
        """JSON comes back as it was."""
        return value

    def unwritable(self, row: Row, content: Content | None) -> str:  # noqa: ARG002  JSON holds any text
        """Why the file cannot hold this row, '' if it can."""
        column = too_long(flat(row), self.layout.longest)
        return "" if column is None else f"{column!r} would hold more than {self.layout.longest} characters"

    def rewrite(self, old: Old, target: BinaryIO, changes: Changes, new: Sequence[Row]) -> None:
        """Copy the file with objects replaced, removed and appended."""
        encoding = old.content.encoding if old.content is not None else self.layout.encoding or "utf-8"
        out = io.TextIOWrapper(target, encoding, newline="")
        try:
            ended = True
            lines = self._lines(old.file, old.name, old.content) if old.file and old.content else ()
            for entry in lines:
                if entry.line not in changes:
                    out.write(entry.raw)
                    ended = entry.raw.endswith(("\n", "\r"))
                elif (row := changes[entry.line]) is not None:
                    out.write(_dumped(row))
                    ended = True
            if not ended:
                out.write("\n")
            out.writelines(_dumped(row) for row in new)
            out.flush()
        finally:
            out.detach()


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """The leaves of nested values by dotted path."""
    if isinstance(value, dict):
        pairs = [(f"{path}.{key}" if path else str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        pairs = [(f"{path}[{position}]", item) for position, item in enumerate(value)]
    else:
        return {path: value}
    return {leaf: item for below, inner in pairs for leaf, item in flat(inner, below).items()}


def _dumped(row: Row) -> str:
    # Escaped surrogates keep half characters, which UTF-8 cannot encode, readable as they came.
    text = json.dumps(row, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(row)
    return text + "\n"


def _long(value: Any, longest: int) -> bool:
    return isinstance(value, str) and len(value) > longest


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")

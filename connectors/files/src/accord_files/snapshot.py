"""The state of a stream's files at one moment, and its records in pages.

Two passes: the first looks at every record, so that a broken or growing file is found before anything
of it is handed out, and so that of several rows with one key only the last counts; the second hands
the rows out. Memory holds one page and the keys, about 150 bytes each.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from accord import Page, Row
from accord.errors import RetryableError
from accord.mapping.declared import refused
from accord_files.encoding import Content
from accord_files.folder import Folder, Stamp
from accord_files.record import Entry, Format, half_written

PAGE = 500
YOUNG = 60.0
"""Seconds within which a file whose last line has no end may still be growing."""
Place = tuple[int, int]
"""Number of the file and line in it."""


@dataclass(slots=True)
class Snapshot:
    """The records of some files, of which the later win.

    Attributes:
        folder: Where the files are.
        format: How they are read.
        key_of: The key of a row, None when it has none.
        stamps: The files, the strongest last.
        now: The present instant, to tell young files.
        lines: Column that receives the rows of a group; None = every row is a record.
        superseded: How many rows gave way to a later row with the same key.
    """

    folder: Folder
    format: Format
    key_of: Callable[[Row], str | None]
    stamps: Sequence[Stamp]
    now: datetime
    lines: str | None = None
    superseded: int = 0
    last: dict[str, Place] = field(default_factory=dict)
    contents: list[Content] = field(default_factory=list)

    def index(self) -> None:
        """Look at every record once.

        Raises:
            AnswerShapeError, RetryableError: a file is broken, half-written or changing.
        """
        count = 0
        for number, stamp in enumerate(self.stamps):
            with self._steady(stamp) as file:
                content = self.format.inspect(file, stamp.name)
                self.contents.append(content)
                for entry in self.format.entries(file, stamp.name, content):
                    key = self.key_of(entry.row)
                    if key is not None:
                        self.last[key] = (number, entry.line)
                        count += 1
                self._check_end(stamp, content)
        self.superseded = 0 if self.lines else count - len(self.last)

    @property
    def digest(self) -> str:
        """Names and contents of all files, as one fingerprint."""
        named = [
            (stamp.name, content.digest) for stamp, content in zip(self.stamps, self.contents, strict=True)
        ]
        return hashlib.sha256(json.dumps(named).encode()).hexdigest()

    def pages(self, since: datetime | None, token: str | None) -> Iterator[Page]:
        """The records, leaving out files that have not changed since.

        Raises:
            AnswerShapeError, RetryableError: a file is broken, half-written or changing.
        """
        for stamp in self.stamps:
            if self.format.headed and not stamp.size:
                why = "it is empty and has not even a header"
                raise half_written(self.folder.connection, stamp.name, why)
        self.index()
        start = self._start(token)
        rows: list[Row] = []
        at = (-1, -1)
        for place, row in self._rows(since, start):
            if len(rows) == PAGE:
                yield Page(rows, self._token(at), self.now, len(self.last))
                rows = []
            rows.append(row)
            at = place
        yield Page(rows, None, self.now, len(self.last))

    def found(self, wanted: Callable[[Row], bool]) -> Iterator[Row]:
        """The records for which the question is answered with yes."""
        self.index()
        return (row for _, row in self._rows(None, (-1, -1)) if wanted(row))

    def _rows(self, since: datetime | None, start: Place) -> Iterator[tuple[Place, Row]]:
        for number, stamp in enumerate(self.stamps):
            if number < start[0] or (since is not None and stamp.touched < since.timestamp()):
                continue
            with self._steady(stamp) as file:
                for line, row in self._records(number, file):
                    if (number, line) > start:
                        yield (number, line), row

    def _records(self, number: int, file: BinaryIO) -> Iterator[tuple[int, Row]]:
        name = self.stamps[number].name
        groups: dict[str, list[Entry]] = {}
        for entry in self.format.entries(file, name, self.contents[number]):
            key = self.key_of(entry.row)
            if key is None:
                yield entry.line, self._keyless(entry, name)
                continue
            if key not in self.last:
                raise self._moved(self.stamps[number])
            last, line = self.last[key]
            if last != number or (line != entry.line and self.lines is None):
                continue
            if self.lines is None:
                yield entry.line, _sound(entry, name)
                continue
            groups.setdefault(key, []).append(entry)
            if line == entry.line:
                yield entry.line, self._group(groups.pop(key), name)

    def _group(self, entries: Sequence[Entry], name: str) -> Row:
        assert self.lines is not None
        bad = next((entry for entry in entries if entry.problem), None)
        row = {**entries[0].row, self.lines: [entry.row for entry in entries]}
        return row if bad is None else refused(row, f"{name} {bad.problem}")

    def _keyless(self, entry: Entry, name: str) -> Row:
        problem = entry.problem or f"line {entry.line}: has no value in its key column"
        return refused(entry.row, f"{name} {problem}")

    @contextlib.contextmanager
    def _steady(self, stamp: Stamp) -> Iterator[BinaryIO]:
        """An open file that does not change while it is read."""
        try:
            with self.folder.open(stamp.name) as file:
                self._unmoved(file, stamp)
                yield file
                self._unmoved(file, stamp)
        except FileNotFoundError as error:
            raise self._moved(stamp) from error

    def _unmoved(self, file: BinaryIO, stamp: Stamp) -> None:
        found = Stamp.of(stamp.name, os.fstat(file.fileno()))
        # Not ctime: it moves when another file is renamed over this one, and who reads the old file
        # to its end still reads a whole file.
        if (found.size, found.modified, found.inode) != (stamp.size, stamp.modified, stamp.inode):
            raise self._moved(stamp)

    def _moved(self, stamp: Stamp) -> RetryableError:
        return RetryableError(
            f"Connection {self.folder.connection!r}: {stamp.name!r} changed while it was read",
            hint="It is read again next time. Let the export write a temporary name and rename it.",
            facts={"connection": self.folder.connection, "file": stamp.name},
            retry_after=60.0,
        )

    def _check_end(self, stamp: Stamp, content: Content) -> None:
        age = self.now.timestamp() - stamp.modified / 1e9
        if not content.terminated and 0 <= age < YOUNG:
            raise half_written(
                self.folder.connection, stamp.name, "it was written just now and its last line has no end"
            )

    def _start(self, token: str | None) -> Place:
        """Where to go on; at the beginning when anything changed since the token was given."""
        if token is None:
            return (-1, -1)
        saved = json.loads(token)
        if saved.get("content") != self.digest:
            return (-1, -1)
        names = [stamp.name for stamp in self.stamps]
        return (names.index(saved["file"]), int(saved["line"]))

    def _token(self, place: Place) -> str:
        name = self.stamps[place[0]].name
        return json.dumps({"content": self.digest, "file": name, "line": place[1]})


def _sound(entry: Entry, name: str) -> Row:
    return refused(entry.row, f"{name} {entry.problem}") if entry.problem else entry.row

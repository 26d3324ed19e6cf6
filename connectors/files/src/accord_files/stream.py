"""A stream of records in files: reading, looking up, finding."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from accord import Creates, CursorField, Deletes, Origin, Page, Probe, ReadRequest, Row, Stream, batch
from accord.errors import AccessError
from accord.mapping.declared import (
    Finder,
    HubIds,
    KeyColumns,
    PermissionWords,
    declared,
    digest_of,
    moment,
    natively,
    refusal,
    subject_of,
)
from accord.model import model_named
from accord_files.csv_format import CsvFormat
from accord_files.folder import WILD, Stamp
from accord_files.jsonl_format import JsonlFormat
from accord_files.record import Format, Layout
from accord_files.settings import FileStreamSettings
from accord_files.snapshot import Snapshot
from accord_files.xlsx_format import XlsxFormat

if TYPE_CHECKING:
    from accord_files.connector import Files

log = logging.getLogger("accord.files")
FORMATS: Mapping[str, Callable[[Layout], Format]] = {
    "csv": CsvFormat,
    "jsonl": JsonlFormat,
    "xlsx": XlsxFormat,
}
GROUPED = "lines"
"""The column that receives the rows of a group."""


class FileStream(Stream):
    """Reads records from files. One class per configured stream is derived from it by :func:`file_stream`."""

    config: ClassVar[FileStreamSettings]
    connector: Files
    etag = "accord.digest"

    def __init__(self, connector: Files) -> None:
        self.keys = KeyColumns(self.config.keys, nested=self.nested)
        self.hub_ids = HubIds(self.keys, self.config.hub_id, generated=self.config.key_from == "hub_id")
        where = f"connections.{connector.context.connection}.streams.{self.name}"
        words = natively(self.config)
        super().__init__(connector, declared(words, nested=self.nested, key=where))
        named = f"{connector.context.connection}/{self.name}"
        self.permissions = PermissionWords(words, named, nested=self.nested)
        self.folder = connector.folder
        self.env = connector.context.env
        self.format = FORMATS[self.config.kind](self._layout())
        self.changed_at = moment(self.config, self.config.updated_at, named)
        self.finder = Finder(self.config, self.model, nested=self.nested, key=where)
        self.key = self.config.keys[0]
        if self.changed_at is not None:
            self.cursor = CursorField(self.changed_at.column)
        self.find_by = (*(["hub_id"] if self.hub_ids.known else []), *self.finder.fields)

    @property
    def nested(self) -> bool:
        """Whether columns are paths into nested values."""
        return self.config.kind == "jsonl"

    def _layout(self) -> Layout:
        config = self.config
        columns = [
            *config.keys,
            *([config.hub_id] if config.hub_id else []),
            *config.columns(lines=config.group is not None),
        ]
        if config.updated_at is not None:
            columns.append(
                config.updated_at if isinstance(config.updated_at, str) else config.updated_at.column
            )
        needed = [] if self.nested else list(dict.fromkeys(columns))
        return Layout(
            self.connector_name, needed, config.encoding, config.delimiter, config.sheet, config.max_field
        )

    @property
    def connector_name(self) -> str:
        """The connection's name, for messages."""
        return self.connector.context.connection

    def stamps(self) -> list[Stamp]:
        """The files as they are now, in the order in which later ones win.

        Raises:
            AccessError: a file named without wildcards is not there.
        """
        found = self.folder.stamps(self.config.pattern)
        write = self.config.write
        found.sort(key=lambda stamp: stamp.name == write)
        if not found and write is None and not WILD & set(self.config.pattern):
            raise AccessError(
                f"Connection {self.connector_name!r}: there is no file {self.config.pattern!r}",
                hint=f"Put it below {str(self.folder.root)!r}, or correct the `path` of {self.name!r}.",
                facts={"connection": self.connector_name, "file": self.config.pattern},
            )
        return found

    def fingerprint(self) -> str:
        """Changes whenever a file of the stream does; costs no reading."""
        return digest_of([[s.name, s.size, s.modified, s.changed, s.inode] for s in self.stamps()])

    def snapshot(self, stamps: Sequence[Stamp] | None = None) -> Snapshot:
        """The files' records at this moment."""
        lines = GROUPED if self.config.group else None
        found = self.stamps() if stamps is None else stamps
        return Snapshot(self.folder, self.format, self.keys.of, found, self.env.now(), lines)

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Page through the records; files unchanged since ``request.since`` are left out.

        Rows are not filtered by their own date: an export that arrives late holds old dates and new rows.
        """
        snapshot = self.snapshot()
        since = request.since
        if since is not None and all(stamp.touched < since.timestamp() for stamp in snapshot.stamps):
            yield Page([], server_time=snapshot.now)
            return
        yield from self.permissions.watch(snapshot.pages(since, request.token))
        if snapshot.superseded:
            log.warning(
                "%s/%s: rows that gave way to a later one with the same key: %d",
                self.connector_name,
                self.name,
                snapshot.superseded,
            )

    @batch(1000)
    def get(self, ids: Sequence[str]) -> Mapping[str, Row | None]:
        """The rows with these keys, None for those that no file has."""
        wanted = set(ids)
        found: dict[str, Row | None] = dict.fromkeys(ids)
        for row in self.snapshot().found(lambda row: self.keys.of(row) in wanted):
            found[self.external_id(row)] = row
        return found

    @batch(1000)
    def find(self, probes: Sequence[Probe]) -> Sequence[Sequence[Row]]:
        """The rows that match each probe, in one pass over the files."""
        answers: list[list[Row]] = [[] for _ in probes]
        asked = self.finder.questions(probes)
        fields = [name for name in self.finder.fields if any(name == field for field, _ in asked)]
        for row in self.snapshot().found(lambda row: refusal(row) is None):
            answers_to = [("hub_id", self.hub_reference(row) or ""), *self.finder.keys(row, fields)]
            for pair in answers_to:
                for position in asked.get(pair, ()):
                    answers[position].append(row)
        return answers

    def external_id(self, row: Row) -> str:
        """The row's key; a refused row without one is named by its file and line."""
        key = self.keys.of(row)
        if key is not None:
            return key
        why = refusal(row)
        if why is None:
            raise KeyError(self.key)
        return why.partition(":")[0]

    def updated_at(self, row: Row) -> datetime | None:
        """When the row last changed, None when its column does not tell."""
        return None if self.changed_at is None else self.changed_at.of(row)

    def version(self, row: Row) -> str | None:
        """A fingerprint of the whole row: what conditional writes compare."""
        return digest_of(row)

    def hub_reference(self, row: Row) -> str | None:
        """Our id of the record, from its own column or because it is the key."""
        return self.hub_ids.of(row)

    def stamp(self, row: Row, hub_id: str) -> Row:
        """The row of a create with our id in it."""
        return self.hub_ids.stamp(row, hub_id)


def file_stream(name: str, config: FileStreamSettings, base: type[FileStream]) -> type[FileStream]:
    """The class of one configured stream."""
    facts: dict[str, Any] = {
        "name": name,
        "config": config,
        "model": model_named(config.model),
        "subject": subject_of(config),
        "origin": Origin(config.origin),
        "deletes": Deletes.SCAN if config.complete else Deletes.NONE,
        "full_read_is_complete": config.complete,
        "creates": Creates.REFERENCE if config.write else None,
        "read_back": config.write is not None,
        "t_max": 5.0,
        "l_max": 0.0,
    }
    return type(f"FileStream_{name}", (base,), facts)

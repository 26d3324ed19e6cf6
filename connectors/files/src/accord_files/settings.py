"""The keys of a `files` connection in accord.toml."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Annotated, Literal

import pydantic

from accord import Settings
from accord.mapping.declared import DeclaredField, DeclaredStream

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
}


def _codec(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise ValueError("no encoding is called so; try utf-8, cp1252 or cp850") from None


class FileStreamSettings(DeclaredStream):
    """One stream: which files, how to read them, and where to write.

    Attributes:
        path: Name or pattern of the files below the root; left out when only `write` is given.
        write: The file that Accord rewrites; it counts after all others.
        format: csv, jsonl or xlsx; by default the suffix says it.
        key: Column, or columns, whose value names a record.
        group: Column whose equal values make several rows one record with `lines` (order exports).
        key_from: Where the key of a new row comes from: our id of the record, or the mapped row itself.
        hub_id: Column for our id of the record.
        updated_at: Column that says when a row last changed.
        complete: Every file set is a full export, so that a missing row means a deleted one.
        delimiter: Of CSV cells; detected from the header when left out.
        encoding: Detected when left out.
        sheet: Of a workbook; its first when left out.
        max_field: Characters a field may have; a longer one sets its record aside.
    """

    path: str | None = None
    write: str | None = None
    format: Literal["csv", "jsonl", "xlsx"] | None = None
    key: str | list[str] | None = None
    group: str | None = None
    key_from: Literal["hub_id", "row"] = "hub_id"
    hub_id: str | None = None
    updated_at: str | DeclaredField | None = None
    complete: bool = False
    delimiter: Annotated[str, pydantic.Field(min_length=1, max_length=1)] | None = None
    encoding: Annotated[str, pydantic.AfterValidator(_codec)] | None = None
    sheet: str | None = None
    max_field: int = pydantic.Field(default=1_000_000, ge=100, le=16_000_000)

    @property
    def pattern(self) -> str:
        """What to look for."""
        return self.path or self.write or ""

    @property
    def keys(self) -> list[str]:
        """The columns of the key."""
        named = self.key or self.group or []
        return [named] if isinstance(named, str) else list(named)

    @property
    def kind(self) -> str:
        """The format, declared or by suffix; '' when neither tells."""
        return self.format or FORMATS.get(Path(self.pattern).suffix.lower(), "")


class FilesSettings(Settings):
    """A folder with exports.

    Attributes:
        root: The folder, relative to the configuration. No path leaves it.
        streams: By the names that flows use.
    """

    root: Path
    streams: dict[str, FileStreamSettings] = pydantic.Field(min_length=1)

"""The `files` connector: a folder of exports whose streams stand in the configuration."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from accord import Account, Connector, Stream
from accord.errors import AccessError, ConfigError
from accord_files.folder import Folder, check_name
from accord_files.rewrite import WritableFileStream
from accord_files.settings import FilesSettings, FileStreamSettings
from accord_files.stream import FileStream, file_stream


class Files(Connector[FilesSettings]):
    """Exports of tills and back offices: CSV, JSONL and XLSX files in one folder."""

    name: ClassVar[str] = "files"
    title: ClassVar[str] = "Files"
    settings = FilesSettings
    api_version: ClassVar[str] = "RFC 4180, JSON Lines, ECMA-376"
    documentation: ClassVar[str] = "https://www.rfc-editor.org/rfc/rfc4180"

    @cached_property
    def folder(self) -> Folder:
        """The root folder, through which every file is opened."""
        return Folder(self.context.root / self.settings_value.root, self.context.connection)

    def open_streams(self) -> Sequence[Stream]:
        """The configured streams; no file is touched yet.

        Raises:
            ConfigError: a stream's table makes no sense.
        """
        return [self._open(name, config) for name, config in self.settings_value.streams.items()]

    def check(self) -> Account:
        """Prove that the folder can be read, and written where a stream asks for it.

        Raises:
            AccessError: it cannot.
            ConfigError: a stream's table makes no sense.
        """
        self.folder.require()
        details: dict[str, str] = {"folder": str(self.folder.root)}
        for stream in self.open_streams():
            assert isinstance(stream, FileStream)
            if stream.config.write is not None:
                self._require_writable(stream.config.write)
            details[stream.name] = f"{len(stream.stamps())} files"
        return Account(f"files:{self._place()}", self.folder.root.name, details)

    def _place(self) -> str:
        """Where the folder is, as seen from accord.toml: the two may be moved together."""
        root, ours = self.folder.root, self.context.root.resolve()
        return root.relative_to(ours).as_posix() if root.is_relative_to(ours) else str(root)

    def _require_writable(self, name: str) -> None:
        try:
            with self.folder.lock_file(name):
                return
        except FileNotFoundError as error:
            raise AccessError(
                f"Connection {self.context.connection!r}: the folder of {name!r} does not exist",
                hint="Create it, or correct the stream's `write`.",
                facts={"connection": self.context.connection, "file": name},
            ) from error

    def _open(self, name: str, config: FileStreamSettings) -> FileStream:
        where = f"connections.{self.context.connection}.streams.{name}"
        problem = _problem(config)
        if problem:
            raise ConfigError(
                f"{where}: {problem}", hint="See the README of accord-files.", facts={"key": where}
            )
        for key, given in (("path", config.path), ("write", config.write)):
            if given is not None:
                check_name(given, key=f"{where}.{key}", wild=key == "path")
        base = FileStream if config.write is None else WritableFileStream
        return file_stream(name, config, base)(self)

    def close(self) -> None:
        """Nothing is held open between operations."""


def _problem(config: FileStreamSettings) -> str:  # noqa: PLR0911  a list of rules
    """What does not go together in a stream's table, '' if all does."""
    from fnmatch import fnmatchcase

    if not config.pattern:
        return "`path` says which files to read; it (or `write`) is missing"
    if config.path and config.write and not fnmatchcase(config.write, config.path):
        return "`write` must name a file that `path` matches, or Accord would never see its own rows again"
    if not config.kind:
        return "the file's suffix does not tell its format: say `format`"
    if not config.keys:
        return "`key` is missing: the column whose value names a record"
    if config.group is not None and config.kind == "jsonl":
        return "`group` is for rows; nested JSON has its lines in `lines.path`"
    if config.group is not None and (config.write is not None or config.lines is None):
        return "grouped rows need a `lines` table and are only read"
    if config.lines is not None and config.group is None and config.kind != "jsonl":
        return "`lines` of plain rows need `group`: the column that lines of one record share"
    if config.write is not None and os.name != "posix":
        return "writing needs a POSIX system (file locks and atomic replacement)"
    return ""

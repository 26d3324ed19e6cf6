"""A till's folder on disk and the connector over it, for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from accord import Context, Operation, Outcome, Page, ReadRequest, Row, Write
from accord.env import SystemEnv
from accord_files import Files
from accord_files.rewrite import WritableFileStream
from accord_files.settings import FilesSettings
from accord_files.stream import FileStream

HUB = "0192f3a4b5c60000000000000000cafe"
FIELDS: dict[str, Any] = {
    "given_name": "first name",
    "email": "mail",
    "phone": {"column": "tel", "country": "FR"},
}
HEADER = "card_no,first name,mail,tel\n"


class NoStore:
    """Stands where a connector of files needs no store."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"files need no {name}")


class Till:
    """A folder below a temporary one."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.root = base / "till"
        self.root.mkdir()
        self.env = SystemEnv()

    def put(self, name: str, content: str | bytes) -> Path:
        """Write a file as another program would."""
        path = self.root / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def text(self, name: str = "customers.csv") -> str:
        """What a file holds."""
        return (self.root / name).read_bytes().decode()

    def open(self, **config: Any) -> Files:
        """The connector with one stream, ``customers``."""
        given = {"model": "customer", "key": "card_no", "fields": FIELDS, **config}
        if "path" not in given and "write" not in given:
            given["path"] = "customers.csv"
        settings = FilesSettings.model_validate({"root": "till", "streams": {"customers": given}})
        store: Any = NoStore()
        return Files(settings, Context(self.env, "till", store, store, self.base))

    def stream(self, **config: Any) -> FileStream:
        """The one stream."""
        (stream,) = self.open(**config).open_streams()
        assert isinstance(stream, FileStream)
        return stream

    def writable(self, **config: Any) -> WritableFileStream:
        """The one stream, which writes customers.csv."""
        stream = self.stream(**{"write": "customers.csv", **config})
        assert isinstance(stream, WritableFileStream)
        return stream


def pages(stream: FileStream, **request: Any) -> list[Page]:
    """All pages of a read."""
    return list(stream.read(ReadRequest(**request)))


def rows(stream: FileStream, **request: Any) -> list[Row]:
    """All rows of a read."""
    return [row for page in pages(stream, **request) for row in page.rows]


def change(row: Row, key: str | None = None, *, hub: str = HUB, precondition: str | None = None) -> Write:
    """A create without a key, an update with one."""
    operation = Operation.CREATE if key is None else Operation.UPDATE
    return Write(f"w-{key or hub}", operation, row, {}, hub, "k", key, precondition)


def removal(key: str, precondition: str | None = None) -> Write:
    """A delete."""
    return Write(f"w-{key}", Operation.DELETE, {}, {}, HUB, "k", key, precondition)


def results(outcomes: Sequence[Outcome]) -> list[str]:
    """What became of each write."""
    return [str(outcome.result) for outcome in outcomes]


LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)

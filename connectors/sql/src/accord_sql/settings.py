"""The keys of an `sql` connection in accord.toml."""

from __future__ import annotations

import re
from typing import Literal

import pydantic

from accord import Settings
from accord.mapping.declared import DeclaredField, DeclaredStream

# Before the host, where it may hold a slash (a number and a slash are a port), or among the options.
_PASSWORD = re.compile(r"//[^/@]*:(?!\d{1,5}/)[^@]+@|[?&]\w*(password|passwd|pwd)=.", re.IGNORECASE)


class SqlStreamSettings(DeclaredStream):
    """One stream: a table, or a query that is only read.

    Attributes:
        table: Table or view, ``schema.table`` where needed.
        query: A SELECT; its columns are the row.
        key: Column, or columns, whose value names a row.
        key_from: Where a new row's key comes from: the database, our id, the mapped row; by default what
            the key column's type suggests.
        hub_id: Column for our id of the record.
        updated_at: Column that says when a row last changed; without it every read is a full read.
        overlap: Seconds that an incremental read goes back; longer than the longest transaction.
        touch: Set `updated_at` on our own writes.
        deleted: Column that marks a deleted row; without it rows are removed.
        version: Column that changes with every write to a row.
        upsert_by: Canonical field whose column is unique: new rows are merged into one that has the value.
        read_only: Never write.
        complete: A query lists every live row, so that a missing one was deleted (tables always do).
        max_field: Characters a field may have; a longer one sets its record aside.
    """

    table: str | None = None
    query: str | None = None
    key: str | list[str]
    key_from: Literal["auto", "database", "hub_id", "row"] = "auto"
    hub_id: str | None = None
    updated_at: str | DeclaredField | None = None
    overlap: float = pydantic.Field(default=300.0, ge=0, le=86_400)
    touch: bool = True
    deleted: str | None = None
    version: str | None = None
    upsert_by: str | None = None
    read_only: bool = False
    complete: bool = False
    max_field: int = pydantic.Field(default=1_000_000, ge=100, le=16_000_000)

    @property
    def keys(self) -> list[str]:
        """The columns of the key."""
        return [self.key] if isinstance(self.key, str) else list(self.key)

    @property
    def writable(self) -> bool:
        """Whether Accord may write."""
        return self.table is not None and not self.read_only

    def named_columns(self) -> list[str]:
        """Every column that the configuration names."""
        updated = self.updated_at.column if isinstance(self.updated_at, DeclaredField) else self.updated_at
        others = [self.hub_id, updated, self.deleted, self.version]
        return list(dict.fromkeys([*self.keys, *(name for name in others if name), *self.columns()]))


class SqlSettings(Settings):
    """A database.

    Attributes:
        url: SQLAlchemy URL without a password; a relative SQLite path starts at the configuration.
        secret_url: The URL as a secret reference, where it holds a password; instead of ``url``.
        password: The password that goes with ``url``.
        streams: By the names that flows use.
    """

    # A URL may hold a password, and pydantic's own messages show what was given.
    model_config = pydantic.ConfigDict(hide_input_in_errors=True)

    url: str | None = None
    secret_url: pydantic.SecretStr | None = None
    password: pydantic.SecretStr | None = None
    streams: dict[str, SqlStreamSettings] = pydantic.Field(min_length=1)

    @property
    def target(self) -> str:
        """The URL, from whichever key has it."""
        return self.secret_url.get_secret_value() if self.secret_url is not None else self.url or ""

    @pydantic.field_validator("url")
    @classmethod
    def _no_password(cls, url: str | None) -> str | None:
        if url is not None and _PASSWORD.search(url):
            raise ValueError("it holds a password: give `password` beside it, or use `secret_url`")
        return url

    @pydantic.model_validator(mode="after")
    def _one_url(self) -> SqlSettings:
        if (self.url is None) == (self.secret_url is None):
            raise ValueError("give either `url` or `secret_url`")
        return self

"""What differs between SQLite and PostgreSQL, as one protocol."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from accord.errors import StateError

_WHAT = "use sqlite:///path/to/accord.db or postgresql+psycopg://user@host/database"


class Database(Protocol):
    """One database that holds a store: opens its transactions and copies it."""

    @property
    def url(self) -> str:
        """Its address without a password: how errors name it."""

    def writing(self, *, durable: bool = True) -> AbstractContextManager[Connection]:
        """The one writing transaction: it waits for the present writer, of whichever process.

        Commits at the end, rolls back on any exception.

        Args:
            durable: Whether the commit must survive a power failure. Without it the loss of the
                last moments is possible, the loss of consistency is not.

        Raises:
            StoreBusyError: the other writer did not end within the busy timeout.
        """

    def reading(self) -> AbstractContextManager[Connection]:
        """A read-only transaction that sees one moment of the store and blocks nobody."""

    def copy(self, name: str) -> Database:
        """A copy for throw-away work; ``name`` is unique and made of lower-case letters and digits."""

    def discard_copy(self, name: str) -> None:
        """Remove a copy, also one that a crashed process left; no error if there is none."""

    def scrub(self) -> None:
        """Clear what deleted rows left in the files; no transaction of this process may be writing."""

    def close(self) -> None:
        """Close all connections."""


def open_database(url: str, busy_timeout: float) -> Database:
    """The database of a store's address.

    Raises:
        StateError: the address is not understood or the place cannot be used.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # Not chained: the library quotes the address, which may hold a password.
        raise StateError("the address of the store is not understood", hint=_WHAT) from None
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        from accord.store.sqlite import SqliteDatabase

        return SqliteDatabase(parsed, busy_timeout)
    if parsed.drivername in {"postgresql", "postgresql+psycopg"}:
        from accord.store.postgres import PostgresDatabase

        return PostgresDatabase(parsed.set(drivername="postgresql+psycopg"), busy_timeout)
    raise StateError(f"a store cannot be kept in {parsed.drivername}", hint=_WHAT)

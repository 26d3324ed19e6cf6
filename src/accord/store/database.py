"""What differs between SQLite and PostgreSQL, as one protocol."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from accord.errors import StateError
from accord.store.address import HINT, parse
from accord.store.durability import Durability


class Database(Protocol):
    """One database that holds a store: opens its transactions and copies it.

    A transaction is given as the driver's own connection.
    """

    @property
    def url(self) -> str:
        """Its address without a password: how errors name it."""

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""

    def writing(self, durability: Durability = Durability.LASTING) -> AbstractContextManager[Any]:
        """The one writing transaction: it waits for the present writer, of whichever process.

        Commits at the end, rolls back on any exception.

        Args:
            durability: What may take the commit back.

        Raises:
            StoreBusyError: the other writer did not end within the busy timeout.
        """

    def reading(self) -> AbstractContextManager[Any]:
        """A read-only transaction that sees one moment of the store and blocks nobody."""

    def connect(self) -> Any:
        """A connection of the driver's, outside any transaction, that the caller closes."""

    def begin(self, driver: Any) -> None:
        """Begin the one writing transaction on a connection of :meth:`connect`."""

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
    address = parse(url)
    if address.scheme in {"sqlite", "sqlite+pysqlite"}:
        from accord.store.sqlite import SqliteDatabase, file_of

        return SqliteDatabase(file_of(address), busy_timeout)
    if address.scheme in {"postgresql", "postgresql+psycopg"}:
        from accord.store.postgres import PostgresDatabase

        return PostgresDatabase(address._replace(scheme="postgresql+psycopg"), busy_timeout)
    raise StateError(f"a store cannot be kept in {address.scheme}", hint=HINT)

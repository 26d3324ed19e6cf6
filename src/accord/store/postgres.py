"""The store in a schema of a PostgreSQL database (psycopg 3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from accord.errors import SetupError
from accord.store.faults import explained
from accord.store.tables import metadata

_WRITER = 0x4ACC_04D0
"""First half of the advisory lock that the writer holds; the second names the schema."""

_LOCK = f"SELECT pg_advisory_xact_lock({_WRITER}, hashtext(coalesce(current_schema(), '')))"
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresDatabase:
    """See :class:`accord.store.database.Database`.

    Writers take one advisory lock first, so that they follow each other exactly as on SQLite: one
    semantics for both. READ COMMITTED is enough behind it: every statement sees all earlier writers.
    """

    def __init__(self, url: URL, busy_timeout: float, schema: str | None = None) -> None:
        self._address = url
        self._busy = busy_timeout
        self._schema = schema
        self.url = url.set(query=_shown(url)).render_as_string(hide_password=True)
        self._engine = _engine(url, busy_timeout, schema)

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """See :meth:`accord.store.database.Database.writing`."""
        with explained(self.url), self._engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(_LOCK)
            if not durable:
                connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See :meth:`accord.store.database.Database.reading`."""
        with explained(self.url), self._engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(_SNAPSHOT)
            # PostgreSQL takes the snapshot at the first query.
            connection.exec_driver_sql("SELECT 1").all()
            yield connection

    def copy(self, name: str) -> PostgresDatabase:
        """A copy in a schema of its own, made in one transaction from one moment of the store."""
        schema = _copy_schema(name)
        with explained(self.url), self._engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
            for table in metadata.sorted_tables:
                target = f'"{schema}"."{table.name}"'
                connection.exec_driver_sql(f'CREATE TABLE {target} (LIKE "{table.name}" INCLUDING ALL)')
                connection.exec_driver_sql(f'INSERT INTO {target} SELECT * FROM "{table.name}"')  # noqa: S608  our names
                connection.exec_driver_sql(f"ANALYZE {target}")
        return PostgresDatabase(self._address, self._busy, schema)

    def discard_copy(self, name: str) -> None:
        """Remove the schema of a copy."""
        with explained(self.url), self._engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{_copy_schema(name)}" CASCADE')

    def scrub(self) -> None:
        """Let the server reuse and overwrite the space of deleted rows; its own log is its operator's."""
        with explained(self.url), self._engine.connect() as connection:
            free = connection.execution_options(isolation_level="AUTOCOMMIT")
            for table in metadata.sorted_tables:
                free.exec_driver_sql(f'VACUUM "{table.name}"')

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _shown(url: URL) -> dict[str, str | tuple[str, ...]]:
    """Of an address's options only the host may be shown: others can be passwords."""
    return {name: value for name, value in url.query.items() if name == "host"}


def _copy_schema(name: str) -> str:
    return f"accord_{name}"


def _engine(url: URL, busy_timeout: float, schema: str | None) -> Engine:
    try:
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=4,
            max_overflow=60,
            pool_timeout=busy_timeout,
        )
    except ModuleNotFoundError as error:
        raise SetupError(
            "the driver for PostgreSQL is not installed",
            hint="pip install 'accord[postgres]'",
        ) from error

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.execute(f"SET lock_timeout = {int(busy_timeout * 1000)}")
        if schema is not None:
            connection.execute(f'SET search_path = "{schema}"')
        connection.commit()

    return engine

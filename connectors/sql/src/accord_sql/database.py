"""The database: connections, transactions, and its errors in Accord's words.

No message carries a statement, a parameter or the driver's prose: they hold URLs and personal data.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accord.errors import (
    AccessError,
    AccordError,
    AnswerShapeError,
    ConfigError,
    RetryableError,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL
    from sqlalchemy.exc import SQLAlchemyError

WRITES = "accord_writes"
REFUSED = ("28", "3D", "42501")
"""SQLSTATE beginnings of refused access: invalid authorization, no such database, insufficient privilege."""


class Database:
    """One database, opened on first use."""

    def __init__(self, url: str, password: str | None, root: Path, connection: str) -> None:
        self.connection, self.root = connection, root
        self.url = self._parsed(url, password, root)
        self._turn = threading.Lock()

    def _parsed(self, url: str, password: str | None, root: Path) -> URL:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        key = f"connections.{self.connection}.url"
        try:
            parsed = make_url(url)
            parsed.get_dialect()
        except (ArgumentError, ImportError) as error:
            why = "is no SQLAlchemy URL, or its driver is not installed"
            raise ConfigError(
                f"{key} {why} ({type(error).__name__})",
                hint="Write sqlite:///file.db or postgresql+psycopg://user@host/database.",
                facts={"key": key},
            ) from None
        if password is not None:
            parsed = parsed.set(password=password)
        if self._is_file(parsed):
            parsed = parsed.set(database=str((root / str(parsed.database)).resolve()))
        return parsed

    @staticmethod
    def _is_file(url: URL) -> bool:
        return url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")

    @property
    def dialect(self) -> str:
        """sqlite, postgresql, mysql ..."""
        return self.url.get_backend_name()

    @property
    def identity(self) -> str:
        """Which database this is, without secrets; a file as seen from accord.toml: they move together."""
        if self._is_file(self.url):
            file, ours = Path(str(self.url.database)), self.root.resolve()
            return f"sql:sqlite:{file.relative_to(ours).as_posix() if file.is_relative_to(ours) else file}"
        if self.dialect == "sqlite":
            return "sql:sqlite::memory:"
        where = f"{self.url.host or 'local'}:{self.url.port or 'default'}"
        return f"sql:{self.dialect}:{where}/{self.url.database}"

    @cached_property
    def engine(self) -> Engine:
        """The connection pool.

        Raises:
            AccessError: an SQLite file does not exist (it is never created by mistake).
        """
        import sqlalchemy as sa
        from sqlalchemy.pool import StaticPool

        if self._is_file(self.url) and not Path(str(self.url.database)).is_file():
            raise AccessError(
                f"Connection {self.connection!r}: there is no database file {self.url.database}",
                hint="Correct `url`; a relative path starts at the folder of accord.toml.",
                facts={"connection": self.connection},
            )
        options: dict[str, Any] = {"hide_parameters": True, "pool_pre_ping": True}
        if self.dialect == "postgresql":
            options["connect_args"] = {"connect_timeout": 10}
        if self.dialect == "sqlite":
            options["connect_args"] = {"check_same_thread": False}
            if "timeout" not in self.url.query:
                options["connect_args"]["timeout"] = 10
            if not self._is_file(self.url):
                options["poolclass"] = StaticPool
        engine = sa.create_engine(self.url, **options)
        if self.dialect == "sqlite":
            _take_over_transactions(engine)
        return engine

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for SELECTs; nothing it does is committed."""
        with self.translated("read"), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is committed at the end. On SQLite it takes the write lock at its start."""
        # SQLite has one writer: batches of ours queue here, instead of racing for its lock until a timeout.
        turn = self._turn if self.dialect == "sqlite" else contextlib.nullcontext()
        with (
            turn,
            self.engine.connect().execution_options(**{WRITES: True}) as connection,
            connection.begin(),
        ):
            yield connection

    @contextlib.contextmanager
    def translated(self, operation: str) -> Iterator[None]:
        """Turn the library's errors into ours."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except SQLAlchemyError as error:
            raise self.error(error, operation) from None

    def error(self, error: SQLAlchemyError, operation: str) -> AccordError:
        """Our error for one of the library's, by SQLSTATE where there is one."""
        from sqlalchemy import exc

        code = state_of(error)
        facts = {"connection": self.connection, "operation": operation, "status": code}
        said = f"{type(error).__name__}{f' {code}' if code else ''}"
        if code.startswith(REFUSED) or (self.dialect == "postgresql" and not code and _at_login(error)):
            return AccessError(
                f"Connection {self.connection!r}: the database refuses access ({said})",
                hint="Check user, password, database name and the rights on the tables.",
                facts=facts,
            )
        if isinstance(error, (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)):
            return RetryableError(
                f"Connection {self.connection!r}: the database cannot serve {operation} now ({said})",
                hint="Check that it runs and is reachable; the next run tries again.",
                facts=facts,
                retry_after=30.0,
            )
        return AnswerShapeError(
            f"Connection {self.connection!r}: the database refused to {operation} ({said})",
            hint="Check the table, query and columns of the stream with `accord check`.",
            facts=facts,
        )

    def close(self) -> None:
        """Close the pool."""
        engine = self.__dict__.pop("engine", None)
        if engine is not None:
            engine.dispose()


def state_of(error: BaseException) -> str:
    """The SQLSTATE, or SQLite's name of the error; '' when the driver tells neither."""
    cause = getattr(error, "orig", None) or error
    return str(getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None) or "")


def _at_login(error: BaseException) -> bool:
    """Libpq gives no SQLSTATE when the login fails; its words are looked at and never shown."""
    words = str(getattr(error, "orig", "")).lower()
    return any(part in words for part in ("authentication failed", "does not exist", "no password supplied"))


def _take_over_transactions(engine: Engine) -> None:
    """Let SQLite transactions begin where we say (pysqlite would begin them at the first write)."""
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def _connected(driver: Any, record: Any) -> None:  # noqa: ARG001  the event's signature
        driver.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

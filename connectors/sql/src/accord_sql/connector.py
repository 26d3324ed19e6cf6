"""The `sql` connector: any database that SQLAlchemy speaks to; its streams stand in the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from accord import Account, Connector, Stream
from accord.errors import ConfigError
from accord_sql.database import Database
from accord_sql.settings import SqlSettings, SqlStreamSettings
from accord_sql.stream import SqlStream, sql_stream
from accord_sql.writing import WritableSqlStream


class Sql(Connector[SqlSettings]):
    """Tables and queries of a database."""

    name: ClassVar[str] = "sql"
    title: ClassVar[str] = "SQL database"
    settings = SqlSettings
    api_version: ClassVar[str] = "SQLAlchemy 2"
    documentation: ClassVar[str] = "https://docs.sqlalchemy.org/en/20/core/engines.html"

    @cached_property
    def database(self) -> Database:
        """The database, connected on first use."""
        password = self.settings_value.password
        return Database(
            self.settings_value.target,
            password.get_secret_value() if password is not None else None,
            self.context.root,
            self.context.connection,
        )

    def open_streams(self) -> Sequence[Stream]:
        """The configured streams; the database is not asked yet.

        Raises:
            ConfigError: a stream's table makes no sense.
        """
        return [self._open(name, config) for name, config in self.settings_value.streams.items()]

    def check(self) -> Account:
        """Prove that the database can be reached and has every table and column that is named.

        Raises:
            AccessError, RetryableError: it cannot be reached or refuses us.
            ConfigError: a table or column does not exist.
        """
        details = {"dialect": self.database.dialect}
        for stream in self.open_streams():
            assert isinstance(stream, SqlStream)
            with self.database.translated("check"):
                details[stream.name] = f"{len(stream.source.rows.c)} columns"
        with self.database.reading() as connection:
            version = connection.dialect.server_version_info
            details["server"] = ".".join(map(str, version or ()))
        return Account(self.database.identity, str(self.database.url.database or ":memory:"), details)

    def close(self) -> None:
        """Close all connections to the database."""
        if "database" in self.__dict__:
            self.database.close()

    def _open(self, name: str, config: SqlStreamSettings) -> SqlStream:
        problem = _problem(config)
        if problem:
            where = f"connections.{self.context.connection}.streams.{name}"
            raise ConfigError(
                f"{where}: {problem}", hint="See the README of accord-sql.", facts={"key": where}
            )
        base = WritableSqlStream if config.writable else SqlStream
        return sql_stream(name, config, base)(self)


def _problem(config: SqlStreamSettings) -> str:
    """What does not go together in a stream's table, '' if all does."""
    if (config.table is None) == (config.query is None):
        return "give either `table` or `query`"
    if config.lines is not None:
        return "`lines` are not read from tables; make the lines a stream or a JSON column of their own"
    if not config.keys:
        return "`key` is missing: the column whose value names a row"
    if config.upsert_by is not None and config.upsert_by not in config.fields:
        return "`upsert_by` names a canonical field that `fields` does not map"
    return ""

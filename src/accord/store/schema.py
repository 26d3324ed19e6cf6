"""The version of a store's schema: told with one query, created at once, migrated when it is older."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import URL, Connection, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex, CreateTable

from accord.errors import StateError, StoreVersionError
from accord.store.faults import is_missing_table
from accord.store.tables import SCHEMA_VERSION, meta, metadata, version

if TYPE_CHECKING:
    from accord.store.database import Database


class Opened(NamedTuple):
    """The schema's version and the store's key."""

    version: str
    key: bytes


def prepare(database: Database, new_key: bytes, *, migrate: bool) -> Opened:
    """Bring the store to the schema of this Accord.

    Args:
        database: Where the store is.
        new_key: The key of the store in case it is a new one.
        migrate: Whether an older schema may be migrated; a new store is always created.

    Raises:
        StoreVersionError: the schema is newer, or older and ``migrate`` is off.
        StateError: this is another program's database.
    """
    found = read(database)
    if found is not None and found.version == SCHEMA_VERSION:
        return found
    if found is not None:
        _refuse(database.url, found.version, migrate=migrate)
    with database.writing() as connection:
        # Another process may have been quicker.
        found = None if found is None else _read(connection)
        if found is None and not inspect(connection).has_table(version.name):
            _create(connection, database.url, new_key)
        elif found is None or found.version != SCHEMA_VERSION:
            upgrade(connection)
        return _read(connection)


def read(database: Database) -> Opened | None:
    """Version and key of the store, None if there is no store yet."""
    with database.reading() as connection:
        try:
            return _read(connection)
        except DBAPIError as error:
            if not is_missing_table(error):
                raise
            return None


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to a revision, inside the caller's transaction."""
    from accord.store.migrations import run

    run(connection, revision)


def _read(connection: Connection) -> Opened:
    key = select(meta.c.value).where(meta.c.name == "key").scalar_subquery()
    row = connection.execute(select(version.c.version_num, key)).one()
    return Opened(row[0], bytes(row[1]))


def _create(connection: Connection, url: str, new_key: bytes) -> None:
    present = set(inspect(connection).get_table_names()) & set(metadata.tables)
    foreign = connection.dialect.name == "sqlite" and inspect(connection).get_table_names()
    if present or foreign:
        raise StateError(
            f"{url} holds tables of another program",
            hint="let `store` in accord.toml name a file or a database of its own",
        )
    for statement in _ddl(connection.dialect.name):
        connection.exec_driver_sql(statement)
    connection.execute(version.insert().values(version_num=SCHEMA_VERSION))
    connection.execute(meta.insert().values(name="key", value=new_key))


@lru_cache
def _ddl(dialect: str) -> list[str]:
    """What creates the tables: kept, because simulations create thousands of stores."""
    language = URL.create(dialect if dialect == "sqlite" else "postgresql+psycopg").get_dialect()()
    tables = metadata.sorted_tables
    statements = [str(CreateTable(table).compile(dialect=language)) for table in tables]
    indexes = [each for table in tables for each in sorted(table.indexes, key=lambda index: str(index.name))]
    return statements + [str(CreateIndex(each).compile(dialect=language)) for each in indexes]


def _refuse(url: str, found: str, *, migrate: bool) -> None:
    if found > SCHEMA_VERSION:
        raise StoreVersionError(
            f"the store {url} has schema {found}; this Accord understands up to {SCHEMA_VERSION}",
            hint="update Accord, or restore a backup made before the update",
            facts={"found": found, "known": SCHEMA_VERSION},
        )
    if not migrate:
        raise StoreVersionError(
            f"the store {url} has schema {found}; this Accord needs {SCHEMA_VERSION}",
            hint="run `accord migrate`",
            facts={"found": found, "known": SCHEMA_VERSION},
        )

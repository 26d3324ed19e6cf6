"""The version of a store's schema: told with one query, created at once, migrated when it is older."""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from accord.errors import StateError, StoreVersionError
from accord.store.bulk import Bulk
from accord.store.statement import Statement
from accord.store.tables import SCHEMA_VERSION, TABLES, meta, version

if TYPE_CHECKING:
    from accord.store.database import Database

_OPENED = Statement(
    "SELECT version_num AS version, (SELECT value FROM meta WHERE name = 'key') AS key FROM accord_version"
)
_NAMES = {
    "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'table'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
}


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
    found = read(database) or _create(database, new_key)
    if found.version == SCHEMA_VERSION:
        return found
    _refuse(database.url, found.version, migrate=migrate)
    # SQLAlchemy and Alembic are loaded here and nowhere else.
    from accord.store.migrations import run

    run(database)
    return _known(read(database), database.url)


def read(database: Database) -> Opened | None:
    """Version and key of the store, None if there is no store yet."""
    with database.reading() as driver:
        if version.name not in tables(driver, database.dialect):
            return None
        return _read(driver, database)


def tables(driver: Any, dialect: str) -> set[str]:
    """The names of the tables that a database holds."""
    return {name for (name,) in driver.execute(_NAMES[dialect]).fetchall() if not name.startswith("sqlite_")}


def _read(driver: Any, database: Database) -> Opened | None:
    row = Bulk(driver, database).first(_OPENED)
    return None if row is None else Opened(row["version"], bytes(row["key"]))


def _known(found: Opened | None, url: str) -> Opened:
    if found is None:
        raise StateError(
            f"the store {url} tells no version of its schema",
            hint="Restore a backup: something else has written to the store's tables.",
        )
    return found


def _create(database: Database, new_key: bytes) -> Opened:
    """Create the tables, unless another process was quicker."""
    with database.writing() as driver:
        present = tables(driver, database.dialect)
        if version.name in present:
            return _known(_read(driver, database), database.url)
        # An SQLite file is ours alone; a schema of PostgreSQL may hold tables of other names.
        ours = {table.name for table in TABLES}
        if present if database.dialect == "sqlite" else present & ours:
            raise StateError(
                f"{database.url} holds tables of another program",
                hint="Let `store` in accord.toml name a file or a database of its own.",
            )
        for statement in _creation(database.dialect):
            driver.execute(statement)
        bulk = Bulk(driver, database)
        bulk.insert(version, [{"version_num": SCHEMA_VERSION}])
        bulk.insert(meta, [{"name": "key", "value": new_key}])
    return Opened(SCHEMA_VERSION, new_key)


@lru_cache
def _creation(dialect: str) -> list[str]:
    """What creates the tables: kept, because simulations create thousands of stores.

    By name, so that the version of the schema stands at the beginning of a file: whoever opens a file that
    is damaged there is told at once.
    """
    every = sorted(TABLES, key=attrgetter("name"))
    return [statement for table in every for statement in table.creation(dialect)]


def _refuse(url: str, found: str, *, migrate: bool) -> None:
    if found > SCHEMA_VERSION:
        raise StoreVersionError(
            f"the store {url} has schema {found}; this Accord understands up to {SCHEMA_VERSION}",
            hint="Update Accord, or restore a backup made before the update.",
            facts={"found": found, "known": SCHEMA_VERSION},
        )
    if not migrate:
        raise StoreVersionError(
            f"the store {url} has schema {found}; this Accord needs {SCHEMA_VERSION}",
            hint="Run `accord migrate`.",
            facts={"found": found, "known": SCHEMA_VERSION},
        )

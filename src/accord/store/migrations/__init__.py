"""Migrations of the schema, run by Alembic from inside the package (there is no alembic.ini).

The one place that needs SQLAlchemy, and only where a store is older than this Accord. A migration never
imports :mod:`accord.store.tables`: it must do the same for ever.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from accord.errors import StoreVersionError
from accord.store.faults import explain, explained

if TYPE_CHECKING:
    from accord.store.database import Database

_DRIVERS = {"sqlite": "sqlite://", "postgresql": "postgresql+psycopg://"}


def config() -> Config:
    """Alembic's configuration for this package."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return made


def run(database: Database, revision: str = "head") -> None:
    """Upgrade to a revision, in one writing transaction.

    Raises:
        StoreVersionError: the store has a version that no migration starts from.
        StateError: the database failed; nothing was changed.
    """
    with explained(database.url):
        try:
            _upgrade(database, revision)
        except DBAPIError as error:
            if not isinstance(error.orig, Exception):
                raise
            raise explain(error.orig, database.url) from None
        except CommandError as error:
            raise StoreVersionError(
                "the store's schema has a version that this Accord cannot migrate from",
                hint="Install the Accord that wrote it, or restore a backup.",
            ) from error


def engine(database: Database) -> Engine:
    """SQLAlchemy over the connections of a database."""
    return create_engine(_DRIVERS[database.dialect], creator=database.connect, poolclass=NullPool)


def _upgrade(database: Database, revision: str) -> None:
    made = config()
    with engine(database).connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        # Begun below SQLAlchemy, which would begin without the writers' lock.
        database.begin(driver)
        made.attributes["connection"] = connection
        command.upgrade(made, revision)
        driver.commit()

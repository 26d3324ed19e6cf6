"""A store with nothing in it, made once per process and copied for each schedule."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from accord.env import SystemEnv
from accord.store import Store

KEY = b"simulated key of 32 bytes length"


def blank_store(path: Path) -> None:
    """Put an empty store of SQLite, whose key is :data:`KEY`, at this path."""
    path.write_bytes(_blank())


@cache
def _blank() -> bytes:
    """Held as bytes: a worker process that ends leaves no file behind."""
    with tempfile.TemporaryDirectory(prefix="accord-blank-") as folder:
        path = Path(folder) / "accord.db"
        Store.open(f"sqlite:///{path}", SystemEnv(), new_key=KEY).close()
        return path.read_bytes()

"""Where the store of a schedule lies: in a file on a RAM disk, or in a schema of a PostgreSQL server."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from accord.env import SystemEnv
from accord.store import Store
from accord.testing import postgres

KEY = b"simulated key of 32 bytes length"


class Ground:
    """A place for one empty store, and a folder beside it.

    Args:
        server: The address of a PostgreSQL server, as libpq takes it; empty = a file.
    """

    def __init__(self, server: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="accord-sim-", dir=_ram()))
        self._stack = ExitStack()
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        if server:
            self.url = self._stack.enter_context(postgres.fresh_schema(server))
            Store.open(self.url, SystemEnv(), new_key=KEY).close()
        else:
            shutil.copy(_template(), self.folder / "accord.db")
            self.url = f"sqlite:///{self.folder}/accord.db"

    def close(self) -> None:
        """Remove everything."""
        self._stack.close()


def _ram() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  a RAM disk, if there is one


@cache
def _template() -> Path:
    """An empty store, made once per process of the harness and copied for each schedule."""
    folder = tempfile.mkdtemp(prefix="accord-sim-template-", dir=_ram())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "accord.db"
    Store.open(f"sqlite:///{path}", SystemEnv(), new_key=KEY).close()
    return path

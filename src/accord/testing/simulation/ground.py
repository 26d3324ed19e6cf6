"""Where the store of a schedule lies: in a file on a RAM disk, or in a schema of a PostgreSQL server."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from accord.env import SystemEnv
from accord.errors import SetupError
from accord.store import Store
from accord.testing import postgres
from accord.testing.blank import KEY, blank_store
from accord.testing.simulation.power import Disk

FILE = "accord.db"


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
            blank_store(self.file)
            self.url = f"sqlite:///{self.file}"

    @property
    def file(self) -> Path:
        """The store's file."""
        return self.folder / FILE

    def disk(self) -> Disk:
        """What a power failure would leave of the store.

        Raises:
            SetupError: it lies at a server, which has a machine of its own.
        """
        if not self.file.exists():
            raise SetupError(
                "a power failure is simulated with the store in a file only",
                hint="Leave `--store` out for weathers in which the power fails.",
            )
        return Disk(self.file)

    def close(self) -> None:
        """Remove everything."""
        self._stack.close()


def _ram() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  a RAM disk, if there is one

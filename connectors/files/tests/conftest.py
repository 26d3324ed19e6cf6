from __future__ import annotations

from pathlib import Path

import pytest

from connectors.files.tests.till import Till


@pytest.fixture
def till(tmp_path: Path) -> Till:
    """A till's empty folder."""
    return Till(tmp_path)

"""A vendor for each test."""

from __future__ import annotations

import pytest

from tests.unit.http.surroundings import Vendor


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()

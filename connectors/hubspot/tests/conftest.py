"""A HubSpot portal in the same process, and a connection to it in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from accord.connector import Context
from accord.http import MemoryBudget, MemoryTokens
from accord.sandbox import SandboxOptions
from accord.testing import Recorder, VirtualEnv
from accord_hubspot import HubSpot
from accord_hubspot.connector import HubSpotSettings
from accord_hubspot.sandbox import HubSpotSandbox


@dataclass
class Portal:
    """The vendor's side of a test, and what was said."""

    sandbox: HubSpotSandbox
    recorder: Recorder
    env: VirtualEnv = field(repr=False)

    def connect(self, **settings: Any) -> HubSpot:
        """A connection whose check has created the reference property."""
        context = Context(self.env, "crm", MemoryBudget(self.env), MemoryTokens(self.env), Path())
        connector = HubSpot(HubSpotSettings(token=SecretStr("key"), **settings), context)
        connector.check()
        return connector


@pytest.fixture
def portal() -> Iterator[Portal]:
    """An empty portal."""
    yield from _portal(0, 0)


@pytest.fixture
def peopled() -> Iterator[Portal]:
    """A portal with generated contacts and orders."""
    yield from _portal(30, 0)


@pytest.fixture
def lagging() -> Iterator[Portal]:
    """An empty portal whose searches see a write half a minute late."""
    yield from _portal(0, 30)


def _portal(size: int, l_max: float) -> Iterator[Portal]:
    env = VirtualEnv()
    sandbox = HubSpotSandbox(SandboxOptions(size=size, l_max=l_max, env=env))
    recorder = Recorder(sandbox.transport())
    env.wire = recorder
    yield Portal(sandbox, recorder, env)
    sandbox.close()

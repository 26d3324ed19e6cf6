"""A HubSpot portal in the same process, and a connection to it in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from accord.connector import Context
from accord.env import SystemEnv
from accord.http import MemoryBudget, MemoryTokens
from accord.sandbox import SandboxOptions
from accord_hubspot import HubSpot
from accord_hubspot.connector import HubSpotSettings
from accord_hubspot.sandbox import HubSpotSandbox
from connectors.hubspot.tests.described import Recorder


class VirtualEnv(SystemEnv):
    """Waiting takes no time; every request goes to the sandbox."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0
        self.wire: httpx.BaseTransport | None = None

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        self.elapsed += seconds

    def transport(self, base_url: str) -> httpx.BaseTransport | None:
        return self.wire


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

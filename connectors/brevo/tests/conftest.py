"""A Brevo account in the same process, and a connection to it in virtual time."""

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
from accord_brevo import Brevo
from accord_brevo.connector import BrevoSettings
from accord_brevo.sandbox import BrevoSandbox


@dataclass
class Account:
    """The vendor's side of a test, and what was said."""

    sandbox: BrevoSandbox
    recorder: Recorder
    env: VirtualEnv = field(repr=False)

    def connect(self, **settings: Any) -> Brevo:
        context = Context(self.env, "letter", MemoryBudget(self.env), MemoryTokens(self.env), Path())
        return Brevo(BrevoSettings(token=SecretStr("key"), **settings), context)


@pytest.fixture
def account() -> Iterator[Account]:
    """An empty account."""
    yield from _account(0)


@pytest.fixture
def peopled() -> Iterator[Account]:
    """An account with generated contacts."""
    yield from _account(40)


def _account(size: int) -> Iterator[Account]:
    env = VirtualEnv()
    sandbox = BrevoSandbox(SandboxOptions(size=size, l_max=0, env=env))
    recorder = Recorder(sandbox.transport())
    env.wire = recorder
    yield Account(sandbox, recorder, env)
    sandbox.close()

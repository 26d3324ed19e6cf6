"""A Meta ad account in the same process, and a connection to it in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from accord.connector import Context
from accord.http import MemoryBudget, MemoryTokens
from accord.sandbox import SandboxOptions
from accord.testing import Recorder, VirtualEnv
from accord_meta import Meta
from accord_meta.connector import MetaSettings
from accord_meta.sandbox import AUDIENCE, DATASET, MetaSandbox


@dataclass
class Account:
    """The vendor's side of a test, and what was said."""

    sandbox: MetaSandbox
    recorder: Recorder
    env: VirtualEnv = field(repr=False)

    def connect(self, **settings: Any) -> Meta:
        context = Context(self.env, "ads", MemoryBudget(self.env), MemoryTokens(self.env), Path())
        given = {"token": "key", "audience": AUDIENCE, "dataset": DATASET, **settings}
        return Meta(MetaSettings.model_validate(given), context)

    def said(self) -> bytes:
        """Everything that was sent, bodies and addresses."""
        return b"\n".join(
            str(request.url).encode() + request.content for request, _ in self.recorder.exchanges
        )

    def members(self) -> list[dict[str, Any]]:
        """The members of the audience."""
        return [item.values for item in self.sandbox.members.items()]


@pytest.fixture
def account() -> Iterator[Account]:
    """An account with an empty audience."""
    env = VirtualEnv()
    sandbox = MetaSandbox(SandboxOptions(size=0, l_max=0, env=env))
    recorder = Recorder(sandbox.transport())
    env.wire = recorder
    yield Account(sandbox, recorder, env)
    sandbox.close()

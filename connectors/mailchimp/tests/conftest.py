"""A Mailchimp account in the same process, and a connection to it in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from accord.connector import Context
from accord.http import MemoryBudget, MemoryTokens
from accord.sandbox import Item, SandboxOptions
from accord.testing import Recorder, VirtualEnv
from accord_mailchimp import Mailchimp
from accord_mailchimp.connector import MailchimpSettings
from accord_mailchimp.sandbox import LIST_ID, MailchimpSandbox
from accord_mailchimp.streams.members import Members


@dataclass
class Account:
    """The vendor's side of a test, and what was said."""

    sandbox: MailchimpSandbox
    recorder: Recorder
    env: VirtualEnv = field(repr=False)

    def connect(self, **settings: Any) -> Mailchimp:
        context = Context(self.env, "letter", MemoryBudget(self.env), MemoryTokens(self.env), Path())
        given = {"api_key": SecretStr("key-us6"), "list_id": LIST_ID, **settings}
        return Mailchimp(MailchimpSettings.model_validate(given), context)

    def members(self, **settings: Any) -> Members:
        return Members(self.connect(**settings))

    def person(self, email: str = "ana@example.com", status: str = "transactional") -> Item:
        """A member of this status, who came to it as people do."""
        item = self.sandbox.person_creates("members", {"email_address": email})
        if status != "transactional":
            item = self.sandbox.person_edits("members", item.id, {"status": status})
        return item

    def held(self, id_: str) -> dict[str, Any]:
        item = self.sandbox.members.get(id_)
        assert item is not None
        return item.values

    def methods(self) -> list[str]:
        return [request.method for request, _ in self.recorder.exchanges]


@pytest.fixture
def account() -> Iterator[Account]:
    """An empty account."""
    yield from _account(0)


@pytest.fixture
def peopled() -> Iterator[Account]:
    """An account with generated members."""
    yield from _account(40)


def _account(size: int) -> Iterator[Account]:
    env = VirtualEnv()
    sandbox = MailchimpSandbox(SandboxOptions(size=size, l_max=0, env=env))
    recorder = Recorder(sandbox.transport())
    env.wire = recorder
    yield Account(sandbox, recorder, env)
    sandbox.close()

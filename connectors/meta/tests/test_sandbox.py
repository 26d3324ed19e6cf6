"""What ``accord sandbox meta`` tells, and what the sandbox does that no connector asks for."""

from __future__ import annotations

import tomllib

import httpx

from accord.cli.commands.sandbox import _document
from accord.sandbox import SandboxOptions
from accord_meta.connector import MetaSettings
from accord_meta.sandbox import AUDIENCE, MetaSandbox
from connectors.meta.tests.conftest import Account


def test_the_lines_that_lead_to_the_sandbox_are_a_connection() -> None:
    with MetaSandbox(SandboxOptions(size=0)) as sandbox:
        told = _document("meta", "http://127.0.0.1:8711", MetaSettings, sandbox)
    given = tomllib.loads(told["toml"])["connections"]["meta"]
    assert given.pop("connector") == "meta"
    assert MetaSettings.model_validate(given).audience == AUDIENCE


def test_the_seeded_people_are_only_known_as_hashes() -> None:
    with MetaSandbox(SandboxOptions(size=8, l_max=0)) as sandbox:
        held = [item.values for item in sandbox.members.items()]
    assert len(held) == 8
    assert all(len(value) == 64 for values in held for key, value in values.items() if key != "audience")


def test_clear_text_is_counted_as_invalid_and_never_kept(account: Account) -> None:
    with httpx.Client(transport=account.recorder, base_url="http://meta.example.com") as client:
        payload = {"schema": ["EMAIL"], "data": [["ana@example.com"]]}
        answer = client.post(
            f"/v25.0/{AUDIENCE}/users", json={"payload": payload}, headers={"Authorization": "Bearer key"}
        )
    assert answer.json()["num_invalid_entries"] == 1
    assert account.members() == []

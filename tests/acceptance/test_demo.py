"""``accord demo``: every claim holds, also for a small number of people."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import orjson
import pytest

CLAIMS = {
    "agreement",
    "typed_twice",
    "second_run",
    "different_fields",
    "same_field",
    "edit_returns",
    "consent",
    "orders",
    "campaign",
    "kill_and_resume",
    "faults",
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    command = [sys.executable, "-m", "accord", "demo", "--json", "--size", "120"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.stdout, done.stderr.decode()
    found: dict[str, Any] = {"exit_code": done.returncode, **orjson.loads(done.stdout)}
    return found


def test_every_claim_of_the_demo_holds(document: dict[str, Any]) -> None:
    failed = {claim["name"]: claim["figures"] for claim in document["claims"] if not claim["ok"]}
    assert failed == {}
    assert document["exit_code"] == 0


def test_the_demo_checks_all_it_promises(document: dict[str, Any]) -> None:
    assert {claim["name"] for claim in document["claims"]} == CLAIMS
    assert all(claim["figures"] for claim in document["claims"])


def test_every_row_of_every_run_has_one_outcome(document: dict[str, Any]) -> None:
    assert all(run["balanced"] for run in document["runs"])
    assert len(document["runs"]) >= 8

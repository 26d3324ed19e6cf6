"""`accord consent explain` answers from the decision log alone (consent.md 2.6)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.cli_stage import CONFIG, Stage

LEA = "lea@example.com"
PURPOSE = 'purpose = { till = "service.support", loyalty = "marketing.direct" }'


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    text = CONFIG.replace('purpose = "service.transactional"', PURPOSE)
    assert text != CONFIG
    stage.config.write_text(text, encoding="utf-8")
    assert stage.inside("sync", "--approve").code == 0
    return stage


def explained(stage: Stage) -> list[dict[str, Any]]:
    """What it says when nothing but the log could tell."""
    with closing(sqlite3.connect(stage.root / "accord.db")) as store, store:
        for table in ("consent_signal", "consent_state", "send_ledger", "revocation", "consent_hold"):
            store.execute(f"DELETE FROM {table}")
    found = stage.inside("consent", "explain", LEA, "loyalty", "--json").document["decisions"]
    assert isinstance(found, list)
    return found


def signal_of(stage: Stage) -> str:
    return str(stage.inside("consent", "history", LEA, "--json").document["signals"][-1]["id"])


def test_explain_tells_why_somebody_was_kept_back(stage: Stage) -> None:
    facts = explained(stage)[0]
    assert (facts["outcome"], facts["purpose"]) == ("deny", "marketing.direct")
    told = facts["facts"]
    assert (told["reason"], told["rule"], told["signal"], told["epoch"]) == (
        "state_unknown",
        "fr.default",
        "",
        0,
    )
    assert told["policy"].startswith("fr@")
    assert {"email", "given_name"} <= set(told["fields"])


def test_explain_tells_why_somebody_was_sent(stage: Stage) -> None:
    stage.inside("consent", "record", LEA, "--method", "pos_paper", "--reference", "form 12")
    signal = signal_of(stage)
    stage.inside("sync")
    facts = explained(stage)[0]
    told = facts["facts"]
    assert (facts["outcome"], told["state"], told["basis"]) == ("allow", "granted", "consent")
    assert (told["rule"], told["signal"], told["withheld"]) == ("fr.default", signal, [])
    assert {"email", "given_name"} <= set(told["fields"])
    assert isinstance(told["epoch"], int)


def test_explain_tells_what_became_of_a_refusal(stage: Stage) -> None:
    stage.inside("consent", "record", LEA, "--method", "pos_paper", "--reference", "form 12")
    stage.inside("sync")
    stage.inside("consent", "withdraw", LEA)
    signal = signal_of(stage)
    stage.inside("sync")
    facts = next(one for one in explained(stage) if one["outcome"] == "revoke")
    assert facts["facts"]["cause"] == signal
    said = stage.inside("consent", "explain", LEA, "loyalty").out
    assert "revoke" in said
    assert "epoch" in said
    assert LEA not in said


def test_who_asks_about_a_service_is_told_what_the_log_holds(stage: Stage) -> None:
    said = stage.inside("consent", "explain", LEA, "till")
    assert said.code == 0
    assert "No decision" in said.out
    assert "accord consent show" in said.out

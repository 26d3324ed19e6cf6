"""A row that cannot be taken over, or not yet, never hides that somebody refused."""

from __future__ import annotations

import logging
from typing import Any, NoReturn

import pytest

from accord.consent.signal import Actor, Kind
from accord.engine import gate
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import Build, Stage

ANN = "ann@example.com"


def agreed(stage: Stage, **more: Any) -> None:
    """Ann agreed, provably, and gets letters."""
    stage["shop"].put(mail=ANN, first="Ann", **more)
    stage.sync()
    stage.say(Kind.GRANT, evidence="form-1", actor=Actor.PERSON)
    stage.settle()
    assert stage.mails("letter") == [ANN]
    stage.env.forward(86_400)


def read(stage: Stage) -> None:
    """Sync everything anew; broken rows are no trouble of the run."""
    for _ in range(2):
        stage.sync(full=True)


@pytest.mark.parametrize(
    "shown",
    [
        {"mail_consent": {"state": "withdrawn"}, "born": "nonsense"},
        {"mail_consent": {"state": "withdrawn", "at": "yesterday"}},
        {"mail_consent": {"state": "withdrawn"}, "sms_consent": {"state": "granted", "at": 17}},
        {"email_complaint": {"at": None}, "born": "nonsense"},
    ],
)
def test_a_refusal_in_a_broken_row_is_heard_once(stage: Stage, shown: dict[str, Any]) -> None:
    agreed(stage)
    stage["shop"].put("s1", **shown)
    read(stage)
    read(stage)
    assert stage.state() == "withdrawn"
    assert [one.kind for one in stage.signals() if one.source == "shop"] == [Kind.WITHDRAW]
    assert [one.verb for one in stage.revocations() if one.connection == "letter"][-1] == "unsubscribe"
    assert len(stage.accord.dead_letters(None)) == 1


def test_a_broken_row_opens_nothing(stage: Stage) -> None:
    stage["shop"].put(mail=ANN, first="Ann")
    stage.sync()
    stage["shop"].put("s1", mail_consent=stage.yes(), born="nonsense")
    read(stage)
    assert (stage.state(), stage.signals(), stage.mails("letter")) == ("unknown", [], [])


def test_a_broken_row_that_nobody_knows_closes_whoever_has_its_address(stage: Stage) -> None:
    agreed(stage)
    stage["crm"].put(mail=ANN, born="nonsense", mail_consent={"state": "withdrawn"})
    read(stage)
    assert stage.state() == "withdrawn"


def test_a_yes_after_a_refusal_in_a_broken_row_is_not_closed_again_by_it(stage: Stage) -> None:
    agreed(stage)
    stage["shop"].put("s1", mail_consent={"state": "withdrawn"}, born="nonsense")
    read(stage)
    stage.env.forward(3600)
    stage.say(Kind.GRANT, evidence="form-2", actor=Actor.PERSON)
    read(stage)
    assert stage.state() == "pending_confirmation"  # the newsletter tool asks for the click


def test_a_row_that_fits_several_people_closes_all_who_have_its_address(build_stage: Build) -> None:
    stage = build_stage()
    for first in ("Ann", "Abe"):
        stage["shop"].put(mail=ANN, first=first)
    stage.sync()
    stage["crm"].put(mail=ANN, first="A.", mail_consent={"state": "withdrawn"})
    read(stage)
    people = [entity for entity, _ in stage.accord.find(ANN)]
    states = [(one.cells.get("consents.marketing.direct:email") or {}).get("state") for one in people]
    assert states == ["withdrawn"] * len(people)


def test_a_yes_that_a_system_shows_after_a_refusal_is_reported_although_it_has_no_date(stage: Stage) -> None:
    stage["shop"].put(mail=ANN, first="Ann", mail_consent={"state": "granted"})
    stage.sync()
    stage.withdraw()
    stage["shop"].put("s1", mail_consent={"state": "unknown"})
    stage.settle()
    stage.env.forward(3600)
    stage["shop"].put("s1", mail_consent={"state": "granted"})
    stage.settle()
    assert (stage.state(), "consent" in stage.conflicts()) == ("withdrawn", True)


def test_a_gate_that_fails_logs_no_message_that_may_quote_a_person(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In a program that embeds Accord, too: there nobody takes the traceback out of the log."""

    def fail(*_: object) -> NoReturn:
        raise ValueError(ANN)

    caplog.set_level(logging.INFO)
    monkeypatch.setattr(gate, "_asked", fail)
    stage["shop"].put(mail=ANN, first="Ann")
    stage.sync()
    assert "consent cannot be decided" in caplog.text
    assert ANN not in caplog.text

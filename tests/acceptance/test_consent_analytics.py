"""Analytics needs a yes of its own: without it nothing that identifies anybody leaves (consent.md 2.5)."""

from __future__ import annotations

from accord.consent.signal import Actor, Kind
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import Build, Stage

PURPOSE = "analytics.audience"


def analysed(build_stage: Build) -> Stage:
    """Ann agreed to letters; a tool that counts audiences is written too."""
    stage = build_stage(purposes={"crm": PURPOSE})
    stage["shop"].put(mail="ann@example.com", first="Ann", mail_consent=stage.yes(days=9))
    stage.sync()
    return stage


def test_a_yes_to_letters_is_none_to_analytics(build_stage: Build) -> None:
    stage = analysed(build_stage)
    assert stage.mails("letter") == ["ann@example.com"]
    assert stage.written("crm") == []
    assert stage.decisions("crm")[0].facts["reason"] == "state_unknown"


def test_analytics_follows_its_own_yes_and_stops_at_its_own_no(build_stage: Build) -> None:
    stage = analysed(build_stage)
    stage.say(Kind.GRANT, PURPOSE, evidence="form-7", actor=Actor.PERSON)
    stage.sync()
    assert stage.mails("crm") == ["ann@example.com"]
    stage.withdraw(PURPOSE)
    stage["shop"].put("s1", first="Anna")
    stage.settle()
    assert [row["first"] for row in stage["crm"].rows.values()] == ["Ann"]
    assert [row["first"] for row in stage["letter"].rows.values()] == ["Anna"]

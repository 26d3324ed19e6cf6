"""Scenarios of consent.md 5 and 1.5 about time, shared addresses, merges and splits."""

from __future__ import annotations

from accord.consent.signal import Actor, Kind
from accord.engine.retention import keep
from accord.errors import RetryableError
from accord.store.rows import Entity, Stamp
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import Build, Stage

DAY = 86_400.0


def touch(stage: Stage, kind: str, days_ago: float) -> None:
    """A visit or an opened message of Ann's, as an analytics system would bring it."""
    person, now = stage.person().id, stage.env.now().timestamp()
    cells = {"kind": kind, "at": stage.ago(days=days_ago), "customer": person}
    entity = Entity(f"{kind}-{days_ago}", "touchpoint", cells, Stamp(1, "web", now), 1, created_at=now)
    with stage.accord.store.transaction("touch") as tx:
        tx.entities.insert([entity])


def test_consent_scenario_24_three_years_without_a_click_end_a_permission_after_one_request(
    stage: Stage,
) -> None:
    stage["shop"].put(mail="ann@example.com", mail_consent=stage.yes(days=1500))
    stage.sync()
    touch(stage, "click", 1100)
    touch(stage, "open", 3)
    assert keep(stage.accord.world).renew == [(stage.person().id, "marketing.direct")]
    assert keep(stage.accord.world).renew == []
    assert stage.state() == "granted"
    stage.env.forward(31 * DAY)
    assert keep(stage.accord.world).expired == [(stage.person().id, "marketing.direct")]
    assert stage.state() == "expired"
    stage.sync()
    assert [verb for verb, _ in stage.written("letter")][-1] == "unsubscribe"


def test_consent_scenario_24_a_recent_click_keeps_it(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", mail_consent=stage.yes(days=1500))
    stage.sync()
    touch(stage, "click", 30)
    kept = keep(stage.accord.world)
    assert (kept.renew, kept.expired) == ([], [])


def test_consent_scenario_25_an_export_names_signals_recipients_and_whoever_could_not_be_read(
    stage: Stage,
) -> None:
    stage["shop"].put(mail="ann@example.com", first="Ann")
    stage.sync(connections=["shop"])
    stage.say(Kind.GRANT, evidence="form-7", actor=Actor.PERSON, notice="newsletter@3")
    begun = stage.env.now().timestamp()
    stage.sync()
    stage["letter"].fail("get", RetryableError("the newsletter tool is down"))
    found = stage.accord.export_person("ann@example.com")
    assert [(one["kind"], one["notice"]) for one in found.signals] == [("grant", "newsletter@3")]
    told = {send.connection for send in stage.sends()}
    assert {"crm", "letter"} <= told
    assert {one.connection for one in found.recipients} == told
    assert all(begun <= one.first_at <= one.last_at <= found.generated_at for one in found.recipients)
    assert [one.connection for one in found.sources if one.missing] == ["letter"]
    assert [one.record for one in found.sources if one.missing] == [None]
    assert not found.complete


def test_a_permission_ends_on_its_own_date(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", first="Ann")
    stage.sync()
    ends = stage.env.now().timestamp() + 10 * DAY
    stage.say(Kind.GRANT, evidence="form-7", actor=Actor.PERSON, expires_at=ends)
    stage.sync()
    stage.env.forward(11 * DAY)
    stage["shop"].put("s1", first="Anna")
    stage.sync()
    assert stage.decisions("letter")[0].facts["reason"] == "state_expired"
    keep(stage.accord.world)
    assert stage.state() == "expired"


def test_an_address_of_two_people_gets_the_strictest_answer(build_stage: Build) -> None:
    stage = build_stage()
    stage["shop"].put(mail="info@example.com", first="Ann", mail_consent=stage.yes())
    stage["shop"].put(mail="info@example.com", first="Bob", mail_consent=stage.no())
    stage.sync()
    assert stage["letter"].rows == {}


def test_a_withdrawal_of_either_closes_merged_people(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", mail_consent=stage.yes(days=2))
    stage["crm"].put(mail="anna@example.org", mail_consent=stage.no(days=5))
    stage.sync()
    stage.accord.merge("ann@example.com", "anna@example.org")
    assert stage.state(who="shop:s1") == "withdrawn"


def test_the_decision_log_tells_why_and_proves_itself(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", mail_consent=stage.yes())
    stage.sync()
    stage.withdraw()
    stage.sync()
    outcomes = [one.outcome for one in stage.decisions("letter")]
    assert {"allow", "revoke"} <= set(outcomes)
    with stage.accord.store.reading() as tx:
        assert tx.decisions.verify() is None
        assert not any("example.com" in str(one.content()) for one in tx.decisions.since(0))


def test_states_made_anew_from_the_log_are_the_live_ones(stage: Stage) -> None:
    from accord.engine.refold import refold

    stage["shop"].put(mail="ann@example.com", mail_consent=stage.yes(days=3), sms_consent=stage.no(days=2))
    stage.sync()
    stage.withdraw("marketing", "*", whole_person=True)
    person = stage.person()
    with stage.accord.store.transaction("rebuild") as tx:
        live = tx.permissions.of([person.id])
        tx.permissions.replace({person.id: {}})
        refold(stage.accord.world, tx, [person])
        assert tx.permissions.of([person.id]) == live

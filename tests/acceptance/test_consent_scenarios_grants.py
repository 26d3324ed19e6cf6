"""Scenarios of consent.md 5 about what opens and what does not."""

from __future__ import annotations

import pytest

from accord.consent.signal import Actor, Kind
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import Build, Stage

PROOF = {"evidence": "form-7", "actor": Actor.PERSON}


def test_consent_scenario_01_without_a_signal_nothing_is_sent_and_the_log_says_why(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", first="Ann")
    stage.sync()
    assert stage.mails("crm") == ["ann@example.com"]
    for system in ("letter", "sms", "ads"):
        assert stage.written(system) == []
        assert stage.decisions(system)[0].outcome == "deny"
    assert stage.decisions("letter")[0].facts["reason"] == "state_unknown"


def test_consent_scenario_02_a_grant_for_mail_opens_no_text_messages(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", tel="+33199000001", mail_consent=stage.yes())
    stage.sync()
    assert stage.mails("letter") == ["ann@example.com"]
    assert stage.mails("sms") == []


def test_consent_scenario_03_a_guests_order_reaches_the_order_tools_only(stage: Stage) -> None:
    stage["shop/orders"].put(number="1001", mail="guest@example.com", placed=stage.ago(hours=1))
    stage.sync()
    stage.sync("orders")
    assert [row["number"] for row in stage["crm/orders"].rows.values()] == ["1001"]
    assert stage["letter/orders"].rows == stage["ads/orders"].rows == {}


def test_consent_scenario_04_a_sale_with_notice_allows_similar_products_and_no_ads(
    build_stage: Build,
) -> None:
    stage = build_stage(purposes={"letter": "marketing.direct.similar_products"})
    soft = {"state": "soft_opt_in", "at": stage.ago(hours=1), "evidence": "checkout@3"}
    stage["shop"].put(mail="ann@example.com", similar_consent=soft)
    stage.sync()
    assert stage.mails("letter") == ["ann@example.com"]
    assert stage.decisions("letter")[0].facts["basis"] == "soft_opt_in"
    assert stage.mails("ads") == []


def test_consent_scenario_05_a_refusal_at_the_sale_is_an_objection(build_stage: Build) -> None:
    stage = build_stage(purposes={"letter": "marketing.direct.similar_products"})
    stage["shop"].put(mail="ann@example.com", similar_consent=stage.no(hours=1))
    stage.sync()
    stage["shop"].put(
        "s1", similar_consent={"state": "soft_opt_in", "at": stage.ago(), "evidence": "checkout@3"}
    )
    stage.sync()
    assert stage.mails("letter") == []
    assert Kind.OBJECT in [one.kind for one in stage.signals()]
    with stage.accord.store.reading() as tx:
        (point,) = {one.contact_point for one in stage.signals()}
        assert tx.objections.at([point])


def test_consent_scenario_06_equal_times_in_two_systems_are_a_withdrawal(stage: Stage) -> None:
    at = stage.ago(hours=2)
    stage["shop"].put(mail="ann@example.com", mail_consent={"state": "granted", "at": at})
    stage["crm"].put(mail="ann@example.com", mail_consent={"state": "withdrawn", "at": at})
    stage.sync()
    assert stage.state() == "withdrawn"


def test_consent_scenario_07_an_undated_withdrawal_beats_yesterdays_grant(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", mail_consent=stage.yes(days=1))
    stage["crm"].put(mail="ann@example.com", mail_consent={"state": "withdrawn"})
    stage.sync()
    assert stage.state() == "withdrawn"
    assert stage.mails("letter") == []


def test_consent_scenario_09_a_new_form_after_a_withdrawal_waits_for_the_click(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", mail_consent=stage.yes(days=9))
    stage.sync()
    stage.sync()
    stage["letter"].put("l1", mail_consent=stage.no(seconds=30))
    stage.sync()
    assert stage.state() == "withdrawn"
    stage.env.forward(3600)
    stage["shop"].put("s1", mail_consent=stage.yes(minutes=1))
    stage.settle()
    assert [verb for verb, _ in stage.written("letter")][-1] == "subscribe"
    assert stage["letter"].row(id="l1")["mail_consent"]["state"] == "pending_confirmation"
    assert stage.state() != "granted"
    click = {"state": "granted", "at": stage.ago(), "double_opt_in": True, "evidence": "click-9"}
    stage["letter"].put("l1", mail_consent=click)
    stage.sync()
    assert stage.state() == "granted"


def test_consent_scenario_09_a_recorded_form_asks_for_the_click_too(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", mail_consent=stage.yes(days=9))
    stage.sync()
    stage.sync()
    stage["letter"].put("l1", mail_consent=stage.no(seconds=30))
    stage.sync()
    stage.say(Kind.GRANT, **PROOF)
    stage.settle()
    assert [verb for verb, _ in stage.written("letter")][-1] == "subscribe"
    assert stage.state() == "pending_confirmation"


def test_consent_scenario_10_a_vendors_final_refusal_is_recorded_and_not_retried(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", mail_consent=stage.yes())
    stage["letter"].put(mail="ann@example.com", final=True)
    stage.settle()
    assert [verb for verb, _ in stage.written("letter")].count("subscribe") == 1
    assert stage.state() == "withdrawn"
    assert stage.accord.dead_letters() == []


def test_consent_scenario_12_a_snapshot_never_reopens(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", mail_consent=stage.no(days=30))
    stage.sync()
    stage["crm"].put(stage["crm"].row(mail="ann@example.com")["id"], mail_consent=stage.yes(minutes=1))
    stage.sync()
    assert stage.state() == "withdrawn"
    assert "consent" in stage.conflicts()


def test_consent_scenario_17_both_ad_permissions_are_needed(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", ads_consent=stage.yes())
    stage["shop"].put(mail="bob@example.com", ads_consent=stage.yes(), ads_personal=stage.yes())
    stage.sync()
    assert stage.mails("ads") == ["bob@example.com"]
    assert stage.decisions("ads")[0].facts["reason"] == "requires_ads.personalisation"


def test_consent_scenario_23_an_old_export_reopens_nobody(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", mail_consent=stage.no(days=300))
    stage.sync()
    stage["crm"].put(stage["crm"].row(mail="ann@example.com")["id"], mail_consent={"state": "granted"})
    stage["crm"].put(mail="bob@example.com", mail_consent={"state": "granted"})
    stage.sync(full=True)
    assert stage.state() == "withdrawn"
    assert stage.state(who="bob@example.com") == "unknown"
    assert stage.mails("letter") == []


@pytest.mark.parametrize(
    ("years", "parental", "letter", "ads"),
    [(13, "", 0, 0), (13, "parent-4", 1, 0), (17, "", 1, 0), (30, "", 1, 1)],
)
def test_consent_scenario_16_minors(stage: Stage, years: int, parental: str, letter: int, ads: int) -> None:
    born = stage.env.now().replace(year=stage.env.now().year - years).date().isoformat()
    stage["shop"].put(mail="ann@example.com", born=born)
    stage.sync()
    for purpose, channel in (
        ("marketing.direct", "email"),
        ("ads.audience_match", "ad_platform:meta"),
        ("ads.personalisation", "ad_platform:meta"),
    ):
        stage.say(Kind.GRANT, purpose, channel, parental=parental, **PROOF)
    stage.sync()
    assert len(stage.mails("letter")) == letter
    assert len(stage.mails("ads")) == ads

"""Scenarios of consent.md 5 about what a refusal stops, and what it sets in motion."""

from __future__ import annotations

from accord.consent.signal import Actor
from accord.store.consent_rows import RevocationState, SendState
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import Build, Stage


def reader(stage: Stage) -> None:
    """Ann reads the newsletter."""
    stage["shop"].put(mail="ann@example.com", first="Ann", mail_consent=stage.yes(days=9))
    stage.sync()
    assert stage.mails("letter") == ["ann@example.com"]


def verbs(stage: Stage, system: str) -> list[str]:
    return [verb for verb, _ in stage.written(system)]


def test_consent_scenario_08_a_late_withdrawal_stops_revokes_and_leaves_the_send_on_record(
    stage: Stage,
) -> None:
    reader(stage)
    stage["shop"].put("s1", first="Anna")
    stage.sync()
    stage["shop"].put("s1", mail_consent=stage.no(days=2))
    stage.sync()
    assert verbs(stage, "letter")[-1] == "unsubscribe"
    since = stage.signals()[-1].effective_at or 0.0
    late = [send for send in stage.sends() if send.connection == "letter" and send.at > since]
    assert len(late) == 2
    assert {send.status for send in late} == {SendState.REVOKED}
    reported = [one for one in stage.accord.consent.audit().incidents if one.connection == "letter"]
    assert {one.send for one in reported} == {send.id for send in late}
    assert all(one.withdrawn_at == since < one.sent_at < one.received_at for one in reported)


def test_consent_scenario_11_an_ordinary_sync_never_subscribes(stage: Stage) -> None:
    reader(stage)
    stage["letter"].put("l1", mail_consent=stage.no())
    asked = verbs(stage, "letter").count("subscribe")
    stage.sync()
    stage["shop"].put("s1", first="Anna")
    stage.settle()
    assert verbs(stage, "letter").count("subscribe") == asked
    assert stage["letter"].row(id="l1")["first"] == "Ann"


def test_consent_scenario_13_a_bounce_is_no_withdrawal_and_a_new_address_has_its_own_grant(
    stage: Stage,
) -> None:
    reader(stage)
    stage["letter"].put("l1", email_hard_bounce={"at": stage.ago(hours=1)})
    stage["shop"].put("s1", first="Anna")
    stage.sync()
    assert stage.state() == "granted"
    assert stage.decisions("letter")[0].facts["reason"] == "suppressed_hard_bounce"
    stage["shop"].put("s1", mail="anna@example.com", mail_consent=stage.yes(minutes=1))
    stage.settle()
    assert stage.decisions("letter", "anna@example.com")[0].outcome == "allow"


def test_consent_scenario_14_a_complaint_suppresses_and_withdraws_for_good(stage: Stage) -> None:
    reader(stage)
    stage["letter"].put("l1", email_complaint={"at": stage.ago(hours=1)})
    stage.sync()
    assert stage.state() == "withdrawn"
    stage["letter"].put("l1", email_complaint=None)
    stage["shop"].put("s1", first="Anna")
    stage.settle()
    assert stage.state() == "withdrawn"
    assert stage["letter"].row(id="l1")["first"] == "Ann"
    with stage.accord.store.reading() as tx:
        assert [one.reason for one in tx.suppressions.of([stage.person().id])] == ["complaint"]


def test_consent_scenario_15_a_marketplace_address_serves_the_order_only(build_stage: Build) -> None:
    stage = build_stage(systems={"market": "stage_market"})
    relay = "x7@marketplace.amazon.fr"
    yes = stage.yes()
    buyer = stage["market"].put(mail=relay, first="Ann", mail_consent=yes, ads_consent=yes, ads_personal=yes)
    stage["market/orders"].put(number="M1", mail=relay, contact_id=buyer, placed=stage.ago(hours=1))
    stage.sync()
    stage.sync("orders")
    assert [row["number"] for row in stage["crm/orders"].rows.values()] == ["M1"]
    for system in ("letter", "ads", "letter/orders", "ads/orders"):
        assert stage.written(system) == []
    sent = stage.sends("market/contacts:m1")
    assert sent
    assert not any(send.identifiers for send in sent)


def test_a_value_the_merchant_collected_too_is_his(build_stage: Build) -> None:
    stage = build_stage(systems={"market": "stage_market"})
    stage["market"].put(mail="ann@example.com", first="Ann")
    stage.sync()
    stage["shop"].put(stage["shop"].row(mail="ann@example.com")["id"], mail_consent=stage.yes())
    stage.sync()
    assert stage.mails("letter") == []
    stage["letter"].put(mail="ann@example.com", mail_consent=stage.yes())
    stage.sync()
    stage["shop"].put(stage["shop"].row(mail="ann@example.com")["id"], first="Anna")
    stage.sync()
    assert (stage.decisions("letter")[0].outcome, stage.decisions("letter")[0].facts["reason"]) == (
        "allow",
        "granted",
    )


def test_consent_scenario_18_a_removal_uses_the_identifiers_of_the_ledger(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", ads_consent=stage.yes(), ads_personal=stage.yes())
    stage.sync()
    (sent,) = [send for send in stage.sends() if send.connection == "ads"]
    assert sent.identifiers["em"]
    stage.withdraw("ads.audience_match", "ad_platform:meta")
    stage.sync()
    ((_, removal),) = [call for call in stage.written("ads") if call[0] == "remove"]
    assert removal.identifiers == sent.identifiers
    assert stage.revocations()[-1].state is RevocationState.DONE
    assert stage.revocations()[-1].receipt == "accepted"


def test_consent_scenario_19_a_repeated_unsubscribe_is_one_withdrawal(stage: Stage) -> None:
    reader(stage)
    for _ in range(3):
        stage.withdraw(source="list-unsubscribe", event="token-1", actor=Actor.PERSON)
    assert len([one for one in stage.signals() if one.source == "list-unsubscribe"]) == 1
    stage.settle()
    assert verbs(stage, "letter").count("unsubscribe") == 1


def test_consent_scenario_20_a_stop_ends_text_messages_and_nothing_else(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", tel="+33199000001", sms_consent=stage.yes(days=3))
    stage.sync()
    assert stage.mails("sms") == ["ann@example.com"]
    stage["crm"].put(
        stage["crm"].row(mail="ann@example.com")["id"], sms_carrier_stop={"at": stage.ago(hours=1)}
    )
    stage["shop"].put("s1", first="Anna")
    stage["shop/orders"].put(number="1001", contact_id="s1", placed=stage.ago(hours=1))
    stage.sync()
    stage.sync("orders")
    assert stage.state(channel="sms") == "withdrawn"
    assert [verb for verb in verbs(stage, "sms") if verb == "update"] == []
    assert [row["number"] for row in stage["crm/orders"].rows.values()] == ["1001"]


def test_consent_scenario_21_a_confirmation_goes_and_a_coupon_does_not(stage: Stage) -> None:
    reader(stage)
    stage.withdraw("*", "*", whole_person=True)
    stage["shop/orders"].put(number="1001", contact_id="s1", placed=stage.ago(hours=1))
    stage["shop/orders"].put(number="1002", contact_id="s1", placed=stage.ago(hours=1), coupon="SAVE10")
    report = stage.sync("orders")
    assert [row["number"] for row in stage["crm/orders"].rows.values()] == ["1001"]
    assert report.total.held["refused:marketing_content"] == 1


def test_consent_scenario_22_without_the_consent_store_marketing_waits_and_orders_go_on(stage: Stage) -> None:
    reader(stage)
    with stage.accord.store.transaction("lose it") as tx:
        tx.bulk.driver.execute("ALTER TABLE consent_state RENAME TO lost")
    stage["shop/orders"].put(number="1001", contact_id="s1", placed=stage.ago(hours=1))
    stage.sync("orders")
    assert [row["number"] for row in stage["crm/orders"].rows.values()] == ["1001"]
    assert stage["letter/orders"].rows == {}
    with stage.accord.store.transaction("find it") as tx:
        tx.bulk.driver.execute("ALTER TABLE lost RENAME TO consent_state")
    stage.sync("orders")
    assert [row["number"] for row in stage["letter/orders"].rows.values()] == ["1001"]


def test_a_withdrawal_goes_back_to_systems_that_show_a_yes(stage: Stage) -> None:
    stage["letter"].put(mail="ann@example.com", mail_consent=stage.yes(days=3))
    stage.sync()
    stage["shop"].put(stage["shop"].row(mail="ann@example.com")["id"], mail_consent=stage.no())
    stage.settle()
    assert stage["letter"].row(mail="ann@example.com")["mail_consent"]["state"] == "withdrawn"
    assert stage.state() == "withdrawn"


def test_a_withdrawal_goes_back_to_a_source_that_is_only_read(build_stage: Build) -> None:
    stage = build_stage(sources=["letter"])
    reader = stage["letter"].put(mail="ann@example.com", mail_consent=stage.yes(days=3))
    stage.sync()
    stage["shop"].put(stage["shop"].row(mail="ann@example.com")["id"], mail_consent=stage.no())
    stage.settle()
    assert stage["letter"].rows[reader]["mail_consent"]["state"] == "withdrawn"
    assert [call for call, _ in stage["letter"].calls] == ["unsubscribe"]


def test_nobody_is_created_to_record_a_refusal(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com")
    stage.sync()
    stage.withdraw()
    stage.settle()
    assert stage.written("letter") == []
    assert stage.revocations() == []


def test_a_grant_does_not_follow_to_another_address_and_the_old_one_is_revoked(stage: Stage) -> None:
    reader(stage)
    stage["shop"].put("s1", mail="anna@example.com")
    stage.settle()
    assert stage.state(who="anna@example.com") == "unknown"
    assert verbs(stage, "letter")[-1] == "unsubscribe"
    assert stage["letter"].row(id="l1")["mail"] == "ann@example.com"


def test_a_refused_revocation_is_tried_again_and_somebody_is_told(stage: Stage) -> None:
    from accord.errors import RetryableError

    reader(stage)
    stage["letter"].fail("unsubscribe", RetryableError("down"), times=2)
    stage.withdraw()
    for _ in range(4):
        stage.env.forward(3600)
        stage.accord.sync("customers")
    assert stage["letter"].row(id="l1")["mail_consent"]["state"] == "withdrawn"
    assert stage.revocations()[-1].receipt == "confirmed"

"""Purposes, brands, splits, moments: what a permission is bound to, it stays bound to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from accord.consent.signal import Actor, Kind
from accord.errors import RetryableError
from accord.store.consent_rows import SendState
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import Build, Stage

DAY = 86_400.0


def verbs(stage: Stage, system: str) -> list[str]:
    return [verb for verb, _ in stage.written(system)]


def reader(stage: Stage) -> None:
    stage["shop"].put("s1", mail="ann@example.com", first="Ann", mail_consent=stage.yes(days=2))
    stage.settle()
    assert stage.mails("letter") == ["ann@example.com"]


def remember(stage: Stage, connection: str, **changes: Any) -> None:
    """Change members of a connection, as the next process finds them in accord.toml."""
    world = stage.accord.world
    flows = tuple(
        replace(
            flow,
            members=tuple(replace(m, **changes) if m.connection == connection else m for m in flow.members),
        )
        for flow in world.flows
    )
    object.__setattr__(world, "flows", flows)
    for name in ("_members", "_written", "asks_people", "lenders", "people"):
        world.__dict__.pop(name, None)


def test_a_new_purpose_of_a_connection_calls_back_what_was_sent_for_the_old_one(build_stage: Build) -> None:
    stage = build_stage(purposes={"letter": "service.support"})
    stage["shop"].put("s1", mail="ann@example.com", first="Ann")
    stage.settle()
    remember(stage, "letter", purpose="marketing.direct")
    stage.sync()
    assert verbs(stage, "letter")[-1] == "unsubscribe"
    stage["shop"].put("s1", first="Anna")
    stage.settle()
    assert stage["letter"].row(mail="ann@example.com")["first"] == "Ann"


def test_a_withdrawal_reaches_what_was_sent_for_the_purpose_of_then(stage: Stage) -> None:
    reader(stage)
    remember(stage, "letter", purpose="service.support")
    stage.settle()
    assert "unsubscribe" not in verbs(stage, "letter")
    stage.withdraw()
    stage.sync()
    assert verbs(stage, "letter").count("unsubscribe") == 1


def test_a_destination_added_later_gets_nothing_without_a_permission_of_its_own(build_stage: Build) -> None:
    stage = build_stage()
    remember(stage, "sms", writes=False)
    reader(stage)
    remember(stage, "sms", writes=True, purpose="profiling", channel="email")
    stage["shop"].put("s1", first="Anna")
    stage.settle()
    assert stage["sms"].rows == {}
    assert stage.decisions("sms")[0].facts["reason"] == "state_unknown"


def test_a_grant_to_one_brand_allows_nothing_for_another(stage: Stage) -> None:
    remember(stage, "shop", brand="north")
    remember(stage, "letter", brand="south")
    stage["shop"].put("s1", mail="ann@example.com", first="Ann", mail_consent=stage.yes(days=2))
    stage.settle()
    assert stage["letter"].rows == {}
    remember(stage, "letter", brand="north")
    stage["shop"].put("s1", first="Anna")
    stage.settle()
    assert stage.mails("letter") == ["ann@example.com"]


@pytest.mark.parametrize(("brand", "ends"), [("south", False), ("north", True), ("", True)])
def test_a_refusal_of_one_brand_leaves_the_others(stage: Stage, brand: str, ends: bool) -> None:
    remember(stage, "shop", brand="north")
    remember(stage, "letter", brand="north")
    reader(stage)
    stage.withdraw("*", "*", whole_person=True, brand=brand)
    stage.settle()
    assert ("unsubscribe" in verbs(stage, "letter")) is ends


def test_a_permission_that_ends_between_decision_and_mark_sends_nothing(stage: Stage) -> None:
    stage["shop"].put("s1", mail="ann@example.com", first="Ann")
    stage.sync()
    ends = stage.env.now().timestamp() + 90
    stage.say(Kind.GRANT, evidence="form-7", actor=Actor.PERSON, expires_at=ends)
    stage["letter"].fail("create", RetryableError("busy", retry_after=40))
    stage.sync()
    stage.env.forward(60)
    stage.sync()
    assert stage["letter"].rows == {}
    assert [one.facts["reason"] for one in stage.decisions("letter")][:2] == ["state_expired", "granted"]


def test_a_permission_that_ends_between_mark_and_request_is_not_used(stage: Stage) -> None:
    from accord.engine.send import Sender

    stage["shop"].put("s1", mail="ann@example.com", first="Ann")
    stage.sync()
    ends = stage.env.now().timestamp() + 90
    stage.say(Kind.GRANT, evidence="form-7", actor=Actor.PERSON, expires_at=ends)
    exchange = Sender.exchange

    def late(self: Sender, batch: Any) -> None:
        if self.member.connection == "letter" and stage.env.now().timestamp() < ends:
            stage.env.forward(ends - stage.env.now().timestamp() + 0.5)
            for intent in batch.intents:
                intent.sent_at = stage.env.now().timestamp() - 1
        exchange(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sender, "exchange", late)
        stage.env.forward(30)
        stage.accord.sync("customers")
    assert stage["letter"].rows == {}


def test_a_full_backfill_after_withdrawals_reopens_nobody(stage: Stage) -> None:
    reader(stage)
    stage.withdraw()
    stage.sync()
    arrived = len(stage.written("letter"))
    stage["shop"].put("s1", first="Anna", mail_consent=stage.yes(days=1))
    for _ in range(3):
        stage.sync(full=True)
    assert stage.state() == "withdrawn"
    assert len(stage.written("letter")) == arrived


def test_after_a_split_either_sides_refusal_calls_its_own_sends_back(stage: Stage) -> None:
    stage["shop"].put("s1", mail="ann@example.com", first="Ann", mail_consent=stage.yes(days=2))
    stage["crm"].put("c1", mail="bob@example.org", first="Bob", mail_consent=stage.yes(days=2))
    stage.settle()
    assert stage.mails("letter") == ["ann@example.com", "bob@example.org"]
    stage.accord.merge("ann@example.com", "bob@example.org")
    stage.accord.split("shop:s1", "crm", "c1")
    bob, ann = stage.person("crm:c1").id, stage.person("shop:s1").id
    assert bob != ann
    with stage.accord.store.reading() as tx:
        sends = tx.ledger.of([ann, bob])
    assert all(any(one.connection == "letter" for one in sends[id_]) for id_ in (ann, bob))
    stage.withdraw(who="crm:c1")
    stage.sync()
    with stage.accord.store.reading() as tx:
        theirs = [one for one in tx.ledger.of([bob])[bob] if one.connection == "letter"]
    assert {one.status for one in theirs} == {SendState.REVOKED}
    told = [write.document.get("email") for verb, write in stage.written("letter") if verb == "unsubscribe"]
    assert "bob@example.org" in told


def test_an_event_too_old_for_a_transactional_message_is_refused(stage: Stage) -> None:
    stage["shop"].put("s1", mail="ann@example.com", first="Ann")
    stage.sync()
    stage["shop/orders"].put("o1", number="1", contact_id="s1", placed=stage.ago(days=31))
    stage["shop/orders"].put("o2", number="2", contact_id="s1", placed=stage.ago(days=29))
    stage.sync("orders")
    assert [row["number"] for row in stage["crm/orders"].rows.values()] == ["2"]
    assert stage.decisions("crm")[0].facts["reason"] == "event_too_old"
    stage.env.forward(60 * DAY)
    stage["shop/orders"].put("o2", mail="ann@example.com")
    stage.sync("orders")
    assert [row.get("mail") for row in stage["crm/orders"].rows.values()] == ["ann@example.com"]


def test_a_closed_erasure_leaves_no_identifiers_in_the_ledger(stage: Stage) -> None:
    yes = stage.yes(days=2)
    stage["shop"].put("s1", mail="ann@example.com", ads_consent=yes, ads_personal=yes, mail_consent=yes)
    stage["crm"].put("c1", mail="anna@example.org", first="Ann")
    stage.settle()
    stage.accord.merge("ann@example.com", "anna@example.org")
    person = stage.person("shop:s1").id
    report = stage.accord.erase(person, identity="ticket 17")
    assert stage.accord.erasure(report.request).closed_at is not None
    with stage.accord.store.reading() as tx:
        ids = [person, *(one.loser for one in tx.merges.of(person))]
        assert len(ids) == 1
        sends = [one for some in tx.ledger.of(ids).values() for one in some]
        told = tx.revocations.of(ids)
    assert sends
    assert not any(one.identifiers or one.points or one.external_id for one in sends)
    assert not any(one.identifiers or one.document for one in told)


def test_a_source_that_cannot_be_told_is_named_until_it_shows_the_refusal(stage: Stage) -> None:
    reader(stage)
    stage.withdraw()
    stage.settle()
    (untold,) = [one for one in stage.revocations() if one.state == "impossible"]
    assert (untold.connection, untold.reason) == ("shop", "no_operation")
    assert [one.kind for one in stage.accord.conflicts("open")] == ["revocation"]
    assert stage.accord.consent.audit().alerts
    stage["shop"].put("s1", mail_consent=stage.no(minutes=1))
    stage.settle()
    assert stage.accord.conflicts("open") == []
    assert stage.accord.consent.audit().alerts == []


def test_a_value_that_turns_out_a_marketplaces_leaves_audiences(build_stage: Build) -> None:
    stage = build_stage(systems={"market": "stage_market"})
    yes = stage.yes(days=2)
    stage["shop"].put("s1", mail="ann@example.com", first="Ann", ads_consent=yes, ads_personal=yes)
    stage.settle()
    (sent,) = [send for send in stage.sends() if send.connection == "ads"]
    stage["market"].put("m1", mail="ann@example.com", first="Ann")
    stage.settle()
    assert verbs(stage, "ads") == ["create"]  # the merchant collected the same value
    stage["market"].put("m1", mail="ann@members.ebay.example")
    stage.settle()
    ((_, removal),) = [call for call in stage.written("ads") if call[0] == "remove"]
    assert removal.identifiers["em"] == sent.identifiers["em"]


def test_a_status_tells_of_refusals_that_nobody_was_told(stage: Stage) -> None:
    reader(stage)
    assert stage.accord.status().untold == 0
    stage.withdraw()
    assert stage.accord.status().untold == 1


def test_what_a_correction_allows_again_is_sent_again(stage: Stage) -> None:
    yes = stage.yes(days=2)
    stage["shop"].put("s1", mail="ann@example.com", first="Ann", ads_consent=yes, ads_personal=yes)
    stage.settle()
    stage["shop"].put("s1", born=stage.ago(days=16 * 366)[:10])
    stage.settle()
    assert verbs(stage, "ads") == ["create", "remove"]
    stage["shop"].put("s1", born=stage.ago(days=61 * 366)[:10])
    stage.settle()
    assert verbs(stage, "ads")[2:] in (["create"], ["update"])
    stage["shop"].put("s1", born=stage.ago(days=16 * 366)[:10])
    stage.settle()
    assert verbs(stage, "ads")[-1] == "remove"


def test_a_correction_before_the_revocation_went_out_leaves_everything_as_it_was(stage: Stage) -> None:
    def say(form: str, **more: Any) -> None:
        stage.env.forward(3600)
        stage.say(Kind.GRANT, evidence=form, actor=Actor.PERSON, **more)

    stage["shop"].put("s1", mail="ann@example.com", first="Ann", born=stage.ago(days=13 * 366)[:10])
    stage.sync(connections=["shop"])
    say("form-1", parental="mother-1")
    stage.settle()
    assert stage.mails("letter") == ["ann@example.com"]
    say("form-2")
    say("form-3", parental="mother-1")
    stage.settle()
    assert "unsubscribe" not in verbs(stage, "letter")
    say("form-4")
    stage.settle()
    assert verbs(stage, "letter")[-1] == "unsubscribe"


def test_orders_sent_for_advertising_are_called_back_with_their_person(stage: Stage) -> None:
    yes = stage.yes(days=2)
    stage["shop"].put(
        "s1", mail="ann@example.com", first="Ann", mail_consent=yes, ads_consent=yes, ads_personal=yes
    )
    stage.settle()
    stage["shop/orders"].put("o1", number="1", contact_id="s1", placed=stage.ago(hours=1))
    stage.sync("orders")
    assert {send.stream for send in stage.sends() if send.connection == "letter"} == {"contacts", "orders"}
    stage["shop"].put("s1", born=stage.ago(days=12 * 366)[:10])
    stage.settle()
    left = {send.status for send in stage.sends() if send.connection in ("letter", "ads")}
    assert left == {SendState.REVOKED}

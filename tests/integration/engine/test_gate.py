"""The gate: nothing goes to marketing without the person's own yes, asked at the last moment."""

from __future__ import annotations

from typing import Any

import pytest

from accord.connector import Creates
from accord.consent.signal import Kind
from tests.integration.engine.town import Build, Town

GRANT = {"news": "granted", "news_at": "2026-01-01T00:00:00Z"}
WITHDRAWAL = {"news": "withdrawn", "news_at": "2026-02-01T00:00:00Z"}


def town_of(build: Build, *plugins: object, purpose: str = "marketing.direct", **flow: Any) -> Town:
    return build(
        *plugins,
        flow={"both": ["shop"], "to": ["crm"], "purpose": {"shop": "service.support", "crm": purpose}} | flow,
    )


@pytest.mark.parametrize("purpose", ["marketing.direct", "ads.audience_match", "profiling"])
def test_without_a_grant_nothing_is_sent(build: Build, purpose: str) -> None:
    town = town_of(build, purpose=purpose)
    town["shop"].put(mail="ann@example.com")
    report = town.sync()
    assert town["crm"].rows == {}
    assert report.total.held == {"refused:state_unknown": 1}


@pytest.mark.parametrize("purpose", ["service.support", "service.transactional", "legal.invoicing"])
def test_a_service_needs_no_grant(build: Build, purpose: str) -> None:
    town = town_of(build, purpose=purpose)
    town["shop"].put(mail="ann@example.com")
    assert town.sync().total.created == 1


def test_a_granted_person_is_sent(build: Build) -> None:
    town = town_of(build)
    town["shop"].put(mail="ann@example.com", **GRANT)
    town["shop"].put(mail="bob@example.com")
    town.sync()
    assert town["crm"].shown("mail") == [{"mail": "ann@example.com"}]


def test_a_grant_given_later_opens(build: Build) -> None:
    town = town_of(build)
    town["shop"].put(mail="ann@example.com")
    town.sync()
    town["shop"].put("s1", **GRANT)
    assert town.sync().total.created == 1


def test_a_grant_for_one_purpose_opens_no_other(build: Build) -> None:
    town = town_of(build, purpose="ads.audience_match")
    town["shop"].put(mail="ann@example.com", **GRANT)
    town.sync()
    assert town["crm"].rows == {}


def test_a_grant_for_one_channel_opens_no_other(build: Build) -> None:
    town = town_of(build, channel="sms")
    town["shop"].put(mail="ann@example.com", **GRANT)
    town.sync()
    assert town["crm"].rows == {}


def test_a_withdrawal_after_planning_stops_the_send(build: Build) -> None:
    town = town_of(build)
    town["shop"].put(mail="ann@example.com", **GRANT)

    def withdraw(label: str) -> None:
        if label == "mark sent" and not done:
            done.append(label)
            town.say(Kind.WITHDRAW)

    done: list[str] = []
    town.env.switches.append(withdraw)
    report = town.sync()
    assert done
    assert town["crm"].calls == []
    assert set(report.total.held) == {"refused:withdrawn"}


def test_after_a_withdrawal_edits_are_not_sent(build: Build) -> None:
    town = town_of(build)
    town["shop"].put(mail="ann@example.com", first="Ann", **GRANT)
    town.sync()
    town["shop"].put("s1", first="Anna", **WITHDRAWAL)
    town.sync()
    town["shop"].put("s1", first="Annika")
    town.sync()
    assert town["crm"].shown("first") == [{"first": "Ann"}]


def test_a_withdrawal_made_at_the_target_counts(build: Build) -> None:
    town = town_of(build, both=["shop", "crm"], to=[])
    town["shop"].put(mail="ann@example.com", **GRANT)
    town.sync()
    town["crm"].put("c1", **WITHDRAWAL)
    town.settle()
    assert town["shop"].shown("news") == [{"news": "withdrawn"}]


def test_orders_go_by_the_grant_of_their_customer(build: Build) -> None:
    town = build(orders={"purpose": {"shop": "service.support", "crm": "marketing.direct"}})
    person = town["shop"].put(mail="ann@example.com", **GRANT)
    town["shop/orders"].put(number="1001", contact_id=person)
    town["shop/orders"].put(number="1002")
    town.sync()
    town.sync("orders")
    assert town["crm/orders"].shown("number") == [{"number": "1001"}]


def test_a_filter_holds_back(build: Build) -> None:
    town = town_of(build, purpose="service.support", filter={"crm": "family_name == 'Lee'"})
    town["shop"].put(mail="ann@example.com", last="Lee")
    town["shop"].put(mail="bob@example.com", last="Day")
    report = town.sync()
    assert town["crm"].shown("last") == [{"last": "Lee"}]
    assert report.total.held == {"filtered:filter": 1}


def test_who_withdraws_after_an_unanswered_blind_create_is_told_to_a_person(build: Build) -> None:
    town = build(
        flow={
            "both": ["shop"],
            "to": ["crm"],
            "purpose": {"shop": "service.support", "crm": "marketing.direct"},
        },
        crm={"creates": Creates.BLIND, "find": None, "get": None, "reference": None},
    )
    ann = town["shop"].put(mail="ann@example.com", **GRANT)
    town["crm"].lose_replies("create")
    town.sync()
    assert len(town["crm"].rows) == 1
    town["shop"].put(ann, **WITHDRAWAL)
    town.settle()
    assert [(told.kind, told.connection) for told in town.accord.conflicts()] == [("revocation", "crm")]

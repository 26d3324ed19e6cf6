"""An event needs the permission of its own moment beside that of today (consent.md 2.5)."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from accord.consent.signal import Actor, Kind
from accord.hookspecs import hookimpl
from accord.mapping import Mapping, read
from accord.plugins import Plugins
from tests.acceptance import consent_stage
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import Build, Purchases, Shop, Stage
from tests.unit.consent.written import Tc

PURPOSE = "ads.conversion_measurement"
CHANNEL = "ad_platform:google"


class Visits(Purchases):
    """Orders of a shop that keeps what its banner said."""

    mapping = Mapping(
        *Purchases.mapping.declarations,
        read("consent.tcf", "tc_string"),
        read("consent.ad_storage", "ad_storage"),
        read("consent.ad_user_data", "ad_user_data"),
    )


class WebShop(Shop):
    """Such a shop."""

    name = "stage_web"
    streams: ClassVar[Any] = (*Shop.streams[:1], Visits)


class WebOffer:
    """The plugin that brings it."""

    @hookimpl
    def accord_connectors(self) -> Any:
        return [WebShop]


@pytest.fixture
def shop(build_stage: Build, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Ann is known; her orders go to an advertising platform, to measure with."""
    monkeypatch.setattr(consent_stage, "Plugins", lambda offers: Plugins([*offers, WebOffer()]))
    stage = build_stage(systems={"shop": "stage_web"}, purposes={"ads": PURPOSE}, channels={"ads": CHANNEL})
    stage["shop"].put(mail="ann@example.com", first="Ann")
    stage.sync()
    return stage


def buys(stage: Stage, number: str = "1001", **more: Any) -> None:
    """Ann's order."""
    placed = more.pop("placed", stage.ago())
    stage["shop/orders"].put(number=number, mail="ann@example.com", contact_id="s1", placed=placed, **more)
    stage.sync("orders")


def agrees(stage: Stage) -> None:
    """Ann allows measuring, provably."""
    stage.say(Kind.GRANT, PURPOSE, CHANNEL, evidence="banner-7", actor=Actor.PERSON)
    stage.env.forward(60)


def sent(stage: Stage) -> list[str]:
    """The orders that the advertising platform got."""
    return sorted(str(row["number"]) for row in stage["ads/orders"].rows.values())


def reason(stage: Stage) -> str:
    """Why the newest decision about Ann's orders fell as it did."""
    return next(str(one.facts["reason"]) for one in stage.decisions("ads") if one.facts["stream"] == "orders")


def test_an_event_under_consent_is_forwarded_and_stamped_with_what_allowed_it(shop: Stage) -> None:
    agrees(shop)
    buys(shop)
    assert sent(shop) == ["1001"]
    (granted,) = shop.signals()
    decided = next(one for one in shop.decisions("ads") if one.facts["stream"] == "orders")
    assert decided.facts["captured"] == {"signal": granted.id}


def test_consent_given_after_an_event_does_not_reach_back(shop: Stage) -> None:
    buys(shop)
    shop.env.forward(3600)
    agrees(shop)
    buys(shop, "1002")
    shop.sync("orders", full=True)
    assert sent(shop) == ["1002"]
    assert "at_capture_state_unknown" in [one.facts["reason"] for one in shop.decisions("ads")]


def test_an_event_of_a_time_between_a_refusal_and_a_new_yes_stays(shop: Stage) -> None:
    agrees(shop)
    shop.withdraw(PURPOSE, CHANNEL)
    shop.env.forward(3600)
    placed = shop.ago()
    shop.env.forward(3600)
    agrees(shop)
    buys(shop, placed=placed)
    assert sent(shop) == []
    assert reason(shop) == "at_capture_withdrawn"


def test_an_event_under_consent_that_ended_before_it_was_sent_stays(shop: Stage) -> None:
    agrees(shop)
    placed = shop.ago()
    shop.withdraw(PURPOSE, CHANNEL)
    buys(shop, placed=placed)
    assert sent(shop) == []
    assert reason(shop) == "withdrawn"


def test_an_event_without_a_moment_is_not_forwarded(shop: Stage) -> None:
    agrees(shop)
    buys(shop, placed=None)
    assert sent(shop) == []
    assert reason(shop) == "captured_at_unknown"


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ({"tc_string": Tc().text(), "ad_storage": "granted", "ad_user_data": "granted"}, None),
        ({"tc_string": Tc(disclosed=None).text()}, "tcf_disclosed_vendors_missing"),
        ({"tc_string": "no string at all"}, "snapshot_unreadable_not_base64"),
        ({"ad_storage": "granted"}, "consent_mode_ad_user_data"),
        ({"tc_string": "", "ad_storage": None}, None),
    ],
)
def test_what_came_with_an_event_can_only_take_away(
    shop: Stage, shown: dict[str, Any], said: str | None
) -> None:
    buys(shop, "1000", tc_string=Tc().text())
    agrees(shop)
    buys(shop, **shown)
    assert (sent(shop), said or reason(shop)) == ([] if said else ["1001"], reason(shop))


def test_orders_for_other_purposes_ask_nothing_of_the_past(build_stage: Build) -> None:
    stage = build_stage()
    stage["shop"].put(mail="ann@example.com", first="Ann")
    stage.sync()
    buys(stage, placed=None)
    stage["shop"].put("s1", mail_consent=stage.yes())
    stage.sync()
    stage.sync("orders")
    assert [row["number"] for row in stage["letter/orders"].rows.values()] == ["1001"]

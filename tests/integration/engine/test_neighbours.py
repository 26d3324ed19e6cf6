"""People who share an address: what is kept back from one because of another."""

from __future__ import annotations

import pytest

from accord.api.consent import Proof
from accord.connector import Deletes
from tests.integration.engine.town import BOTH, Build, Town

pytestmark = BOTH
PROOF = Proof("web_form", "form-7")


def shared(build: Build, bob: str | None) -> Town:
    """Ann agreed to the newsletter; Bob never said anything."""
    purpose = {"shop": "service.support", "crm": "marketing.direct"}
    flow = {"both": ["shop"], "to": ["crm"], "purpose": purpose, "match": ["phone"], "delete": "propagate"}
    town = build(flow=flow, shop={"deletes": Deletes.FEED})
    town["shop"].put("s1", mail="desk@example.com", first="Ann", tel="+33199000001")
    town["shop"].put("s2", mail=bob, first="Bob", tel="+33199000002")
    town.sync()
    town.accord.consent.grant("shop:s1", "marketing.direct", "email", PROOF)
    town.settle()
    return town


@pytest.fixture
def kept_back(build: Build) -> Town:
    """They share an address."""
    town = shared(build, bob="desk@example.com")
    assert town["crm"].rows == {}
    return town


def test_whoever_is_kept_back_goes_when_the_other_agrees(kept_back: Town) -> None:
    kept_back.accord.consent.grant("shop:s2", "marketing.direct", "email", PROOF)
    kept_back.settle()
    assert sorted(row["first"] for row in kept_back["crm"].rows.values()) == ["Ann", "Bob"]


def test_whoever_is_kept_back_goes_when_the_other_gets_another_address(kept_back: Town) -> None:
    kept_back["shop"].put("s2", mail="bob@example.com")
    kept_back.settle()
    assert [row["first"] for row in kept_back["crm"].rows.values()] == ["Ann"]


def test_whoever_is_kept_back_goes_when_the_other_is_deleted(kept_back: Town) -> None:
    kept_back["shop"].remove("s2")
    kept_back.settle()
    assert [row["first"] for row in kept_back["crm"].rows.values()] == ["Ann"]


@pytest.mark.parametrize("cleared", [False, True])
def test_whoever_gets_an_address_counts_for_all_who_have_it(build: Build, cleared: bool) -> None:
    """Bob had none at first, or none for a while. What he said of it holds for Ann, too."""
    town = shared(build, bob="bob@example.com" if cleared else None)
    town["shop"].put("s2", mail=None)
    town.settle()
    assert [row["first"] for row in town["crm"].rows.values()] == ["Ann"]
    town["shop"].put("s2", mail="desk@example.com")
    town.sync()
    town["shop"].put("s1", first="Anna")
    town.settle()
    assert [row["first"] for row in town["crm"].rows.values()] == ["Ann"]

"""What an unanswered create made is met again: what people changed there since is an edit, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accord.connector import Creates
from tests.integration.engine.town import Build, Town

CLASSES: dict[str, dict[str, Any]] = {
    "B": {"creates": Creates.UPSERT, "upsert_by": "hub_id", "find": None},
    "C": {"creates": Creates.REFERENCE, "find_by": ("hub_id",)},
}
AHEAD = timedelta(seconds=30)
FORMS: dict[str, Callable[[str], str]] = {"cut": lambda name: name[:5], "upper case": str.upper}


@pytest.fixture(params=CLASSES)
def town(request: pytest.FixtureRequest, build: Build) -> Town:
    """A shop whose clock is ahead; a crm that is slow to settle what it does not answer."""
    town = build(crm=CLASSES[request.param] | {"t_max": 10.0})
    if request.param == "B":
        town["crm"].unique = "ref"
    return town


def make(town: Town, **row: Any) -> tuple[str, str]:
    """A person in the shop, made in the crm without an answer; their ids."""
    shop = enter(town, None, mail="ann@example.com", **row)
    town["crm"].lose_replies("create")
    assert town.sync(max_seconds=0.5).total.unknown == 1
    return shop, town["crm"].row(mail="ann@example.com")["id"]


def enter(town: Town, key: str | None, /, **row: Any) -> str:
    """Somebody works in the shop, where it is later already."""
    key = town["shop"].put(key, **row)
    town["shop"].rows[key]["updated_at"] = (town.env.now() + AHEAD).isoformat()
    return key


@pytest.mark.parametrize(
    ("elsewhere", "first"), [({}, "Ann"), ({"first": "Anna"}, "Anna")], ids=["alone", "with one elsewhere"]
)
def test_an_edit_of_what_an_unanswered_create_made_stands_whatever_the_clocks_say(
    town: Town, elsewhere: dict[str, str], first: str
) -> None:
    shop, crm = make(town, first="Ann", last="Lee")
    town["crm"].put(crm, last="Lin")
    if elsewhere:
        enter(town, shop, **elsewhere)
    town.settle()
    assert town.everywhere("first", "last") == [{"first": first, "last": "Lin"}]
    assert town.kinds() == []


def test_two_edits_of_one_cell_meanwhile_are_a_conflict(town: Town) -> None:
    shop, crm = make(town, first="Ann", last="Lee")
    town["crm"].put(crm, last="Lin")
    enter(town, shop, last="Lea")
    town.settle()
    assert town.everywhere("last") == [{"last": "Lea"}]
    assert town.kinds() == ["both_changed"]


def test_what_the_hub_has_moved_on_from_is_no_edit(town: Town) -> None:
    shop, crm = make(town, first="Ann", last="Lee")
    town["crm"].put(crm, tel="+33612345678")
    enter(town, shop, last="Lea")
    town.settle()
    assert town.everywhere("last", "tel") == [{"last": "Lea", "tel": "+33612345678"}]
    assert town.kinds() == []


@pytest.mark.parametrize("form", FORMS)
def test_the_form_that_a_vendor_gave_a_created_value_is_no_edit(town: Town, form: str) -> None:
    town["crm"].forms["first"] = FORMS[form]
    make(town, first="Alexandra", last="Lee")
    town.settle()
    assert town["shop"].shown("first") == [{"first": "Alexandra"}]


def test_what_a_vendor_did_not_take_into_a_created_record_is_not_emptied_elsewhere(town: Town) -> None:
    _, crm = make(town, first="Ann", last="Lee")
    del town["crm"].rows[crm]["last"]
    town.settle()
    assert town["shop"].shown("last") == [{"last": "Lee"}]


def test_a_record_that_people_entered_themselves_is_a_first_meeting(build: Build) -> None:
    town = build(crm=CLASSES["C"] | {"find_by": ("email",), "t_max": 10.0})
    _, crm = make(town, first="Ann", last="Lee")
    del town["crm"].rows[crm]["ref"]
    town["crm"].put(crm, last="Lin")
    town.settle()
    assert town.everywhere("last") == [{"last": "Lee"}]
    assert town.kinds() == ["both_changed"]

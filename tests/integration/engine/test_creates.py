"""Creates that may have happened: every class of vendor ends with one record per person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from accord.api.consent import Proof
from accord.connector import Creates
from accord.errors import OutcomeUnknownError, RetryableError
from accord.http.writes import batch_key
from accord.model.record import Write
from tests.integration.engine.town import Build, Town

CLASSES: dict[str, dict[str, Any]] = {
    "A": {"creates": Creates.IDEMPOTENCY_KEY},
    "B": {"creates": Creates.UPSERT, "upsert_by": "email", "find": None, "reference": None},
    "C reference": {"creates": Creates.REFERENCE, "find_by": ("hub_id",)},
    "C natural key": {"creates": Creates.REFERENCE, "find_by": ("email",), "reference": None},
}


@pytest.fixture(params=CLASSES)
def town(request: pytest.FixtureRequest, build: Build) -> Town:
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm=CLASSES[request.param])
    if request.param == "B":
        town["crm"].unique = "mail"
    for number in range(6):
        town["shop"].put(mail=f"p{number}@example.com", first=f"Ann {number}")
    return town


def test_a_lost_reply_makes_no_duplicate(town: Town) -> None:
    town["crm"].lose_replies("create", 2)
    town.settle()
    assert len(town["crm"].rows) == 6


def test_a_lost_request_is_made_good(town: Town) -> None:
    town["crm"].fail("create", OutcomeUnknownError("the line went dead"), 2)
    town.settle()
    assert len(town["crm"].rows) == 6


def test_edits_during_the_doubt_arrive_too(town: Town) -> None:
    town["crm"].lose_replies("create", 2)
    town["crm"].once("create", lambda _: town["shop"].put("s1", first="Anna"))
    town.settle()
    assert town["crm"].row(mail="p0@example.com")["first"] == "Anna"
    assert len(town["crm"].rows) == 6


@pytest.mark.parametrize("kind", CLASSES)
def test_a_field_cleared_during_the_doubt_is_cleared_too(build: Build, kind: str) -> None:
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm=CLASSES[kind] | {"t_max": 8.0})
    town["crm"].unique = "mail" if kind == "B" else town["crm"].unique
    ann = town["shop"].put(mail="ann@example.com", first="Ann", last="Lee")
    town["crm"].lose_replies("create")
    town.sync(max_seconds=0.5)
    town["shop"].put(ann, first=None)
    town.env.sleep(60.0)
    town.settle()
    assert [(row["last"], row.get("first")) for row in town["crm"].rows.values()] == [("Lee", None)]


SEARCHED = {
    "C natural key": CLASSES["C natural key"],
    "B": {"creates": Creates.UPSERT, "upsert_by": "email", "find_by": ("email",), "reference": None},
}


@pytest.mark.parametrize("kind", SEARCHED)
def test_a_create_in_doubt_is_found_by_the_address_it_was_sent_with(build: Build, kind: str) -> None:
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm=SEARCHED[kind] | {"t_max": 8.0})
    town["crm"].unique = "mail" if kind == "B" else None
    ann = town["shop"].put(mail="ann@example.com", first="Ann")
    town["crm"].lose_replies("create")
    town.sync(max_seconds=0.5)
    town["shop"].put(ann, mail="lee@example.com")
    town.env.sleep(60.0)
    town.settle()
    assert town["crm"].shown("mail", "first") == [{"mail": "lee@example.com", "first": "Ann"}]


def test_a_create_in_doubt_that_nothing_can_be_asked_for_by_is_for_a_person(build: Build) -> None:
    """The crm is searched by address, and Ann has none: a second create could be a second Ann."""
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm=CLASSES["C natural key"])
    town["shop"].put(first="Ann", tel="+33199000001")
    town["crm"].lose_replies("create")
    town.run()
    town.env.forward(60.0)
    town.settle()
    assert len(town["crm"].rows) == 1
    assert [letter.error for letter in town.accord.dead_letters()] == ["OutcomeUnknownError"]


def test_an_upsert_that_meets_somebody_who_gave_up_the_address_leaves_them_as_they_were(build: Build) -> None:
    """Ann's new address is not there yet when Bea is entered under the old one; nobody reads the crm."""
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm=CLASSES["B"])
    town["crm"].unique = "mail"
    ann = town["shop"].put(mail="desk@example.com", first="Ann", last="Lee")
    town.settle()
    town["shop"].put(ann, mail="ann@example.com")
    town["shop"].put(mail="desk@example.com", first="Bea", tel="+33199000001")
    town["crm"].fail("update", RetryableError("busy", retry_after=1.0))
    town.settle()
    shown = town["crm"].shown("mail", "first", "last", "tel")
    assert shown == [
        {"mail": "ann@example.com", "first": "Ann", "last": "Lee", "tel": None},
        {"mail": "desk@example.com", "first": "Bea", "last": None, "tel": "+33199000001"},
    ]
    assert town.kinds("open") == []


def test_two_people_of_one_batch_whom_a_system_takes_for_one_are_told_of(build: Build) -> None:
    """Two people with one address, told apart by their numbers; the crm knows people by address."""
    flow = {"both": ["shop"], "to": ["crm"], "match": ["phone"]}
    town = build(flow=flow, crm=CLASSES["B"])
    town["crm"].unique = "mail"
    town["shop"].put(mail="desk@example.com", first="Ann", tel="+33199000001")
    town["shop"].put(mail="desk@example.com", first="Bea", tel="+33199000002")
    town.settle()
    assert town["crm"].shown("first", "tel") == [{"first": "Ann", "tel": "+33199000001"}]
    assert town.kinds("open") == ["identity"]


def test_an_upsert_does_not_wait_for_an_update_that_is_refused(build: Build) -> None:
    """Ann gave her address up, and refuses mail: the newsletter's Ann will never show her new one."""
    purpose = {"shop": "service.support", "crm": "marketing.direct"}
    town = build(flow={"both": ["shop"], "to": ["crm"], "purpose": purpose}, crm=CLASSES["B"])
    town["crm"].unique = "mail"
    proof = Proof("web_form", "form-7")
    ann = town["shop"].put(mail="desk@example.com", first="Ann")
    town.sync()
    town.accord.consent.grant("desk@example.com", "marketing.direct", "email", proof)
    town.settle()
    assert len(town["crm"].rows) == 1
    town.accord.consent.withdraw("desk@example.com", "marketing.direct", "email")
    town["shop"].put(ann, mail="ann@example.com")
    town.sync()
    town["shop"].put(mail="desk@example.com", first="Bea")
    town.sync()
    town.accord.consent.grant("desk@example.com", "marketing.direct", "email", proof)
    town.settle()
    assert (town.accord.dead_letters(), town.kinds("open")) == ([], ["identity"])


def test_who_is_taken_for_another_goes_there_no_more_until_a_person_decides(build: Build) -> None:
    """Two people with one address, told apart by their numbers; the crm knows people by address."""
    flow = {"both": ["shop"], "to": ["crm"], "match": ["phone"]}
    town = build(flow=flow, crm=CLASSES["B"])
    town["crm"].unique = "mail"
    town["shop"].put(mail="desk@example.com", first="Ann", tel="+33199000001")
    town.settle()
    bea = town["shop"].put(mail="desk@example.com", first="Bea", tel="+33199000002")
    town.settle()
    town["shop"].put(bea, last="Lee")
    town.settle()
    assert [operation for operation, _ in town["crm"].calls].count("create") == 2
    assert town["crm"].shown("first", "last", "tel") == [
        {"first": "Ann", "last": None, "tel": "+33199000001"}
    ]
    (asked,) = town.accord.conflicts()
    assert asked.kind == "identity"
    town.accord.resolve(asked.id, "keep")
    town.settle()
    (asked,) = town.accord.conflicts()  # the crm still takes them for one
    town["crm"].unique = None  # the crm learned to keep both
    town.accord.resolve(asked.id, "keep")
    town.settle()
    assert [row["first"] for row in town["crm"].shown("first")] == ["Ann", "Bea"]


def test_who_gives_an_address_up_is_told_of_before_who_is_entered_under_it(build: Build) -> None:
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm=CLASSES["B"])
    town["crm"].unique = "mail"
    ann = town["shop"].put(mail="desk@example.com", first="Ann")
    town.settle()
    town["shop"].put(ann, mail="ann@example.com")
    town["shop"].put(mail="desk@example.com", first="Bea")
    town.settle()
    assert town["crm"].shown("mail", "first") == [
        {"mail": "ann@example.com", "first": "Ann"},
        {"mail": "desk@example.com", "first": "Bea"},
    ]


def test_what_a_create_in_doubt_made_is_known_again_by_the_address_it_was_sent_with(build: Build) -> None:
    """The crm is read before anybody looks for Ann there, and her address is another by then."""
    town = build(crm=CLASSES["C natural key"] | {"t_max": 100.0})
    ann = town["shop"].put(mail="ann@example.com", first="Ann")
    town["crm"].lose_replies("create")
    town.run(max_seconds=0.5)
    town["shop"].put(ann, mail="lee@example.com")
    town.run(max_seconds=0.5)
    town.env.forward(200.0)
    town.settle()
    assert town.everywhere("mail", "first") == [{"mail": "lee@example.com", "first": "Ann"}]


def test_an_edit_between_a_create_and_its_retry_is_no_part_of_the_retry_and_not_lost(build: Build) -> None:
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm=CLASSES["A"])
    ann = town["shop"].put(mail="ann@example.com", first="Ann")
    town["crm"].lose_replies("create")
    town["crm"].once("create", lambda _: None)
    town["crm"].fail("create", RetryableError("busy", retry_after=600.0))
    town.run()
    town["shop"].put(ann, first="Anna")
    town.run()
    town.env.forward(1200)
    town.settle()
    assert town["crm"].shown("mail", "first") == [{"mail": "ann@example.com", "first": "Anna"}]
    bodies = [row for operation, row in town["crm"].calls if operation == "create"]
    assert all(body == bodies[0] for body in bodies)


def test_an_edit_that_the_answer_to_a_repeated_create_shows_is_an_edit(build: Build) -> None:
    town = build(crm=CLASSES["A"] | {"read_back": True})
    town["shop"].put(mail="ann@example.com", first="Ann", last="Lee")
    town["crm"].lose_replies("create")
    town["crm"].once("create", lambda _: None)
    town["crm"].once("create", lambda _: town["crm"].put("c1", first="Anna"))
    town["crm"].hidden.add("c1")
    town.run()
    town["crm"].hidden.clear()
    town.settle()
    assert town.everywhere("first", "last") == [{"first": "Anna", "last": "Lee"}]


def test_an_idempotent_retry_repeats_key_and_body(build: Build) -> None:
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm=CLASSES["A"])
    town["shop"].put(mail="ann@example.com", first="Ann")
    town["crm"].fail("create", OutcomeUnknownError("the line went dead"))
    town["crm"].once("create", lambda _: None)
    town.sync()
    bodies = [row for operation, row in town["crm"].calls if operation == "create"]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    assert len(town["crm"].keys) == 1


def test_a_repeat_goes_out_in_the_batch_it_was_first_sent_in(build: Build) -> None:
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm=CLASSES["A"] | {"t_max": 8.0})
    sent: list[Sequence[Write]] = []
    for people in ("ab", "cdef"):
        for name in people:
            town["shop"].put(mail=f"{name}@example.com")
        town["crm"].once("create", sent.append)
        town["crm"].lose_replies("create")
        town.sync(max_seconds=0.5)
    town["crm"].once("create", sent.append)
    town["crm"].once("create", sent.append)
    town.env.sleep(60.0)
    town.settle()
    first, second, *repeats = [(batch_key(writes), {write.id for write in writes}) for writes in sent]
    assert (len(first[1]), len(second[1])) == (2, 4)
    assert sorted(repeats) == sorted([first, second])


def test_an_old_key_is_not_trusted_where_nothing_can_be_searched(build: Build) -> None:
    once = {"creates": Creates.IDEMPOTENCY_KEY, "find": None, "reference": None}
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm=once)
    town["shop"].put(mail="ann@example.com")
    town["crm"].lose_replies("create")
    town.sync(max_seconds=1)
    before = len(town["crm"].calls)
    assert (before, town.accord.dead_letters()) == (1, [])
    town.env.sleep(21 * 3600.0)
    town.sync()
    [letter] = town.accord.dead_letters()
    assert letter.error == "OutcomeUnknownError"
    assert len(town["crm"].calls) == before


def test_a_search_waits_until_the_vendor_shows_it(build: Build) -> None:
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm={"l_max": 5.0})
    town["shop"].put(mail="ann@example.com")
    town["crm"].lose_replies("create")
    begin = town.env.monotonic()
    town.settle()
    assert town.env.monotonic() - begin > 5
    assert len(town["crm"].rows) == 1


def test_nobody_repeats_a_blind_create(build: Build) -> None:
    town = build(
        flow={"both": ["shop"], "to": ["crm"]},
        crm={"creates": Creates.BLIND, "find": None, "reference": None},
    )
    town["shop"].put(mail="ann@example.com")
    town["crm"].lose_replies("create")
    town.sync()
    (letter,) = town.accord.dead_letters()
    assert (letter.direction, letter.error) == ("write", "OutcomeUnknownError")
    town.sync(full=True)
    assert len(town["crm"].calls) == 1


def test_an_edit_repeats_no_blind_create(build: Build) -> None:
    town = build(
        flow={"both": ["shop"], "to": ["crm"]},
        crm={"creates": Creates.BLIND, "find": None, "reference": None},
    )
    ann = town["shop"].put(mail="ann@example.com", first="Ann")
    town["crm"].lose_replies("create")
    town.sync()
    town["shop"].put(ann, first="Anna")
    town.settle()
    assert len(town["crm"].rows) == 1
    assert [letter.error for letter in town.accord.dead_letters()] == ["OutcomeUnknownError"]


def test_a_person_may_have_a_blind_create_repeated(build: Build) -> None:
    town = build(
        flow={"both": ["shop"], "to": ["crm"]},
        crm={"creates": Creates.BLIND, "find": None, "reference": None},
    )
    town["shop"].put(mail="ann@example.com")
    town["crm"].fail("create", OutcomeUnknownError("the line went dead"))
    town.sync()
    assert town.accord.replay() == 1
    town.settle()
    assert len(town["crm"].rows) == 1


class TestRefusedBecauseItExists:
    def test_the_named_record_is_adopted(self, build: Build) -> None:
        town = build(flow={"both": ["shop"], "to": ["crm"]}, crm={"find": None})
        town["crm"].unique = "mail"
        town["crm"].put(mail="ann@example.com", last="Lee")
        town["shop"].put(mail="ann@example.com", first="Ann")
        town.sync()
        assert town["crm"].shown("first", "last") == [{"first": "Ann", "last": "Lee"}]

    def test_another_persons_record_is_a_conflict(self, build: Build) -> None:
        town = build(crm={"find": None}, flow={"match": ["email"]})
        town.person(tel="+33612345678")
        town["crm"].unique = "tel"
        town["shop"].put(mail="bob@example.com", tel="+33612345678")
        town.sync()
        assert town.kinds("open") == ["identity"]
        assert len(town["crm"].rows) == 1
        town.sync(full=True)
        assert len(town.accord.conflicts()) == 1


def test_a_pull_that_sees_our_create_first_links_it(build: Build) -> None:
    town = build(crm={"t_max": 100.0})
    town["shop"].put(mail="ann@example.com", first="Ann")
    town["crm"].lose_replies("create")
    assert town.sync().total.unknown == 1
    town.settle()
    assert len(town["crm"].rows) == 1
    assert town.links()["crm:c1"] == "live"

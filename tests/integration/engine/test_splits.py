"""A person splits a hub record whose records show it in other forms, or wait for an answer."""

from __future__ import annotations

import pytest

from accord.connector import Creates
from accord.errors import OutcomeUnknownError, RetryableError
from tests.integration.engine.town import THREE, Build, Town


def whose_create_got_no_answer(build: Build, **crm: object) -> Town:
    """Ann of the shop and the till; nobody knows whether the crm created her. The till's is another Ann."""
    town = build(names=THREE, crm={"t_max": 100.0, **crm})
    town["shop"].put(mail="ann@example.com", first="Ann")
    town["till"].put(mail="ann@example.com", first="Ann")
    town["crm"].lose_replies("create")
    assert town.sync().total.unknown == 1
    town.accord.split("ann@example.com", "till", "t1")
    town.env.forward(200.0)
    return town


@pytest.mark.parametrize("reference", ["ref", None])
def test_a_create_without_an_answer_is_not_repeated(build: Build, reference: str | None) -> None:
    town = whose_create_got_no_answer(build, creates=Creates.REFERENCE, reference=reference)
    town.settle()
    assert len(town["crm"].rows) == 2
    assert town.kinds("open") == []


def test_who_was_split_twice_is_apart_from_both(build: Build) -> None:
    town = build(names=THREE)
    for name in THREE:
        town[name].put(mail="ann@example.com", first=name)
    town.sync()
    (first, _), *_ = town.accord.find("ann@example.com")
    second = town.accord.split(first.id, "crm", "c1")
    third = town.accord.split(first.id, "till", "t1")
    with town.accord.store.reading() as tx:
        assert len(tx.apart.pairs_of([first.id, second.id, third.id])) == 3


LONG = "Anna Maria Katharina"


def split_in_the_middle_of_an_update(build: Build, error: Exception | None = None) -> Town:
    """The crm's Ann is said to be another while a new name, which the crm will cut, is sent there."""
    town = build(names=THREE)
    town["crm"].forms = {"first": lambda name: name[:8]}
    shop, crm, _ = town.person(first="Bea")

    def split(_: object) -> None:
        town.accord.split("ann@example.com", "crm", crm)
        if error is not None:
            raise error

    town["shop"].put(shop, first=LONG)
    town["crm"].once("update", split)
    town.run()
    town.env.forward(200.0)
    town.settle()
    return town


def names(town: Town) -> set[object]:
    return {entity.cells.get("given_name") for entity, _ in town.accord.find("ann@example.com")}


def test_an_update_under_way_goes_with_the_record_that_is_split_off(build: Build) -> None:
    town = split_in_the_middle_of_an_update(build)
    assert (names(town), town.kinds("open")) == ({LONG}, [])


def test_a_record_that_was_split_off_before_an_update_reached_it_keeps_what_it_shows(build: Build) -> None:
    town = split_in_the_middle_of_an_update(build, RetryableError("busy", retry_after=1.0))
    assert (names(town), town.kinds("open")) == ({LONG, "Bea"}, [])


def test_what_an_update_never_filled_in_is_not_of_who_was_split_off_meanwhile(build: Build) -> None:
    """Nobody knew whether Ann's number had reached the crm when the crm's Ann was said to be another."""
    town = build(names=THREE, crm={"t_max": 100.0})
    shop, crm, _ = town.person(first="Ann")
    town["crm"].fail("update", OutcomeUnknownError("the line went dead"))
    town["shop"].put(shop, tel="+33199000001")
    assert town.sync().total.unknown == 1
    town.accord.split("ann@example.com", "crm", crm)
    town["crm"].put(crm, last="Other")
    town.env.forward(200.0)
    town.settle()
    found = {
        (e.cells.get("family_name"), e.cells.get("phone")) for e, _ in town.accord.find("ann@example.com")
    }
    assert found == {(None, "+33199000001"), ("Other", None)}
    assert town["crm"].row(last="Other").get("tel") is None


def test_who_is_split_off_keeps_the_name_that_their_system_only_writes_otherwise(build: Build) -> None:
    town = build(names=THREE)
    town["crm"].forms = {"first": lambda name: name[:8]}
    _, crm, _ = town.person(first=LONG)
    town.settle()
    town.accord.split("ann@example.com", "crm", crm)
    town.settle()
    assert (names(town), town.kinds("open")) == ({LONG}, [])


def test_who_is_split_off_before_hearing_a_new_name_keeps_the_one_they_were_written(
    build: Build,
) -> None:
    """The crm cuts names. It held the old one in its own form when the shop's Ann got a new one."""
    town = build(names=THREE)
    town["crm"].forms = {"first": lambda name: name[:8]}
    shop, crm, _ = town.person(first=LONG)
    town.settle()
    town["shop"].put(shop, first="Bea")
    town.sync(connections=["shop"])
    town.accord.split("ann@example.com", "crm", crm)
    town.settle()
    assert (names(town), town.kinds("open")) == ({LONG, "Bea"}, [])


def test_a_value_that_both_held_survives_the_write_it_was_on_its_way_by(build: Build) -> None:
    """The crm's Ann is split off with a number that never arrives, and is then said to be Ann after all."""
    town = build(names=THREE, crm={"t_max": 100.0})
    shop, crm, _ = town.person(first="Ann")
    town["crm"].fail("update", OutcomeUnknownError("the line went dead"))
    town["shop"].put(shop, tel="+33199000001")
    assert town.sync().total.unknown == 1
    born = town.accord.split("ann@example.com", "crm", crm)
    (other,) = (entity for entity, _ in town.accord.find("ann@example.com") if entity.id != born.id)
    town.accord.merge(born.id, other.id)
    town.env.forward(200.0)
    town.settle()
    assert town.everywhere("tel") == [{"tel": "+33199000001"}]


def test_whom_an_upsert_would_have_taken_for_another_goes_there_once_their_addresses_differ(
    build: Build,
) -> None:
    """The crm knows people by address. Its Ann is said to be another, and gets an address of her own."""
    upserting = {"creates": Creates.UPSERT, "upsert_by": "email", "find": None, "reference": None}
    town = build(names=THREE, crm=upserting)
    town["crm"].unique = "mail"
    _, crm, _ = town.person(first="Ann")
    town.accord.split("ann@example.com", "crm", crm)
    town.settle()
    assert len(town["crm"].rows) == 1
    town["crm"].put(crm, mail="bea@example.com")
    town.settle()
    assert sorted(row["mail"] for row in town["crm"].rows.values()) == ["ann@example.com", "bea@example.com"]


def with_a_till_that_is_only_written(build: Build) -> Town:
    """Ann of the shop, of the crm and of the till; the crm's is said to be another Ann."""
    flow = {"both": ["shop", "crm"], "to": ["till"]}
    town = build(names=THREE, flow=flow, till={"l_max": 30.0, "read_back": False})
    town.person(first="Ann")
    town.accord.split("ann@example.com", "crm", "c1")
    return town


def test_a_search_that_lags_behind_our_write_takes_nothing_back(build: Build) -> None:
    town = with_a_till_that_is_only_written(build)
    rows = town["till"].rows
    known, lagging = dict(rows["t1"]), {}

    def lag(_: object) -> None:
        lagging["t1"], rows["t1"] = rows["t1"], known

    town["till"].once("find", lag)
    town["till"].once("create", lambda _: rows.update(lagging))
    town["shop"].put("s1", first="Beth")
    town.sync()
    assert lagging["t1"]["first"] == "Beth"
    assert town["till"].shown("first") == [{"first": "Ann"}, {"first": "Beth"}]
    assert town["shop"].row(id="s1")["first"] == "Beth"


def test_a_search_tells_nothing_of_a_record_whose_update_has_no_answer(build: Build) -> None:
    town = with_a_till_that_is_only_written(build)
    rows = town["till"].rows
    town["till"].lose_replies("update")
    town["till"].once("find", lambda _: rows["t1"].update(first="Bob"))
    town["shop"].put("s1", first="Beth")
    town.sync()
    town.env.forward(100.0)
    town.settle()
    assert town["till"].shown("first") == [{"first": "Ann"}, {"first": "Beth"}]

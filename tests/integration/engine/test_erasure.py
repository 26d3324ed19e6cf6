"""Erasure: gone here at once, told everywhere, and nobody comes back by accident."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accord.api import journal
from accord.connector import Creates
from accord.errors import OutcomeUnknownError, RetryableError, SetupError
from accord.store.rows import EntityState
from tests.integration.engine.town import Build, Town

ANN = "ann@example.com"


@pytest.fixture
def peopled(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Ann and Bob in both systems, an order of Ann's, and the journal in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    town["shop"].put(mail=ANN, first="Ann")
    town["shop"].put(mail="bob@example.com", first="Bob")
    town.sync()
    return town


def erase(town: Town, record: str = ANN) -> str:
    return town.accord.erase(record, identity="ticket 17").request


def test_an_erased_person_is_gone_from_the_hub(peopled: Town) -> None:
    [(person, _)] = peopled.accord.find(ANN)
    erase(peopled)
    [(left, _)] = peopled.accord.find(person.id)
    assert (left.state, left.cells) == (EntityState.ERASED, {})
    with pytest.raises(SetupError, match="no record is known"):
        peopled.accord.find(ANN)


def test_the_journal_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / journal.NAME
    journal.append(file, journal.Entry("r1", "e1", "ticket 17", 0.0, []), b"key")
    assert file.stat().st_mode & 0o077 == 0
    assert [entry.request for entry in journal.read(file)] == ["r1"]


def test_every_system_is_told_and_gives_a_receipt(peopled: Town) -> None:
    report = peopled.accord.erasure(erase(peopled))
    assert {(one.connection, one.state) for one in report.receipts} == {("shop", "done"), ("crm", "done")}
    assert report.closed_at is not None
    assert [row["mail"] for row in peopled["crm"].rows.values()] == ["bob@example.com"]
    assert [row["mail"] for row in peopled["shop"].rows.values()] == ["bob@example.com"]


def test_the_plan_changes_nothing(peopled: Town) -> None:
    plan = peopled.accord.erasure_plan(ANN)
    assert {(place.connection, place.action) for place in plan.places} == {
        ("shop", "erase"),
        ("crm", "erase"),
    }
    assert peopled.accord.find(ANN)
    assert peopled.accord.erasures() == []


def test_nobody_is_erased_without_a_check_of_who_asks(peopled: Town) -> None:
    with pytest.raises(SetupError, match="identity"):
        peopled.accord.erase(ANN, identity=" ")
    assert peopled.accord.find(ANN)


def test_a_record_of_an_erased_person_does_not_come_back(peopled: Town) -> None:
    erase(peopled)
    peopled["crm"].put(mail="ANN@example.com", first="Ann")
    report = peopled.sync(full=True)
    assert report.total.new_records == 0
    assert [row["mail"] for row in peopled["shop"].rows.values()] == ["bob@example.com"]
    assert [each.kind for each in peopled.accord.conflicts(None)] == ["erased"]


def test_an_erased_person_who_comes_back_by_their_own_act_is_let_in(peopled: Town) -> None:
    request = erase(peopled)
    peopled["crm"].put(mail=ANN, first="Ann")
    peopled.accord.lift_erasure(request)
    assert peopled.sync(full=True).total.new_records == 1


def test_who_is_let_in_may_come_back_under_the_id_they_had(peopled: Town) -> None:
    [id_] = [id_ for id_, row in peopled["crm"].rows.items() if row["mail"] == ANN]
    request = erase(peopled)
    peopled["crm"].put(id_, mail=ANN, first="Ann")
    assert peopled.sync(full=True).total.new_records == 0
    peopled.accord.lift_erasure(request)
    assert peopled.sync(full=True).total.new_records == 1


def test_a_system_that_does_not_answer_is_asked_again(peopled: Town) -> None:
    peopled["crm"].fail("delete", RetryableError("busy", retry_after=1.0))
    request = erase(peopled)
    assert peopled.accord.erasure(request).open == 1
    peopled.env.forward(7200)
    peopled.sync()
    report = peopled.accord.erasure(request)
    assert (report.open, report.closed_at is not None) == (0, True)


def test_orders_stay_without_the_person(peopled: Town) -> None:
    peopled["shop/orders"].put(number="100", person="shop1", total="12.50 EUR")
    peopled.run("orders")
    [(order, _)] = peopled.accord.find("100")
    erase(peopled)
    [(left, _)] = peopled.accord.find(order.id)
    assert left.state is EntityState.LIVE
    assert left.cells["number"] == "100"
    assert left.cells.get("email") is None


def test_what_waits_to_be_sent_is_dropped(peopled: Town) -> None:
    peopled["crm"].fail("update", RetryableError("busy", retry_after=600.0), times=9)
    peopled["shop"].put(peopled["shop"].row(mail=ANN)["id"], first="Annabel")
    peopled.run()
    erase(peopled)
    peopled.env.forward(1200)
    peopled.sync()
    assert [row["mail"] for row in peopled["crm"].rows.values()] == ["bob@example.com"]


@pytest.mark.parametrize("find_by", [("hub_id", "email"), ("email",)])
def test_a_record_whose_creation_was_never_answered_is_found_and_erased(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, find_by: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    town.change("crm", find_by=find_by)
    town["shop"].put(mail=ANN, first="Ann")
    town["crm"].lose_replies("create")
    town["crm"].fail("find", RetryableError("busy", retry_after=3600.0))
    town.run()
    assert len(town["crm"].rows) == 1
    request = erase(town)
    town.env.forward(7200)
    town.sync()
    assert town["crm"].rows == {}
    assert town.accord.erasure(request).open == 0


def test_nobody_else_is_erased_for_an_address_they_share(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    town.change("crm", find_by=("email",), reference=None)
    town["shop"].put(mail=ANN, first="Ann")
    town["crm"].fail("create", OutcomeUnknownError("the line went dead"))
    town["crm"].fail("find", RetryableError("busy", retry_after=3600.0))
    town.run()
    other = town["crm"].put(mail="ann.other@example.com", first="Anna")
    request = erase(town)
    town.env.forward(7200)
    town.sync()
    assert list(town["crm"].rows) == [other]
    assert town.accord.erasure(request).open == 0


def test_where_nobody_can_look_a_person_is_told_to(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blind = {"creates": Creates.BLIND, "find": None, "reference": None}
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm=blind)
    town["shop"].put(mail=ANN, first="Ann")
    town["crm"].lose_replies("create")
    town.run()
    request = erase(town)
    town.env.forward(7200)
    town.run()
    assert town.accord.erasure(request).by_hand == 1


NAMELESS: dict[str, Any] = {"find_by": ("email",), "reference": None}
"""The crm can be searched by address alone, and Ann has none."""


def test_where_nothing_is_left_to_search_by_a_person_is_told_to_look(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm=NAMELESS)
    town["shop"].put(first="Ann")
    town["crm"].lose_replies("create")
    town.run(max_seconds=0.5)
    request = erase(town, "shop:s1")
    town.env.forward(7200)
    town.run()
    assert town.accord.erasure(request).by_hand == 1


def test_an_answer_that_comes_after_the_erasure_tells_what_to_erase(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm=NAMELESS)
    town["shop"].put(first="Ann")
    requests: list[str] = []
    town["crm"].once("create", lambda _: requests.append(erase(town, "shop:s1")))
    town.run()
    town.env.forward(7200)
    town.run()
    done = town.accord.erasure(requests[0])
    assert (town["crm"].rows, done.open, done.by_hand) == ({}, 0, 0)


def test_a_record_that_bears_the_reference_of_somebody_erased_is_not_taken_in(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else tells that it is Ann's: she has neither address nor number."""
    monkeypatch.chdir(tmp_path)
    town["shop"].put(first="Ann")
    town["crm"].lose_replies("create")
    town.run(max_seconds=0.5)
    erase(town, "shop:s1")
    town["crm"].fail("find", RetryableError("busy", retry_after=3600.0))
    town.run()
    assert len(town["crm"].rows) == 1
    with town.accord.store.reading() as tx:
        assert [one.state for one in tx.entities.by_kind("customer", None, 10, None)] == [EntityState.ERASED]


def test_a_system_that_holds_the_person_twice_erases_both(peopled: Town) -> None:
    peopled["shop"].put(mail=ANN, first="Annie")
    peopled.sync()
    assert sorted(peopled.links().values()) == ["live", "live", "shadowed"]
    erase(peopled)
    assert [row["mail"] for row in peopled["shop"].rows.values()] == ["bob@example.com"]


def test_a_system_whose_last_record_was_erased_is_not_taken_for_broken(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    town.person()
    erase(town)
    town.sync(full=True)
    town.sync(full=True)


def test_an_order_does_not_wait_for_somebody_who_was_erased(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ann = town["shop"].put(mail=ANN, first="Ann")
    town["crm"].fail("create", RetryableError("busy", retry_after=3600.0), times=9)
    town.run()
    town["shop/orders"].put(number="100", contact_id=ann, note="call Ann")
    erase(town)
    town.sync("orders")
    town.env.forward(2 * 86_400)
    town.sync("orders")
    assert town.accord.dead_letters(None) == []
    [order] = town["crm/orders"].rows.values()
    assert (order["number"], order.get("contact_id"), order.get("note")) == ("100", None, None)

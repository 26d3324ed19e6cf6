"""Reading: cursors, complete reads, pages, clocks, and what stops a stream before harm is done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from accord.errors import AccessError
from accord.model.record import Page, ReadRequest
from accord.store.rows import StreamState
from tests.integration.engine.town import Build, Town
from tests.integration.engine.vendors import START, Contacts

WEEK = 7 * 86_400.0


def state(town: Town) -> StreamState:
    with town.accord.store.reading() as tx:
        return tx.streams.load("shop", "contacts")


def record_requests(town: Town) -> list[ReadRequest]:
    stream, asked = town.accord.connections.streams["shop"]["contacts"], []

    def read(request: ReadRequest) -> Iterator[Page]:
        asked.append(request)
        return Contacts.read(stream, request)  # type: ignore[arg-type]

    town.change("shop", read=read)
    return asked


def test_an_incremental_read_begins_at_the_cursor(town: Town) -> None:
    town["shop"].put(mail="ann@example.com")
    town.sync()
    town.env.forward(3600)
    asked = record_requests(town)
    town.sync()
    since = asked[0].since
    assert since is not None
    assert since < START + timedelta(seconds=2)
    assert state(town).full_at is not None


def test_the_overlap_catches_a_late_row(town: Town) -> None:
    town["shop"].put(mail="ann@example.com")
    late = town["shop"].put(mail="bob@example.com")
    town["shop"].hidden = {late}
    town["shop"].put(mail="cid@example.com")
    town.sync()
    town["shop"].hidden = set()
    assert town.sync().total.created == 1


def test_a_week_later_everything_is_read_again(town: Town) -> None:
    town["shop"].put(mail="ann@example.com")
    town.sync()
    lost = town["shop"].put(mail="bob@example.com")
    town["shop"].rows[lost]["updated_at"] = "2020-01-01T00:00:00+00:00"
    assert town.sync().total.created == 0
    town.env.forward(WEEK + 1)
    assert town.sync().total.created == 1


def test_a_stream_is_told_when_the_read_before_began_though_nothing_changes(town: Town) -> None:
    town.person()
    town.sync()
    asked = record_requests(town)
    began = town.env.now()
    town.sync()
    town.env.forward(WEEK / 2)
    town.sync()
    assert asked[0].since == asked[1].since
    assert asked[1].through is not None
    assert abs(asked[1].through - began) < timedelta(minutes=1)


def test_another_account_stops_before_the_first_page(town: Town) -> None:
    town.person()
    town.system("crm").account = "somebody else"
    asked = record_requests(town)
    with pytest.raises(AccessError, match="leads to another account"):
        town.accord.sync("customers")
    assert asked == []


def test_a_page_of_nonsense_moves_nothing(town: Town) -> None:
    town.person()
    town["crm"].put("c1", first="Anna")
    before = state(town).cursor
    for number in range(12):
        town["shop"].put(mail=f"p{number}@example.com", born="soon")
    town.change("shop", page_size=50)
    report = town.run()
    assert [p.error for p in report.problems] == ["AnswerShapeError"]
    assert "12 of 13 rows of a page are unreadable" in report.problems[0].message
    assert state(town).cursor == before
    assert town.accord.dead_letters() == []


def test_bad_rows_that_were_set_aside_stop_no_later_read(town: Town) -> None:
    town.change("shop", page_size=100)
    for number in range(60):
        town["shop"].put(mail=f"p{number}@example.com", born="soon" if number % 5 == 0 else "1990-05-01")
    assert town.sync().total.created == 48
    town["shop"].put(mail="late@example.com")
    report = town.sync(full=True)
    assert (report.problems, report.total.created) == ([], 1)
    assert len(town.accord.dead_letters()) == 12


def test_a_few_bad_rows_among_many_that_are_known_are_set_aside(town: Town) -> None:
    town.change("shop", page_size=100)
    for number in range(60):
        town["shop"].put(mail=f"p{number}@example.com")
    town.sync()
    for number in range(12):
        town["shop"].put(f"s{number + 1}", born="soon")
    assert town.sync(full=True).problems == []
    assert len(town.accord.dead_letters()) == 12


def test_nonsense_in_one_system_stops_only_that(build: Build) -> None:
    town = build(names=("shop", "crm", "till"))
    town.person()
    for number in range(12):
        town["shop"].put(mail=f"p{number}@example.com", born="soon")
    town.change("shop", page_size=50)
    town["crm"].put("c1", first="Anna")
    assert [p.connection for p in town.run().problems] == ["shop"]
    assert town["till"].shown("first") == [{"first": "Anna"}]


def test_a_page_that_repeats_for_ever_ends(town: Town) -> None:
    def read(request: ReadRequest) -> Iterator[Page]:
        while True:
            yield Page([{"id": "s1", "mail": "ann@example.com"}], "again")

    town.change("shop", read=read)
    report = town.run()
    assert [p.error for p in report.problems] == ["AnswerShapeError"]
    assert "same page again" in report.problems[0].message


@pytest.mark.parametrize("hours", [-48, 48])
def test_a_clock_far_off_stops_the_stream(town: Town, hours: int) -> None:
    town["shop"].put(mail="ann@example.com")
    town.system("shop").server_time = town.env.now() + timedelta(hours=hours)
    report = town.run()
    assert "clock and ours differ by" in report.problems[0].message
    assert town["crm"].rows == {}


def test_a_slow_clock_is_corrected(town: Town) -> None:
    """The shop's clock is an hour behind; its edit is the later one all the same."""
    shop, crm = town.person(first="Ann")
    town.env.forward(7200)
    town["crm"].put(crm, first="Crm")
    town["shop"].put(shop, first="Shop")
    late = town.env.now() - timedelta(hours=1)
    town["shop"].rows[shop]["updated_at"] = late.isoformat()
    town.system("shop").server_time = late
    town.settle()
    assert town.everywhere("first") == [{"first": "Shop"}]


def test_a_row_without_id_is_set_aside(town: Town) -> None:
    def read(request: ReadRequest) -> Iterator[Page]:
        yield Page([{"mail": "ann@example.com"}, {"id": "s2", "mail": "bob@example.com"}])

    town.change("shop", read=read)
    town.sync()
    (letter,) = town.accord.dead_letters()
    assert "no external id" in letter.reason
    assert town["crm"].shown("mail") == [{"mail": "bob@example.com"}]


def test_a_row_listed_twice_counts_once(town: Town) -> None:
    def read(request: ReadRequest) -> Iterator[Page]:
        yield Page([{"id": "s1", "mail": "ann@example.com"}] * 2)

    town.change("shop", read=read)
    report = town.sync()
    assert (report.members["shop/contacts"].read, report.total.created) == (1, 1)


def test_a_row_of_ten_megabytes_is_set_aside(town: Town) -> None:
    town["shop"].put(mail="ann@example.com", first="A" * 10 * 2**20)
    town["shop"].put(mail="bob@example.com")
    town.sync()
    (letter,) = town.accord.dead_letters()
    assert "larger than 8 MiB" in letter.reason
    assert len(letter.reason) < 200
    assert town["crm"].shown("mail") == [{"mail": "bob@example.com"}]


def counts_of(town: Town) -> dict[str, Any]:
    return {scope: counts.read for scope, counts in town.sync(full=True).members.items()}


def test_every_row_read_is_accounted_for(town: Town) -> None:
    for number in range(7):
        town["shop"].put(mail=f"p{number}@example.com")
    town.sync()
    assert counts_of(town) == {"shop/contacts": 7, "crm/contacts": 7}

"""Vendors that show only so many rows of one question: every row is read, and no row twice in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.errors import AnswerShapeError, PluginError
from accord.http import Cap, LastKey, NextCursor, PageNumber, Pages
from accord.http.paging import Paging
from accord.model.record import Page, ReadRequest
from tests.unit.http.surroundings import START, Vendor, caught

SIZE = 2
KEYS = LastKey(param="after_key", key="id", more=None, ascending=True)


@dataclass
class Capped:
    """A vendor that refuses to go beyond its cap, or falls silent there.

    Attributes:
        changed: When each row changed, in seconds before ``START``; the row's id is its place.
        cap: The most rows of one question.
        told: How it tells the number of rows: ``exact``, only up to the ``cap``, or not at all (``no``).
    """

    changed: list[int]
    cap: int
    told: str = "exact"
    asked: list[httpx.QueryParams] = field(default_factory=list)
    vendor: Vendor = field(default_factory=Vendor)

    def __post_init__(self) -> None:
        self.vendor.router.handler = self.answer  # type: ignore[method-assign]  # laws ask thousands of times

    def rows(self, params: httpx.QueryParams) -> list[dict[str, Any]]:
        first, last = params.get("since"), params.get("until")
        rows = [(int(START.timestamp()) - ago, key) for key, ago in enumerate(self.changed)]
        return [
            {"id": key, "at": at}
            for at, key in rows
            if (first is None or at >= int(first))
            and (last is None or at < int(last))
            and key > int(params.get("after_key", -1))
        ]

    def answer(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        self.asked.append(params)
        found, start = self.rows(params), int(params.get("cursor", 0))
        if start + SIZE > self.cap:
            return httpx.Response(400)
        end = min(start + SIZE, len(found))
        body: dict[str, Any] = {"data": found[start:end]}
        if end < min(len(found), self.cap if self.told == "no" else len(found)):
            body["next"] = str(end)
        if self.told != "no":
            body["total"] = len(found) if self.told == "exact" else min(len(found), self.cap)
        return httpx.Response(200, json=body)

    def pages(self, *, by_key: Paging | None = KEYS, step: int = 1) -> Any:
        """The stream's read."""
        pages = Pages(
            "/contacts",
            next=NextCursor("next"),
            since="since",
            until="until",
            since_format="epoch",
            total=None if self.told == "no" else "total",
            size=SIZE,
            size_param="limit",
            cap=Cap(self.cap, resolution=timedelta(seconds=step), by_key=by_key),
        )
        return self.vendor.stream(read=pages).read

    def ids(self, since: datetime | None = None, until: datetime | None = None) -> list[int]:
        return [row["id"] for row in flat(self.pages()(ReadRequest(since=since, until=until)))]


def flat(pages: Iterator[Page]) -> list[dict[str, Any]]:
    return [row for page in pages for row in page.rows]


AGO = st.one_of(st.integers(-20, 20), st.sampled_from([0, 7, 8]), st.sampled_from([86_400, 10**7, 10**9]))
ROWS = st.integers(0, 24).flatmap(lambda size: st.lists(AGO, min_size=size, max_size=size))
CAPS = st.integers(1, 4).map(lambda pages: pages * SIZE)
lawful = settings(max_examples=15)
told_or_not = pytest.mark.parametrize("told", ["exact", "cap", "no"])


@told_or_not
@lawful
@given(rows=ROWS, cap=CAPS)
def test_a_full_pass_reads_every_row_once_and_window_after_window(
    told: str, rows: list[int], cap: int
) -> None:
    pages = list(Capped(rows, cap, told).pages()(ReadRequest()))
    assert Counter(row["id"] for row in flat(iter(pages))) == Counter(range(len(rows)))
    tokens = [page.token for page in pages if page.token is not None]
    starts = [orjson.loads(token).get("since", "") for token in tokens]
    assert starts == sorted(starts)
    assert all(len(token) < 2_000 for token in tokens)


@told_or_not
@lawful
@given(rows=ROWS, cap=CAPS, first=st.integers(-25, 25), last=st.integers(-25, 25))
def test_a_window_is_read_once_and_nothing_beside_it(
    told: str, rows: list[int], cap: int, first: int, last: int
) -> None:
    since, until = START - timedelta(seconds=first), START - timedelta(seconds=last)
    wanted = [key for key, ago in enumerate(rows) if last < ago <= first]
    assert Counter(Capped(rows, cap, told).ids(since, until)) == Counter(wanted)


@told_or_not
@lawful
@given(rows=ROWS, cap=CAPS, each=st.integers(1, 4))
def test_a_pass_that_is_killed_after_any_page_goes_on_inside_its_window(
    told: str, rows: list[int], cap: int, each: int
) -> None:
    token, read = None, Counter[int]()
    read_on = Capped(rows, cap, told).pages()
    while True:
        for page in islice(read_on(ReadRequest(token=token)), each):
            read.update(row["id"] for row in page.rows)
            token = page.token
        if token is None:
            break
    assert set(read) == set(range(len(rows)))
    # Only what was given of a window before it turned out too full may come again after a restart.
    assert told == "no" or set(read.values()) <= {1}


def test_a_bulk_edit_of_one_instant_is_read_key_by_key() -> None:
    capped = Capped([5] * 21, cap=4)
    assert capped.ids() == list(range(21))


def test_too_many_rows_of_one_instant_stop_a_read_that_cannot_page_by_key() -> None:
    capped = Capped([500, *[5] * 9], cap=4)
    read: list[int] = []

    def reading() -> None:
        for page in capped.pages(by_key=None)(ReadRequest()):
            read.extend(row["id"] for row in page.rows)

    error = caught(AnswerShapeError, reading)
    assert "at most 4 rows" in str(error)
    assert "by_key" in error.hint
    assert read == [0]


def test_a_capped_read_tells_how_many_rows_the_whole_has() -> None:
    pages = list(Capped([*range(8)], cap=4).pages()(ReadRequest()))
    assert {page.total for page in pages} == {8}


def test_rows_that_join_a_window_while_it_is_read_are_not_lost() -> None:
    capped = Capped([50, 40, 30], cap=4)
    pages = capped.pages()(ReadRequest())
    read = list(next(pages).rows)
    capped.changed += [20, 19, 18, 17]
    read += flat(pages)
    assert Counter(row["id"] for row in read) == Counter(range(7))


def test_a_coarse_filter_is_cut_on_its_own_steps() -> None:
    capped = Capped([*range(0, 600, 30)], cap=4)
    assert len(flat(capped.pages(step=60)(ReadRequest()))) == len(capped.changed)
    steps = {int(params["until"]) for params in capped.asked if "until" in params}
    assert {step % 60 for step in steps} == {0}


@pytest.mark.parametrize(
    "wrong",
    [
        {"until": None},
        {"since": None},
        {"size": 3},
        {"since_format": "date"},
    ],
)
def test_a_cap_that_cannot_be_kept_is_refused_when_it_is_declared(wrong: dict[str, Any]) -> None:
    said = {"since": "a", "until": "b", "size": 2, "cap": Cap(10), "next": PageNumber()}
    caught(PluginError, lambda: Pages("/contacts", **{**said, **wrong}))


@pytest.mark.parametrize(("rows", "step"), [(0, timedelta(seconds=1)), (10, timedelta())])
def test_a_cap_of_nothing_is_refused(rows: int, step: timedelta) -> None:
    caught(PluginError, lambda: Cap(rows, resolution=step))


def test_the_earliest_instant_is_no_border() -> None:
    long_ago = START - datetime(1990, 1, 1, tzinfo=UTC)
    capped = Capped([int(long_ago.total_seconds())] * 3 + [3, 2, 1], cap=2)
    assert sorted(capped.ids()) == list(range(6))

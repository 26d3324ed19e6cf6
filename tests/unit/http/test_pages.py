"""Reading a stream: every way of paging, resuming, and vendors that lead in circles."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from accord.errors import AnswerShapeError, PluginError
from accord.http import Keyset, LastKey, NextCursor, NextLink, Offset, PageNumber, Pages
from accord.http.paging import Paging
from accord.http.spelling import spell
from accord.mapping.instants import Instant
from accord.model.record import ReadRequest
from tests.unit.http.surroundings import BASE, Vendor, caught

SINCE = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


def rows(*keys: object) -> list[dict[str, Any]]:
    return [{"id": key} for key in keys]


def ids(vendor: Vendor, request: ReadRequest | None = None, **pages: Any) -> list[list[Any]]:
    """The ids of each page of a read of /contacts."""
    read = vendor.stream(read=Pages("/contacts", **pages)).read
    return [[row["id"] for row in page.rows] for page in read(request or ReadRequest())]


def asked(vendor: Vendor) -> list[dict[str, str]]:
    return [dict(call.request.url.params) for call in vendor.router.calls]


WAYS: list[tuple[Paging, list[Any], list[dict[str, str]]]] = [
    (
        NextCursor("after", param="after"),
        [{"data": rows(1), "after": "x"}, {"data": rows(2), "after": None}],
        [{}, {"after": "x"}],
    ),
    (
        NextCursor("after", param="after", more="more"),
        [{"data": rows(1), "after": "x", "more": True}, {"data": rows(2), "after": "y", "more": False}],
        [{}, {"after": "x"}],
    ),
    (
        NextLink("next"),
        [{"data": rows(1), "next": "/v3/contacts?p=2"}, {"data": rows(2)}],
        [{}, {"p": "2"}],
    ),
    (
        NextLink("@odata.nextLink"),
        [{"data": rows(1), "@odata.nextLink": f"{BASE}/contacts?p=2"}, {"data": rows(2)}],
        [{}, {"p": "2"}],
    ),
    (
        LastKey(),
        [{"data": rows(1), "has_more": True}, {"data": rows(2), "has_more": False}],
        [{}, {"starting_after": "1"}],
    ),
    (
        LastKey(param="since_id", more=None),
        [{"data": rows(1)}, {"data": rows(2)}, {"data": []}],
        [{}, {"since_id": "1"}, {"since_id": "2"}],
    ),
    (
        PageNumber(),
        [{"data": rows(1)}, {"data": rows(2)}, {"data": []}],
        [{"page": str(n)} for n in (1, 2, 3)],
    ),
    (
        PageNumber(first_page=0, pages="pages"),
        [{"data": rows(1), "pages": 2}, {"data": rows(2), "pages": 2}],
        [{"page": "0"}, {"page": "1"}],
    ),
    (
        PageNumber(more="more"),
        [{"data": [], "more": True}, {"data": rows(2), "more": False}],
        [{"page": "1"}, {"page": "2"}],
    ),
    (
        Offset(),
        [{"data": rows(1, 2, 3)}, {"data": rows(3, 4)}, {"data": rows(4)}],
        [{"offset": "0"}, {"offset": "2"}, {"offset": "3"}],
    ),
    (
        Offset(total="n"),
        [{"data": rows(1, 2), "n": 3}, {"data": rows(2, 3), "n": 3}],
        [{"offset": "0"}, {"offset": "1"}],
    ),
    (Offset(overlap=0), [{"data": rows(1, 2)}, {"data": []}], [{"offset": "0"}, {"offset": "2"}]),
]


@pytest.mark.parametrize(("paging", "answers", "params"), WAYS)
def test_each_way_of_paging_reads_all(
    vendor: Vendor, paging: Paging, answers: list[Any], params: list[dict[str, str]]
) -> None:
    vendor.answers("GET", "/contacts", *answers)
    ids(vendor, next=paging)
    assert asked(vendor) == params


def test_a_link_header_is_followed(vendor: Vendor) -> None:
    link = f'<{BASE}/contacts?p=0>; rel="previous", <{BASE}/contacts?p=2>; rel="next"'
    first = httpx.Response(200, json=rows(1), headers={"Link": link})
    vendor.answers("GET", "/contacts", first, httpx.Response(200, json=rows(2)))
    assert ids(vendor, items="", next=NextLink(header=True)) == [[1], [2]]


def test_a_read_resumes_from_its_token(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts", {"data": rows(1), "after": "x"}, {"data": rows(2)})
    pages = Pages("/contacts", next=NextCursor("after", param="after"), since="changed")
    first = next(vendor.stream(read=pages).read(ReadRequest(since=SINCE)))
    assert isinstance(first.token, str)
    rest = list(vendor.stream(read=pages).read(ReadRequest(token=first.token)))
    assert [page.rows for page in rest] == [rows(2)]
    assert asked(vendor)[1] == {"changed": "2026-01-02T03:04:05Z", "after": "x"}


@pytest.mark.parametrize("token", ["nonsense", "[]", "{}"])
def test_an_unreadable_token_is_named(vendor: Vendor, token: str) -> None:
    caught(AnswerShapeError, lambda: ids(vendor, ReadRequest(token=token)))


def test_an_empty_page_does_not_end_a_read(vendor: Vendor) -> None:
    vendor.answers(
        "GET", "/contacts", {"data": [], "after": "x"}, {"data": [], "after": "y"}, {"data": rows(1)}
    )
    assert ids(vendor, next=NextCursor("after")) == [[], [], [1]]


@pytest.mark.parametrize("paging", [NextCursor("after", more="more"), NextLink("after", more="more")])
def test_more_pages_without_a_way_to_them_are_no_end(vendor: Vendor, paging: Paging) -> None:
    vendor.answers("GET", "/contacts", {"data": rows(1), "more": True})
    told = caught(AnswerShapeError, lambda: ids(vendor, next=paging))
    assert "more pages at 'more' and nothing at 'after'" in str(told)


def test_a_repeated_cursor_stops_the_read(vendor: Vendor) -> None:
    answers = [{"data": rows(n), "after": "x"} for n in range(9)]
    vendor.answers("GET", "/contacts", *answers)
    caught(AnswerShapeError, lambda: ids(vendor, next=NextCursor("after")))
    assert len(asked(vendor)) == 2


def test_a_circle_of_cursors_stops_the_read(vendor: Vendor) -> None:
    answers = [{"data": rows(n), "after": "xyz"[n % 3]} for n in range(9)]
    vendor.answers("GET", "/contacts", *answers)
    caught(AnswerShapeError, lambda: ids(vendor, next=NextCursor("after")))
    assert len(asked(vendor)) == 4


def test_a_repeated_page_stops_the_read(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts", *[{"data": rows(1, 2)}] * 9)
    caught(AnswerShapeError, lambda: ids(vendor, next=PageNumber()))
    assert len(asked(vendor)) == 2


def test_moved_rows_make_offset_step_back(vendor: Vendor) -> None:
    pages = [rows(1, 2, 3), rows(5, 6), rows(2, 3, 4), rows(4, 5, 6), rows(6)]
    vendor.answers("GET", "/contacts", *[{"data": page} for page in pages])
    seen = {key for page in ids(vendor, next=Offset()) for key in page}
    assert seen == {1, 2, 3, 4, 5, 6}
    assert [int(params["offset"]) for params in asked(vendor)] == [0, 2, 0, 2, 4]


def test_rows_that_never_rest_stop_the_read(vendor: Vendor) -> None:
    pages = [rows(n, n + 1, n + 2) for n in range(0, 90, 3)]
    vendor.answers("GET", "/contacts", *[{"data": page} for page in pages])
    caught(AnswerShapeError, lambda: ids(vendor, next=Offset()))


def changed(*pairs: tuple[int, str]) -> dict[str, Any]:
    return {"data": [{"id": key, "updated_at": at} for key, at in pairs]}


def test_a_keyset_reads_from_the_last_instant(vendor: Vendor) -> None:
    vendor.answers(
        "GET", "/contacts", changed((1, "a"), (2, "b")), changed((2, "b"), (3, "c")), changed((3, "c"))
    )
    assert ids(vendor, next=Keyset(), size=2, size_param="n") == [[1, 2], [2, 3], [3]]
    assert asked(vendor)[1] == {"n": "2", "updated_after": "b"}


def test_a_keyset_stuck_at_one_instant_is_named(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts", changed((1, "a"), (2, "a")), changed((1, "a"), (2, "a")))
    caught(AnswerShapeError, lambda: ids(vendor, next=Keyset(), size=2, size_param="n"))


def test_a_keyset_with_keys_passes_equal_instants(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts", changed((1, "a"), (2, "a")), changed((3, "a")), {"data": []})
    assert ids(vendor, next=Keyset(key_param="after_id"), size=2) == [[1, 2], [3], []]
    assert asked(vendor)[2] == {"updated_after": "a", "after_id": "3"}


def test_a_secret_in_a_next_link_is_not_kept(vendor: Vendor) -> None:
    link = f"{BASE}/contacts?after=x&access_token=hush"
    vendor.answers("GET", "/contacts", {"data": rows(1), "next": link}, {"data": []})
    pages = list(vendor.stream(read=Pages("/contacts", next=NextLink())).read(ReadRequest()))
    assert "hush" not in str(pages[0].token)
    assert asked(vendor)[1] == {"after": "x"}


def test_a_foreign_next_link_is_refused(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts", {"data": rows(1), "next": "https://evil.example/"})
    caught(AnswerShapeError, lambda: ids(vendor, next=NextLink()))


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": [1]}, {"data": "x"}, []])
def test_a_list_of_another_shape_stops_the_read(vendor: Vendor, body: Any) -> None:
    vendor.answers("GET", "/contacts", body)
    caught(AnswerShapeError, lambda: ids(vendor))


def test_a_null_list_is_empty(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts", {"data": None})
    assert ids(vendor) == [[]]


def test_a_refused_list_is_no_matter_of_one_record(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts", 404)
    caught(AnswerShapeError, lambda: ids(vendor))


def test_totals_inner_rows_and_the_clock_are_told(vendor: Vendor) -> None:
    body = {"data": [{"node": {"id": 1}}], "total": "7"}
    dated = httpx.Response(200, json=body, headers={"Date": "Thu, 01 Jan 2026 10:00:00 GMT"})
    vendor.answers("GET", "/lists/L1/members", dated)
    pages = Pages("/lists/{settings.list_id}/members", row="node", total="total")
    page = next(vendor.stream(read=pages).read(ReadRequest()))
    assert (page.rows, page.total, page.token) == (rows(1), 7, None)
    assert page.server_time == datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_a_window_can_be_a_template(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts", {"data": []})
    window = {"filter": "greater-than(updated,{since})"}
    ids(vendor, ReadRequest(since=SINCE, until=SINCE), since=window, until="before", since_format="epoch")
    assert asked(vendor) == [{"filter": "greater-than(updated,1767323045)", "before": "1767323045"}]


def test_a_list_by_post_pages_in_its_body(vendor: Vendor) -> None:
    route = vendor.answers("POST", "/search", {"data": rows(1), "after": 5}, {"data": []})
    pages = Pages(
        "/search",
        method="POST",
        body={"filters": [{"value": None}]},
        since="filters.0.value",
        since_format="epoch_ms",
        next=NextCursor("after", param="after"),
        size=9,
        size_param="limit",
    )
    list(vendor.stream(read=pages).read(ReadRequest(since=SINCE)))
    assert route.calls.last.request.content == b'{"filters":[{"value":1767323045678}],"after":5,"limit":9}'


def test_graphql_pages_by_variables(vendor: Vendor) -> None:
    def page(cursor: str, *, more: bool) -> dict[str, Any]:
        info = {"endCursor": cursor, "hasNextPage": more}
        return {"data": {"people": {"nodes": rows(cursor), "pageInfo": info}}}

    route = vendor.answers("POST", "/graphql", page("a", more=True), page("b", more=False))
    pages = Pages(
        "/graphql",
        query="query P($after: String) { people { nodes { id } } }",
        items="data.people.nodes",
        params={"first": 2},
        next=NextCursor(
            "data.people.pageInfo.endCursor", param="after", more="data.people.pageInfo.hasNextPage"
        ),
    )
    assert len(list(vendor.stream(read=pages).read(ReadRequest()))) == 2
    assert b'"variables":{"first":2,"after":"a"}' in route.calls.last.request.content


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("iso", "2026-01-02T03:04:05Z"),
        ("iso_ms", "2026-01-02T03:04:05.678Z"),
        ("epoch", 1767323045),
        ("epoch_ms", 1767323045678),
        ("date", "2026-01-02"),
        ("%d/%m/%Y", "02/01/2026"),
        (lambda instant: instant.year, 2026),
        (Instant("local", zone="Europe/Paris", resolution="s"), "2026-01-02 04:04:05"),
    ],
)
def test_instants_are_spelled_as_declared(form: Any, text: object) -> None:
    assert spell(SINCE, form) == text


def test_an_unknown_spelling_is_named() -> None:
    caught(PluginError, lambda: spell(SINCE, "sometimes"))

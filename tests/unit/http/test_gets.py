"""Reading records by id, and finding them by value."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from accord.errors import AnswerShapeError, PluginError, RecordRejectedError
from accord.http import BatchGet, Get, Search
from accord.model.record import Probe
from tests.unit.http.surroundings import Vendor, caught


def test_a_record_is_read_by_its_key(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts/a%2Fb", {"contact": {"id": "a/b"}})
    stream = vendor.stream(get=Get("/contacts/{key}", record="contact"))
    assert stream.get(["a/b"]) == {"a/b": {"id": "a/b"}}


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_record_is_none(vendor: Vendor, status: int) -> None:
    vendor.answers("GET", "/contacts/1", status)
    assert vendor.stream(get=Get("/contacts/{key}")).get(["1"]) == {"1": None}


@pytest.mark.parametrize("key", ["", ".", ".."])
def test_a_key_never_climbs_to_another_path(vendor: Vendor, key: str) -> None:
    caught(RecordRejectedError, lambda: vendor.stream(get=Get("/contacts/{key}")).get([key]))
    assert not vendor.router.calls


def test_a_record_of_another_shape_is_named(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts/1", {"contact": []})
    caught(AnswerShapeError, lambda: vendor.stream(get=Get("/contacts/{key}", record="contact")).get(["1"]))


def test_several_records_are_read_at_once(vendor: Vendor) -> None:
    route = vendor.answers("POST", "/read", {"results": [{"id": 2}, {"id": 1}]}, {"results": []})
    batch = BatchGet(
        "POST", "/read", items="inputs", item={"id": "{key}"}, rows="results", size=2, extra={"p": 1}
    )
    stream = vendor.stream(get=batch)
    assert stream.get.size == 2
    assert stream.get(["1", "2", "3"]) == {"1": {"id": 1}, "2": {"id": 2}, "3": None}
    assert orjson.loads(route.calls[0].request.content) == {"p": 1, "inputs": [{"id": "1"}, {"id": "2"}]}


def test_ids_can_go_into_a_parameter(vendor: Vendor) -> None:
    route = vendor.answers("GET", "/contacts", {"data": [{"id": "1"}]})
    vendor.stream(get=BatchGet("GET", "/contacts", ids_param="ids")).get(["1", "2"])
    assert route.calls.last.request.url.params["ids"] == "1,2"


def test_a_merged_record_answers_for_its_old_id(vendor: Vendor) -> None:
    survivor = {"id": "9", "merged_from": ["1"]}
    vendor.answers("GET", "/contacts", {"data": [survivor]})
    stream = vendor.stream(get=BatchGet("GET", "/contacts", ids_param="ids"), merged="merged_from")
    assert stream.get(["1"]) == {"1": survivor}


def test_a_row_nobody_asked_for_proves_no_absence(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts", {"data": [{"id": "9"}]})
    stream = vendor.stream(get=BatchGet("GET", "/contacts", ids_param="ids"))
    caught(AnswerShapeError, lambda: stream.get(["1"]))


def mail(value: str) -> Probe:
    return Probe("email", value)


def test_records_are_found_by_value(vendor: Vendor) -> None:
    route = vendor.answers("GET", "/search", {"data": [{"id": 1}]})
    find = Search("/search", by={"email": "mail"}, params={"q": "{field}:{value}", "{field}": "{value}"})
    assert vendor.stream(find=find).find([mail("a@example.com")]) == [[{"id": 1}]]
    assert dict(route.calls.last.request.url.params) == {"q": "mail:a@example.com", "mail": "a@example.com"}


def test_loose_matches_are_dropped(vendor: Vendor) -> None:
    found = [{"id": 1, "mail": "A@example.com "}, {"id": 2, "mail": "aa@example.com"}, {"id": 3}]
    vendor.answers("GET", "/search", {"data": found})
    find = Search("/search", by={"email": "mail"}, verify={"email": "mail"})
    assert vendor.stream(find=find).find([mail("a@example.com")]) == [found[:1]]


def test_several_values_are_found_at_once(vendor: Vendor) -> None:
    rows = [{"id": 1, "mail": "a@example.com"}, {"id": 2, "mail": "c@example.com"}]
    route = vendor.answers("POST", "/search", {"results": rows})
    find = Search(
        "/search",
        method="POST",
        by={"email": "m"},
        body={"in": "{values}"},
        rows="results",
        verify={"email": "mail"},
        size=9,
    )
    probes = [mail("c@example.com"), mail("b@example.com"), mail("a@example.com")]
    assert vendor.stream(find=find).find(probes) == [rows[1:], [], rows[:1]]
    assert orjson.loads(route.calls.last.request.content)["in"] == [probe.value for probe in probes]


def test_nothing_found_may_be_a_404(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts/a%40example.com", 404)
    find = Search("/contacts/{value}", by={"email": ""})
    assert vendor.stream(find=find).find([mail("a@example.com")]) == [[]]


def test_an_unsearchable_field_is_never_not_found(vendor: Vendor) -> None:
    stream = vendor.stream(find=Search("/search", by={"email": "mail"}))
    caught(PluginError, lambda: stream.find([Probe("phone", "1")]))


def test_values_that_cannot_be_told_apart_are_refused() -> None:
    options: dict[str, Any] = {"by": {"email": "mail"}, "size": 2}
    caught(PluginError, lambda: Search("/search", **options))

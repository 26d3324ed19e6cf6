"""Declared writes: what is sent, and what each answer means for each write."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from accord.errors import OutcomeUnknownError, PluginError, RecordRejectedError, RetryableError
from accord.http import AllOrNothing, Batch, Call, PerItem, Upsert
from accord.model.record import Outcome, Result, Write
from tests.unit.http.surroundings import Vendor, caught, create, delete, write


def body(vendor: Vendor) -> Any:
    return orjson.loads(vendor.router.calls.last.request.content)


def results(outcomes: list[Outcome]) -> list[tuple[str, str, str | None]]:
    return [(each.write_id, str(each.result), each.external_id) for each in outcomes]


def test_a_create_returns_the_new_key(vendor: Vendor) -> None:
    vendor.answers("POST", "/contacts", httpx.Response(201, json={"contact": {"id": 7, "v": "e1"}}))
    call = Call("POST", "/contacts", wrap="contact", record="contact")
    stream = vendor.stream(create=call, read_back=True, etag="v", reference="ref")
    assert list(stream.create([create()])) == [
        Outcome("w1", Result.DONE, "7", row={"id": 7, "v": "e1"}, etag="e1")
    ]
    assert body(vendor) == {"contact": {"email": "w1@example.com", "ref": "hub-w1"}}


def test_a_create_without_a_key_is_unknown(vendor: Vendor) -> None:
    vendor.answers("POST", "/contacts", 201, 201)
    stream = vendor.stream(create=Call("POST", "/contacts"), plain=Call("POST", "/contacts", names_key=False))
    assert stream.create([create()])[0].result is Result.UNKNOWN
    assert stream.plain([create()])[0].result is Result.DONE


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_record_is_gone(vendor: Vendor, status: int) -> None:
    vendor.answers("DELETE", "/contacts/k-w1", status)
    stream = vendor.stream(delete=Call("DELETE", "/contacts/{key}"))
    assert results(stream.delete([delete()])) == [("w1", "gone", "k-w1")]
    assert vendor.router.calls.last.request.content == b""


def test_a_create_is_never_gone(vendor: Vendor) -> None:
    vendor.answers("POST", "/contacts", 404)
    assert vendor.stream(create=Call("POST", "/contacts")).create([create()])[0].result is Result.REJECTED


@pytest.mark.parametrize(
    ("status", "version", "result"),
    [(412, "e1", "precondition"), (409, "e1", "precondition"), (409, None, "rejected")],
)
def test_a_moved_record_fails_its_precondition(
    vendor: Vendor, status: int, version: str | None, result: str
) -> None:
    route = vendor.answers("PATCH", "/contacts/k-w1", status)
    stream = vendor.stream(update=Call("PATCH", "/contacts/{key}", if_match="If-Match"))
    assert stream.update([write(precondition=version)])[0].result == result
    assert route.calls.last.request.headers.get("if-match") == version


def test_a_refused_record_is_rejected_by_code(vendor: Vendor) -> None:
    vendor.answers(
        "PATCH", "/contacts/k-w1", httpx.Response(422, json={"code": "BAD_MAIL", "message": "a@example.com"})
    )
    outcome = vendor.stream(update=Call("PATCH", "/contacts/{key}")).update([write()])[0]
    assert (outcome.result, outcome.reason) == (Result.REJECTED, "BAD_MAIL")


def test_an_upsert_keeps_the_known_key(vendor: Vendor) -> None:
    vendor.answers("PUT", "/contacts/hub-w1", 204)
    stream = vendor.stream(upsert=Upsert("PUT", "/contacts/{hub_id}"))
    assert results(stream.upsert([write()])) == [("w1", "done", "k-w1")]


def test_templates_fill_body_headers_and_parameters(vendor: Vendor) -> None:
    route = vendor.answers("POST", "/lists/L1/x", {"id": 1})
    call = Call(
        "POST",
        "/lists/{settings.list_id}/x",
        body={"*": "{row}", "ref": "{hub_id}", "note": "for {key}"},
        params={"by": "{row.email}"},
        headers={"X-Op": "{operation}"},
        idempotency=True,
    )
    vendor.stream(update=call).update([write()])
    sent = route.calls.last.request
    assert body(vendor) == {"email": "w1@example.com", "ref": "hub-w1", "note": "for k-w1"}
    assert sent.url.params["by"] == "w1@example.com"
    assert (sent.headers["x-op"], sent.headers["idempotency-key"]) == ("update", "key-w1")


def test_an_unknown_placeholder_is_named(vendor: Vendor) -> None:
    stream = vendor.stream(update=Call("PATCH", "/contacts/{id_}"))
    assert "{id_}" in str(caught(PluginError, lambda: stream.update([write()])))


def test_a_later_failure_keeps_earlier_outcomes(vendor: Vendor) -> None:
    vendor.answers("PATCH", "/contacts/k-a", {"id": "k-a"})
    vendor.answers("PATCH", "/contacts/k-b", httpx.ReadTimeout("t"))
    stream = vendor.stream(update=Call("PATCH", "/contacts/{key}"))
    outcomes = stream.update([write("a"), write("b"), write("c")])
    assert [str(each.result) for each in outcomes] == ["done", "unknown", "retry"]


def test_a_first_failure_is_raised(vendor: Vendor) -> None:
    vendor.answers("PATCH", "/contacts/k-a", httpx.ConnectError("c"))
    stream = vendor.stream(update=Call("PATCH", "/contacts/{key}"))
    caught(RetryableError, lambda: stream.update([write("a"), write("b")]))


def batch(vendor: Vendor, answer: Any, writes: list[Write], **options: Any) -> list[Outcome]:
    vendor.answers("POST", "/batch", answer)
    stream = vendor.stream(upsert=Batch("POST", "/batch", **{"items": "contacts", **options}))
    return list(stream.upsert(writes))


def test_a_batch_is_matched_by_value_not_by_place(vendor: Vendor) -> None:
    answered = [{"id": 2, "email": "B@example.com"}, {"id": 1, "email": "a@example.com"}]
    outcomes = batch(
        vendor,
        {"contacts": answered},
        [create("a"), create("b")],
        match="email",
        extra={"mode": "{settings.list_id}"},
    )
    assert results(outcomes) == [("a", "done", "1"), ("b", "done", "2")]
    assert body(vendor) == {
        "mode": "L1",
        "contacts": [{"email": "a@example.com"}, {"email": "b@example.com"}],
    }


def test_a_batch_is_matched_by_our_echoed_id(vendor: Vendor) -> None:
    item = {"ref": "{id}", "*": "{row}"}
    answered = [{"ref": "b", "id": 2}, {"ref": "a", "id": 1}]
    outcomes = batch(
        vendor, {"r": answered}, [create("a"), create("b")], item=item, outcome=PerItem("r", echo="ref")
    )
    assert results(outcomes) == [("a", "done", "1"), ("b", "done", "2")]


def test_updates_are_matched_by_their_key(vendor: Vendor) -> None:
    answered = [{"id": "k-b"}, {"id": "k-a"}]
    assert results(batch(vendor, answered, [write("a"), write("b")], items="")) == [
        ("a", "done", "k-a"),
        ("b", "done", "k-b"),
    ]


def test_what_the_answer_does_not_account_for_is_unknown(vendor: Vendor) -> None:
    outcomes = batch(
        vendor,
        {"contacts": [{"id": 1, "email": "a@example.com"}, {"id": 9}]},
        [create("a"), create("b")],
        match="email",
    )
    assert results(outcomes) == [("a", "done", "1"), ("b", "unknown", None)]


def test_position_alone_proves_nothing(vendor: Vendor) -> None:
    outcomes = batch(vendor, {"contacts": [{"id": 1}, {"id": 2}]}, [create("a"), create("b")])
    assert {each.result for each in outcomes} == {Result.UNKNOWN}


def test_a_promised_order_is_trusted_if_complete(vendor: Vendor) -> None:
    ordered = PerItem("contacts", ordered=True)
    outcomes = batch(
        vendor, {"contacts": [{"id": 1}, {"id": 2}]}, [create("a"), create("b")], outcome=ordered
    )
    assert results(outcomes) == [("a", "done", "1"), ("b", "done", "2")]
    short = batch(Vendor(), {"contacts": [{"id": 1}]}, [create("a"), create("b")], outcome=ordered)
    assert {each.result for each in short} == {Result.UNKNOWN}


def test_two_writes_of_one_value_cannot_be_told_apart(vendor: Vendor) -> None:
    same = {"email": "x@example.com"}
    answered = {"contacts": [{"id": 1, "email": "x@example.com"}]}
    outcomes = batch(vendor, answered, [create("a", row=same), create("b", row=same)], match="email")
    assert {each.result for each in outcomes} == {Result.UNKNOWN}


def test_contradicting_answers_leave_it_unknown(vendor: Vendor) -> None:
    answered = [{"id": "k-a"}, {"id": "k-a", "error": "X"}]
    outcomes = batch(vendor, answered, [write("a")], items="", outcome=PerItem(error="error"))
    assert outcomes[0].result is Result.UNKNOWN


STATUSES = [
    (200, Result.DONE),
    (404, Result.GONE),
    (412, Result.PRECONDITION),
    (429, Result.RETRY),
    (422, Result.REJECTED),
    (500, Result.UNKNOWN),
]


@pytest.mark.parametrize(("status", "result"), STATUSES)
def test_an_items_own_status_decides(vendor: Vendor, status: int, result: Result) -> None:
    answered = [{"id": "k-a", "code": status}]
    outcomes = batch(vendor, answered, [write("a")], items="", outcome=PerItem(status="code"))
    assert outcomes[0].result is result


def test_flags_and_codes_refuse_an_item(vendor: Vendor) -> None:
    answered = [
        {"id": "k-a", "success": True, "errors": []},
        {"id": "k-b", "success": False, "errors": [{"code": "DUPLICATE", "message": "x@example.com"}]},
        {"id": "k-c", "success": False, "errors": [{"code": "LOCKED"}]},
    ]
    told = PerItem(ok="success", error="errors", results={"LOCKED": Result.RETRY})
    outcomes = batch(vendor, answered, [write("a"), write("b"), write("c")], items="", outcome=told)
    assert [(each.result, each.reason) for each in outcomes] == [
        (Result.DONE, ""),
        (Result.REJECTED, "DUPLICATE"),
        (Result.RETRY, "LOCKED"),
    ]


def test_failures_may_stand_in_a_list_of_their_own(vendor: Vendor) -> None:
    answer = {
        "new": [{"id": 1, "mail": "a@example.com"}],
        "updated": [{"id": 2, "mail": "b@example.com"}],
        "errors": [{"address": "c@example.com", "error_code": "BOUNCED"}],
    }
    told = PerItem(
        ("new", "updated"),
        match=("email", "mail"),
        errors="errors",
        error_match=("email", "address"),
        error_code="error_code",
    )
    outcomes = batch(vendor, answer, [create("a"), create("b"), create("c"), create("d")], outcome=told)
    assert [str(each.result) for each in outcomes] == ["done", "done", "rejected", "unknown"]


def test_a_vendor_that_lists_failures_only(vendor: Vendor) -> None:
    told = PerItem("none", errors="failed", error_key="id", error_code="why", silent_is_done=True)
    outcomes = batch(vendor, {"failed": [{"id": "k-b", "why": "NO"}]}, [write("a"), write("b")], outcome=told)
    assert results(outcomes) == [("a", "done", "k-a"), ("b", "rejected", "k-b")]


def test_an_answer_without_outcomes_is_in_doubt(vendor: Vendor) -> None:
    caught(OutcomeUnknownError, lambda: batch(vendor, {"queued": True}, [write("a")]))


def test_all_or_nothing_takes_all(vendor: Vendor) -> None:
    outcomes = batch(vendor, 204, [write("a"), write("b")], outcome=AllOrNothing())
    assert results(outcomes) == [("a", "done", "k-a"), ("b", "done", "k-b")]


def test_all_or_nothing_may_name_new_keys(vendor: Vendor) -> None:
    answer = {"made": [{"id": 1, "email": "a@example.com"}]}
    outcomes = batch(
        vendor, answer, [create("a"), create("b"), write("c")], outcome=AllOrNothing("made"), match="email"
    )
    assert [str(each.result) for each in outcomes] == ["done", "unknown", "done"]


def test_a_refused_batch_is_raised_for_bisection(vendor: Vendor) -> None:
    caught(RecordRejectedError, lambda: batch(vendor, 400, [write("a"), write("b")]))


def test_a_batch_has_one_key_for_the_same_writes(vendor: Vendor) -> None:
    route = vendor.answers("POST", "/batch", 204, 204, 204)
    stream = vendor.stream(update=Batch("POST", "/batch", outcome=AllOrNothing(), idempotency=True))
    for writes in ([write("a"), write("b")], [write("b"), write("a")], [write("a")]):
        stream.update(writes)
    keys = [call.request.headers["idempotency-key"] for call in route.calls]
    assert keys[0] == keys[1] != keys[2]


def test_an_operation_tells_its_size_and_class(vendor: Vendor) -> None:
    declared = Batch("POST", "/batch", size=7, limit_class="bulk", cost=3)
    stream = vendor.stream(update=declared)
    assert (stream.update.size, stream.update.limit_class, stream.update.cost) == (7, "bulk", 3)
    assert type(stream).update is declared
    assert "Batch of contacts" in repr(stream.update)

"""Writes: sent at most once, and every failure says whether it may have been applied."""

from __future__ import annotations

import ssl

import httpx
import pytest

from accord.errors import (
    AccessError,
    AnswerShapeError,
    OutcomeUnknownError,
    RateLimitedError,
    RecordRejectedError,
    RetryableError,
    VendorError,
)
from accord.http import ErrorRule, ErrorTable
from tests.unit.http.surroundings import Vendor, caught

OUTCOMES = [
    (httpx.ConnectError("refused"), RetryableError),
    (httpx.ConnectTimeout("slow"), RetryableError),
    (httpx.PoolTimeout("busy"), RetryableError),
    (httpx.ReadTimeout("slow"), OutcomeUnknownError),
    (httpx.WriteTimeout("slow"), OutcomeUnknownError),
    (httpx.WriteError("gone"), OutcomeUnknownError),
    (httpx.ReadError("gone"), OutcomeUnknownError),
    (httpx.RemoteProtocolError("cut"), OutcomeUnknownError),
    (500, OutcomeUnknownError),
    (502, OutcomeUnknownError),
    (503, OutcomeUnknownError),
    (504, OutcomeUnknownError),
    (408, OutcomeUnknownError),
    (303, OutcomeUnknownError),
    (425, RetryableError),
    (429, RateLimitedError),
    (401, AccessError),
    (403, AccessError),
    (400, RecordRejectedError),
    (404, RecordRejectedError),
    (409, RecordRejectedError),
    (410, RecordRejectedError),
    (412, RecordRejectedError),
    (422, RecordRejectedError),
]


@pytest.mark.parametrize(("failure", "kind"), OUTCOMES)
def test_a_failed_write_is_sent_once_and_named(
    vendor: Vendor, failure: object, kind: type[VendorError]
) -> None:
    route = vendor.answers("POST", "/contacts", failure)
    error = caught(VendorError, lambda: vendor.http().post("/contacts", json={"a": 1}))
    assert type(error) is kind
    assert route.call_count == 1
    assert error.facts["connection"] == "crm"
    assert error.hint


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_write_is_never_redirected(vendor: Vendor, status: int) -> None:
    vendor.answers("POST", "/contacts", httpx.Response(status, headers={"Location": "/v3/other"}))
    caught(AnswerShapeError, lambda: vendor.http().post("/contacts", json={}))


def test_an_unreadable_success_leaves_the_outcome_unknown(vendor: Vendor) -> None:
    vendor.answers("POST", "/contacts", httpx.Response(200, html="<html></html>"))
    caught(OutcomeUnknownError, lambda: vendor.http().post("/contacts", json={}).json())


def test_an_empty_success_is_no_body(vendor: Vendor) -> None:
    vendor.answers("POST", "/contacts", 204)
    assert vendor.http().post("/contacts", json={}).json() is None


def test_the_idempotency_key_is_sent(vendor: Vendor) -> None:
    route = vendor.answers("POST", "/contacts", {})
    vendor.http(idempotency_header="X-Once").post("/contacts", json={}, idempotency_key="k1")
    assert route.calls.last.request.headers["x-once"] == "k1"


def test_a_form_is_written_with_brackets(vendor: Vendor) -> None:
    route = vendor.answers("POST", "/contacts", {})
    form = {
        "name": "A",
        "metadata": {"hub": "h"},
        "tags": ["x", "y"],
        "items": [{"sku": 1}],
        "no": None,
        "b": True,
    }
    vendor.http().post("/contacts", form=form)
    body = route.calls.last.request.content.decode()
    assert body == "name=A&metadata%5Bhub%5D=h&tags=x&tags=y&items%5B0%5D%5Bsku%5D=1&b=true"
    assert route.calls.last.request.headers["content-type"] == "application/x-www-form-urlencoded"


def test_accepted_statuses_are_returned(vendor: Vendor) -> None:
    vendor.answers("DELETE", "/contacts/1", 404)
    assert vendor.http().delete("/contacts/1", accept=(404,)).status == 404


def test_a_promise_of_no_processing_makes_503_retryable(vendor: Vendor) -> None:
    table = ErrorTable(unprocessed=(503,))
    vendor.answers("POST", "/a", httpx.Response(503, headers={"Retry-After": "9"}), 503)
    http = vendor.http(errors=table)
    assert caught(RateLimitedError, lambda: http.post("/a", json={})).retry_after == 9
    vendor.env.clock += 60
    assert type(caught(RetryableError, lambda: http.post("/a", json={}))) is RetryableError


def test_a_rule_goes_before_the_usual_meaning(vendor: Vendor) -> None:
    rule = ErrorRule(400, AccessError, code="TOKEN_GONE", hint="Connect again.")
    vendor.answers("POST", "/a", httpx.Response(400, json={"err": {"c": "TOKEN_GONE"}}))
    http = vendor.http(errors=ErrorTable((rule,), code=("err.c",)))
    assert caught(AccessError, lambda: http.post("/a", json={})).hint == "Connect again."


def test_an_error_inside_a_success_is_found(vendor: Vendor) -> None:
    rules = (
        ErrorRule(200, RateLimitedError, code={"40100", "40133"}),
        ErrorRule(200, RecordRejectedError, when=lambda answer: answer.json().get("code") != 0),
    )
    vendor.answers("POST", "/a", {"code": 40100}, {"code": 40002}, {"code": 0})
    http = vendor.http(errors=ErrorTable(rules))
    caught(RateLimitedError, lambda: http.post("/a", json={}))
    assert caught(RecordRejectedError, lambda: http.post("/a", json={})).facts["code"] == "40002"
    assert http.post("/a", json={}).status == 200


def test_a_range_of_statuses_can_be_ruled(vendor: Vendor) -> None:
    vendor.answers("POST", "/a", 418)
    http = vendor.http(errors=ErrorTable((ErrorRule(range(400, 500), AccessError),)))
    caught(AccessError, lambda: http.post("/a", json={}))


def test_a_named_header_tells_the_wait(vendor: Vendor) -> None:
    vendor.answers("POST", "/a", httpx.Response(429, headers={"X-Wait": "33"}))
    http = vendor.http(errors=ErrorTable(retry_after=("x-wait",)))
    assert caught(RateLimitedError, lambda: http.post("/a", json={})).retry_after == 33


def test_an_untrusted_certificate_needs_a_person(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("verify failed") from ssl.SSLCertVerificationError("self-signed")

    monkeypatch.setattr(vendor.env, "transport", lambda base_url: httpx.MockTransport(refuse))
    assert "certificate" in str(caught(AccessError, lambda: vendor.http().get("/a")))

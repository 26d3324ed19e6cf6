"""Safe requests: repeated until they succeed or the policy is spent."""

from __future__ import annotations

import logging

import httpx
import pytest
from pydantic import SecretStr

from accord.deadline import within
from accord.engine.stop import Budget
from accord.errors import (
    AccessError,
    AnswerShapeError,
    ConfigError,
    RateLimitedError,
    RecordRejectedError,
    RetryableError,
)
from accord.http import Answer, Bearer, RetryPolicy
from tests.unit.http.surroundings import BASE, Vendor, caught


@pytest.mark.parametrize(
    "failure",
    [500, 502, 503, 408, 425, 429, httpx.ReadTimeout("t"), httpx.ConnectError("c"), httpx.ReadError("r")],
)
def test_a_transient_failure_is_repeated(vendor: Vendor, failure: object) -> None:
    route = vendor.answers("GET", "/contacts", failure, {"ok": True})
    assert vendor.http().get("/contacts").json() == {"ok": True}
    assert route.call_count == 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, RecordRejectedError), (404, RecordRejectedError), (401, AccessError), (403, AccessError)],
)
def test_a_lasting_failure_is_not_repeated(vendor: Vendor, status: int, kind: type[Exception]) -> None:
    route = vendor.answers("GET", "/contacts", status)
    assert caught(kind, lambda: vendor.http().get("/contacts")).facts["status"] == status
    assert route.call_count == 1


def test_a_searching_post_is_repeated(vendor: Vendor) -> None:
    vendor.answers("POST", "/search", 503, {"results": []})
    assert vendor.http().post("/search", json={}, safe=True).status == 200


def test_attempts_are_counted(vendor: Vendor) -> None:
    route = vendor.router.get(f"{BASE}/contacts").mock(return_value=httpx.Response(500))
    caught(RetryableError, lambda: vendor.http(retry=RetryPolicy(attempts=3)).get("/contacts"))
    assert route.call_count == 3


def test_the_deadline_ends_all_repetition(vendor: Vendor) -> None:
    vendor.router.get(f"{BASE}/contacts").mock(return_value=httpx.Response(500))
    http = vendor.http(retry=RetryPolicy(attempts=1000, base=20, cap=20))
    caught(RetryableError, lambda: http.get("/contacts"))
    assert 60 < vendor.env.clock <= 120


def test_nobody_waits_longer_than_the_run_that_waits(vendor: Vendor) -> None:
    vendor.router.get(f"{BASE}/contacts").mock(return_value=httpx.Response(500))
    budget = Budget(vendor.env, seconds=10)
    http = vendor.http(retry=RetryPolicy(attempts=1000, base=3, cap=3))
    with within(budget.left):
        caught(RetryableError, lambda: http.get("/contacts"))
    assert 7 < vendor.env.clock <= 10


def test_a_run_that_is_told_to_stop_repeats_nothing(vendor: Vendor) -> None:
    route = vendor.router.get(f"{BASE}/contacts").mock(return_value=httpx.Response(500))
    budget = Budget(vendor.env)
    budget.interrupt()
    with within(budget.left):
        caught(RetryableError, lambda: vendor.http().get("/contacts"))
    assert route.call_count == 1


def test_waits_are_jittered_and_capped(vendor: Vendor) -> None:
    vendor.router.get(f"{BASE}/contacts").mock(return_value=httpx.Response(500))
    caught(RetryableError, lambda: vendor.http(retry=RetryPolicy(attempts=20, cap=3)).get("/contacts"))
    assert all(0 <= wait <= 3 for wait in vendor.env.slept)
    assert len(set(vendor.env.slept)) == len(vendor.env.slept) == 19


def test_retry_after_is_waited_out(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts", httpx.Response(429, headers={"Retry-After": "7"}), {})
    vendor.http().get("/contacts")
    assert vendor.env.clock >= 7


def test_a_very_long_retry_after_is_raised_instead(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts", httpx.Response(429, headers={"Retry-After": "7200"}))
    error = caught(RateLimitedError, lambda: vendor.http().get("/contacts"))
    assert error.retry_after == 7200
    assert vendor.env.clock == 0


def test_a_torn_page_is_asked_for_again(vendor: Vendor) -> None:
    torn = httpx.Response(200, content=b'{"data": [', headers={"content-type": "application/json"})
    vendor.answers("GET", "/contacts", torn, {"data": []})
    assert vendor.http().get("/contacts").json() == {"data": []}


def test_a_page_that_stays_torn_is_a_wrong_shape(vendor: Vendor) -> None:
    torn = httpx.Response(200, content=b'{"data": [', headers={"content-type": "application/json"})
    vendor.answers("GET", "/contacts", torn, torn)
    caught(AnswerShapeError, lambda: vendor.http().get("/contacts").json())


def test_a_login_page_is_a_wrong_shape(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts", httpx.Response(200, html="<html>jean@example.com</html>"))
    error = caught(AnswerShapeError, lambda: vendor.http().get("/contacts").json())
    assert "markup" in str(error)
    assert "jean" not in str(error)


def test_the_server_clock_is_told(vendor: Vendor) -> None:
    dated = httpx.Response(200, json={}, headers={"Date": "Thu, 01 Jan 2026 10:00:00 GMT"})
    vendor.answers("GET", "/contacts", dated)
    told = vendor.http().get("/contacts").server_time
    assert told is not None
    assert told.isoformat() == "2026-01-01T10:00:00+00:00"


@pytest.mark.parametrize(
    "date", ["soon", "Fri, 31 Dec 9999 23:59:59 -2300", f"Mon, {10**20} Jan 2024 00:00:00 +0000"]
)
def test_an_unreadable_clock_is_no_clock(vendor: Vendor, date: str) -> None:
    vendor.answers("GET", "/contacts", httpx.Response(200, json={}, headers={"Date": date}))
    assert vendor.http().get("/contacts").server_time is None


def test_an_error_names_code_and_request_but_no_body(vendor: Vendor) -> None:
    body = {"code": "INVALID_EMAIL", "message": "jean.dupont@example.com is not valid"}
    vendor.answers("GET", "/contacts/42", httpx.Response(422, json=body, headers={"X-Request-Id": "r-1"}))
    error = caught(RecordRejectedError, lambda: vendor.http().get("/contacts/42"))
    assert str(error) == "Connection 'crm': GET /contacts/{} was answered with 422 (INVALID_EMAIL)"
    assert error.facts["request_id"] == "r-1"
    assert "jean" not in f"{error} {error.hint} {error.facts}"


def test_a_sentence_is_no_code(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts", httpx.Response(400, json={"code": "Jean Dupont exists already"}))
    assert "code" not in caught(RecordRejectedError, lambda: vendor.http().get("/contacts")).facts


def test_none_parameters_are_left_out(vendor: Vendor) -> None:
    route = vendor.answers("GET", "/contacts", {})
    vendor.http().get("/contacts", params={"a": 1, "b": None, "c": [1, 2], "d": True})
    assert str(route.calls.last.request.url.query, "ascii") == "a=1&c=1&c=2&d=true"


def test_the_user_agent_names_accord(vendor: Vendor) -> None:
    route = vendor.answers("GET", "/contacts", {})
    vendor.http(headers={"X-Version": "1"}).get("/contacts", headers={"X-More": "2"})
    sent = route.calls.last.request.headers
    assert sent["user-agent"].startswith("accord/")
    assert (sent["x-version"], sent["x-more"]) == ("1", "2")


def test_logs_show_no_secret_and_no_id(vendor: Vendor, caplog: pytest.LogCaptureFixture) -> None:
    vendor.answers("GET", "/contacts/42", {})
    with caplog.at_level(logging.DEBUG):
        http = vendor.http(Bearer(SecretStr("hush")))
        http.get("/contacts/42", params={"email": "jean@example.com"})
    assert "GET /contacts/{}" in caplog.text
    assert not any(word in caplog.text for word in ("hush", "jean", "42", "example.com"))


@pytest.mark.parametrize("charset", ["idna", "undefined", "punycode", "nobody-knows"])
def test_an_odd_charset_is_read_as_utf8(charset: str) -> None:
    assert Answer(200, {"content-type": f"text/html; charset={charset}"}, b"a\xff").text == "a\ufffd"


def test_polling_ends_with_the_wanted_answer(vendor: Vendor) -> None:
    vendor.answers("GET", "/jobs/1", {"s": "run"}, {"s": "run"}, {"s": "end"})
    answer = vendor.http().poll("/jobs/1", done=lambda a: a.json()["s"] == "end", every=5)
    assert answer is not None
    assert vendor.env.slept == [5, 5]


def test_polling_ends_at_its_deadline(vendor: Vendor) -> None:
    vendor.router.get(f"{BASE}/jobs/1").mock(return_value=httpx.Response(200, json={}))
    assert vendor.http().poll("/jobs/1", done=lambda a: False, every=5, deadline=20) is None
    assert vendor.env.clock <= 20


@pytest.mark.parametrize(
    "base",
    ["", "api.example.com", "ftp://api.example.com", "https://u:p@example.com", "https://a.example.com?x=1"],
)
def test_an_unusable_base_url_is_a_configuration_error(vendor: Vendor, base: str) -> None:
    error = caught(ConfigError, lambda: vendor.http(base_url=base).get("/"))
    assert "u:p" not in str(error)


def test_a_closed_client_can_be_used_again(vendor: Vendor) -> None:
    vendor.answers("GET", "/contacts", {}, {})
    with vendor.http() as http:
        http.get("/contacts")
    assert http.get("/contacts").status == 200

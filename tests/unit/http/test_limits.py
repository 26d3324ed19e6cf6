"""Rate limits: declared, learned from headers, spent before the request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from accord.errors import RateLimitedError
from accord.http import MemoryBudget, RateLimit
from accord.http.limits import Quota, quotas, retry_after
from tests.unit.http.surroundings import Vendor, caught

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        ({"RateLimit-Remaining": "5", "RateLimit-Limit": "10", "RateLimit-Reset": "7"}, Quota(5, 10, 7)),
        ({"RateLimit-Remaining": "5", "RateLimit-Limit": "3, 3;w=1, 60;w=60"}, Quota(5, 3)),
        ({"RateLimit": "limit=100, remaining=50, reset=5"}, Quota(50, 100, 5)),
        ({"RateLimit": '"default";r=50;t=30'}, Quota(50, None, 30)),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(EPOCH + 60)}, Quota(0, None, 60)),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str((EPOCH + 60) * 1000)}, Quota(0, None, 60)),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-01-01T00:01:00Z"}, Quota(0, None, 60)),
        ({"X-RateLimit-Remaining": "9", "X-RateLimit-Reset": "7200"}, Quota(9, None, 7200, long=True)),
        ({"X-HubSpot-RateLimit-Remaining": "8", "X-HubSpot-RateLimit-Max": "190"}, Quota(8, 190)),
        (
            {"X-HubSpot-RateLimit-Daily-Remaining": "8", "X-HubSpot-RateLimit-Daily": "250000"},
            Quota(8, 250000, None, long=True),
        ),
        ({"X-Shopify-Shop-Api-Call-Limit": "32/40"}, Quota(8, 40)),
        ({"X-LS-API-Bucket-Level": "32.5/60"}, Quota(27.5, 60)),
        (
            {"X-Rate-Limit-Requests-Left": "1", "X-Rate-Limit-Time-Reset-Ms": "1500"},
            Quota(1, None, 1.5),
        ),
        ({"X-Remaining-Today": "3", "X-Limit-Per-Day": "10000"}, Quota(3, 10000, None, long=True)),
        ({"x-sib-ratelimit-remaining": "3", "x-sib-ratelimit-limit": "9"}, Quota(3, 9)),
    ],
)
def test_known_headers_are_read(headers: dict[str, str], quota: Quota) -> None:
    assert quotas(httpx.Headers(headers), NOW) == (quota,)


@pytest.mark.parametrize("text", ["", "soon", "NaN", "-", "unlimited"])
def test_unreadable_headers_tell_nothing(text: str) -> None:
    names = ("RateLimit", "RateLimit-Remaining", "X-RateLimit-Remaining", "X-Shopify-Shop-Api-Call-Limit")
    assert quotas(httpx.Headers(dict.fromkeys(names, text)), NOW) == ()
    assert retry_after(httpx.Headers({"Retry-After": text}), NOW) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("-3", 0),
        ("2.5", 2.5),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120),
        (str(EPOCH + 9), 9),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float) -> None:
    assert retry_after(httpx.Headers({"Retry-After": text}), NOW) == seconds


@pytest.mark.parametrize("bad", [{"calls": 0}, {"calls": 1, "seconds": 0}, {"calls": 1, "burst": 0.5}])
def test_a_senseless_limit_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="rate limit"):
        RateLimit(**bad)


def spend(vendor: Vendor, count: int, *limits: RateLimit, **options: object) -> float:
    vendor.answers("GET", "/a", *[{}] * count)
    http = vendor.http(limits=limits)
    for _ in range(count):
        http.get("/a", **options)
    return vendor.env.clock


def test_a_declared_limit_is_kept(vendor: Vendor) -> None:
    assert spend(vendor, 31, RateLimit(1, 1.0)) == pytest.approx(30, abs=0.1)


def test_a_burst_is_spent_at_once(vendor: Vendor) -> None:
    assert spend(vendor, 10, RateLimit(100, 100.0, burst=40)) == 0


def test_a_share_is_kept_for_the_urgent(vendor: Vendor) -> None:
    vendor.answers("GET", "/a", *[{}] * 20)
    http = vendor.http(limits=[RateLimit(10, 10.0)])
    for _ in range(8):
        http.get("/a")
    assert vendor.env.clock == 0
    with http.urgent():
        http.get("/a")
        http.get("/a")
    assert vendor.env.clock == 0
    http.get("/a")
    assert vendor.env.clock >= 2.9


def test_classes_have_budgets_of_their_own(vendor: Vendor) -> None:
    limits = (RateLimit(1, 1.0, scope="search"), RateLimit(100, 1.0))
    assert spend(vendor, 3, *limits) == 0
    assert spend(vendor, 3, *limits, limit_class="search") >= 2


def test_costs_are_spent(vendor: Vendor) -> None:
    assert spend(vendor, 4, RateLimit(100, 10.0), cost=50) >= 10


def test_a_daily_limit_beside_a_burst(vendor: Vendor) -> None:
    limits = [RateLimit(5, 1.0), RateLimit(20, 86400)]
    vendor.answers("GET", "/a", *[{}] * 40)
    http = vendor.http(limits=limits)
    error = caught(RateLimitedError, lambda: [http.get("/a") for _ in range(40)])
    assert error.retry_after is not None
    assert error.retry_after > 300


def test_a_429_blocks_every_run_of_the_account(vendor: Vendor) -> None:
    vendor.answers("POST", "/a", httpx.Response(429, headers={"Retry-After": "30"}))
    vendor.answers("GET", "/b", {})
    caught(RateLimitedError, lambda: vendor.http().post("/a", json={}))
    vendor.http().get("/b")
    assert vendor.env.clock >= 30


def test_an_empty_window_is_waited_out_before_asking(vendor: Vendor) -> None:
    empty = {"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "10", "X-RateLimit-Reset": "12"}
    vendor.answers("GET", "/a", httpx.Response(200, json={}, headers=empty), {})
    http = vendor.http(limits=[RateLimit(10, 1.0)])
    http.get("/a")
    http.get("/a")
    assert vendor.env.clock >= 12


def test_what_is_left_at_the_vendor_bounds_our_bucket(vendor: Vendor) -> None:
    nearly = {"X-RateLimit-Remaining": "1", "X-RateLimit-Limit": "100"}
    vendor.answers("GET", "/a", httpx.Response(200, json={}, headers=nearly), {}, {}, {})
    http = vendor.http(limits=[RateLimit(100, 100.0)])
    for _ in range(3):
        http.get("/a")
    assert vendor.env.clock > 0


def test_ready_waits_so_that_the_write_does_not(vendor: Vendor) -> None:
    vendor.answers("POST", "/a", {}, {}, {}, {})
    http = vendor.http(limits=[RateLimit(1, 1.0)])
    http.post("/a", json={})
    http.ready(2)
    ready_at = vendor.env.clock
    assert ready_at >= 1.9
    http.post("/a", json={})
    http.post("/a", json={})
    assert vendor.env.clock == ready_at
    http.post("/a", json={})
    assert vendor.env.clock > ready_at


def test_ready_tops_up_and_old_grants_lapse(vendor: Vendor) -> None:
    http = vendor.http(limits=[RateLimit(1, 1.0)])
    http.ready(1)
    http.ready(1)
    assert vendor.env.clock == 0
    vendor.env.clock = 61
    http.ready(2)
    assert vendor.env.clock >= 61.9


def test_grants_belong_to_one_thread(vendor: Vendor) -> None:
    vendor.answers("POST", "/a", {}, {})
    http = vendor.http(limits=[RateLimit(1, 10.0)])
    http.ready(1)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: http.post("/a", json={})).result()
    assert vendor.env.clock >= 9.9


def test_many_threads_never_overspend(vendor: Vendor) -> None:
    budget = MemoryBudget(vendor.env)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: budget.take("s", 1, rate=1, burst=50), range(200)))
    assert taken.count(0.0) == 50


def test_a_refund_never_overfills(vendor: Vendor) -> None:
    budget = MemoryBudget(vendor.env)
    budget.take("s", 5, rate=1, burst=10)
    budget.take("s", -50, rate=1, burst=10)
    assert budget.take("s", 10, rate=1, burst=10) == 0
    assert budget.take("s", 1, rate=1, burst=10) == 1


def test_a_cost_above_the_burst_is_granted_from_a_full_bucket(vendor: Vendor) -> None:
    budget = MemoryBudget(vendor.env)
    assert budget.take("s", 25, rate=1, burst=10) == 0
    assert budget.take("s", 1, rate=1, burst=10) == 16

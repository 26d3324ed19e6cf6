"""Reading fault specifications, drawing from them, and what each fault does to a request."""

from __future__ import annotations

from collections import Counter
from random import Random

import httpx
import pytest

from accord.errors import ConfigError
from accord.sandbox import FaultProfile
from tests.unit.sandbox.shop import CUSTOMERS, client, shop

ADA = {"email": "ada@example.com"}


def test_a_total_is_spread_over_all_faults() -> None:
    profile = FaultProfile.parse("12%")
    drawn = Counter(profile.draw(Random(seed), write=True) for seed in range(4000))
    assert 0.08 < 1 - drawn[""] / 4000 < 0.12
    assert {"lost-reply", "duplicate", "5xx", "429"} <= set(drawn)


def test_named_shares_are_kept() -> None:
    assert FaultProfile.parse("lost-reply=3%, 429=0.5").rates == {"lost-reply": 0.03, "429": 0.5}
    assert FaultProfile.parse("").rates == {}
    assert FaultProfile.parse(str(FaultProfile.parse("429=2.5%"))).rates == {"429": 0.025}


@pytest.mark.parametrize("text", ["gremlins=1%", "429=lots", "429=101%", "429=60%,5xx=60%"])
def test_a_wrong_specification_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="faults"):
        FaultProfile.parse(text)


def test_one_seed_draws_the_same_faults() -> None:
    profile = FaultProfile.parse("50%")
    first, second = (
        [profile.draw(random, write=True) for _ in range(50)] for random in (Random(7), Random(7))
    )
    assert first == second


@pytest.mark.parametrize(
    ("fault", "created"), [("lost-request", 0), ("lost-reply", 1), ("429", 0), ("401", 0), ("torn", 1)]
)
def test_a_fault_applies_the_write_or_does_not(fault: str, created: int) -> None:
    sandbox = shop(faults=f"{fault}=100%")
    with client(sandbox) as http:
        try:
            answer = http.post(CUSTOMERS, json=ADA)
            assert answer.status_code == int(fault)
            assert fault != "429" or answer.headers["Retry-After"] == "1"
        except httpx.RemoteProtocolError:
            assert fault in {"lost-request", "lost-reply", "torn"}
    assert len(sandbox.customers) == created


def test_a_late_write_happens_within_t_max() -> None:
    sandbox = shop(faults="late=100%", t_max=10.0)
    with client(sandbox) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            http.post(CUSTOMERS, json=ADA)
        assert len(sandbox.customers) == 0
        sandbox.clock.advance(10)
        assert http.get("/_sandbox/stats").json()["tables"] == {"customers": 1}


def test_a_request_delivered_twice_is_handled_twice() -> None:
    sandbox = shop(faults="duplicate=100%")
    with client(sandbox) as http:
        statuses = {http.post(CUSTOMERS, json={"email": f"{n}@example.com"}).status_code for n in range(12)}
    assert statuses == {201, 409}
    assert len(sandbox.customers) == 12


@pytest.mark.parametrize("fault", ["html", "5xx"])
def test_a_gateway_answers_before_or_after_the_write(fault: str) -> None:
    sandbox = shop(faults=f"{fault}=100%")
    with client(sandbox) as http:
        answers = [http.post(CUSTOMERS, json={"email": f"{n}@example.com"}) for n in range(12)]
    assert all(answer.text.startswith("<!doctype html") for answer in answers)
    assert 0 < len(sandbox.customers) < 12
    assert {answer.status_code for answer in answers} <= ({200} if fault == "html" else {500, 502, 503, 504})


def test_pages_repeat_rows_or_lose_their_order() -> None:
    sandbox = shop(size=30)
    with client(sandbox) as http:
        plain = http.get(CUSTOMERS, params={"start": "10"}).json()
        sandbox.faults = FaultProfile.parse("repeat=100%")
        assert http.get(CUSTOMERS, params={"start": "10"}).json()[3:] == plain
        sandbox.faults = FaultProfile.parse("reorder=100%")
        shuffled = http.get(CUSTOMERS, params={"start": "10"}).json()
    assert shuffled != plain
    assert sorted(shuffled) == sorted(plain)


def test_read_only_requests_suffer_no_write_faults() -> None:
    sandbox = shop(size=1, faults="late=50%,duplicate=50%")
    with client(sandbox) as http:
        assert all(http.get(CUSTOMERS).status_code == 200 for _ in range(10))

"""Routing, credentials, limits, versions, the control plane, webhooks, tokens."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from accord.errors import UnknownConnectorError
from accord.sandbox import Bucket, Target, Tokens, find
from tests.unit.sandbox.shop import CUSTOMERS, Shop, client, shop

ADA = {"email": "ada@example.com"}


def test_fixed_words_beat_names_in_paths() -> None:
    with client(shop(size=3)) as http:
        assert http.get(CUSTOMERS + "/count").json() == 3
        assert http.get(CUSTOMERS + "/1001").json() == {"email": "1-0@example.com"}
        assert http.get("/nothing").status_code == 404


def test_credentials_are_asked_for() -> None:
    with client(shop(token="right")) as http:
        assert http.get(CUSTOMERS).status_code == 401
        assert http.get(CUSTOMERS, headers={"Authorization": "Bearer right"}).status_code == 200


def test_a_body_that_is_no_json_is_refused() -> None:
    with client(shop()) as http:
        assert http.post(CUSTOMERS, content=b"{").json()["error"] == "invalid_json"


def test_an_old_version_is_refused() -> None:
    with client(shop(size=1)) as http:
        path, current = CUSTOMERS + "/1001", {"If-Match": '"1"'}
        assert http.put(path, json={"a": 1}, headers=current).json() == {"version": 2}
        assert http.put(path, json={"a": 2}, headers=current).status_code == 412


def test_a_bucket_refills_and_takes_refunds() -> None:
    sandbox = shop()
    bucket = sandbox.bucket(10, 20)
    assert bucket.take(20) == 0
    assert 0.4 < bucket.take(5) <= 0.5
    bucket.refund(5)
    assert bucket.take(5) == 0
    sandbox.clock.advance(1)
    assert bucket.available == pytest.approx(10, abs=0.5)
    assert Bucket(sandbox.clock, 0, 1).take(1000) == 0


def test_a_person_creates_edits_and_deletes() -> None:
    sandbox = shop()
    with client(sandbox) as http:
        made = http.post("/_sandbox/tables/customers", json={"email": " ada@example.com "}).json()
        path = f"/_sandbox/tables/customers/{made['id']}"
        edited = http.put(path, json={"name": "Ada"}).json()
        assert edited["values"] == {**ADA, "name": "Ada"}
        assert edited["updated_at"] > made["updated_at"]
        assert http.get("/_sandbox/tables/customers").json()["items"] == [edited]
        assert http.delete(path).status_code == 204
        assert http.get(path).status_code == 404
        assert http.delete(path).status_code == 404
    assert sandbox.stats()["creates"] == 0


def test_a_person_merges_two_records() -> None:
    sandbox = shop()
    first, second = (
        sandbox.customers.insert(ADA),
        sandbox.customers.insert({"email": "x@example.com", "name": "Ada"}),
    )
    with client(sandbox) as http:
        merged = http.post(f"/_sandbox/tables/customers/{first.id}/merge", json={"loser": second.id}).json()
    assert merged["values"] == {**ADA, "name": "Ada"}
    assert second.id not in sandbox.customers


def test_the_log_holds_what_was_asked_and_answered() -> None:
    with client(shop()) as http:
        http.post(CUSTOMERS, json=ADA)
        http.post(CUSTOMERS, json=ADA)
        log = http.get("/_sandbox/requests", params={"since": "1"}).json()["requests"]
        assert [(row["method"], row["path"], row["status"]) for row in log] == [("POST", CUSTOMERS, 409)]
        assert "ada@example.com" in log[0]["body"]
        stats = http.get("/_sandbox/stats").json()
    assert (stats["requests"], stats["writes"], stats["creates"], stats["in_flight_max"]) == (2, 2, 1, 1)


def test_control_requests_that_make_no_sense_are_refused() -> None:
    with client(shop()) as http:
        assert http.post("/_sandbox/faults", json={"faults": "x=1%"}).status_code == 400
        assert http.post("/_sandbox/clock", json={"advance": -1}).status_code == 400
        assert http.get("/_sandbox/tables/unicorns").status_code == 404
        assert http.get("/_sandbox/what").status_code == 404
        assert http.post("/_sandbox/tables/customers/1/mrege", json={"loser": "2"}).status_code == 404


@pytest.mark.parametrize("body", [[1], "10%", 0, {}, {"fault": "10%"}, {"faults": "10%", "seed": 1}])
def test_a_body_that_is_not_what_a_control_expects_changes_nothing(body: object) -> None:
    sandbox = shop(faults="slow=5%")
    with client(sandbox) as http:
        answer = http.post("/_sandbox/faults", json=body)
    assert answer.status_code == 400
    assert '"faults"' in answer.json()["error"]
    assert str(sandbox.faults) == "slow=5.0000%"


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("clock", {"seconds": 5}, '"advance"'),
        ("reset", {"sise": 5}, '"seed" (optional), "size" (optional)'),
        ("webhooks", {"uri": "http://127.0.0.1/"}, '"url"'),
        ("tables/customers/1/merge", {"looser": "2"}, '"loser"'),
        ("tables/customers/1/unsubscribe", {"chanel": "sms"}, '"channel" (optional)'),
    ],
)
def test_a_misspelt_key_is_told_with_the_right_ones(path: str, body: object, expected: str) -> None:
    with client(shop()) as http:
        answer = http.post(f"/_sandbox/{path}", json=body)
    assert answer.status_code == 400
    assert expected in answer.json()["error"]


def test_an_unknown_fault_is_told_with_those_there_are() -> None:
    with client(shop()) as http:
        answer = http.post("/_sandbox/faults", json={"faults": "slwo=5%"})
    assert answer.status_code == 400
    assert "lost-reply" in answer.json()["hint"]


def test_reset_brings_the_generated_records_back() -> None:
    sandbox = shop(size=2)
    with client(sandbox) as http:
        http.post(CUSTOMERS, json=ADA)
        stats = http.post("/_sandbox/reset", json={"size": 5}).json()
    assert (stats["tables"], stats["requests"]) == ({"customers": 5}, 0)
    assert sandbox.customers.items()[0].id == "1001"


def test_a_restarted_sandbox_continues_its_state(tmp_path: Path) -> None:
    state = tmp_path / "shop.jsonl"
    with shop(size=2, state=state) as sandbox, client(sandbox) as http:
        id_ = http.post(CUSTOMERS, json=ADA).json()["id"]
    with shop(size=2, state=state) as again, client(again) as http:
        assert len(again.customers) == 3
        assert http.post(CUSTOMERS, json=ADA).status_code == 409
        assert http.post(CUSTOMERS, json={"email": "b@example.com"}).json()["id"] == str(int(id_) + 1)


def _hooked(faults: str = "") -> tuple[Shop, list[bytes]]:
    sandbox, received = shop(faults=faults), list[bytes]()
    sandbox.webhooks.targets.append(Target("https://me/hook", topics=frozenset({"created"})))
    for number in range(6):
        sandbox.emit("created", {"id": number})
        sandbox.emit("other", {"id": number})

    def receive(request: httpx.Request) -> httpx.Response:
        received.append(request.content)
        return httpx.Response(204)

    assert set(sandbox.webhooks.flush(httpx.MockTransport(receive))) == {204}
    return sandbox, received


def test_webhooks_reach_their_target_in_order() -> None:
    _, received = _hooked()
    assert [b'"id":%d' % number in body for number, body in enumerate(received)] == [True] * 6


def test_webhooks_repeat_and_overtake_each_other() -> None:
    _, plain = _hooked()
    _, received = _hooked("webhook-repeat=50%,webhook-disorder=90%")
    assert set(received) == set(plain)
    assert len(received) > len(plain)
    assert list(dict.fromkeys(received)) != plain


def test_a_webhook_nobody_answers_is_noted() -> None:
    sandbox = shop()
    sandbox.webhooks.targets.append(Target("https://me/hook"))
    sandbox.emit("created", {})

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert sandbox.webhooks.flush(httpx.MockTransport(refuse)) == [0]


def test_tokens_expire_and_rotate() -> None:
    sandbox = shop()
    tokens = Tokens(sandbox.shelf, sandbox.clock, sandbox.random, lifetime=60, rotate=True)
    first = tokens.issue()
    assert (tokens.state(first.access), tokens.state("made up")) == ("valid", "unknown")
    second = tokens.refresh(first.refresh)
    assert second is not None
    assert tokens.refresh(first.refresh) is None
    sandbox.clock.advance(61)
    assert tokens.state(second.access) == "expired"
    third = tokens.refresh(second.refresh)
    assert third is not None
    tokens.expire()
    assert tokens.state(third.access) == "expired"
    assert sandbox.stats()["creates"] == 0


def test_the_last_page_is_shorter() -> None:
    with client(shop(size=25)) as http:
        assert [len(http.get(CUSTOMERS, params={"start": str(n)}).json()) for n in (0, 20)] == [10, 5]


def test_an_unknown_sandbox_is_named() -> None:
    with pytest.raises(UnknownConnectorError, match="unicorn"):
        find("unicorn")

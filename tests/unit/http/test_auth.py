"""Credentials: sent where they belong, renewed once, printed never."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import SecretStr

from accord.errors import AccessError, ConfigError, RetryableError
from accord.http import (
    ApiKey,
    Auth,
    Basic,
    Bearer,
    Combined,
    Desk,
    FetchedToken,
    OAuth2ClientCredentials,
    OAuth2Refresh,
)
from accord.ports import Token
from tests.unit.http.surroundings import BASE, FakeEnv, Vendor, caught

KEY = SecretStr("hush")


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (ApiKey(KEY), "x-api-key", "hush"),
        (ApiKey(KEY, header="Authorization", prefix="Token "), "authorization", "Token hush"),
        (Bearer(KEY), "authorization", "Bearer hush"),
        (Basic("me", KEY), "authorization", "Basic bWU6aHVzaA=="),
        (Basic(KEY), "authorization", "Basic aHVzaDo="),
        (Combined(ApiKey(KEY), Bearer(SecretStr("other"))), "authorization", "Bearer other"),
    ],
)
def test_a_fixed_credential_is_sent(vendor: Vendor, auth: Auth, header: str, value: str) -> None:
    route = vendor.answers("GET", "/me", {})
    vendor.http(auth).get("/me")
    assert route.calls.last.request.headers[header] == value


def test_a_key_in_the_query_replaces_one_of_a_link(vendor: Vendor) -> None:
    route = vendor.answers("GET", "/me", {})
    vendor.http(ApiKey(KEY, query="key")).get(f"{BASE}/me?a=1&key=old")
    assert dict(route.calls.last.request.url.params) == {"a": "1", "key": "hush"}


@pytest.mark.parametrize("auth", [Bearer(SecretStr("hush\n")), ApiKey(SecretStr("hush\u2019"))])
def test_a_secret_that_no_header_may_hold_is_told_without_it(vendor: Vendor, auth: Auth) -> None:
    route = vendor.answers("GET", "/me", {})
    error = caught(AccessError, lambda: vendor.http(auth).get("/me"))
    assert "hush" not in f"{error!r}{error.hint}{error.facts}"
    assert not route.called


def test_nothing_prints_a_secret(vendor: Vendor) -> None:
    vendor.answers("GET", "/me", 401)
    error = caught(AccessError, lambda: vendor.http(ApiKey(KEY, query="key")).get("/me"))
    shown = f"{error!r}{error.facts}{Bearer(KEY)!r}{vars(Bearer(KEY))}{Token('hush')!r}"
    assert "hush" not in shown


def client_credentials(**options: object) -> OAuth2ClientCredentials:
    return OAuth2ClientCredentials("/token", "app", KEY, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [10**18, "9" * 30, "²", "1.5.2"])
def test_a_token_with_an_odd_lifetime_is_used(vendor: Vendor, seconds: object) -> None:
    vendor.answers("POST", "/token", {"access_token": "t1", "expires_in": seconds})
    me = vendor.answers("GET", "/me", {})
    vendor.http(client_credentials()).get("/me")
    assert me.calls.last.request.headers["authorization"] == "Bearer t1"


def test_a_token_is_fetched_and_kept(vendor: Vendor) -> None:
    token = vendor.answers("POST", "/token", {"access_token": "t1", "expires_in": 3600})
    me = vendor.answers("GET", "/me", {}, {})
    http = vendor.http(client_credentials(scope="a b", extra={"audience": "x"}))
    http.get("/me")
    http.get("/me")
    assert token.call_count == 1
    assert me.calls.last.request.headers["authorization"] == "Bearer t1"
    sent = parse_qs(token.calls.last.request.content.decode())
    assert sent == {
        "grant_type": ["client_credentials"],
        "client_id": ["app"],
        "client_secret": ["hush"],
        "scope": ["a b"],
        "audience": ["x"],
    }


def test_a_token_is_renewed_before_it_expires(vendor: Vendor) -> None:
    answers = [{"access_token": f"t{n}", "expires_in": "900s"} for n in (1, 2)]
    token = vendor.answers("POST", "/token", *answers)
    vendor.answers("GET", "/me", {}, {})
    http = vendor.http(client_credentials())
    http.get("/me")
    vendor.env.clock = 850
    http.get("/me")
    assert token.call_count == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_401_renews_and_repeats_once(vendor: Vendor, method: str) -> None:
    vendor.answers("POST", "/token", {"access_token": "t1"}, {"access_token": "t2"})
    route = vendor.answers(method, "/me", 401, {"ok": 1})
    assert vendor.http(client_credentials()).request(method, "/me").json() == {"ok": 1}
    assert [call.request.headers["authorization"] for call in route.calls] == ["Bearer t1", "Bearer t2"]


def slow_tokens(vendor: Vendor) -> None:
    """Let the vendor take six seconds for a token."""

    def slowly(_: httpx.Request) -> httpx.Response:
        vendor.env.clock += 6
        return httpx.Response(200, json={"access_token": f"t{vendor.env.clock}"})

    vendor.router.post(f"{BASE}/token").mock(side_effect=slowly)


def test_a_write_is_not_repeated_when_renewing_took_long(vendor: Vendor) -> None:
    slow_tokens(vendor)
    route = vendor.answers("POST", "/me", 401, {})
    http = vendor.http(client_credentials())
    http.ready()
    http.begin_within(5)
    error = caught(RetryableError, lambda: http.post("/me", json={}))
    assert "Nothing was applied" in error.hint
    assert route.call_count == 1


def test_only_the_first_write_of_an_operation_must_begin_in_time(vendor: Vendor) -> None:
    vendor.answers("POST", "/token", {"access_token": "t"})
    route = vendor.answers("POST", "/me", {}, {})
    http = vendor.http(client_credentials())
    http.begin_within(5)
    http.post("/me", json={})
    vendor.env.clock += 60
    http.post("/me", json={})
    assert route.call_count == 2


def test_reading_may_begin_at_any_time(vendor: Vendor) -> None:
    slow_tokens(vendor)
    route = vendor.answers("GET", "/me", 401, {})
    http = vendor.http(client_credentials())
    http.begin_within(5)
    http.get("/me")
    assert route.call_count == 2


def test_a_second_401_is_an_access_error(vendor: Vendor) -> None:
    vendor.answers("POST", "/token", {"access_token": "t1"}, {"access_token": "t2"})
    route = vendor.answers("POST", "/me", 401, 401)
    caught(AccessError, lambda: vendor.http(client_credentials()).post("/me", json={}))
    assert route.call_count == 2


def test_many_threads_refresh_once(vendor: Vendor) -> None:
    token = vendor.answers("POST", "/token", {"access_token": "t1"}, {"access_token": "t2"})

    def me(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200 if request.headers["authorization"] == "Bearer t2" else 401, json={})

    vendor.router.get(f"{BASE}/me").mock(side_effect=me)
    http = vendor.http(client_credentials())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: http.get("/me").status, range(16)))
    assert answers == [200] * 16
    assert token.call_count == 2


def refreshing(vendor: Vendor) -> OAuth2Refresh:
    return OAuth2Refresh("/token", "app", KEY, SecretStr("r0"))


def sent_refresh(route: object) -> list[str]:
    calls = route.calls  # type: ignore[attr-defined]
    return [parse_qs(call.request.content.decode())["refresh_token"][0] for call in calls]


def test_a_rotated_refresh_token_is_used_next(vendor: Vendor) -> None:
    first, second = {"access_token": "t1", "refresh_token": "r1"}, {"access_token": "t2"}
    token = vendor.answers("POST", "/token", first, second, {"access_token": "t3"})
    vendor.answers("GET", "/me", 401, 200, 401, 200)
    http = vendor.http(refreshing(vendor))
    http.get("/me")
    http.get("/me")
    assert sent_refresh(token) == ["r0", "r1", "r1"]
    saved = vendor.context.tokens.load("crm")
    assert saved is not None
    assert saved.refresh == "r1"


def test_a_persons_new_grant_replaces_a_refused_one(vendor: Vendor) -> None:
    vendor.context.tokens.refresh("crm", None, lambda _: Token("t0", "spent", vendor.env.now()))
    refused = httpx.Response(400, json={"error": "invalid_grant"})
    token = vendor.answers("POST", "/token", refused, {"access_token": "t1", "refresh_token": "r1"})
    vendor.answers("GET", "/me", {})
    vendor.http(refreshing(vendor)).get("/me")
    assert sent_refresh(token) == ["spent", "r0"]


def test_the_first_refresh_token_is_not_used_twice(vendor: Vendor) -> None:
    refused = httpx.Response(400, json={"error": "invalid_grant"})
    first = {"access_token": "t1", "refresh_token": "r1"}
    token = vendor.answers("POST", "/token", first, {"access_token": "t2", "refresh_token": "r2"}, refused)
    vendor.answers("GET", "/me", 200, 401, 200, 401)
    http = vendor.http(refreshing(vendor))
    http.get("/me")
    http.get("/me")
    caught(AccessError, lambda: http.get("/me"))
    assert sent_refresh(token) == ["r0", "r1", "r2"]


def test_a_refused_grant_is_an_access_error(vendor: Vendor) -> None:
    vendor.answers("POST", "/token", httpx.Response(400, json={"error": "invalid_grant"}))
    error = caught(AccessError, lambda: vendor.http(refreshing(vendor)).get("/me"))
    assert error.facts["code"] == "invalid_grant"


class Raced(FetchedToken):
    """Another process saves its token while ours is refused."""

    def __init__(self, race: Callable[[], None]) -> None:
        super().__init__(header="X-Token", scheme="")
        self.race = race

    def fetch(self, desk: Desk, newest: Token | None) -> Token:
        self.race()
        raise AccessError("invalid_grant")


def test_a_refused_grant_looks_for_another_processes_token(vendor: Vendor) -> None:
    tokens = vendor.context.tokens
    route = vendor.answers("GET", "/me", {})
    vendor.http(Raced(lambda: tokens._tokens.update(crm=Token("theirs")))).get("/me")
    assert route.calls.last.request.headers["x-token"] == "theirs"


@pytest.mark.parametrize("failure", [503, 429, httpx.ReadTimeout("t"), httpx.ConnectError("c")])
def test_a_write_is_not_in_doubt_when_its_token_cannot_be_had(vendor: Vendor, failure: object) -> None:
    vendor.answers("POST", "/token", failure)
    route = vendor.answers("POST", "/me", {})
    error = caught(RetryableError, lambda: vendor.http(client_credentials()).post("/me", json={}))
    assert "OutcomeUnknown" not in type(error).__name__
    assert not route.called


def test_an_answer_without_a_token_is_an_access_error(vendor: Vendor) -> None:
    vendor.answers("POST", "/token", {"error": "nope"})
    caught(AccessError, lambda: vendor.http(client_credentials()).get("/me"))


def test_basic_and_json_token_requests(vendor: Vendor) -> None:
    token = vendor.answers("POST", "/token", {"access_token": "t"})
    vendor.answers("GET", "/me", {})
    vendor.http(client_credentials(client_auth="basic", encoding="json")).get("/me")
    assert token.calls.last.request.headers["authorization"].startswith("Basic ")
    assert token.calls.last.request.content == b'{"grant_type":"client_credentials"}'


def test_a_token_host_of_its_own_must_be_https(vendor: Vendor) -> None:
    vendor.answers("POST", "https://login.example.net/token", {"access_token": "t"})
    vendor.answers("GET", "/me", {})
    vendor.http(OAuth2ClientCredentials("https://login.example.net/token", "a", KEY)).get("/me")
    plain = OAuth2ClientCredentials("http://login.example.net/token", "a", KEY, slot="b")
    caught(ConfigError, lambda: vendor.http(plain).get("/me"))


def test_several_tokens_of_a_connection_have_slots(vendor: Vendor) -> None:
    vendor.answers("POST", "/token", {"access_token": "t"})
    vendor.answers("GET", "/me", {})
    vendor.http(client_credentials(slot="ads")).get("/me")
    assert vendor.context.tokens.load("crm/ads") is not None


def test_ready_renews_an_expiring_token_beforehand(vendor: Vendor) -> None:
    token = vendor.answers("POST", "/token", {"access_token": "t", "expires_in": 3600})
    vendor.http(client_credentials()).ready()
    assert token.call_count == 1


def test_memory_tokens_survive_a_failed_fetch(vendor: Vendor) -> None:
    def fail(_: Token | None) -> Token:
        raise AccessError("no")

    tokens = vendor.context.tokens
    caught(AccessError, lambda: tokens.refresh("crm", None, fail))
    assert tokens.refresh("crm", None, lambda _: Token("t")).access == "t"
    assert isinstance(vendor.env, FakeEnv)

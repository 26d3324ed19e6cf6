"""The connection to a shop: account, rights, limits, errors."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from accord import Deletes, Operation, Result, Write
from accord.errors import AccessError, OutcomeUnknownError, RateLimitedError
from accord.sandbox import FaultProfile, SandboxOptions
from accord.testing import Recorder, VirtualEnv
from accord_shopify import accord_connectors
from accord_shopify.connector import Shopify, ShopifySettings
from accord_shopify.sandbox.shop import ShopifySandbox
from connectors.shopify.tests.conftest import Shop, rows_of


def test_the_plugin_offers_one_connector() -> None:
    assert accord_connectors() == [Shopify]


def test_check_names_the_shop_and_what_is_missing(shop: Shop) -> None:
    shop.sandbox.scopes.remove("write_products")
    account = shop.connect().check()
    assert account.fingerprint == "gid://shopify/Shop/1001"
    assert account.title == "accord-sandbox.myshopify.com"
    assert list(account.missing) == ["write_products"]


def test_a_refused_token_is_an_access_error(shop: Shop) -> None:
    shop.sandbox.faults = FaultProfile.parse("401=100%")
    with pytest.raises(AccessError) as raised:
        shop.connect().check()
    assert "shpat" not in str(raised.value)


@pytest.mark.parametrize(("status", "what"), [(402, "frozen"), (404, "api_version"), (423, "locked")])
def test_a_shop_that_is_closed_makes_no_dead_letters(shop: Shop, status: int, what: str) -> None:
    id_ = shop.customer(firstName="Ann")
    stream = shop.stream("customers")
    shop.sandbox.closed = status
    shop.recorder.exchanges.clear()
    writes = [Write(f"w{n}", Operation.DELETE, {}, {}, f"h{n}", f"k{n}", id_) for n in range(10)]
    with pytest.raises(AccessError) as raised:
        stream.delete(writes)
    assert what in raised.value.hint
    assert len(shop.recorder.exchanges) == 1


def test_check_says_which_version_answers_in_place_of_a_retired_one(shop: Shop) -> None:
    shop.sandbox.oldest = "2026-10"
    account = shop.connect().check()
    assert account.details["api"] == "2026-10"
    [missing] = account.missing
    assert "2026-07" in missing
    assert list(shop.connect(api_version="2026-10").check().missing) == []


# Ways in.


DASHBOARD = {"token": None, "client_id": "app", "app_secret": SecretStr("shpss_x")}


def granted(shop: Shop) -> int:
    """How many tokens the shop has given out."""
    return sum("access_token" in request.url.path for request, _ in shop.recorder.exchanges)


def test_an_app_of_the_dashboard_fetches_a_token_that_lasts_a_day(busy: Shop) -> None:
    connector = busy.connect(**DASHBOARD)
    connector.check()
    stream = next(stream for stream in connector.open_streams() if stream.name == "customers")
    assert len(rows_of(stream)) == 25
    assert granted(busy) == 1
    busy.env.sleep(86_400)
    assert len(rows_of(stream)) == 25
    assert granted(busy) == 2


def test_a_token_that_ends_early_is_fetched_anew_and_the_write_goes_out_once(shop: Shop) -> None:
    id_ = shop.customer(firstName="Ann")
    connector = shop.connect(**DASHBOARD)
    connector.check()
    stream: Any = next(stream for stream in connector.open_streams() if stream.name == "customers")
    shop.sandbox.expire_tokens()
    [outcome] = stream.delete([Write("w", Operation.DELETE, {}, {}, "h", "k", id_)])
    assert (outcome.result, granted(shop)) == (Result.DONE, 2)


def test_an_app_that_the_shop_does_not_know_is_an_access_error() -> None:
    env = VirtualEnv()
    sandbox = ShopifySandbox(SandboxOptions(size=0, token="right", env=env))
    env.wire = recorder = Recorder(sandbox.transport())
    with pytest.raises(AccessError) as raised:
        Shop(sandbox, recorder, env).connect(**DASHBOARD).check()
    assert "shpss" not in f"{raised.value} {raised.value.hint}"


@pytest.mark.parametrize(
    "given", [{}, {"client_id": "app"}, {"token": "a", "client_id": "b", "app_secret": "c"}]
)
def test_a_connection_without_exactly_one_way_in_is_a_mistake(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="client_id"):
        ShopifySettings.model_validate({"shop": "acme", **given})


@pytest.mark.parametrize("given", ["acme", "acme.myshopify.com", "https://Acme.myshopify.com/"])
def test_the_shop_may_be_given_as_name_or_address(given: str) -> None:
    assert ShopifySettings(shop=given, token=SecretStr("x")).shop == "acme"


def test_another_host_is_refused_as_shop() -> None:
    with pytest.raises(ValidationError):
        ShopifySettings(shop="evil.example.com/acme", token=SecretStr("x"))


def test_reads_wait_out_an_empty_bucket(busy: Shop) -> None:
    busy.sandbox.points.take(1990)
    assert len(rows_of(busy.stream("customers"))) == 25
    assert busy.env.elapsed > 1


def test_a_throttled_write_was_not_applied(shop: Shop) -> None:
    id_ = shop.customer(firstName="Ann")
    stream = shop.stream("customers")
    shop.sandbox.points.take(1999)
    with pytest.raises(RateLimitedError) as raised:
        stream.delete([Write("w", Operation.DELETE, {}, {}, "h", "k", id_)])
    assert raised.value.retry_after
    assert len(shop.sandbox.customers.table) == 1


def test_a_lost_answer_leaves_the_outcome_unknown(shop: Shop) -> None:
    id_ = shop.customer(firstName="Ann")
    stream = shop.stream("customers")
    shop.sandbox.faults = FaultProfile.parse("lost-reply=100%")
    with pytest.raises(OutcomeUnknownError):
        stream.delete([Write("w", Operation.DELETE, {}, {}, "h", "k", id_)])


def test_reads_survive_faults(busy: Shop) -> None:
    stream = busy.stream("customers")
    stream.page_size = 5
    busy.sandbox.faults = FaultProfile.parse("lost-reply=10%,5xx=10%,torn=5%,repeat=10%,reorder=20%")
    assert len({row["id"] for row in rows_of(stream)}) == 25


def test_every_stream_says_how_deletions_are_seen(shop: Shop) -> None:
    seen = {stream.name: stream.deletes for stream in shop.connect().open_streams()}
    assert seen.pop("orders") is Deletes.NONE
    assert set(seen.values()) == {Deletes.SCAN}

"""The connection to a shop: account, rights, limits, errors."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from accord import Deletes, Operation, Write
from accord.errors import AccessError, OutcomeUnknownError, RateLimitedError
from accord.sandbox import FaultProfile
from accord_shopify import accord_connectors
from accord_shopify.connector import Shopify, ShopifySettings
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

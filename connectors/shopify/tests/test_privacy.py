"""Privacy webhooks: who is believed, and what is understood."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from accord import PrivacyAsk, PrivacyRequest
from accord.errors import AccessError, AnswerShapeError
from accord.http import sign
from accord.sandbox import Target
from accord_shopify.privacy import PrivacyTopic, privacy_request
from connectors.shopify.tests.conftest import Shop

SECRET, SHOP = SecretStr("app-secret"), "acme.myshopify.com"
ANA = {"id": 7, "email": "ana@example.com", "phone": "+33199001234"}
ABOUT = {"shop_id": 1, "shop_domain": SHOP, "customer": ANA}
ACCESS = {**ABOUT, "orders_requested": [11], "data_request": {"id": 99}}
ERASURE = {**ABOUT, "orders_to_redact": [11, 12]}
UNINSTALLED = {"shop_id": 1, "shop_domain": SHOP}


def read(event: Any, *, secret: SecretStr = SECRET, topic: str | None = None) -> PrivacyRequest:
    body = json.dumps(event).encode()
    headers = {"X-Shopify-Hmac-Sha256": sign(body, secret)} | ({"X-Shopify-Topic": topic} if topic else {})
    return privacy_request(body, headers, SECRET, shop=SHOP)


@pytest.mark.parametrize(
    ("event", "topic", "orders"),
    [
        (ACCESS, PrivacyTopic.ACCESS, ["gid://shopify/Order/11"]),
        (ERASURE, PrivacyTopic.ERASURE, ["gid://shopify/Order/11", "gid://shopify/Order/12"]),
    ],
)
def test_a_request_about_a_customer_is_understood(event: Any, topic: PrivacyTopic, orders: list[str]) -> None:
    request = read(event, topic=topic)
    asks = PrivacyAsk.ACCESS if topic is PrivacyTopic.ACCESS else PrivacyAsk.ERASURE
    assert (request.asks, request.topic) == (asks, topic)
    assert (request.stream, request.external_id) == ("customers", "gid://shopify/Customer/7")
    assert (request.email, request.phone, list(request.orders)) == (ANA["email"], ANA["phone"], orders)


def test_a_request_about_a_shop_names_nobody() -> None:
    request = read(UNINSTALLED, topic="shop/redact")
    assert (request.asks, request.topic) == (PrivacyAsk.ACCOUNT, PrivacyTopic.SHOP)
    assert (request.account, request.external_id) == (SHOP, None)


def test_a_customer_without_contact_points_is_still_a_request() -> None:
    request = read({**ERASURE, "customer": {"id": "7", "email": None}, "orders_to_redact": []})
    assert (request.external_id, request.email, request.phone) == ("gid://shopify/Customer/7", None, None)


def test_repeated_deliveries_are_one_request_and_others_are_not() -> None:
    assert read(ERASURE).id == read(ERASURE, topic="customers/redact").id
    assert read(ERASURE).id != read(ACCESS).id


@pytest.mark.parametrize("signature", [None, "", "=", "nonsense", "é", sign(b"{}", SECRET)])
def test_a_wrong_signature_is_refused_before_anything_is_read(signature: str | None) -> None:
    headers = {} if signature is None else {"X-Shopify-Hmac-Sha256": signature}
    with pytest.raises(AccessError, match="signature"):
        privacy_request(json.dumps(ERASURE).encode(), headers, SECRET, shop=SHOP)


def test_another_secret_is_refused() -> None:
    with pytest.raises(AccessError, match="signature"):
        read(ERASURE, secret=SecretStr("other"))


@given(st.binary(max_size=40), st.integers(0, 200))
def test_no_changed_byte_keeps_its_signature(noise: bytes, at: int) -> None:
    body = json.dumps(ERASURE).encode()
    changed = body[:at] + noise + body[at + len(noise) :]
    headers = {"X-Shopify-Hmac-Sha256": sign(body, SECRET)}
    if changed != body:
        with pytest.raises(AccessError):
            privacy_request(changed, headers, SECRET, shop=SHOP)


@pytest.mark.parametrize(("event", "topic"), [(ACCESS, "customers/redact"), (ACCESS, "shop/redact")])
def test_a_caught_request_cannot_be_replayed_under_another_topic(event: Any, topic: str) -> None:
    with pytest.raises(AccessError, match="another topic"):
        read(event, topic=topic)


def test_a_request_of_another_shop_is_refused() -> None:
    with pytest.raises(AccessError, match="another shop"):
        read({**ERASURE, "shop_domain": "evil.myshopify.com"})


@pytest.mark.parametrize(
    "event",
    [
        [],
        "text",
        ABOUT,
        {**ACCESS, **ERASURE},
        {**ERASURE, "customer": None},
        {**ERASURE, "customer": {"id": "7/../8"}},
        {**ERASURE, "customer": {"id": True}},
        {**ERASURE, "orders_to_redact": ["1'"]},
        {**ERASURE, "orders_to_redact": [None]},
        {**ERASURE, "customer": {"id": 7, "email": ["ann@example.com"]}},
        {**ERASURE, "customer": {"id": 7, "phone": 33199001234}},
    ],
)
def test_what_is_signed_but_odd_is_kept_for_a_person(event: Any) -> None:
    with pytest.raises(AnswerShapeError):
        read(event)


def test_nothing_shown_names_the_person() -> None:
    shown = repr(read(ERASURE))
    assert "ana@" not in shown
    assert "+33" not in shown


def test_the_sandbox_sends_what_is_understood(shop: Shop) -> None:
    id_ = shop.customer(firstName="Ana", email="ana@example.com").rpartition("/")[2]
    shop.sandbox.webhooks.targets.append(Target("http://127.0.0.1:1/hook", "app-secret"))
    shop.sandbox.person_asks_for_data(id_)
    shop.sandbox.person_uninstalls()
    shop.sandbox.person_asks_for_erasure(id_)
    shop.env.sleep(11 * 86_400)
    shop.sandbox.erasure.happen()
    told = [
        privacy_request(delivery.body, delivery.headers, SECRET, shop=shop.sandbox.domain)
        for delivery in shop.sandbox.webhooks.take()
    ]
    asked = [request.topic for request in told]
    assert asked == [PrivacyTopic.ACCESS, PrivacyTopic.SHOP, PrivacyTopic.ERASURE]
    assert told[2].email == "ana@example.com"


def test_a_connection_verifies_with_its_own_secret_and_shop(shop: Shop) -> None:
    body = json.dumps(ERASURE).encode()
    headers = {"X-Shopify-Hmac-Sha256": sign(body, SECRET)}
    assert shop.connect(app_secret=SECRET).privacy_request(body, headers).topic is PrivacyTopic.ERASURE
    with pytest.raises(AccessError, match="app_secret"):
        shop.connect().privacy_request(body, headers)

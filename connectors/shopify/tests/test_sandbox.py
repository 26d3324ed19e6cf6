"""The sandbox behaves like the vendor where it hurts."""

from __future__ import annotations

import base64
import hmac
import tomllib
from typing import Any

import httpx
import pytest

from accord.cli.commands.sandbox import _document
from accord.sandbox import SandboxOptions, Target, find
from accord.testing import VirtualEnv
from accord_shopify.connector import ShopifySettings
from accord_shopify.sandbox.search import parse
from accord_shopify.sandbox.shop import ShopifySandbox
from connectors.shopify.tests.conftest import Shop

CONSENT = """mutation Subscribe($input: CustomerEmailMarketingConsentUpdateInput!) {
  customerEmailMarketingConsentUpdate(input: $input) {
    customer { emailMarketingConsent { marketingState consentUpdatedAt } }
    userErrors { field message }
  }
}"""


def ask(sandbox: ShopifySandbox, query: str, **variables: Any) -> dict[str, Any]:
    """One document, as any client would send it."""
    headers = {"X-Shopify-Access-Token": "shpat_x"}
    with httpx.Client(transport=sandbox.transport(), base_url="https://shop", headers=headers) as client:
        body = {"query": query, "variables": variables}
        answer: dict[str, Any] = client.post("/admin/api/2026-07/graphql.json", json=body).json()
    return answer


def subscribe(shop: Shop, id_: str, state: str, at: str | None = None) -> dict[str, Any]:
    """Write a marketing state; what the API said."""
    given = {"marketingState": state, **({"consentUpdatedAt": at} if at else {})}
    answer = ask(shop.sandbox, CONSENT, input={"customerId": id_, "emailMarketingConsent": given})
    said: dict[str, Any] = answer["data"]["customerEmailMarketingConsentUpdate"]
    return said


def test_it_is_found_by_its_entry_point() -> None:
    assert isinstance(find("shopify")(SandboxOptions(size=0)), ShopifySandbox)


def test_the_lines_that_lead_to_it_are_a_connection() -> None:
    with ShopifySandbox(SandboxOptions(size=0)) as sandbox:
        told = _document("shopify", "http://127.0.0.1:8711", ShopifySettings, sandbox)
    given = tomllib.loads(told["toml"])["connections"]["shopify"]
    assert given.pop("connector") == "shopify"
    assert ShopifySettings.model_validate(given).shop == "sandbox"
    assert told["environment"] == {"SHOPIFY_TOKEN": "sandbox"}


def test_a_repeated_state_keeps_its_first_date(shop: Shop) -> None:
    id_ = shop.customer(email="a@example.com")
    subscribe(shop, id_, "UNSUBSCRIBED", "2026-05-01T00:00:00Z")
    said = subscribe(shop, id_, "UNSUBSCRIBED", "2026-06-01T00:00:00Z")
    assert said["customer"]["emailMarketingConsent"]["consentUpdatedAt"].startswith("2026-05-01")


def test_the_same_seed_makes_the_same_shop() -> None:
    shops = [ShopifySandbox(SandboxOptions(seed=7, size=5)) for _ in range(2)]
    values = [[item.values for item in shop.customers.table.items()] for shop in shops]
    assert values[0] == values[1]


def test_the_latest_consent_wins_whatever_the_order(shop: Shop) -> None:
    id_ = shop.customer(email="a@example.com")
    subscribe(shop, id_, "UNSUBSCRIBED", "2026-05-01T00:00:00Z")
    said = subscribe(shop, id_, "SUBSCRIBED", "2026-04-01T00:00:00Z")
    assert said["customer"]["emailMarketingConsent"]["marketingState"] == "UNSUBSCRIBED"


def test_a_consent_without_a_date_revives(shop: Shop) -> None:
    id_ = shop.customer(email="a@example.com")
    subscribe(shop, id_, "UNSUBSCRIBED", "2026-05-01T00:00:00Z")
    said = subscribe(shop, id_, "SUBSCRIBED")
    assert said["customer"]["emailMarketingConsent"]["marketingState"] == "SUBSCRIBED"


def test_a_consent_needs_its_address_and_a_writable_state(shop: Shop) -> None:
    assert subscribe(shop, shop.customer(firstName="Ann"), "SUBSCRIBED")["userErrors"]
    assert subscribe(shop, shop.customer(email="a@example.com"), "REDACTED")["userErrors"]


def test_a_page_holds_250_at_most(shop: Shop) -> None:
    answer = ask(shop.sandbox, "{ customers(first: 251) { nodes { id } } }")
    assert answer["errors"][0]["message"].startswith("first cannot exceed 250")
    assert not (answer.get("data") or {}).get("customers")


def test_a_document_costs_1000_at_most(shop: Shop) -> None:
    query = (
        '{ customers(first: 250) { nodes { id defaultAddress { city } a: metafield(namespace: "x", key: "y")'
    )
    answer = ask(shop.sandbox, query + ' { value } b: metafield(namespace: "x", key: "z") { value } } } }')
    assert answer["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert "data" not in answer


def test_unused_points_are_given_back(shop: Shop) -> None:
    cost = ask(shop.sandbox, "{ customers(first: 200) { nodes { id } } }")["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (202, 2)
    assert cost["throttleStatus"] == {
        "maximumAvailable": 2000.0,
        "currentlyAvailable": 1998,
        "restoreRate": 100.0,
    }


def test_an_empty_bucket_answers_200_without_data(shop: Shop) -> None:
    shop.sandbox.points.take(2000)
    answer = ask(shop.sandbox, "{ shop { id } }")
    assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert "data" not in answer


def test_a_search_lags_behind_but_an_id_does_not() -> None:
    env = VirtualEnv()
    sandbox = ShopifySandbox(SandboxOptions(size=0, l_max=60, env=env))
    made = ask(sandbox, 'mutation { customerCreate(input: {email: "a@example.com"}) { customer { id } } }')
    id_ = made["data"]["customerCreate"]["customer"]["id"]
    search = '{ customers(first: 1, query: "email:a@example.com") { nodes { id } } }'
    assert ask(sandbox, search)["data"]["customers"]["nodes"] == []
    assert ask(sandbox, "query($id: ID!) { customer(id: $id) { id } }", id=id_)["data"]["customer"]
    env.sleep(60)
    assert ask(sandbox, search)["data"]["customers"]["nodes"] == [{"id": id_}]


def test_stock_without_an_idempotency_key_is_refused(busy: Shop) -> None:
    query = """mutation {
      inventorySetQuantities(input: {name: "available", reason: "correction", quantities: []}) {
        userErrors { message }
      }
    }"""
    assert "idempotent" in ask(busy.sandbox, query)["errors"][0]["message"]


def test_merging_keeps_one_and_hands_over_the_orders(busy: Shop) -> None:
    two = [f"gid://shopify/Customer/{item.id}" for item in busy.sandbox.customers.table.items()[:2]]
    query = """mutation Merge($a: ID!, $b: ID!) {
      customerMerge(customerOneId: $a, customerTwoId: $b) { resultingCustomerId userErrors { message } }
    }"""
    kept = ask(busy.sandbox, query, a=two[0], b=two[1])["data"]["customerMerge"]["resultingCustomerId"]
    (gone,) = set(two) - {kept}
    number = gone.rpartition("/")[2]
    assert number not in busy.sandbox.customers.table
    assert not busy.sandbox.orders.of_customer(number)


def test_webhooks_are_signed_over_their_body(shop: Shop) -> None:
    shop.sandbox.webhooks.targets.append(Target("https://hook.example.com", "secret"))
    ask(shop.sandbox, 'mutation { customerCreate(input: {email: "a@example.com"}) { customer { id } } }')
    (sent,) = shop.sandbox.webhooks.take()
    expected = base64.b64encode(hmac.digest(b"secret", sent.body, "sha256")).decode()
    assert sent.headers["X-Shopify-Hmac-Sha256"] == expected
    assert sent.headers["X-Shopify-Topic"] == "customers/create"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("email:ann@example.com", True),
        ("email:ANN*", True),
        ("tag:vip AND NOT tag:b2b", True),
        ("-tag:vip", False),
        ("(tag:b2b OR tag:vip) id:>=5", True),
        ("id:<5", False),
        ("tag:b2b OR email:'ann@example.com'", True),
        ("unknown_filter:x", True),
        ("ann@example.com", True),
        ("", True),
    ],
)
def test_the_search_syntax_is_understood(query: str, expected: bool) -> None:
    fields = {"id": 5, "email": "ann@example.com", "tag": ["vip", "new"]}
    assert parse(query)(fields) is expected

"""The privacy webhooks: what a shop must pass on when somebody asks for their data or for its erasure.

Source: https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance (topics, payloads, 30 days to
comply). Only the body is signed, never the headers. So the topic is taken from what the body holds, and a
header that says otherwise is a forgery: who has caught a request for access cannot replay it as an erasure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Any

from pydantic import SecretStr

from accord import PrivacyAsk, PrivacyRequest
from accord.errors import AccessError, AnswerShapeError
from accord.http import verify_hmac

SIGNATURE, TOPIC = "x-shopify-hmac-sha256", "x-shopify-topic"


class PrivacyTopic(StrEnum):
    """What is asked."""

    ACCESS = "customers/data_request"
    """Give the customer a copy of their data (art. 15)."""
    ERASURE = "customers/redact"
    """Erase the customer (art. 17)."""
    SHOP = "shop/redact"
    """Erase everything of a shop that has removed the app."""


ASKS = {
    PrivacyTopic.ACCESS: PrivacyAsk.ACCESS,
    PrivacyTopic.ERASURE: PrivacyAsk.ERASURE,
    PrivacyTopic.SHOP: PrivacyAsk.ACCOUNT,
}


def privacy_request(
    body: bytes, headers: Mapping[str, str], secret: SecretStr, *, shop: str
) -> PrivacyRequest:
    """Verify and understand one privacy webhook. Pure; compares in constant time before it decodes anything.

    Args:
        body: The raw body, byte for byte.
        headers: The request's headers, in any case.
        secret: The app's client secret.
        shop: The address of the connection's shop.

    Raises:
        AccessError: the signature, the topic or the shop is not right: answer 401 and do nothing.
        AnswerShapeError: it is signed, but not as documented: keep it for a person.
    """
    given = {name.lower(): value for name, value in headers.items()}
    if not verify_hmac(body, given.get(SIGNATURE), secret):
        raise _forged("its signature is not that of this app")
    event = _decoded(body)
    topic = _topic(event)
    if given.get(TOPIC, topic) != topic:
        raise _forged(f"its header says another topic than its body, which is a {topic}")
    if event.get("shop_domain") != shop:
        raise _forged("it is about another shop")
    return _understood(event, topic, sha256(body).hexdigest()[:32])


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise _odd("it is no JSON object")
    return event


def _topic(event: Mapping[str, Any]) -> PrivacyTopic:
    """The topic by what the signed body holds."""
    access = "data_request" in event or "orders_requested" in event
    erasure = "orders_to_redact" in event
    if access and erasure:
        raise _odd("it asks for access and for erasure at once")
    if access or erasure:
        return PrivacyTopic.ACCESS if access else PrivacyTopic.ERASURE
    if "customer" in event:
        raise _odd("it names a customer and does not say what for")
    return PrivacyTopic.SHOP


def _understood(event: Mapping[str, Any], topic: PrivacyTopic, id_: str) -> PrivacyRequest:
    shop = str(event["shop_domain"])
    if topic is PrivacyTopic.SHOP:
        return PrivacyRequest(id_, ASKS[topic], topic, shop)
    customer = event.get("customer")
    number = customer.get("id") if isinstance(customer, dict) else None
    orders = event.get("orders_requested" if topic is PrivacyTopic.ACCESS else "orders_to_redact") or ()
    if not isinstance(customer, dict) or not _number(number) or not all(map(_number, orders)):
        raise _odd("it does not name its customer and orders by number")
    email, phone = customer.get("email") or None, customer.get("phone") or None
    if not all(shown is None or isinstance(shown, str) for shown in (email, phone)):
        raise _odd("its customer's address or telephone number is no text")
    return PrivacyRequest(
        id_,
        ASKS[topic],
        topic,
        shop,
        "customers",
        f"gid://shopify/Customer/{number}",
        email,
        phone,
        tuple(f"gid://shopify/Order/{order}" for order in orders),
    )


def _number(value: object) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool) and str(value).isdecimal()


def _forged(why: str) -> AccessError:
    return AccessError(
        f"a Shopify privacy webhook was refused: {why}",
        hint="Answer 401. If the shop sent it, compare app_secret with the app's client secret.",
    )


def _odd(why: str) -> AnswerShapeError:
    return AnswerShapeError(
        f"a Shopify privacy webhook is not as documented: {why}",
        hint="Find the request in the shop's admin and carry it out with accord erase or accord export.",
    )

"""Shopify keeps the contract of every connector."""

from __future__ import annotations

from typing import ClassVar

from accord.testing import ConnectorContract
from accord.testing.stand import CANARY
from accord_shopify import Shopify
from accord_shopify.sandbox.shop import ShopifySandbox


class TestShopify(ConnectorContract):
    connector = Shopify
    sandbox = ShopifySandbox
    settings: ClassVar[dict[str, str]] = {"shop": "acme", "token": CANARY}
    consent_fields = ("emailMarketingConsent", "smsMarketingConsent", "acceptsMarketing")

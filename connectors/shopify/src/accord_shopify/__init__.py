"""Accord's connector for Shopify: customers, products and stock both ways, orders in."""

from __future__ import annotations

from accord import hookimpl
from accord_shopify.connector import Shopify

__all__ = ["Shopify", "accord_connectors"]


@hookimpl
def accord_connectors() -> list[type[Shopify]]:
    """Offer the connector."""
    return [Shopify]

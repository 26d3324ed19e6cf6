"""Accord's connector for HubSpot: contacts both ways, orders in."""

from __future__ import annotations

from accord import hookimpl
from accord_hubspot.connector import HubSpot

__all__ = ["HubSpot", "accord_connectors"]


@hookimpl
def accord_connectors() -> list[type[HubSpot]]:
    """Offer the connector."""
    return [HubSpot]

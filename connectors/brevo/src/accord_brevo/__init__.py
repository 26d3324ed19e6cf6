"""Accord's connector for Brevo: e-mail and SMS contacts both ways, orders in."""

from __future__ import annotations

from accord import hookimpl
from accord_brevo.connector import Brevo

__all__ = ["Brevo", "accord_connectors"]


@hookimpl
def accord_connectors() -> list[type[Brevo]]:
    """Offer the connector."""
    return [Brevo]

"""Accord's connector for Meta: members of a custom audience and purchases for the Conversions API."""

from __future__ import annotations

from accord import hookimpl
from accord_meta.connector import Meta

__all__ = ["Meta", "accord_connectors"]


@hookimpl
def accord_connectors() -> list[type[Meta]]:
    """Offer the connector."""
    return [Meta]

"""Accord's connector for Mailchimp: the members of an audience both ways, consent through its own door."""

from __future__ import annotations

from accord import hookimpl
from accord_mailchimp.connector import Mailchimp

__all__ = ["Mailchimp", "accord_connectors"]


@hookimpl
def accord_connectors() -> list[type[Mailchimp]]:
    """Offer the connector."""
    return [Mailchimp]

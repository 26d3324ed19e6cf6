"""The purposes data may be used for, and what each needs (consent.md 1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PURPOSES: Final = (
    "service.transactional",
    "service.support",
    "legal.invoicing",
    "marketing.direct",
    "marketing.direct.similar_products",
    "marketing.partners",
    "ads.audience_match",
    "ads.personalisation",
    "ads.conversion_measurement",
    "analytics.audience",
    "analytics.personalised",
    "profiling",
    "email.open_tracking",
)
"""Every purpose a flow may declare for a written connection."""

CHANNELS: Final = (
    "email",
    "sms",
    "whatsapp",
    "push",
    "phone_voice",
    "post",
    "ad_platform",
    "ad_platform:google",
    "ad_platform:meta",
    "ad_platform:pinterest",
    "ad_platform:tiktok",
    "web_tracker",
    "in_app",
)
"""The channels a grant may be given for."""

ADDRESSED: Final = {
    "email": "email",
    "sms": "phone",
    "whatsapp": "phone",
    "phone_voice": "phone",
}
"""Channels on which a grant belongs to an address, and the field of a customer that holds it."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a destination has people's data for: what the gate is asked about.

    Attributes:
        connection: The destination.
        brand: The controller it belongs to; empty = the one there is.
    """

    connection: str
    purpose: str
    channel: str
    brand: str = ""


_CONTRACT = ("service.", "legal.")


def needs_grant(purpose: str) -> bool:
    """Whether this purpose needs the person's own yes. Whatever is not service or law does."""
    return not purpose.startswith(_CONTRACT)


def family(purpose: str) -> str:
    """The first word of a purpose: ``marketing``, ``ads``, ``analytics``."""
    return purpose.partition(".")[0]

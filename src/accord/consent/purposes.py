"""The purposes data may be used for, and what each needs (consent.md 1.2)."""

from __future__ import annotations

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
    "web_tracker",
    "in_app",
)
"""The channels a grant may be given for."""

_CONTRACT = ("service.", "legal.")


def needs_grant(purpose: str) -> bool:
    """Whether this purpose needs the person's own yes. Whatever is not service or law does."""
    return not purpose.startswith(_CONTRACT)


def lineage(purpose: str) -> list[str]:
    """A purpose and its parents, narrowest first: a withdrawal of any of them closes it."""
    parts = purpose.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]

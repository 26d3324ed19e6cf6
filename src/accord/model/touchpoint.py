"""One contact between a person and the merchant, as marketing and analytics systems record it."""

from __future__ import annotations

from accord.model.contact import ConsentSnapshot, Money
from accord.model.document import Canonical
from accord.model.types import CustomValue, Email, Key, Moment, Reference, Text


class Touchpoint(Canonical):
    """A visit, click, opened message, call or conversion."""

    kind: Text = None
    """visit, click, impression, open, sent, call, conversion or the source's own word."""
    at: Moment = None
    customer: Reference = None
    order: Reference = None
    email: Email = None
    anonymous_id: Text = None
    channel: Text = None
    """email, sms, search, social, display, affiliate, direct, store ..."""
    source: Text = None
    medium: Text = None
    campaign: Text = None
    term: Text = None
    content: Text = None
    click_id: Text = None
    """The ad platform's click id."""
    url: Text = None
    referrer: Text = None
    device: Text = None
    value: Money | None = None
    consent: ConsentSnapshot | None = None
    """What the banner said when it happened."""
    custom: dict[Key, CustomValue] | None = None

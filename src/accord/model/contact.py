"""Places and ways to reach somebody, money, and consent: the structures that models share."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from accord.model import telephone, values
from accord.model.document import Canonical, Wire
from accord.model.types import (
    CountryCode,
    Email,
    Leaf,
    Moment,
    Phone,
    Text,
    Truth,
)


class Money(Canonical):
    """An exact amount in one currency, kept as the source gave it.

    In JSON the amount is decimal text with at least the currency's usual decimals.
    """

    wire: ClassVar[Wire | None] = staticmethod(values.money)
    prepare: ClassVar[Wire | None] = staticmethod(values.money)

    amount: Annotated[Decimal, Leaf(lambda value: value, {"type": "string"}, Decimal, str)]
    currency: Annotated[str, Leaf(values.currency, {"type": "string", "pattern": "^[A-Z]{3}$"})]


class Address(Canonical):
    """A postal address (schema.org PostalAddress) with the person or firm it is for."""

    honorific_prefix: Text = None
    given_name: Text = None
    family_name: Text = None
    company: Text = None
    street_address: Text = None
    extended_address: Text = None
    """Second line: building, floor, care of."""
    locality: Text = None
    """Town or city (schema.org addressLocality)."""
    region: Text = None
    """State, province or department, as the source spells it (schema.org addressRegion)."""
    postal_code: Text = None
    country: CountryCode = None
    phone: Phone = None
    email: Email = None


class ContactType(StrEnum):
    """The kinds of contact points that consent knows."""

    EMAIL = "email"
    PHONE = "phone"
    PUSH_TOKEN = "push_token"  # noqa: S105  the name of a kind, not a secret
    AD_ID = "ad_id"
    DEVICE = "device"
    ACCOUNT = "account"


def _contact_point(value: Any) -> Any:
    """A contact point's value has the form that its type demands."""
    if isinstance(value, dict):
        check = {"email": values.email, "phone": telephone.phone}.get(str(value.get("type")))
        if check is not None and "value" in value:
            return {**value, "value": check(value["value"])}
    return value


class ContactPoint(Canonical):
    """A further way to reach a customer: another e-mail address, telephone number, push token."""

    prepare: ClassVar[Wire | None] = staticmethod(_contact_point)

    type: Annotated[ContactType | None, Leaf(values.one_of(ContactType), {"enum": list(ContactType)})] = None
    value: Text = None
    label: Text = None
    """What the source calls it: work, home, billing."""
    verified_at: Moment = None


class ConsentState(StrEnum):
    """The state of one permission (consent.md 1.2). Only granted and soft_opt_in can allow."""

    UNKNOWN = "unknown"
    PENDING_CONFIRMATION = "pending_confirmation"
    GRANTED = "granted"
    SOFT_OPT_IN = "soft_opt_in"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    NOT_APPLICABLE = "not_applicable"


class Consent(Canonical):
    """What a system shows about one purpose on one channel."""

    state: Annotated[
        ConsentState | None, Leaf(values.consent_state(ConsentState), {"enum": list(ConsentState)})
    ] = None
    """A word that is none of these is ``unknown``: it neither grants nor refuses."""
    at: Moment = None
    """When the person decided; null when the system does not tell."""
    source: Text = None
    """Where: form, till, import, the vendor's own name for it."""
    double_opt_in: Truth = None
    evidence: Text = None
    """A reference to the proof, never the proof itself."""


class Suppression(Canonical):
    """Why a contact point must not be used, whatever was consented: a technical fact, never a wish."""

    at: Moment = None
    """When the system noted it."""
    source: Text = None
    """The vendor's own name for it."""


class ConsentSnapshot(Canonical):
    """What the visitor's banner said when an event happened, as the source kept it with the event.

    Accord keeps the words as they came; the consent policy says what they mean. A snapshot can only take
    away: what the person's own log does not allow, it cannot.
    """

    tcf: Text = None
    """A TC string of IAB Europe's TCF (cookie ``euconsent-v2``)."""
    gpp: Text = None
    """A string of IAB Tech Lab's Global Privacy Platform."""
    ad_storage: Text = None
    """Google consent mode: ``granted``; anything else, and absence, is a no."""
    analytics_storage: Text = None
    ad_user_data: Text = None
    ad_personalization: Text = None

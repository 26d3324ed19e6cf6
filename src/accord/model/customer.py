"""The canonical customer (schema.org Person)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from accord.model import values
from accord.model.contact import Address, Consent, ContactPoint, Suppression
from accord.model.document import Canonical
from accord.model.types import (
    ConsentKey,
    CurrencyCode,
    CustomValue,
    Day,
    Email,
    Key,
    LanguageTag,
    Leaf,
    Moment,
    Number,
    Phone,
    SuppressionKey,
    Tags,
    Text,
)


class Gender(StrEnum):
    """As far as sources tell and destinations take it."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNSPECIFIED = "unspecified"


class Lifecycle(StrEnum):
    """How far the relation has come."""

    SUBSCRIBER = "subscriber"
    LEAD = "lead"
    PROSPECT = "prospect"
    CUSTOMER = "customer"
    ADVOCATE = "advocate"
    FORMER = "former"
    OTHER = "other"


class Customer(Canonical):
    """A person who buys, bought or may buy.

    ``addresses`` are keyed by role (default, billing, shipping, work), ``consents`` by
    ``<purpose>:<channel>``, ``suppressions`` by ``<channel>:<reason>``, ``custom`` by the field's name.
    """

    number: Text = None
    """The merchant's own customer number, where several systems share it."""
    honorific_prefix: Text = None
    given_name: Text = None
    additional_name: Text = None
    family_name: Text = None
    email: Email = None
    phone: Phone = None
    birth_date: Day = None
    gender: Annotated[Gender | None, Leaf(values.one_of(Gender), {"enum": list(Gender)})] = None
    language: LanguageTag = None
    currency: CurrencyCode = None
    time_zone: Text = None
    company: Text = None
    job_title: Text = None
    vat_id: Text = None
    website: Text = None
    notes: Text = None
    tags: Tags = None
    addresses: dict[Key, Address | None] | None = None
    contact_points: dict[Key, ContactPoint | None] | None = None
    loyalty_tier: Text = None
    loyalty_points: Number = None
    lifecycle: Annotated[Lifecycle | None, Leaf(values.one_of(Lifecycle), {"enum": list(Lifecycle)})] = None
    created_at: Moment = None
    consents: dict[ConsentKey, Consent | None] | None = None
    suppressions: dict[SuppressionKey, Suppression | None] | None = None
    custom: dict[Key, CustomValue] | None = None

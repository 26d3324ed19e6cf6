"""The canonical order (schema.org Order) with everything that hangs on it.

Totals are what the source says; Accord never recomputes them. Every collection is keyed by the
source's own id of the member, so that one line can change without touching the others.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from accord.model import values
from accord.model.contact import Address, ConsentSnapshot, Money
from accord.model.document import Canonical
from accord.model.types import (
    CurrencyCode,
    CustomValue,
    Email,
    Key,
    LanguageTag,
    Leaf,
    Moment,
    Number,
    Phone,
    Reference,
    Tags,
    Text,
    Truth,
    Whole,
)


class OrderStatus(StrEnum):
    """The course of an order. It only moves towards the end of this list (sync.md A4, lattice)."""

    NEW = "new"
    PAID = "paid"
    SHIPPED = "shipped"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


class FinancialStatus(StrEnum):
    """What has been paid."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"


class FulfilmentStatus(StrEnum):
    """What has been handed over; used for the whole order and for each fulfilment."""

    UNFULFILLED = "unfulfilled"
    PARTIAL = "partial"
    READY_FOR_PICKUP = "ready_for_pickup"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class FulfilmentMethod(StrEnum):
    """How goods reach the buyer; pickup is click and collect."""

    SHIPPING = "shipping"
    PICKUP = "pickup"
    LOCAL_DELIVERY = "local_delivery"
    IN_STORE = "in_store"
    DIGITAL = "digital"


_Status = Annotated[OrderStatus | None, Leaf(values.one_of(OrderStatus), {"enum": list(OrderStatus)})]
_Financial = Annotated[
    FinancialStatus | None, Leaf(values.one_of(FinancialStatus), {"enum": list(FinancialStatus)})
]
_Fulfilled = Annotated[
    FulfilmentStatus | None, Leaf(values.one_of(FulfilmentStatus), {"enum": list(FulfilmentStatus)})
]
_Method = Annotated[
    FulfilmentMethod | None, Leaf(values.one_of(FulfilmentMethod), {"enum": list(FulfilmentMethod)})
]


class OrderLine(Canonical):
    """One article of an order."""

    position: Whole = None
    """Place in the order, from 1."""
    sku: Text = None
    name: Text = None
    variant: Text = None
    """What tells it from its siblings: size, colour."""
    product_id: Text = None
    """The source's own product id."""
    gtin: Text = None
    quantity: Number = None
    unit_price: Money | None = None
    discount: Money | None = None
    tax: Money | None = None
    tax_rate: Number = None
    """A fraction: 0.2 is twenty per cent."""
    total: Money | None = None
    refunded_quantity: Number = None
    notes: Text = None
    custom: dict[Key, CustomValue] | None = None


class Discount(Canonical):
    """A reduction of the order."""

    code: Text = None
    name: Text = None
    amount: Money | None = None
    rate: Number = None
    """A fraction: 0.1 is ten per cent."""


class Tax(Canonical):
    """A tax of the order."""

    name: Text = None
    rate: Number = None
    """A fraction: 0.2 is twenty per cent."""
    amount: Money | None = None


class Shipping(Canonical):
    """A delivery charge of the order."""

    code: Text = None
    name: Text = None
    carrier: Text = None
    amount: Money | None = None
    tax: Money | None = None


class Payment(Canonical):
    """A payment. Card and account numbers have no place here."""

    method: Text = None
    gateway: Text = None
    status: _Financial = None
    amount: Money | None = None
    paid_at: Moment = None
    reference: Text = None
    """The gateway's transaction id."""


class Refund(Canonical):
    """Money given back."""

    amount: Money | None = None
    reason: Text = None
    refunded_at: Moment = None
    reference: Text = None
    lines: dict[Key, Number] | None = None
    """Quantity returned per line."""


class Fulfilment(Canonical):
    """A parcel, a pickup or another hand-over."""

    method: _Method = None
    status: _Fulfilled = None
    carrier: Text = None
    tracking_number: Text = None
    tracking_url: Text = None
    location: Text = None
    """Code of the location the goods leave from."""
    pickup_location: Text = None
    """Code of the location where the buyer collects (click and collect)."""
    ready_at: Moment = None
    shipped_at: Moment = None
    delivered_at: Moment = None
    """Also the moment of collection."""
    lines: dict[Key, Number] | None = None
    """Quantity per line."""


class Order(Canonical):
    """An order, at any stage, from any channel.

    ``customer`` refers to the canonical customer; ``email``, ``phone`` and ``name`` are the contact
    the buyer gave with this order (a guest has nothing else). ``addresses`` has billing and shipping.
    """

    number: Text = None
    status: _Status = None
    financial_status: _Financial = None
    fulfilment_status: _Fulfilled = None
    placed_at: Moment = None
    cancelled_at: Moment = None
    cancel_reason: Text = None
    customer: Reference = None
    email: Email = None
    phone: Phone = None
    name: Text = None
    language: LanguageTag = None
    sales_channel: Text = None
    """web, pos, phone, app, social or the merchant's own word."""
    marketplace: Text = None
    """Which marketplace it came through; null for own channels."""
    location: Text = None
    """Code of the shop that took the order (till sales)."""
    currency: CurrencyCode = None
    taxes_included: Truth = None
    subtotal: Money | None = None
    discount_total: Money | None = None
    shipping_total: Money | None = None
    tax_total: Money | None = None
    total: Money | None = None
    paid_total: Money | None = None
    refunded_total: Money | None = None
    notes: Text = None
    tags: Tags = None
    addresses: dict[Key, Address | None] | None = None
    lines: dict[Key, OrderLine | None] | None = None
    discounts: dict[Key, Discount | None] | None = None
    taxes: dict[Key, Tax | None] | None = None
    shipping: dict[Key, Shipping | None] | None = None
    payments: dict[Key, Payment | None] | None = None
    refunds: dict[Key, Refund | None] | None = None
    fulfilments: dict[Key, Fulfilment | None] | None = None
    created_at: Moment = None
    consent: ConsentSnapshot | None = None
    """What the banner said when it was placed."""
    custom: dict[Key, CustomValue] | None = None

"""The canonical product (schema.org Product) and its variants."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from accord.model import values
from accord.model.contact import Money
from accord.model.document import Canonical
from accord.model.types import CustomValue, Key, Leaf, Moment, Number, Tags, Text, Truth


class ProductStatus(StrEnum):
    """Whether it is on sale."""

    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


class Variant(Canonical):
    """One sellable form of a product."""

    sku: Text = None
    gtin: Text = None
    name: Text = None
    options: dict[Key, Text] | None = None
    """What tells it from its siblings: {"size": "M"}."""
    price: Money | None = None
    list_price: Money | None = None
    """The price before reduction."""
    cost: Money | None = None
    weight: Number = None
    """Kilograms."""
    image: Text = None
    available: Truth = None
    custom: dict[Key, CustomValue] | None = None


class Product(Canonical):
    """Something sold. ``variants`` are keyed by SKU where there is one, else by the source's id."""

    sku: Text = None
    gtin: Text = None
    name: Text = None
    description: Text = None
    brand: Text = None
    category: Text = None
    status: Annotated[
        ProductStatus | None, Leaf(values.one_of(ProductStatus), {"enum": list(ProductStatus)})
    ] = None
    url: Text = None
    image: Text = None
    price: Money | None = None
    list_price: Money | None = None
    weight: Number = None
    """Kilograms."""
    tags: Tags = None
    variants: dict[Key, Variant | None] | None = None
    created_at: Moment = None
    custom: dict[Key, CustomValue] | None = None

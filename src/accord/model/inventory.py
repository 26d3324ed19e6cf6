"""Stock and the places that hold it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from accord.model import values
from accord.model.contact import Address
from accord.model.document import Canonical
from accord.model.types import CustomValue, Email, Key, Leaf, Moment, Number, Phone, Text, Truth


class LocationType(StrEnum):
    """What a place is for."""

    STORE = "store"
    WAREHOUSE = "warehouse"
    PICKUP_POINT = "pickup_point"
    SUPPLIER = "supplier"
    VIRTUAL = "virtual"


class Location(Canonical):
    """A shop, warehouse or pickup point. ``code`` is what all systems call it."""

    code: Text = None
    name: Text = None
    type: Annotated[LocationType | None, Leaf(values.one_of(LocationType), {"enum": list(LocationType)})] = (
        None
    )
    address: Address | None = None
    phone: Phone = None
    email: Email = None
    time_zone: Text = None
    active: Truth = None
    click_and_collect: Truth = None
    custom: dict[Key, CustomValue] | None = None


class InventoryLevel(Canonical):
    """How much of one article lies at one location."""

    sku: Text = None
    location: Text = None
    """The location's code."""
    available: Number = None
    """What can be sold."""
    on_hand: Number = None
    """What is physically there."""
    reserved: Number = None
    incoming: Number = None
    counted_at: Moment = None
    custom: dict[Key, CustomValue] | None = None

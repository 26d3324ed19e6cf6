"""How the vendor writes ids, instants and money, and the shapes its answers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Root = dict[str, Any]
"""Root fields by name: values, or functions of (info, **arguments)."""

Resolver = Callable[..., Any]


def gid(kind: str, number: str) -> str:
    """A global id: ``gid://shopify/Customer/123``."""
    return f"gid://shopify/{kind}/{number}"


def type_of(id_: str) -> str:
    """The type that a global id names, '' when it is none."""
    parts = id_.split("/")
    return parts[3] if id_.startswith("gid://shopify/") and len(parts) > 4 else ""  # noqa: PLR2004


def number_of(id_: str) -> str:
    """The number of a global id (a bare number is taken as it is), '' when there is none."""
    number = id_.rpartition("/")[2].partition("?")[0]
    return number if number.isdigit() else ""


def moment(value: datetime) -> str:
    """An instant in whole seconds, as the vendor writes it."""
    return value.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def money(amount: str | Decimal, currency: str) -> dict[str, Any]:
    """A MoneyBag whose two sides are the same."""
    one = {"amount": str(amount), "currencyCode": currency}
    return {"shopMoney": one, "presentmentMoney": one}


def problem(message: str, *field: str, code: str | None = None) -> dict[str, Any]:
    """One userError."""
    return {"field": list(field) or None, "message": message, "code": code}


def only_given(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The named values that were given (a null counts as given)."""
    return {name: values[name] for name in names if name in values}

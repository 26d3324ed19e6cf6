"""Accord keeps a company's customer and order data in agreement across every system it uses.

For programs::

    from accord import Accord

    with Accord.open("accord.toml") as accord:
        plan = accord.plan("customers")
        report = accord.sync("customers")

For connectors: :class:`Connector`, :class:`Stream`, :class:`Settings` and what they declare; field mappings
are in :mod:`accord.mapping`, declared operations in :mod:`accord.http`, models in :mod:`accord.model`,
errors in :mod:`accord.errors`, the kit for local stand-ins of vendors in :mod:`accord.sandbox`.

Names are loaded when they are first used: importing a connector loads neither the store nor the engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accord.api import Accord
    from accord.config import Config
    from accord.connector import (
        Atomicity,
        Connector,
        Context,
        Creates,
        CursorField,
        Deletes,
        Origin,
        Settings,
        Stream,
        batch,
    )
    from accord.engine.progress import Progress
    from accord.engine.report import Plan, Report
    from accord.errors import AccordError
    from accord.hookspecs import hookimpl
    from accord.model import Customer, InventoryLevel, Location, Order, Product, Touchpoint
    from accord.model.record import (
        Account,
        ConsentWrite,
        Document,
        Operation,
        Outcome,
        Page,
        PrivacyAsk,
        PrivacyRequest,
        Probe,
        ReadRequest,
        Receipt,
        Result,
        Row,
        Verb,
        Write,
    )

__version__ = "0.1.0"

_HOMES = {
    "accord.api": ("Accord",),
    "accord.config": ("Config",),
    "accord.connector": (
        "Atomicity",
        "Connector",
        "Context",
        "Creates",
        "CursorField",
        "Deletes",
        "Origin",
        "Settings",
        "Stream",
        "batch",
    ),
    "accord.engine.progress": ("Progress",),
    "accord.engine.report": ("Plan", "Report"),
    "accord.errors": ("AccordError",),
    "accord.hookspecs": ("hookimpl",),
    "accord.model": ("Customer", "InventoryLevel", "Location", "Order", "Product", "Touchpoint"),
    "accord.model.record": (
        "Account",
        "ConsentWrite",
        "Document",
        "Operation",
        "Outcome",
        "Page",
        "PrivacyAsk",
        "PrivacyRequest",
        "Probe",
        "ReadRequest",
        "Receipt",
        "Result",
        "Row",
        "Verb",
        "Write",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Accord",
    "AccordError",
    "Account",
    "Atomicity",
    "Config",
    "Connector",
    "ConsentWrite",
    "Context",
    "Creates",
    "CursorField",
    "Customer",
    "Deletes",
    "Document",
    "InventoryLevel",
    "Location",
    "Operation",
    "Order",
    "Origin",
    "Outcome",
    "Page",
    "Plan",
    "PrivacyAsk",
    "PrivacyRequest",
    "Probe",
    "Product",
    "Progress",
    "ReadRequest",
    "Receipt",
    "Report",
    "Result",
    "Row",
    "Settings",
    "Stream",
    "Touchpoint",
    "Verb",
    "Write",
    "batch",
    "hookimpl",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'accord' has no public name {name!r}")
    from accord.calm import calm  # not above: `accord --version` does without

    with calm():
        value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

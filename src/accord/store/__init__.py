"""What Accord remembers: one schema for SQLite and PostgreSQL, one repository per aggregate.

Importing this package loads neither SQLAlchemy nor a driver; the names below load them on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accord.store.sealed import FernetSealer, Sealer
    from accord.store.store import Store
    from accord.store.transaction import Transaction

__all__ = ["FernetSealer", "Sealer", "Store", "Transaction"]

_HOMES = {
    "FernetSealer": "accord.store.sealed",
    "Sealer": "accord.store.sealed",
    "Store": "accord.store.store",
    "Transaction": "accord.store.transaction",
}


def __getattr__(name: str) -> Any:
    """Load the module that holds a public name."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

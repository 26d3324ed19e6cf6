"""A plugin that offers two connectors."""

from __future__ import annotations

from typing import Any

from accord.connector import Connector
from accord.hookspecs import hookimpl
from tests.unit.plugins.samples import Crm, Shop


@hookimpl
def accord_connectors() -> list[type[Connector[Any]]]:
    """Offer both."""
    return [Crm, Shop]

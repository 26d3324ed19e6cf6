"""Accord connector: tables and queries of any SQL database."""

from __future__ import annotations

from accord import hookimpl
from accord_sql.connector import Sql

__all__ = ["Sql", "accord_connectors"]


@hookimpl
def accord_connectors() -> list[type[Sql]]:
    """Offer the connector."""
    return [Sql]

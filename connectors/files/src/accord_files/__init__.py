"""Accord connector: CSV, JSONL and XLSX files."""

from __future__ import annotations

from accord import hookimpl
from accord_files.connector import Files

__all__ = ["Files", "accord_connectors"]


@hookimpl
def accord_connectors() -> list[type[Files]]:
    """Offer the connector."""
    return [Files]

"""What all tables are made of: the one metadata, and short words for columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, Table
from sqlalchemy.sql.schema import SchemaItem
from sqlalchemy.types import TypeEngine

metadata = MetaData()


def must(name: str, kind: type[TypeEngine[Any]]) -> Column[Any]:
    """A column that is never null."""
    return Column(name, kind, nullable=False)


def may(name: str, kind: type[TypeEngine[Any]]) -> Column[Any]:
    """A column that may be null."""
    return Column(name, kind, nullable=True)


def table(name: str, key: tuple[str, ...], *items: SchemaItem, narrow: bool = True) -> Table:
    """A table. SQLite keeps narrow ones without a rowid: one B-tree less to maintain for each row."""
    primary = PrimaryKeyConstraint(*key, name=f"{name}_pkey")
    return Table(name, metadata, *items, primary, sqlite_with_rowid=not narrow)

"""What a table is described with: its columns, key and indexes, and the SQL that follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from accord.store.statement import Statement

TEXT, SHORT, INTEGER, BIGINT, DOUBLE, BYTES, BOOLEAN = (
    "TEXT",
    "VARCHAR(32)",
    "INTEGER",
    "BIGINT",
    "DOUBLE",
    "BLOB",
    "BOOLEAN",
)
"""Types by SQLite's names."""
_POSTGRES = {DOUBLE: "DOUBLE PRECISION", BYTES: "BYTEA"}
_RESERVED = frozenset({"full"})
"""Names of ours that SQL claims for itself."""


class Column(NamedTuple):
    """A column; ``null`` says whether it may be null."""

    name: str
    kind: str
    null: bool


class Index(NamedTuple):
    """An index over columns, partial with ``where``."""

    name: str
    columns: tuple[str, ...]
    unique: bool = False
    where: str = ""


def must(name: str, kind: str) -> Column:
    """A column that is never null."""
    return Column(name, kind, null=False)


def may(name: str, kind: str) -> Column:
    """A column that may be null."""
    return Column(name, kind, null=True)


class Table:
    """A table of the store.

    Args:
        name: Its name.
        key: The columns of its primary key.
        items: Its columns and indexes.
        narrow: SQLite keeps it without a rowid: one B-tree less to maintain for each row.
        constraint: The name of the primary key; empty = ``NAME_pkey``.
    """

    def __init__(
        self,
        name: str,
        key: tuple[str, ...],
        *items: Column | Index,
        narrow: bool = True,
        constraint: str = "",
    ) -> None:
        self.name = name
        self.key = key
        self.columns = tuple(item for item in items if isinstance(item, Column))
        self.indexes = tuple(item for item in items if isinstance(item, Index))
        self.narrow = narrow
        self.constraint = constraint or f"{name}_pkey"
        TABLES.append(self)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    def select(self, rest: str = "", *, rare: str = "", sqlite: str = "") -> Statement:
        """All columns of the rows that ``rest`` (``WHERE …``, ``ORDER BY …``) tells.

        Args:
            rest: What follows the table's name.
            rare: See :class:`accord.store.statement.Statement`.
            sqlite: What follows it on SQLite, where that is another.
        """
        start = f"SELECT {_listed(self.names)} FROM {self.name}"
        return Statement(f"{start} {rest}", rare=rare, sqlite=f"{start} {sqlite}" if sqlite else "")

    def update(self, names: Iterable[str], rest: str) -> Statement:
        """Set columns to the parameters of their names, in the rows that ``rest`` tells."""
        values = ", ".join(f"{_quoted(name)} = :{name}" for name in names)
        return Statement(f"UPDATE {self.name} SET {values} {rest}")

    @cached_property
    def insert(self) -> Statement:
        """Add a row; one that exists is an error."""
        values = ", ".join(f":{name}" for name in self.names)
        return Statement(f"INSERT INTO {self.name} ({_listed(self.names)}) VALUES ({values})")

    @cached_property
    def add_new(self) -> Statement:
        """Add a row whose primary key is not there yet."""
        return Statement(f"{self.insert.text} ON CONFLICT DO NOTHING")

    @cached_property
    def upsert(self) -> Statement:
        """Add a row, or overwrite the one with the same primary key."""
        return self.upsert_by(self.key)

    def upsert_by(self, key: tuple[str, ...], rest: str = "") -> Statement:
        """Add a row, or overwrite the one with the same values in ``key`` where ``rest`` holds."""
        others = [_quoted(name) for name in self.names if name not in key]
        values = ", ".join(f"{name} = excluded.{name}" for name in others)
        return Statement(f"{self.insert.text} ON CONFLICT ({_listed(key)}) DO UPDATE SET {values} {rest}")

    def creation(self, dialect: str) -> list[str]:
        """The statements that make the table and its indexes."""
        items = [
            f"{_quoted(name)} {_kind(kind, dialect)}{'' if null else ' NOT NULL'}"
            for name, kind, null in self.columns
        ]
        items.append(f"CONSTRAINT {self.constraint} PRIMARY KEY ({_listed(self.key)})")
        without = " WITHOUT ROWID" if self.narrow and dialect == "sqlite" else ""
        made = [f"CREATE TABLE {self.name} ({', '.join(items)}){without}"]
        return made + [self._index(each) for each in self.indexes]

    def _index(self, index: Index) -> str:
        unique = "UNIQUE " if index.unique else ""
        where = f" WHERE {index.where}" if index.where else ""
        return f"CREATE {unique}INDEX {index.name} ON {self.name} ({_listed(index.columns)}){where}"


TABLES: list[Table] = []
"""All tables, as they were described."""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    return f'"{name}"' if name in _RESERVED else name


def _kind(kind: str, dialect: str) -> str:
    return kind if dialect == "sqlite" else _POSTGRES.get(kind, kind)

"""Statements over many rows at once, for both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CursorResult,
    Executable,
    LargeBinary,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    delete,
    func,
    insert,
    select,
)

from accord.errors import StateError
from accord.store.codec import Columns, Found, to_json
from accord.store.query import Compiled, Query, compiled, compiled_query

if TYPE_CHECKING:
    from sqlalchemy import Connection, Delete, RowMapping, Update
    from sqlalchemy.dialects import postgresql, sqlite
    from sqlalchemy.sql.dml import Insert, UpdateBase

    from accord.store.sealed import Sealer

CHUNK = 500
"""Values of one ``IN`` list: SQLite's default limit is 999 before 3.32."""

T = TypeVar("T")


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The values in lists of at most ``size``."""
    every = list(values)
    for start in range(0, len(every), size):
        yield every[start : start + size]


class Bulk:
    """One transaction's connection, and the shapes of statements that repositories need.

    Attributes:
        connection: SQLAlchemy's connection, inside the transaction.
        driver: The driver's own connection below it, for statements that were compiled before.
        sealer: Seals payloads at rest; None keeps them out of the store.
    """

    __slots__ = ("connection", "dialect", "driver", "sealer")

    def __init__(self, connection: Connection, sealer: Sealer | None) -> None:
        self.connection = connection
        self.dialect = connection.dialect.name
        self.driver: Any = connection.connection.driver_connection
        self.sealer = sealer

    def run(self, statement: Executable) -> CursorResult[Any]:
        """Execute one statement."""
        result: CursorResult[Any] = self.connection.execute(statement)
        return result

    def each(self, statement: UpdateBase, rows: Sequence[Columns]) -> int:
        """Execute a statement for each of the rows; tells how many rows of the table it changed.

        The statement is compiled once per process: keep it in a module's constant. SQLAlchemy's own
        handling of parameters would take as long as SQLite takes to write them.
        """
        if not rows:
            return 0
        sql, fixed, order, _ = compiled(statement, self.dialect)
        named = [fixed | row for row in rows] if fixed else rows
        parameters: Any = named if order is None else list(map(order, named))
        cursor = self.driver.cursor()
        if len(parameters) == 1:
            cursor.execute(sql, parameters[0])
        else:
            cursor.executemany(sql, parameters)
        return int(cursor.rowcount)

    def ask(self, query: Query, **parameters: Any) -> list[Found]:
        """What a query finds, by column name."""
        return self._ask(compiled_query(query, self.dialect), parameters)

    def ask_among(self, query: Query, values: Iterable[Any], **parameters: Any) -> list[Found]:
        """What a query finds for a list of values, however many those are."""
        found: list[Found] = []
        for some in chunks(values):
            told = query.members(some, self.dialect)
            found += self._ask(compiled_query(query, self.dialect), {**parameters, **told})
        return found

    def change(self, query: Query, values: Iterable[Any] | None = None, **parameters: Any) -> int:
        """Update or delete (for a list of values); tells how many rows."""
        text = compiled_query(query, self.dialect)
        if values is None:
            return self._changed(text, parameters)
        told = (query.members(some, self.dialect) for some in chunks(values))
        return sum(self._changed(text, {**parameters, **members}) for members in told)

    def _ask(self, text: Compiled, parameters: Columns) -> list[Found]:
        rows = self.driver.execute(text.sql, text.parameters(parameters)).fetchall()
        names = text.names
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _changed(self, text: Compiled, parameters: Columns) -> int:
        return int(self.driver.execute(text.sql, text.parameters(parameters)).rowcount)

    def rows(self, statement: Select[Any]) -> Sequence[RowMapping]:
        """What a query finds, by column name."""
        return self.run(statement).mappings().all()

    def one(self, statement: Select[Any]) -> RowMapping | None:
        """The first row a query finds."""
        return self.run(statement).mappings().first()

    def number(self, statement: Select[Any]) -> int:
        """The number that a counting query gives."""
        return int(self.connection.execute(statement).scalar_one())

    def changed(self, statement: Update | Delete) -> int:
        """Execute and tell how many rows it changed."""
        return self.run(statement).rowcount

    def insert(self, table: Table, rows: Sequence[Columns]) -> None:
        """Add rows; one that exists is an error."""
        self.each(_insert(table), rows)

    def upsert(self, table: Table, rows: Sequence[Columns]) -> None:
        """Add rows, or overwrite those with the same primary key."""
        self.each(_upsert(table, self.dialect), rows)

    def add_new(self, table: Table, rows: Sequence[Columns]) -> None:
        """Add the rows whose primary key is not there yet."""
        self.each(_add_new(table, self.dialect), rows)

    def among(self, column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
        """``column IN values``, where it can be with one parameter, so that the statement stays the same."""
        binary = isinstance(values[0], bytes)
        if self.dialect != "postgresql":
            return column.in_(_binary_members(values) if binary else _members(values))
        kind = LargeBinary() if binary else Text()
        return column == any_(bindparam(None, list(values), type_=ARRAY(kind)))

    def select_among(
        self, statement: Select[Any], column: ColumnElement[Any], values: Iterable[Any]
    ) -> Iterator[RowMapping]:
        """The rows of a query whose ``column`` is one of the values, however many those are."""
        for some in chunks(values):
            yield from self.rows(statement.where(self.among(column, some)))

    def change_among(
        self, statement: Update | Delete, column: ColumnElement[Any], values: Iterable[Any]
    ) -> int:
        """Update or delete the rows whose ``column`` is one of the values; tells how many."""
        return sum(self.changed(statement.where(self.among(column, some))) for some in chunks(values))

    def remove(self, table: Table, column: ColumnElement[Any], values: Iterable[Any]) -> int:
        """Delete the rows whose ``column`` is one of the values; tells how many."""
        return self.change_among(delete(table), column, values)

    def seal(self, value: bytes) -> bytes | None:
        """A sealed payload, None where nothing can seal it."""
        return None if self.sealer is None else self.sealer.seal(value)

    def unseal(self, value: bytes | None, default: T, decode: Callable[[bytes], T]) -> T:
        """The content of a sealed payload; the default where there is none or no key to read it."""
        if value is None or self.sealer is None:
            return default
        return decode(self.sealer.unseal(value))

    def require_sealer(self, what: str) -> Sealer:
        """The sealer.

        Raises:
            StateError: the store was opened without one.
        """
        if self.sealer is None:
            raise StateError(
                f"the store keeps {what} sealed only, and no key is set",
                hint="set ACCORD_KEY (`accord init` makes one), then run again",
            )
        return self.sealer


def _members(values: Sequence[str]) -> Select[Any]:
    """The values as a table: https://www.sqlite.org/json1.html#jeach."""
    return select(func.json_each(to_json(list(values)).decode()).table_valued("value").c.value)


def _binary_members(values: Sequence[bytes]) -> Select[Any] | Sequence[bytes]:
    """The same for values of one size, as hashes are: they are cut from one long value."""
    size = len(values[0])
    if any(len(value) != size for value in values):
        return values
    index = func.json_each(to_json(list(range(len(values)))).decode()).table_valued("value").c.value
    return select(func.substr(b"".join(values), index * size + 1, size))


@lru_cache(maxsize=64)
def _insert(table: Table) -> Insert:
    return insert(table)


def dialect_insert(table: Table, dialect: str) -> postgresql.Insert | sqlite.Insert:
    """An insert that can say what to do about rows that are there already."""
    # Each dialect is loaded where it is used: the other one costs 50 ms and 3 MB.
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        return postgres_insert(table)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table)


@lru_cache(maxsize=64)
def _upsert(table: Table, dialect: str) -> Insert:
    statement = dialect_insert(table, dialect)
    key = [column.name for column in table.primary_key]
    others = {column.name: statement.excluded[column.name] for column in table.c if column.name not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=others)


@lru_cache(maxsize=64)
def _add_new(table: Table, dialect: str) -> Insert:
    return dialect_insert(table, dialect).on_conflict_do_nothing()

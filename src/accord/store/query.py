"""Queries compiled once: what a repository asks for every page is text and parameters, nothing more.

Building and keying a statement anew takes SQLAlchemy longer than SQLite takes to answer it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, URL, ColumnElement, LargeBinary, Select, Text, any_, bindparam, func, select
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

from accord.store.codec import Columns, to_json

MEMBERS = "asked_members"
"""The parameter that holds the values of a list."""
_PLACES, _SIZE = "asked_places", "asked_size"


class Query:
    """A select, update or delete with named parameters (``bindparam``), asked again and again.

    Keep it in a module's constant.

    Args:
        statement: What to ask.
        among: The column that must hold one of a list of values.
    """

    __slots__ = ("among", "binary", "statement")

    def __init__(self, statement: Select[Any] | UpdateBase, among: ColumnElement[Any] | None = None) -> None:
        self.statement = statement
        self.among = among
        self.binary = among is not None and isinstance(among.type, LargeBinary)

    def members(self, values: Sequence[Any], dialect: str) -> Columns:
        """The parameters for a list of values; hashes, on SQLite, are cut from one long value."""
        if dialect == "postgresql":
            return {MEMBERS: list(values)}
        if not self.binary:
            return {MEMBERS: to_json(list(values)).decode()}
        places = to_json(list(range(len(values)))).decode()
        return {MEMBERS: b"".join(values), _PLACES: places, _SIZE: len(values[0])}


class Compiled(NamedTuple):
    """SQL, the values that the statement itself names, what puts a row in order, the names of columns."""

    sql: str
    fixed: Columns
    order: Callable[[Columns], Any] | None
    names: tuple[str, ...]

    def parameters(self, given: Columns) -> Any:
        """The parameters as the driver takes them: by position or by name."""
        named = {**self.fixed, **given} if self.fixed else given
        return named if self.order is None else self.order(named)


@lru_cache(maxsize=256)
def compiled_query(query: Query, dialect: str) -> Compiled:
    """The SQL of a query in a dialect."""
    statement: Any = query.statement
    if query.among is not None:
        statement = statement.where(_among(query, dialect))
    return compiled(statement, dialect)


@lru_cache(maxsize=256)
def compiled(statement: Select[Any] | UpdateBase, dialect: str) -> Compiled:
    """The SQL of a statement in a dialect."""
    driver = URL.create("postgresql+psycopg" if dialect == "postgresql" else dialect)
    options = {"render_postcompile": True}
    found = statement.compile(dialect=driver.get_dialect()(), compile_kwargs=options)
    assert isinstance(found, SQLCompiler)
    fixed = {name: value for name, value in found.params.items() if value is not None}
    positions = found.positiontup
    columns = (
        tuple(column.name for column in statement.selected_columns) if isinstance(statement, Select) else ()
    )
    return Compiled(found.string, fixed, None if positions is None else _in_order(positions), columns)


def _in_order(names: Sequence[str]) -> Callable[[Columns], Any]:
    if not names:
        return lambda _: ()
    # One name alone would make itemgetter return a bare value instead of a tuple.
    return itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)


def _among(query: Query, dialect: str) -> ColumnElement[bool]:
    column = query.among
    assert column is not None
    if dialect == "postgresql":
        kind = LargeBinary() if query.binary else Text()
        return column == any_(bindparam(MEMBERS, type_=ARRAY(kind)))
    # The values as a table: https://www.sqlite.org/json1.html#jeach.
    if not query.binary:
        return column.in_(select(func.json_each(bindparam(MEMBERS)).table_valued("value").c.value))
    place = func.json_each(bindparam(_PLACES)).table_valued("value").c.value
    size: Any = bindparam(_SIZE)
    return column.in_(select(func.substr(bindparam(MEMBERS), place * size + 1, size)))

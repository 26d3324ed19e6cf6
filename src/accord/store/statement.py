"""SQL as text with named parameters, translated once for each database.

Four things differ between SQLite and PostgreSQL in what the store asks: how parameters are written, how
a list is one parameter (``id IN :ids``), how a list of hashes is one (``hmac IN BYTES :hmacs``: all of the
same size), and how texts are a table with the column ``value`` (``FROM EACH :ids``). On SQLite a list
travels as JSON (https://www.sqlite.org/json1.html#jeach), and hashes, which JSON cannot hold, are cut from
one long value. On PostgreSQL both are arrays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, cast

import orjson

_PARAMETER = re.compile(r":([a-z_]+)")
_LIST = re.compile(r"([a-z_.]+) IN (BYTES )?:([a-z_]+)")
_EACH = re.compile(r"EACH :([a-z_]+)")

Values = dict[str, Any]
Parameters = Values | tuple[Any, ...]
"""The parameters of one execution by name, or in the order in which the text names them, each once."""


class Form:
    """A statement as one driver takes it.

    Attributes:
        sql: The text.
        lists: The parameters that are lists, each with whether it holds hashes.
        first: Finds one row of those that may be asked for; empty = not to be asked.
        columns: The names of the columns it finds, once it was asked.
    """

    __slots__ = ("_names", "_order", "_packs", "columns", "first", "lists", "sql")

    def __init__(self, text: str, dialect: str, rare: str) -> None:
        # A list that the text names twice is one parameter all the same.
        lists = {name: bool(binary) for _, binary, name in _LIST.findall(text)}
        self.lists = tuple((lists | dict.fromkeys(_EACH.findall(text), False)).items())
        self.columns: tuple[str, ...] = ()
        self._packs = dialect == "sqlite"
        # Elsewhere it is a way to the server of its own, which costs more than it saves.
        self.first = f"{rare} LIMIT 1" if rare and dialect == "sqlite" else ""
        self._names = _PARAMETER.findall(text)
        self._order: Callable[[Values], Any] | None = None
        if dialect == "sqlite":
            text = _EACH.sub(r"json_each(:\1)", _LIST.sub(_members, text))
            self._order = _in_order(_PARAMETER.findall(text))
            self.sql = _PARAMETER.sub("?", text)
        else:
            text = _LIST.sub(r"\1 = ANY(:\3)", text.replace("%", "%%"))
            text = _EACH.sub(r"unnest(CAST(:\1 AS text[])) AS each (value)", text)
            self.sql = _PARAMETER.sub(r"%(\1)s", text)

    def bound(self, given: Parameters) -> Any:
        """The parameters as the driver takes them: by position or by name."""
        if isinstance(given, tuple):
            return given if self._order is not None else dict(zip(self._names, given, strict=True))
        return given if self._order is None else self._order(given)

    def rows(self, given: Sequence[Parameters]) -> Any:
        """The same for many rows, told in one way all of them."""
        if self._order is None:
            return map(self.bound, given)
        return given if isinstance(given[0], tuple) else map(self._order, cast("Sequence[Values]", given))

    def fill(self, given: Values) -> bool:
        """Put the lists into the form the driver takes; False: one is empty, so nothing can be found."""
        for name, binary in self.lists:
            values = list(given[name])
            if not values:
                return False
            given[name] = values
            if self._packs:
                given |= _hashes(name, values) if binary else {name: orjson.dumps(values).decode()}
        return True

    def learn(self, description: Iterable[Sequence[Any]]) -> tuple[str, ...]:
        """Keep the names of the columns, as a cursor describes them."""
        self.columns = tuple(column[0] for column in description)
        return self.columns


class Statement:
    """SQL with named parameters. Keep it in a module's constant: it is translated at its first use.

    Args:
        text: The SQL.
        rare: A query for everything that might be found or changed, where mostly there is nothing of the
            kind: hundreds of records are then not looked up one by one. It has an index to itself, or a
            whole table.
        sqlite: The text for SQLite, where it is another (``INDEXED BY``).
    """

    __slots__ = ("_forms", "_sqlite", "rare", "text")

    def __init__(self, text: str, *, rare: str = "", sqlite: str = "") -> None:
        self.text, self.rare, self._sqlite = text, rare, sqlite
        self._forms: dict[str, Form] = {}

    def form(self, dialect: str) -> Form:
        """The statement for a database (``sqlite``, ``postgresql``)."""
        try:
            return self._forms[dialect]
        except KeyError:
            text = self._sqlite if self._sqlite and dialect == "sqlite" else self.text
            made = self._forms[dialect] = Form(text, dialect, self.rare)
            return made


def _members(found: re.Match[str]) -> str:
    column, binary, name = found.groups()
    if not binary:
        return f"{column} IN (SELECT value FROM json_each(:{name}))"
    cut = f"substr(:{name}, value * :{name}_size + 1, :{name}_size)"
    return f"{column} IN (SELECT {cut} FROM json_each(:{name}_places))"


def _hashes(name: str, values: Sequence[bytes]) -> Values:
    places = orjson.dumps(list(range(len(values)))).decode()
    return {name: b"".join(values), f"{name}_size": len(values[0]), f"{name}_places": places}


def _in_order(names: Sequence[str]) -> Callable[[Values], Any]:
    if not names:
        return lambda _: ()
    # One name alone would make itemgetter return a bare value instead of a tuple.
    return itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)

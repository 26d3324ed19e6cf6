"""Keyset paging: each page begins after the last row of the page before, whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from accord import Page, ReadRequest
from accord.mapping.declared import Moment
from accord_sql.cellvalue import to_json
from accord_sql.source import Source

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy import ColumnElement

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """One ordered part of a read.

    Attributes:
        name: In resume tokens.
        order: Columns that give the order and tell every row from the next.
        condition: Which rows, None = all.
    """

    name: str
    order: Sequence[str]
    condition: Any = None


class Pages:
    """One read of a source.

    A full read goes by key. An incremental one goes by (change, key) and then takes the rows whose
    change is not known, so that none is missed for want of a date.
    """

    def __init__(self, source: Source, request: ReadRequest, spelling: Moment | None, now: datetime) -> None:
        self.source = source
        self.request = request
        self.spelling = spelling
        self.now = source.clock() or now

    def parts(self) -> list[Part]:
        """The parts in the order in which they are read."""
        keys = list(self.source.config.keys)
        if self.request.since is None or self.spelling is None:
            return [Part("all", keys)]
        name = self.spelling.column
        column = self.source.compared(name)
        since = _first_read(self.request.since, self.source.zone)
        condition: ColumnElement[bool] = column >= self._bound(since)
        if self.request.until is not None:
            condition &= column < self._bound(self.request.until)
        return [Part("changed", [name, *keys], condition), Part("undated", keys, column.is_(None))]

    def _bound(self, moment: datetime) -> Any:
        assert self.spelling is not None
        return self.source.moment_value(moment, self.spelling.column, self.spelling)

    def __iter__(self) -> Iterator[Page]:
        parts = self.parts()
        start, after = self._start()
        names = [part.name for part in parts]
        parts = parts[names.index(start) :] if start in names else parts
        for number, part in enumerate(parts):
            last_part = number == len(parts) - 1
            while True:
                fetched = self._fetch(part, after)
                full = len(fetched) == PAGE
                after = self._place(part, fetched[-1]) if full else None
                token = self._token(part, parts, number, after)
                if fetched or last_part:
                    yield Page([self.source.row(values) for values in fetched], token, self.now)
                if not full:
                    break
            after = None

    def _fetch(self, part: Part, after: Sequence[Any] | None) -> list[Any]:
        import sqlalchemy as sa

        columns = [self.source.compared(name) for name in part.order]
        statement = self.source.select().order_by(*columns).limit(PAGE)
        if part.condition is not None:
            statement = statement.where(part.condition)
        # A row without a key cannot be addressed; it has no place in the order either.
        statement = statement.where(
            *(self.source.rows.c[name].is_not(None) for name in self.source.config.keys)
        )
        if after is not None:
            beyond = [
                sa.and_(*(c == v for c, v in zip(columns[:n], after[:n], strict=True)), columns[n] > after[n])
                for n in range(len(columns))
            ]
            statement = statement.where(sa.or_(*beyond))
        with self.source.database.reading() as connection:
            return list(connection.execute(statement))

    def _place(self, part: Part, values: Any) -> list[Any]:
        found = values._mapping  # noqa: SLF001  SQLAlchemy's public name for a row as a mapping
        return [found[name] for name in part.order]

    def _token(
        self, part: Part, parts: Sequence[Part], number: int, after: Sequence[Any] | None
    ) -> str | None:
        if after is not None:
            place = [to_json(value, self.source.zone) for value in after]
            return json.dumps({"part": part.name, "after": place})
        if number + 1 < len(parts):
            return json.dumps({"part": parts[number + 1].name, "after": None})
        return None

    def _start(self) -> tuple[str, list[Any] | None]:
        if self.request.token is None:
            return "", None
        saved = json.loads(self.request.token)
        order = next((part.order for part in self.parts() if part.name == saved["part"]), None)
        if order is None or saved["after"] is None:
            return saved["part"], None
        sqlite = self.source.database.dialect == "sqlite"
        return saved["part"], [
            value if sqlite else self.source.stored(name, value)
            for name, value in zip(order, saved["after"], strict=True)
        ]


def _first_read(since: datetime, zone: ZoneInfo) -> datetime:
    """From when to read, so that nothing is missed in the hour that clocks go through twice in autumn.

    A column without an offset shows what changed in the second pass with earlier times than what changed at
    the end of the first: whoever begins in the first pass begins an hour earlier.
    """
    local = since.astimezone(zone)
    second = local.replace(fold=1)
    back = (local.utcoffset() or timedelta()) - (second.utcoffset() or timedelta())
    return since - back if local.fold == 0 and back > timedelta() else since

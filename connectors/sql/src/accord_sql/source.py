"""What a stream's rows are selected from: a reflected table, or a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from accord import Row
from accord.errors import ConfigError
from accord.mapping.declared import KeyColumns, Moment, refused
from accord_sql.cellvalue import from_sqlite, kind_of, to_database, to_json
from accord_sql.database import Database
from accord_sql.settings import SqlStreamSettings

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, FromClause, Select, Table

Values = Sequence[Any]


class Source:
    """A table or query, its columns checked against the database. Identifiers come from reflection only."""

    def __init__(self, database: Database, config: SqlStreamSettings, key: str) -> None:
        self.database = database
        self.config = config
        self.where = key
        self.zone = ZoneInfo(config.zone)
        self.keys = KeyColumns(config.keys)

    @property
    def what(self) -> str:
        """For messages."""
        return f"table {self.config.table!r}" if self.config.table else "the query"

    @cached_property
    def table(self) -> Table:
        """The reflected table.

        Raises:
            ConfigError: there is none of this name.
        """
        import sqlalchemy as sa
        from sqlalchemy.exc import NoSuchTableError

        assert self.config.table is not None
        schema, _, name = self.config.table.rpartition(".")
        with self.database.translated("reflect"):
            try:
                return sa.Table(
                    name,
                    sa.MetaData(),
                    schema=schema or None,
                    autoload_with=self.database.engine,
                    resolve_fks=False,
                )
            except NoSuchTableError:
                raise self._wrong("table", f"there is no table {self.config.table!r}") from None

    @cached_property
    def rows(self) -> FromClause:
        """The table, or the query as a subquery.

        Raises:
            ConfigError: a column that the configuration names does not exist.
        """
        found: FromClause = self.table if self.config.table is not None else self._queried()
        for column in self.config.named_columns():
            if column not in found.c:
                raise self._wrong("fields", f"{self.what} has no column {column!r}")
        return found

    def _queried(self) -> FromClause:
        import sqlalchemy as sa

        assert self.config.query is not None
        # Colons of casts and texts are the query's own, not bind parameters.
        text = self.config.query.strip().rstrip(";").replace("\\", "\\\\").replace(":", "\\:")
        with self.database.reading() as connection:
            probe = (
                sa.select(sa.text("*")).select_from(sa.text(f"({text}) AS accord_query")).where(sa.false())
            )
            names = list(connection.execute(probe).keys())
        return sa.text(text).columns(*(sa.column(name) for name in names)).subquery("accord_query")

    def _wrong(self, key: str, why: str) -> ConfigError:
        where = f"{self.where}.{key}"
        return ConfigError(
            f"{where}: {why}", hint="Names are compared as the database spells them.", facts={"key": where}
        )

    @cached_property
    def kinds(self) -> Mapping[str, type[Any]]:
        """The Python type behind each column."""
        return {column.name: kind_of(column.type) for column in self.rows.c}

    def compared(self, name: str) -> ColumnElement[Any]:
        """A column as it is compared: on SQLite as stored, since a type would reformat others' dates."""
        import sqlalchemy as sa

        column: ColumnElement[Any] = self.rows.c[name]
        return sa.type_coerce(column, sa.types.NullType()) if self.database.dialect == "sqlite" else column

    @cached_property
    def selected(self) -> list[ColumnElement[Any]]:
        """The columns as they are selected; from SQLite raw, because it lets columns hold anything."""
        names = [column.name for column in self.rows.c]
        if self.database.dialect != "sqlite":
            return list(self.rows.c)
        return [self.compared(name).label(name) for name in names]

    def clock(self) -> datetime | None:
        """The database's clock, None where it is this machine's or cannot be asked."""
        import sqlalchemy as sa

        ask = {"postgresql": "clock_timestamp()", "mysql": "utc_timestamp()", "mariadb": "utc_timestamp()"}
        asked = ask.get(self.database.dialect)
        if asked is None:
            return None
        with self.database.reading() as connection:
            found = connection.execute(sa.select(sa.text(asked))).scalar_one()
        moment: datetime = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return moment.astimezone(UTC)

    def select(self) -> Select[Any]:
        """SELECT of all columns."""
        import sqlalchemy as sa

        return sa.select(*self.selected).select_from(self.rows)

    def row(self, values: Values) -> Row:
        """A fetched row as JSON; one with a field beyond the limit is refused."""
        names = [str(column.name) for column in self.rows.c]
        sqlite = self.database.dialect == "sqlite"
        row: Row = {}
        for name, value in zip(names, values, strict=True):
            row[name] = (
                from_sqlite(value, self.kinds[name], self.zone) if sqlite else to_json(value, self.zone)
            )
        long = [
            n for n, value in row.items() if isinstance(value, str) and len(value) > self.config.max_field
        ]
        if not long:
            return row
        row.update(dict.fromkeys(long))
        why = f"{self.what}: column {long[0]!r} holds more than {self.config.max_field} characters"
        return refused(row, why)

    def stored(self, column: str, value: Any) -> Any:
        """A JSON value as the column wants it.

        Raises:
            ValueError: it does not fit, or there is no such column; the words do not repeat it.
        """
        if column not in self.rows.c:
            raise ValueError(f"{self.what} has no column {column!r}")
        try:
            return to_database(value, self.rows.c[column].type, self.zone)
        except ValueError as error:
            raise ValueError(f"column {column!r}: {error}") from None

    def is_key(self, external_id: str) -> ColumnElement[bool] | None:
        """The condition for one row; None when no row can have such a key."""
        import sqlalchemy as sa

        parts = self.keys.split(external_id)
        if parts is None:
            return None
        conditions = []
        for name, part in zip(self.keys.columns, parts, strict=True):
            column = self.rows.c[name]
            if self.kinds[name] is object:
                conditions.append(sa.cast(column, sa.String) == part)
                continue
            try:
                conditions.append(column == self.stored(name, part))
            except ValueError:
                return None
        return sa.and_(*conditions)

    def fetch(self, connection: Connection, external_id: str, *, lock: bool = False) -> Row | None:
        """One row by key; locked until the end of the transaction where the database can."""
        condition = self.is_key(external_id)
        if condition is None:
            return None
        statement = self.select().where(condition)
        found = connection.execute(statement.with_for_update() if lock else statement).first()
        return None if found is None else self.row(found)

    def moment_value(self, moment: datetime, column: str, spelling: Moment | None) -> Any:
        """An instant as a column holds it: by its declared spelling, else by its type."""
        kind = self.kinds[column]
        if spelling is not None and spelling.form is not None and kind not in (datetime, object):
            return self.stored(column, spelling.form.write(moment.astimezone(UTC).isoformat(), {}))
        if kind is int:
            return int(moment.timestamp())
        if kind is datetime and self.database.dialect != "sqlite":
            return self.stored(column, moment.isoformat())
        local = moment.astimezone(self.zone)
        if kind is object and self.database.dialect != "sqlite":
            return local if spelling is None or spelling.form is None else local.replace(tzinfo=None)
        return local.date() if kind.__name__ == "date" else local.strftime("%Y-%m-%d %H:%M:%S")

    def candidates(self, connection: Connection, column: str, values: Sequence[str]) -> Iterator[Row]:
        """Rows whose column holds one of the values, in any case."""
        import sqlalchemy as sa

        text = sa.func.lower(sa.cast(self.rows.c[column], sa.String))
        exact = [stored for value in values if (stored := self._tried(column, value)) is not None]
        condition = sa.or_(self.rows.c[column].in_(exact), text.in_([value.lower() for value in values]))
        for found in connection.execute(self.select().where(condition)):
            yield self.row(found)

    def _tried(self, column: str, value: str) -> Any:
        try:
            return self.stored(column, value)
        except ValueError:
            return None

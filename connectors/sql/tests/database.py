"""A loyalty database and the connector over it, for the tests; the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from accord import Context, Operation, Outcome, Page, ReadRequest, Row, Write
from accord.env import SystemEnv
from accord_sql import Sql
from accord_sql.settings import SqlSettings
from accord_sql.stream import SqlStream
from accord_sql.writing import WritableSqlStream

HUB = "0192f3a4b5c60000000000000000cafe"
FIELDS: dict[str, Any] = {
    "email": "email",
    "given_name": "First Name",
    "phone": {"column": "tel", "country": "FR"},
    "loyalty_points": "points",
    "birth_date": "born",
    "custom.vip": "vip",
}
CONFIG: dict[str, Any] = {
    "model": "customer",
    "table": "members",
    "key": "id",
    "updated_at": "changed",
    "zone": "Europe/Paris",
    "hub_id": "hub",
    "fields": FIELDS,
}
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class NoStore:
    """Stands where a connector of databases needs no store."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"databases need no {name}")


class Loyalty:
    """An empty database with a table of members."""

    def __init__(self, url: str, root: Path) -> None:
        self.url, self.root = url, root
        self.engine = sa.create_engine(url)
        self.env = SystemEnv()
        self.opened: list[Sql] = []
        self.metadata = sa.MetaData()
        self.members = sa.Table(
            "members",
            self.metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("email", sa.String(80), unique=True),
            sa.Column("First Name", sa.Text),
            sa.Column("tel", sa.Text),
            sa.Column("points", sa.Numeric(12, 2)),
            sa.Column("born", sa.Date),
            sa.Column("vip", sa.Boolean),
            sa.Column("changed", sa.DateTime),
            sa.Column("hub", sa.String(32), index=True),
            sa.Column("gone", sa.Boolean),
            sa.Column("rev", sa.Integer),
            sa.Column("extra", sa.JSON),
            sa.CheckConstraint("points >= 0", name="positive"),
        )
        self.cards = sa.Table(
            "cards",
            self.metadata,
            sa.Column("shop", sa.String(8), primary_key=True),
            sa.Column("no", sa.Integer, primary_key=True),
            sa.Column("name", sa.Text, nullable=False),
        )
        self.codes = sa.Table(
            "codes",
            self.metadata,
            sa.Column("code", sa.String(40), primary_key=True),
            sa.Column("name", sa.Text),
        )
        self.metadata.create_all(self.engine)

    def put(self, *rows: dict[str, Any], table: str = "members") -> None:
        """Insert rows as another program would."""
        names = {name for row in rows for name in row}
        with self.engine.begin() as connection:
            values = [{name: row.get(name) for name in names} for row in rows]
            connection.execute(self.metadata.tables[table].insert(), values)

    def run(self, statement: str) -> None:
        """Execute a statement as another program would."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    def held(self, table: str = "members") -> list[dict[str, Any]]:
        """All rows, by key."""
        found = self.metadata.tables[table]
        with self.engine.connect() as connection:
            order = [*found.primary_key]
            return [dict(row._mapping) for row in connection.execute(found.select().order_by(*order))]

    def open(self, *, url: str | None = None, secret: str | None = None, **config: Any) -> Sql:
        """The connector with one stream."""
        given = {name: value for name, value in {**CONFIG, **config}.items() if value is not None}
        where = {"secret_url": secret} if secret else {"url": url or self.url}
        settings = SqlSettings.model_validate({**where, "streams": {"members": given}})
        store: Any = NoStore()
        sql = Sql(settings, Context(self.env, "loyalty", store, store, self.root))
        self.opened.append(sql)
        return sql

    def stream(self, **config: Any) -> SqlStream:
        """The one stream."""
        (stream,) = self.open(**config).open_streams()
        assert isinstance(stream, SqlStream)
        return stream

    def writable(self, **config: Any) -> WritableSqlStream:
        """The one stream, which may write."""
        stream = self.stream(**config)
        assert isinstance(stream, WritableSqlStream)
        return stream

    def close(self) -> None:
        """Drop the tables and every connection."""
        for sql in self.opened:
            sql.close()
        self.metadata.drop_all(self.engine)
        self.engine.dispose()


def pages(stream: SqlStream, **request: Any) -> list[Page]:
    """All pages of a read."""
    return list(stream.read(ReadRequest(**request)))


def rows(stream: SqlStream, **request: Any) -> list[Row]:
    """All rows of a read."""
    return [row for page in pages(stream, **request) for row in page.rows]


def change(row: Row, key: str | None = None, *, hub: str = HUB, precondition: str | None = None) -> Write:
    """A create without a key, an update with one."""
    operation = Operation.CREATE if key is None else Operation.UPDATE
    return Write(f"w-{key or hub}", operation, row, {}, hub, "k", key, precondition)


def removal(key: str, precondition: str | None = None) -> Write:
    """A delete."""
    return Write(f"w-{key}", Operation.DELETE, {}, {}, HUB, "k", key, precondition)


def results(outcomes: Sequence[Outcome]) -> list[str]:
    """What became of each write."""
    return [str(outcome.result) for outcome in outcomes]

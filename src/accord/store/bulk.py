"""One transaction's connection, and what repositories do with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from accord.errors import StateError
from accord.store.codec import Found
from accord.store.savepoint import Savepoint
from accord.store.sealed import no_sealer
from accord.store.statement import Parameters, Statement, Values

if TYPE_CHECKING:
    from accord.store.columns import Table
    from accord.store.database import Database
    from accord.store.sealed import FindSealer, Sealer

T = TypeVar("T")


class Bulk:
    """One transaction's connection.

    A parameter that a statement takes as a list (``id IN :ids``) may be any iterable. Asked for nothing, it
    finds nothing, and the database is not troubled.

    Attributes:
        driver: The driver's own connection (``sqlite3``, ``psycopg``), inside the transaction.
        dialect: ``sqlite`` or ``postgresql``.
        where: The store's address without a password.
    """

    __slots__ = ("_find_sealer", "dialect", "driver", "where")

    def __init__(self, driver: Any, database: Database, find_sealer: FindSealer = no_sealer) -> None:
        self.driver = driver
        self.dialect = database.dialect
        self.where = database.url
        self._find_sealer = find_sealer

    @property
    def sealer(self) -> Sealer | None:
        """Seals payloads at rest; None keeps them out of the store."""
        return self._find_sealer()

    def ask(self, statement: Statement, **parameters: Any) -> list[Found]:
        """What a query finds, by column name."""
        cursor = self._asked(statement, parameters)
        rows = [] if cursor is None else cursor.fetchall()
        if not rows:
            return []
        form = statement.form(self.dialect)
        names = form.columns or form.learn(cursor.description)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def rows(self, statement: Statement, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds, as tuples in the order of its columns: for tables that are read in bulk."""
        cursor = self._asked(statement, parameters)
        found: list[tuple[Any, ...]] = [] if cursor is None else cursor.fetchall()
        return found

    def _asked(self, statement: Statement, parameters: Values) -> Any:
        """The cursor of a query; None where nothing can be found."""
        form = statement.form(self.dialect)
        if form.lists and not form.fill(parameters):
            return None
        if form.first and self.driver.execute(form.first).fetchone() is None:
            return None
        return self.driver.execute(form.sql, form.bound(parameters))

    def pairs(self, statement: Statement, **parameters: Any) -> dict[Any, Any]:
        """What a query for two columns finds, the second by the first: half the cost of :meth:`ask`."""
        form = statement.form(self.dialect)
        if form.lists and not form.fill(parameters):
            return {}
        return dict(self.driver.execute(form.sql, form.bound(parameters)).fetchall())

    def first(self, statement: Statement, **parameters: Any) -> Found | None:
        """The first row a query finds."""
        rows = self.ask(statement, **parameters)
        return rows[0] if rows else None

    def value(self, statement: Statement, **parameters: Any) -> Any:
        """The one value of the one row that a query finds; None where it finds none."""
        form = statement.form(self.dialect)
        row = self.driver.execute(form.sql, form.bound(parameters)).fetchone()
        return None if row is None else row[0]

    def change(self, statement: Statement, **parameters: Any) -> int:
        """Insert, update or delete; tells how many rows."""
        form = statement.form(self.dialect)
        if form.lists and not form.fill(parameters):
            return 0
        if form.first and self.driver.execute(form.first).fetchone() is None:
            return 0
        return int(self.driver.execute(form.sql, form.bound(parameters)).rowcount)

    def each(self, statement: Statement, rows: Sequence[Parameters]) -> int:
        """Execute a statement for each of the rows; tells how many rows of the table it changed.

        Args:
            statement: What to execute.
            rows: By column name, or as tuples in the order in which the statement names its parameters.
        """
        if not rows:
            return 0
        form = statement.form(self.dialect)
        cursor = self.driver.cursor()
        if len(rows) == 1:
            cursor.execute(form.sql, form.bound(rows[0]))
        else:
            cursor.executemany(form.sql, form.rows(rows))
        return int(cursor.rowcount)

    def insert(self, table: Table, rows: Sequence[Parameters]) -> None:
        """Add rows, by column name or as tuples in the columns' order; one that exists is an error."""
        self.each(table.insert, rows)

    def upsert(self, table: Table, rows: Sequence[Parameters]) -> None:
        """Add rows, or overwrite those with the same primary key."""
        self.each(table.upsert, rows)

    def add_new(self, table: Table, rows: Sequence[Parameters]) -> None:
        """Add the rows whose primary key is not there yet."""
        self.each(table.add_new, rows)

    def savepoint(self) -> Savepoint:
        """A part of the transaction that can fail alone: what it did is undone, the rest stays.

        Raises:
            SavepointError: the database failed inside.
        """
        return Savepoint(self.driver, self.where)

    def seal(self, value: bytes) -> bytes | None:
        """A sealed payload, None where nothing can seal it."""
        sealer = self.sealer
        return None if sealer is None else sealer.seal(value)

    def unseal(self, value: bytes | None, default: T, decode: Callable[[bytes], T]) -> T:
        """The content of a sealed payload; the default where there is none or no key to read it."""
        sealer = None if value is None else self.sealer
        return default if value is None or sealer is None else decode(sealer.unseal(value))

    def require_sealer(self, what: str) -> Sealer:
        """The sealer.

        Raises:
            StateError: the store was opened without one.
        """
        sealer = self.sealer
        if sealer is None:
            raise StateError(
                f"the store keeps {what} sealed only, and no key is set",
                hint="Set ACCORD_KEY (`accord init -c new.toml` makes one), then run again.",
            )
        return sealer

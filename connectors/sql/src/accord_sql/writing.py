"""Writing rows: one transaction per batch, one savepoint per row, so that a bad row fails alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from accord import Operation, Outcome, Result, Row, Write, batch
from accord.errors import AccessError
from accord.mapping.declared import field_of
from accord_sql.database import state_of
from accord_sql.stream import SqlStream

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

BATCH = 200
REASONS = {
    "23502": "a column must not be null",
    "23503": "a referenced row does not exist, or this one is referenced",
    "23505": "another row has the same unique value",
    "23514": "a check constraint forbids it",
    "SQLITE_CONSTRAINT_NOTNULL": "a column must not be null",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "a referenced row does not exist, or this one is referenced",
    "SQLITE_CONSTRAINT_UNIQUE": "another row has the same unique value",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "another row has the same unique value",
    "SQLITE_CONSTRAINT_CHECK": "a check constraint forbids it",
}
"""SQLSTATE (or SQLite's name) to words."""
RETRY_SECONDS = 2.0
"""How soon a batch that certainly was not applied (a lock, a deadlock) is tried again."""


def _counted(column: Any) -> Any:
    """The column, with 0 for null."""
    import sqlalchemy as sa

    return sa.func.coalesce(column, 0)


class Refused(Exception):  # noqa: N818  not an error of the program: the way out of one savepoint
    """This row is not written; the outcome says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class WritableSqlStream(SqlStream):
    """Reads rows and writes them."""

    @batch(BATCH)
    def create(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Insert rows; one that an earlier, unanswered attempt inserted is completed, not doubled."""
        return self._apply(writes)

    @batch(BATCH)
    def update(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Update rows, provided that they are still as they were seen."""
        return self._apply(writes)

    @batch(BATCH)
    def delete(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Mark rows as deleted where there is a column for it, else remove them."""
        return self._apply(writes)

    def _apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        from sqlalchemy.exc import SQLAlchemyError

        with self.source.database.translated("reflect"):
            _ = self.source.rows
        outcomes: list[Outcome] = []
        finished = False
        try:
            with self.source.database.writing() as connection:
                outcomes = [self._one(connection, write) for write in writes]
                finished = True
        except SQLAlchemyError as error:
            return self._lost(error, writes, finished=finished)
        return outcomes

    def _lost(self, error: SQLAlchemyError, writes: Sequence[Write], *, finished: bool) -> Sequence[Outcome]:
        """What became of a batch whose transaction failed.

        Raises:
            AccessError: the database refuses us; nothing was applied.
        """
        from sqlalchemy.exc import IntegrityError

        translated = self.source.database.error(error, "write")
        if isinstance(translated, AccessError):
            raise translated from None
        if finished and isinstance(error, IntegrityError):
            # A deferred constraint speaks at COMMIT only, and for the batch: find the row it means.
            if len(writes) > 1:
                return [outcome for write in writes for outcome in self._apply([write])]
            return [_no(write, REASONS.get(state_of(error), "a constraint forbids it")) for write in writes]
        # Before COMMIT was sent nothing can have been applied. An answer to it that carries a state says
        # no; without one the connection broke, and nobody knows.
        unknown = finished and state_of(error)[:2] in ("", "08", "57")
        result = Result.UNKNOWN if unknown else Result.RETRY
        why = f"transaction failed ({type(error).__name__})"
        return [
            Outcome(write.id, result, write.external_id, reason=why, retry_after=RETRY_SECONDS)
            for write in writes
        ]

    def _one(self, connection: Connection, write: Write) -> Outcome:
        from sqlalchemy import exc

        act: dict[Operation, Callable[[Connection, Write], Outcome]] = {
            Operation.CREATE: self._create,
            Operation.UPDATE: self._update,
            Operation.DELETE: self._delete,
        }
        try:
            with connection.begin_nested():
                return act[write.operation](connection, write)
        except Refused as refused:
            return refused.outcome
        except (exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.StatementError) as error:
            if isinstance(error, exc.DBAPIError) and _ends_all(error):
                raise
            reason = REASONS.get(state_of(error)) or f"the database refuses it ({type(error).__name__})"
            return Outcome(write.id, Result.REJECTED, write.external_id, reason=reason)

    def _create(self, connection: Connection, write: Write) -> Outcome:
        row = self._keyed(write)
        values = self._values(write, row)
        existing = self._ours(connection, write, row)
        if existing is not None:
            return self._change(connection, write, existing, values)
        inserted = self._inserted(connection, values)
        return self._done(write, inserted)

    def _ours(self, connection: Connection, write: Write, row: Row) -> Row | None:
        """The row that an earlier attempt made, found by our id."""
        column = self.config.hub_id
        if column is None:
            return self.source.fetch(connection, write.hub_id) if self.keys.of(row) == write.hub_id else None
        condition = self.source.rows.c[column] == self.source.stored(column, write.hub_id)
        found = connection.execute(self.source.select().where(condition)).first()
        return None if found is None else self.source.row(found)

    def _keyed(self, write: Write) -> Row:
        """The new row with its key, where the database does not give one itself."""
        row = dict(write.row)
        missing = [name for name in self.keys.columns if row.get(name) in (None, "")]
        if not missing or self.config.key_from == "database":
            return {name: value for name, value in row.items() if name not in missing}
        kind = self.source.kinds[missing[0]]
        if self.config.key_from == "auto" and (kind is int or self._has_default(missing)):
            return {name: value for name, value in row.items() if name not in missing}
        if self.config.key_from == "row" or len(self.keys.columns) > 1:
            raise Refused(_no(write, f"the new row has no value for its key {missing[0]!r}"))
        return {**row, missing[0]: write.hub_id}

    def _has_default(self, columns: Sequence[str]) -> bool:
        return all(self.source.table.c[name].server_default is not None for name in columns)

    def _inserted(self, connection: Connection, values: dict[str, Any]) -> Row:
        """Insert, or merge into the row with the same unique value; the row as it now is."""
        import sqlalchemy as sa

        statement = (
            self._upsert(values)
            if self.config.upsert_by is not None
            else sa.insert(self.source.table).values(values)
        )
        if connection.dialect.insert_returning:
            returned = connection.execute(statement.returning(*self.source.selected)).one()
            return self.source.row(returned)
        done = connection.execute(statement)
        if self.config.upsert_by is not None:
            condition = self._unique() == values[self._unique().name]
        else:
            primary = zip(self.source.table.primary_key, done.inserted_primary_key or (), strict=True)
            condition = sa.and_(*(column == value for column, value in primary))
        return self.source.row(connection.execute(self.source.select().where(condition)).one())

    def _unique(self) -> Any:
        assert self.config.upsert_by is not None
        return self.source.table.c[field_of(self.config.fields[self.config.upsert_by]).column]

    def _upsert(self, values: dict[str, Any]) -> Any:
        """The dialect's INSERT that updates on conflict; key and our id stay those of the present row."""
        from sqlalchemy.dialects import mysql, postgresql, sqlite

        kept = {*self.keys.columns, self._unique().name, self.config.hub_id}
        if self.source.database.dialect in ("mysql", "mariadb"):
            insert = mysql.insert(self.source.table).values(values)
            changed = {name: insert.inserted[name] for name in values if name not in kept}
            return insert.on_duplicate_key_update(changed or {self._unique().name: self._unique()})
        make: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[self.source.database.dialect]
        insert = make(self.source.table).values(values)
        changed = {name: insert.excluded[name] for name in values if name not in kept} | self._next_version()
        # Setting the unique column to itself makes RETURNING show the present row.
        unique = self._unique()
        return insert.on_conflict_do_update(index_elements=[unique], set_=changed or {unique.name: unique})

    def _update(self, connection: Connection, write: Write) -> Outcome:
        present = self._present(connection, write)
        return self._change(connection, write, present, self._values(write, write.row))

    def _present(self, connection: Connection, write: Write) -> Row:
        """The row as it is, locked; refused when it is gone, marked as deleted, or has moved on."""
        assert write.external_id is not None
        row = self.source.fetch(connection, write.external_id, lock=self._locks)
        if row is None or self.is_deleted(row):
            raise Refused(Outcome(write.id, Result.GONE, write.external_id))
        if write.precondition is not None and write.precondition != self.version(row):
            raise Refused(Outcome(write.id, Result.PRECONDITION, write.external_id))
        return row

    @property
    def _locks(self) -> bool:
        return self.source.database.dialect in ("postgresql", "mysql", "mariadb", "oracle")

    def _change(self, connection: Connection, write: Write, present: Row, values: dict[str, Any]) -> Outcome:
        import sqlalchemy as sa

        key = self.external_id(present)
        condition = self.source.is_key(key)
        assert condition is not None
        changed = {name: value for name, value in values.items() if name not in self.keys.columns}
        changed |= self._next_version()
        if changed:
            done = connection.execute(sa.update(self.source.table).where(condition).values(changed))
            self._only_one(write, done.rowcount)
        after = self.source.fetch(connection, key)
        if after is None:
            raise Refused(Outcome(write.id, Result.GONE, key))
        return self._done(write, after)

    def _next_version(self) -> dict[str, Any]:
        """A version that is a number is counted here; any other kind is the database's own affair."""
        name = self.config.version
        if name is None or self.source.kinds[name] is not int:
            return {}
        return {name: _counted(self.source.table.c[name]) + 1}

    def _delete(self, connection: Connection, write: Write) -> Outcome:
        import sqlalchemy as sa

        self._present(connection, write)
        assert write.external_id is not None
        condition = self.source.is_key(write.external_id)
        assert condition is not None
        if self.config.deleted is not None:
            values = {self.config.deleted: self._mark(), **self._touch({}), **self._next_version()}
            done = connection.execute(sa.update(self.source.table).where(condition).values(values))
        else:
            done = connection.execute(sa.delete(self.source.table).where(condition))
        self._only_one(write, done.rowcount)
        return Outcome(write.id, Result.DONE, write.external_id)

    def _mark(self) -> Any:
        """True, 1, or the present moment, as the column's type wants it."""
        assert self.config.deleted is not None
        kind = self.source.kinds[self.config.deleted]
        if kind.__name__ in ("datetime", "date"):
            return self.source.stored(self.config.deleted, self.env.now().isoformat())
        return self.source.stored(self.config.deleted, "1" if kind is str else 1)

    def _values(self, write: Write, row: Row) -> dict[str, Any]:
        try:
            values = {name: self.source.stored(name, value) for name, value in row.items()}
        except ValueError as error:
            raise Refused(_no(write, str(error))) from None
        return {**values, **self._touch(values)}

    def _touch(self, values: dict[str, Any]) -> dict[str, Any]:
        if self.spelling is None or not self.config.touch or self.spelling.column in values:
            return {}
        column = self.spelling.column
        kind = self.source.kinds[column]
        if kind.__name__ == "datetime":
            return {column: self.source.stored(column, self.env.now().isoformat())}
        return {column: self.source.moment_value(self.env.now(), column, self.spelling)}

    def _only_one(self, write: Write, count: int) -> None:
        if count > 1:
            raise Refused(_no(write, f"{count} rows have this key; the key columns must be unique"))

    def _done(self, write: Write, row: Row) -> Outcome:
        return Outcome(write.id, Result.DONE, self.external_id(row), row, self.version(row))


def _no(write: Write, reason: str) -> Outcome:
    return Outcome(write.id, Result.REJECTED, write.external_id, reason=reason)


def _ends_all(error: DBAPIError) -> bool:
    """Whether the whole transaction is lost: deadlock, serialization, broken connection, no rights."""
    from sqlalchemy import exc

    about_the_row = isinstance(error, (exc.IntegrityError, exc.DataError, exc.ProgrammingError))
    lost = error.connection_invalidated or state_of(error).startswith(("40", "57", "08", "28", "42501"))
    return lost or not about_the_row

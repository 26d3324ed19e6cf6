"""A stream of rows of a database: reading, looking up, finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from accord import Creates, CursorField, Deletes, Origin, Page, Probe, ReadRequest, Row, Stream, batch
from accord.mapping.declared import (
    Finder,
    HubIds,
    KeyColumns,
    PermissionWords,
    declared,
    digest_of,
    field_of,
    findable,
    moment,
    natively,
    refusal,
    subject_of,
)
from accord.model import model_named
from accord_sql.cellvalue import NO
from accord_sql.paging import Pages
from accord_sql.settings import SqlStreamSettings
from accord_sql.source import Source

if TYPE_CHECKING:
    from accord_sql.connector import Sql

FEW = 500
"""Keys in one SELECT: below every database's limit of parameters."""


class SqlStream(Stream):
    """Reads rows. One class per configured stream is derived from it by :func:`sql_stream`."""

    config: ClassVar[SqlStreamSettings]
    connector: Sql
    etag = "accord.digest"

    def __init__(self, connector: Sql) -> None:
        config = self.config
        where = f"connections.{connector.context.connection}.streams.{self.name}"
        words = natively(config)
        super().__init__(connector, declared(words, nested=False, key=where))
        named = f"{connector.context.connection}/{self.name}"
        self.permissions = PermissionWords(words, named, nested=False)
        self.source = Source(connector.database, config, where)
        self.env = connector.context.env
        self.keys = KeyColumns(config.keys)
        self.spelling = moment(config, config.updated_at, named)
        self.finder = Finder(config, self.model, nested=False, key=where)
        self.hub_ids = HubIds(self.keys, config.hub_id, generated=config.key_from == "hub_id")
        self.key = config.keys[0]
        if self.spelling is not None:
            self.cursor = CursorField(self.spelling.column, config.overlap)
        self.find_by = (*(["hub_id"] if self.hub_ids.known else []), *self.finder.fields)
        self.upsert_by = config.upsert_by

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Page through the rows, all or those changed since."""
        return self.permissions.watch(Pages(self.source, request, self.spelling, self.env.now()))

    @batch(FEW)
    def get(self, ids: Sequence[str]) -> Mapping[str, Row | None]:
        """The rows with these keys, None for those that are not there."""
        import sqlalchemy as sa

        found: dict[str, Row | None] = dict.fromkeys(ids)
        asked = {key: condition for key in found if (condition := self.source.is_key(key)) is not None}
        if asked:
            statement = self.source.select().where(sa.or_(*asked.values()))
            with self.source.database.reading() as connection:
                for values in connection.execute(statement):
                    row = self.source.row(values)
                    found[self.external_id(row)] = row
        return found

    @batch(FEW)
    def find(self, probes: Sequence[Probe]) -> Sequence[Sequence[Row]]:
        """The rows that match each probe, by one SELECT per asked field."""
        answers: dict[int, dict[str, Row]] = {number: {} for number in range(len(probes))}
        asked = self.finder.questions(probes)
        by_field: dict[str, list[str]] = {}
        for field, value in asked:
            by_field.setdefault(field, []).append(value)
        with self.source.database.reading() as connection:
            for field, values in by_field.items():
                for row in self.source.candidates(connection, *self._spelled(field, values)):
                    for pair in self._identified(field, row):
                        for number in asked.get(pair, ()):
                            answers[number][self.external_id(row)] = row
        return [list(found.values()) for found in answers.values()]

    def _spelled(self, field: str, values: Sequence[str]) -> tuple[str, list[str]]:
        """The column of a field, and how values may be spelled in it."""
        if field == "hub_id":
            return self.config.hub_id or self.key, list(values)
        column = field_of(self.config.fields[field]).column
        spelled = {value: None for given in values for value in self._spellings(field, given)}
        return column, list(spelled)

    def _spellings(self, field: str, value: str) -> list[str]:
        written = self.mapping.write({field: value}) if field in self.mapping.writable_fields else {}
        found = [value, *(str(held) for held in written.values() if held is not None)]
        return [*found, *phone_spellings(value)] if field == "phone" else found

    def _identified(self, field: str, row: Row) -> Iterator[tuple[str, str]]:
        if field == "hub_id":
            reference = self.hub_reference(row)
            if reference is not None:
                yield "hub_id", reference
        elif refusal(row) is None:
            yield from self.finder.keys(row, [field])

    def external_id(self, row: Row) -> str:
        """The row's key; several columns joined.

        Raises:
            KeyError: a key column is null.
        """
        key = self.keys.of(row)
        if key is None:
            raise KeyError(self.key)
        return key

    def updated_at(self, row: Row) -> datetime | None:
        """When the row last changed, None when its column does not tell."""
        return None if self.spelling is None else self.spelling.of(row)

    def is_deleted(self, row: Row) -> bool:
        """Whether the row is marked as deleted: a true flag, or a moment of deletion."""
        if self.config.deleted is None:
            return False
        value = row.get(self.config.deleted)
        return value is not None and str(value).strip().lower() not in NO

    def version(self, row: Row) -> str | None:
        """The version column, else a fingerprint of the whole row."""
        if self.config.version is None:
            return digest_of(row)
        value = row.get(self.config.version)
        return None if value is None else str(value)

    def hub_reference(self, row: Row) -> str | None:
        """Our id of the record, from its own column or because it is the key."""
        return self.hub_ids.of(row)

    def stamp(self, row: Row, hub_id: str) -> Row:
        """The row of a create with our id in its own column; as its key it is set when it is written."""
        if self.config.hub_id is not None:
            row[self.config.hub_id] = hub_id
        return row


def phone_spellings(number: str) -> list[str]:
    """How people and programs write an E.164 number: the spellings that a lookup by index can find."""
    import phonenumbers
    from phonenumbers import PhoneNumberFormat as Form

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return []
    national = phonenumbers.format_number(parsed, Form.NATIONAL)
    international = phonenumbers.format_number(parsed, Form.INTERNATIONAL)
    compact = "".join(sign for sign in national if sign.isdigit())
    return [national, compact, international, number[1:], f"00{number[1:]}", national.replace(" ", ".")]


def sql_stream(name: str, config: SqlStreamSettings, base: type[SqlStream]) -> type[SqlStream]:
    """The class of one configured stream."""
    complete = config.table is not None or config.complete
    scanned = Deletes.SCAN if complete else Deletes.NONE
    facts: dict[str, Any] = {
        "name": name,
        "config": config,
        "model": model_named(config.model),
        "subject": subject_of(config),
        "origin": Origin(config.origin),
        "deletes": scanned if config.deleted is None else Deletes.FLAG,
        "deleted": config.deleted,
        "full_read_is_complete": complete,
        "creates": _creates(config),
        "read_back": config.writable,
        "t_max": 30.0,
        "l_max": 0.0,
    }
    return type(f"SqlStream_{name}", (base,), facts)


def _creates(config: SqlStreamSettings) -> Creates | None:
    if not config.writable:
        return None
    if config.upsert_by is not None:
        return Creates.UPSERT
    found_again = config.hub_id or config.key_from == "hub_id" or findable(config)
    return Creates.REFERENCE if found_again else Creates.BLIND

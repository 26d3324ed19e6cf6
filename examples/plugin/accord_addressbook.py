"""A whole two-way connector: people in a JSON file, ``{"<id>": {"mail": ..., "name": ..., "born": ...}}``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import accord
from accord.mapping import Mapping as FieldMapping
from accord.mapping import both


class AddressBookSettings(accord.Settings):
    """``file`` is relative to accord.toml."""

    file: Path


class People(accord.Stream):
    """The people in the book; a new one gets our id as its key, so that a create can be repeated safely."""

    name, model, subject = "people", accord.Customer, "self"
    origin, deletes, creates = accord.Origin.OWN, accord.Deletes.SCAN, accord.Creates.REFERENCE
    reference, find_by, t_max, l_max = "key", ("hub_id",), 1.0, 0.0
    mapping = FieldMapping(both("email", "mail"), both("given_name", "name"), both("birth_date", "born"))

    def read(self, request: accord.ReadRequest) -> Iterator[accord.Page]:  # noqa: ARG002  always everybody
        """Everybody."""
        yield accord.Page(list(self._book().values()), None, None)

    def get(self, ids: Sequence[str]) -> Mapping[str, accord.Row | None]:
        """Some of them."""
        return {id_: self._book().get(id_) for id_ in ids}

    def find(self, probes: Sequence[accord.Probe]) -> Sequence[Sequence[accord.Row]]:
        """By our id."""
        return [[row for row in [self._book().get(probe.value)] if row] for probe in probes]

    @accord.batch(1000)
    def upsert(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Create and update alike."""
        book = self._book()
        for write in writes:
            key = write.external_id or write.hub_id
            book[key] = {**book.get(key, {}), **write.row, "id": key}
        self._file.write_text(json.dumps(book, indent=1))
        keys = [write.external_id or write.hub_id for write in writes]
        return [
            accord.Outcome(write.id, accord.Result.DONE, external_id=key, row=book[key])
            for write, key in zip(writes, keys, strict=True)
        ]

    @property
    def _file(self) -> Path:
        settings: AddressBookSettings = self.connector.settings_value
        return self.connector.context.root / settings.file

    def _book(self) -> dict[str, accord.Row]:
        rows: dict[str, accord.Row] = json.loads(self._file.read_text())
        return {key: {**row, "id": key} for key, row in rows.items()}


class AddressBook(accord.Connector[AddressBookSettings]):
    """One file."""

    name, title, settings, streams = "addressbook", "Address book", AddressBookSettings, (People,)

    def check(self) -> accord.Account:
        """The file is the account."""
        return accord.Account(str(self.settings_value.file), self.settings_value.file.name)


@accord.hookimpl
def accord_connectors() -> list[type[AddressBook]]:
    """Offer the connector."""
    return [AddressBook]

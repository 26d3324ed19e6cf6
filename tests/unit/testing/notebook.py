"""A small connector whose vendor is a JSON file, and a careless twin of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import accord
from accord.errors import AccessError
from accord.mapping import Mapping as FieldMapping
from accord.mapping import both


class People(accord.Stream):
    """The people in a notebook."""

    name: ClassVar[str] = "people"
    model = accord.Customer
    subject = "self"
    origin = accord.Origin.OWN
    deletes = accord.Deletes.SCAN
    cursor = accord.CursorField("changed", overlap=5)
    creates = accord.Creates.REFERENCE
    reference = "hub"
    find_by: Sequence[str] = ("hub_id",)
    mapping = FieldMapping(both("email", "mail"), both("given_name", "first"), both("family_name", "last"))
    page_size = 100

    @property
    def file(self) -> Path:
        context = self.connector.context
        return context.root / str(self.connector.settings_value.file)

    def held(self) -> dict[str, accord.Row]:
        found: dict[str, accord.Row] = json.loads(self.file.read_text(encoding="utf-8"))
        return found

    def read(self, request: accord.ReadRequest) -> Iterator[accord.Page]:
        """By id; ids never move."""
        after = request.token or ""
        while True:
            rows = [row for id_, row in sorted(self.held().items()) if id_ > after]
            part = [row for row in rows[: self.page_size] if _fresh(row, request.since)]
            after = rows[self.page_size - 1]["id"] if len(rows) > self.page_size else ""
            yield accord.Page(part, after or None)
            if not after:
                return

    @accord.batch(5)
    def get(self, ids: Sequence[str]) -> Mapping[str, accord.Row | None]:
        return {id_: self.held().get(id_) for id_ in ids}

    @accord.batch(5)
    def find(self, probes: Sequence[accord.Probe]) -> Sequence[Sequence[accord.Row]]:
        return [[row for row in self.held().values() if row.get("hub") == probe.value] for probe in probes]

    @accord.batch(5)
    def upsert(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        return [self.write(write) for write in writes]

    def write(self, write: accord.Write) -> accord.Outcome:
        held = self.held()
        id_ = write.external_id or f"{len(held) + 1:04d}"
        changed = self.connector.context.env.now().isoformat()
        held[id_] = {**held.get(id_, {}), **write.row, "id": id_, "changed": changed}
        self.file.write_text(json.dumps(held), encoding="utf-8")
        return accord.Outcome(write.id, accord.Result.DONE, id_, held[id_])


def _fresh(row: accord.Row, since: datetime | None) -> bool:
    return since is None or datetime.fromisoformat(row["changed"]) >= since


class Blind(People):
    """Never finds what is there."""

    def find(self, probes: Sequence[accord.Probe]) -> Sequence[Sequence[accord.Row]]:
        return [[] for _ in probes]


class NotebookSettings(accord.Settings):
    file: str


class Notebook(accord.Connector[NotebookSettings]):
    """People in a JSON file."""

    name: ClassVar[str] = "notebook"
    settings = NotebookSettings
    streams: ClassVar[Sequence[type[accord.Stream]]] = (People,)

    def check(self) -> accord.Account:
        file = self.context.root / self.settings_value.file
        if not file.is_file():
            raise AccessError("there is no such notebook", hint="Correct `file`.")
        return accord.Account(str(file))


class Careless(Notebook):
    """Its creates cannot be made safe."""

    streams: ClassVar[Sequence[type[accord.Stream]]] = (Blind,)


SETTINGS: dict[str, Any] = {"file": "notebook.json"}
WRONG: dict[str, Any] = {"file": "nothing.json"}


def empty(folder: Path) -> None:
    """An empty notebook."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "notebook.json").write_text("{}", encoding="utf-8")

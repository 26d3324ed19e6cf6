"""What rows of files and tables have in common: keys, our ids, refusals, fingerprints, looking up."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from accord.errors import MappingError
from accord.mapping.declared.tables import DeclaredField, DeclaredStream, Declarer, escaped, field_of
from accord.mapping.fields import Declaration
from accord.mapping.instants import Instant, parse_instant
from accord.mapping.mapping import Mapping as FieldMapping
from accord.mapping.paths import MISSING, getter, parse, put
from accord.model import Canonical
from accord.model.cells import Cells
from accord.model.record import Document, Probe, Row
from accord.model.schema import NATURAL_KEYS, normal_key

REFUSED = "accord.refused"
"""The column that says why a row is refused; it stands only in rows that are."""
HUB_ID = re.compile(r"[0-9a-f]{32}")
UNDATED = (
    "%s: the column %s of updated_at holds what cannot be read as a moment: such rows count as changed when"
    " they are read. Declare its `format`, or correct the rows"
)
_log = logging.getLogger(__name__)


def refused(row: Row, why: str) -> Row:
    """A row that cannot be used, with the reason: file and line, never a value."""
    return {**row, REFUSED: why}


def refusal(row: Row) -> str | None:
    """Why a row is refused, None when it is sound."""
    why = row.get(REFUSED)
    return None if why is None else str(why)


def digest_of(value: Any) -> str:
    """A short fingerprint of JSON values: equal values, equal fingerprint."""
    text = json.dumps(value, sort_keys=True, default=str)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def merged(base: Mapping[str, Any], update: Mapping[str, Any]) -> Row:
    """A row with changes in it; nested objects are merged, everything else is replaced."""
    result = dict(base)
    for key, value in update.items():
        held = result.get(key)
        result[key] = merged(held, value) if isinstance(held, dict) and isinstance(value, dict) else value
    return result


class KeyColumns:
    """The columns whose values name a record; several are joined with ``|``, a literal one is escaped."""

    def __init__(self, columns: Sequence[str], *, nested: bool = False) -> None:
        self.columns = tuple(columns)
        self.steps = [parse(column if nested else escaped(column)) for column in columns]
        self._getters = [getter(steps) for steps in self.steps]

    @property
    def single(self) -> bool:
        """Whether one column is enough."""
        return len(self.columns) == 1

    def of(self, row: Row) -> str | None:
        """The row's key as text, None when a column is empty or missing."""
        parts = []
        for get in self._getters:
            value = get(row)
            if value is None or value == "" or not isinstance(value, (str, int, float)):
                return None
            parts.append(str(value))
        return parts[0] if self.single else "|".join(_guarded(part) for part in parts)

    def split(self, key: str) -> list[str] | None:
        """The columns' values in a key, None when it is not one of ours."""
        if self.single:
            return [key]
        parts = _parted(key)
        return parts if len(parts) == len(self.columns) else None


@dataclass(frozen=True)
class HubIds:
    """Where our id of a record stands in its row.

    Attributes:
        keys: The key columns.
        column: Its own column, if there is one.
        generated: New rows without a key get our id as their key.
    """

    keys: KeyColumns
    column: str | None
    generated: bool

    @property
    def known(self) -> bool:
        """Whether a row created by us can be found again by our id."""
        return self.column is not None or (self.generated and self.keys.single)

    def of(self, row: Row) -> str | None:
        """Our id, None when the row has none."""
        if self.column is not None:
            return row.get(self.column) or None
        key = self.keys.of(row) if self.known else None
        return key if key is not None and HUB_ID.fullmatch(key) else None

    def stamp(self, row: Row, hub_id: str) -> Row:
        """The row with our id in it; as its key, too, when it would have none."""
        if self.column is not None:
            row[self.column] = hub_id
        if self.generated and self.keys.single and self.keys.of(row) is None:
            put(row, self.keys.steps[0], hub_id)
        return row


class Moment:
    """The column that says when a row last changed.

    Args:
        column: Its name.
        form: Its declared spelling; None = any usual one.
        named: Connection and stream, for whoever reads the log.
    """

    def __init__(self, column: str, form: Instant | None, named: str) -> None:
        self.column, self.form, self._named = column, form, named
        self._told = False

    def of(self, row: Row) -> datetime | None:
        """When the row changed; None when the column is empty or cannot be read."""
        value = row.get(self.column)
        if value is None or value == "":
            return None
        try:
            if self.form is None:
                return parse_instant(value)
            found = self.form.read(value, row)
        except ValueError:
            if not self._told:
                self._told = True
                _log.warning(UNDATED, self._named, self.column)
            return None
        return None if found is None else datetime.fromisoformat(found)

    def put(self, row: Row, now: datetime) -> None:
        """Note a change of our own, in the declared spelling; without one the column is left alone."""
        if self.form is not None:
            row[self.column] = self.form.write(now.isoformat(), {})


def moment(stream: DeclaredStream, given: str | DeclaredField | None, named: str) -> Moment | None:
    """The declared column of change; its spelling counts as declared when it has a format or a zone.

    Args:
        stream: The declared stream.
        given: Its ``updated_at``.
        named: Connection and stream, for whoever reads the log.
    """
    if given is None:
        return None
    field = field_of(given)
    zone = field.zone or stream.zone
    spelled = field.format is not None or zone != "UTC"
    return Moment(field.column, Instant(field.format or "local", zone) if spelled else None, named)


class RowMapping(FieldMapping):
    """A mapping that sets refused rows aside with their reason."""

    def read(self, row: Row) -> Document:
        """The canonical document of a row.

        Raises:
            MappingError: the row is refused, or a field cannot be mapped.
        """
        self._accept(row)
        return super().read(row)

    def cells(self, row: Row) -> Cells:
        """The checked cells of a row.

        Raises:
            MappingError: the row is refused, or a field cannot be mapped.
        """
        self._accept(row)
        return super().cells(row)

    def _accept(self, row: Row) -> None:
        why = refusal(row)
        if why is not None:
            raise MappingError(
                f"The record is refused: {why}",
                hint="Correct it at its source; it is read again when its file or row changes.",
                facts={"connector": self.connector, "stream": self.stream},
            )

    def bound(self, *, connector: str, stream: str, model: type[Canonical]) -> RowMapping:
        """The same mapping, knowing where it belongs."""
        return self._like(super().bound(connector=connector, stream=stream, model=model))

    def extended(self, *more: Declaration) -> RowMapping:
        """With further declarations."""
        return self._like(super().extended(*more))

    @staticmethod
    def _like(plain: FieldMapping) -> RowMapping:
        twin = RowMapping(*plain.declarations, empty=plain.empty)
        twin.connector, twin.stream, twin.model = plain.connector, plain.stream, plain.model
        twin._items = plain._items  # noqa: SLF001  a mapping copies a mapping
        return twin


def declared(stream: DeclaredStream, *, nested: bool, key: str) -> RowMapping:
    """The mapping of a configured stream.

    Raises:
        ConfigError: a canonical path or a combination of options makes no sense.
    """
    return RowMapping(*Declarer(stream, nested, key).all())


def findable(stream: DeclaredStream) -> tuple[str, ...]:
    """The natural keys that the fields map, best first."""
    readable = {path for path, given in stream.fields.items() if field_of(given).direction != "write"}
    return tuple(name for name in NATURAL_KEYS[stream.model] if name in readable)


class Finder:
    """Natural keys of rows, without mapping what is not asked for."""

    def __init__(self, stream: DeclaredStream, model: type[Canonical], *, nested: bool, key: str) -> None:
        self.fields = findable(stream)
        declarer = Declarer(stream, nested, key)
        self._declared = {
            name: declarer.field(model, name, field_of(stream.fields[name]), "fields") for name in self.fields
        }

    def keys(self, row: Row, asked: Iterable[str]) -> Iterable[tuple[str, str]]:
        """The row's natural keys in the asked fields, normalised; those that cannot be read are left out."""
        for name in asked:
            declared_field = self._declared[name]
            value = getter(declared_field.vendor[0])(row)
            if value is MISSING or value is None or value == "":
                continue
            try:
                found = declared_field.converter.read(value, row)
            except ValueError:
                continue  # the engine sees the same problem when it reads the row
            key = found if name == "phone" else normal_key(name, str(found or ""))
            if key:
                yield name, key

    def questions(self, probes: Sequence[Probe]) -> dict[tuple[str, str], list[int]]:
        """The probes' positions by what they ask for."""
        asked: dict[tuple[str, str], list[int]] = {}
        for position, probe in enumerate(probes):
            value = probe.value if probe.field == "hub_id" else normal_key(probe.field, probe.value)
            if value:
                asked.setdefault((probe.field, value), []).append(position)
        return asked


def _parted(key: str) -> list[str]:
    """The parts of a joined key."""
    parts, signs = [""], iter(key)
    for sign in signs:
        if sign == "|":
            parts.append("")
        else:
            parts[-1] += next(signs, "") if sign == "\\" else sign
    return parts


def _guarded(part: str) -> str:
    return part.replace("\\", "\\\\").replace("|", "\\|")

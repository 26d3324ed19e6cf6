"""Consent writes that are due at destinations, until a receipt or an alert."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from accord.store.bulk import Bulk
from accord.store.codec import Columns, Found, from_json, to_json
from accord.store.consent_rows import Revocation, RevocationState
from accord.store.consent_tables import revocation
from accord.store.statement import Statement

_BODY = (
    "identifiers",
    "document",
    "expected",
    "before",
    "sends",
    "denied",
    "rule",
    "epoch",
    "signal",
)
_PLAIN = tuple(each.name for each in fields(Revocation) if each.name not in {*_BODY, "state"})
_HERE = "WHERE connection = :connection AND stream = :stream AND finished_at IS NULL"
_KNOWN = Statement("SELECT id FROM revocation WHERE id IN :ids ORDER BY id")
_READY = revocation.select(f"{_HERE} AND not_before <= :now ORDER BY created_at, id LIMIT :most")
_ANY_READY = Statement(f"SELECT 1 FROM revocation {_HERE} AND not_before <= :now LIMIT 1")
_OPEN_AT = revocation.select(f"{_HERE} AND subject IN :subjects ORDER BY not_before, id")
_OF = revocation.select("WHERE subject IN :subjects ORDER BY subject, id")
_PLACES = Statement(
    "SELECT DISTINCT connection, stream FROM revocation WHERE finished_at IS NULL ORDER BY connection, stream"
)
_OVERDUE = revocation.select(
    "WHERE finished_at IS NULL AND due_at <= :now AND alerted_at IS NULL ORDER BY not_before, id"
)
_ALERTS = revocation.select("WHERE alerted_at IS NOT NULL ORDER BY created_at, id")
_OPEN_COUNT = Statement("SELECT count(*) FROM revocation WHERE finished_at IS NULL")
_EARLIEST = Statement(f"SELECT min(not_before) FROM revocation {_HERE}")


class Revocations:
    """What destinations must still be told."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, revocations: Sequence[Revocation]) -> int:
        """Queue; one that is queued (or was) already stays as it is. Tells how many are new."""
        unique = {one.id: one for one in revocations}
        known = {row["id"] for row in self._bulk.ask(_KNOWN, ids=unique)}
        new = [one for id_, one in unique.items() if id_ not in known]
        self._bulk.insert(revocation, [_pack(one) for one in new])
        return len(new)

    def save(self, revocations: Sequence[Revocation]) -> None:
        """Store what became of them."""
        self._bulk.upsert(revocation, [_pack(one) for one in revocations])

    def ready(self, connection: str, stream: str, now: float, limit: int = 100) -> list[Revocation]:
        """Those that may go now, oldest first."""
        found = self._bulk.ask(_READY, connection=connection, stream=stream, now=now, most=limit)
        return [_unpack(row) for row in found]

    def open_at(self, connection: str, stream: str, subjects: Iterable[str]) -> dict[str, list[Revocation]]:
        """The unfinished ones about these people at one place."""
        found: dict[str, list[Revocation]] = {}
        asked = dict.fromkeys(subjects)
        for row in self._bulk.ask(_OPEN_AT, connection=connection, stream=stream, subjects=asked):
            found.setdefault(row["subject"], []).append(_unpack(row))
        return found

    def of(self, subjects: Iterable[str]) -> list[Revocation]:
        """All about these people, oldest first; of one moment those first that nobody can carry out."""
        rows = self._bulk.ask(_OF, subjects=dict.fromkeys(subjects))
        return sorted(map(_unpack, rows), key=_age)

    def places(self) -> list[tuple[str, str]]:
        """(connection, stream) of all unfinished ones."""
        return sorted((row["connection"], row["stream"]) for row in self._bulk.ask(_PLACES))

    def overdue(self, now: float) -> list[Revocation]:
        """Unfinished ones whose time is over and that nobody was told of yet."""
        return [_unpack(row) for row in self._bulk.ask(_OVERDUE, now=now)]

    def alerts(self) -> list[Revocation]:
        """What somebody must look at: overdue, or impossible for the vendor."""
        return [_unpack(row) for row in self._bulk.ask(_ALERTS)]

    def open_count(self) -> int:
        """How many are unfinished."""
        return int(self._bulk.value(_OPEN_COUNT))

    def any_ready(self, connection: str, stream: str, now: float) -> bool:
        """Whether one may go now: asked before every batch, so it must stay cheap."""
        return self._bulk.value(_ANY_READY, connection=connection, stream=stream, now=now) is not None

    def earliest(self, connection: str, stream: str) -> float | None:
        """When the next one may go; None when nothing is due."""
        found = self._bulk.value(_EARLIEST, connection=connection, stream=stream)
        return None if found is None else float(found)


def _age(one: Revocation) -> tuple[float, bool, str]:
    return (one.created_at, one.state is not RevocationState.IMPOSSIBLE, one.id)


def _pack(one: Revocation) -> Columns:
    row: Columns = {name: getattr(one, name) for name in _PLAIN}
    row["state"] = one.state.value
    row["body"] = to_json({name: getattr(one, name) for name in _BODY})
    return row


def _unpack(row: Found) -> Revocation:
    plain: dict[str, Any] = {name: row[name] for name in _PLAIN}
    return Revocation(**plain, **from_json(row["body"]), state=RevocationState(row["state"]))

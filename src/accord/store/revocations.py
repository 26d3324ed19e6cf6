"""Consent writes that are due at destinations, until a receipt or an alert."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import func, select

from accord.store.bulk import Bulk
from accord.store.codec import Columns, Found, from_json, to_json
from accord.store.consent_rows import Revocation, RevocationState
from accord.store.consent_tables import revocation

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
_OPEN = revocation.c.finished_at.is_(None)


class Revocations:
    """What destinations must still be told."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, revocations: Sequence[Revocation]) -> int:
        """Queue; one that is queued (or was) already stays as it is. Tells how many are new."""
        unique = {one.id: one for one in revocations}
        known = {
            row["id"] for row in self._bulk.select_among(select(revocation.c.id), revocation.c.id, unique)
        }
        new = [one for id_, one in unique.items() if id_ not in known]
        self._bulk.insert(revocation, [_pack(one) for one in new])
        return len(new)

    def save(self, revocations: Sequence[Revocation]) -> None:
        """Store what became of them."""
        self._bulk.upsert(revocation, [_pack(one) for one in revocations])

    def ready(self, connection: str, stream: str, now: float, limit: int = 100) -> list[Revocation]:
        """Those that may go now, oldest first."""
        query = self._of(connection, stream).where(revocation.c.not_before <= now)
        rows = self._bulk.rows(query.order_by(revocation.c.created_at, revocation.c.id).limit(limit))
        return [_unpack(row) for row in rows]

    def open_at(self, connection: str, stream: str, subjects: Iterable[str]) -> dict[str, list[Revocation]]:
        """The unfinished ones about these people at one place."""
        found: dict[str, list[Revocation]] = {}
        query = self._of(connection, stream)
        for row in self._bulk.select_among(query, revocation.c.subject, dict.fromkeys(subjects)):
            found.setdefault(row["subject"], []).append(_unpack(row))
        return found

    def of(self, subjects: Iterable[str]) -> list[Revocation]:
        """All about these people, oldest first; of one moment those first that nobody can carry out."""
        query = select(revocation)
        rows = self._bulk.select_among(query, revocation.c.subject, dict.fromkeys(subjects))
        return sorted(map(_unpack, rows), key=_age)

    def places(self) -> list[tuple[str, str]]:
        """(connection, stream) of all unfinished ones."""
        query = select(revocation.c.connection, revocation.c.stream).where(_OPEN).distinct()
        return sorted((row["connection"], row["stream"]) for row in self._bulk.rows(query))

    def overdue(self, now: float) -> list[Revocation]:
        """Unfinished ones whose time is over and that nobody was told of yet."""
        query = select(revocation).where(_OPEN, revocation.c.due_at <= now, revocation.c.alerted_at.is_(None))
        return [_unpack(row) for row in self._bulk.rows(query)]

    def alerts(self) -> list[Revocation]:
        """What somebody must look at: overdue, or impossible for the vendor."""
        query = (
            select(revocation).where(revocation.c.alerted_at.is_not(None)).order_by(revocation.c.created_at)
        )
        return [_unpack(row) for row in self._bulk.rows(query)]

    def open_count(self) -> int:
        """How many are unfinished."""
        return self._bulk.number(select(func.count()).select_from(revocation).where(_OPEN))

    def any_ready(self, connection: str, stream: str, now: float) -> bool:
        """Whether one may go now: asked before every batch, so it must stay cheap."""
        query = self._of(connection, stream).where(revocation.c.not_before <= now)
        return self._bulk.one(query.with_only_columns(revocation.c.id).limit(1)) is not None

    def earliest(self, connection: str, stream: str) -> float | None:
        """When the next one may go; None when nothing is due."""
        query = self._of(connection, stream).with_only_columns(func.min(revocation.c.not_before))
        found = self._bulk.run(query).scalar_one()
        return None if found is None else float(found)

    @staticmethod
    def _of(connection: str, stream: str) -> Any:
        return select(revocation).where(
            revocation.c.connection == connection, revocation.c.stream == stream, _OPEN
        )


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

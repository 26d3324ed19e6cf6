"""Requests to erase people: who asked, what was removed here, what had to stay."""

from __future__ import annotations

from collections.abc import Iterable

from accord.store.bulk import Bulk
from accord.store.codec import Found, from_json, to_json
from accord.store.consent_rows import Erasure
from accord.store.consent_tables import erasure

_BY_ID = erasure.select("WHERE id IN :ids ORDER BY id")
_LATEST = erasure.select("ORDER BY requested_at DESC, id LIMIT :most")
_PLAIN = ("id", "subject", "identity", "requested_at", "due_at", "closed_at", "lifted_at")


class Erasures:
    """The erasures that were asked for."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def save(self, one: Erasure) -> None:
        """Store a request, new or known."""
        row = {name: getattr(one, name) for name in _PLAIN}
        row["body"] = to_json({"counts": one.counts, "kept": [list(each) for each in one.kept]})
        self._bulk.upsert(erasure, [row])

    def get(self, ids: Iterable[str]) -> dict[str, Erasure]:
        """Requests by id."""
        rows = self._bulk.ask(_BY_ID, ids=dict.fromkeys(ids))
        return {row["id"]: _unpack(row) for row in rows}

    def every(self, limit: int = 1000) -> list[Erasure]:
        """The latest requests, newest first."""
        return [_unpack(row) for row in self._bulk.ask(_LATEST, most=limit)]


def _unpack(row: Found) -> Erasure:
    plain = {name: row[name] for name in _PLAIN}
    body = from_json(row["body"])
    return Erasure(**plain, counts=body["counts"], kept=[tuple(each) for each in body["kept"]])

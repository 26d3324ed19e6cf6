"""The history of cells: their last values, from the second one on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, delete, select

from accord.store.bulk import Bulk
from accord.store.codec import Found, from_json, to_json
from accord.store.rows import Change
from accord.store.tables import history

RING = 20
"""Changes kept per cell."""

_older = history.alias("older")
_TRIM = delete(history).where(
    history.c.entity == bindparam("asked_entity"),
    history.c.cell == bindparam("asked_cell"),
    history.c.version
    < select(_older.c.version)
    .where(_older.c.entity == bindparam("asked_entity"), _older.c.cell == bindparam("asked_cell"))
    .order_by(_older.c.version.desc())
    .limit(1)
    .offset(RING - 1)
    .scalar_subquery(),
)


class History:
    """A ring of the last changes of each cell of each hub record."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, changes: Sequence[Change]) -> None:
        """Record changes and let the oldest ones beyond the ring go."""
        self._bulk.upsert(history, [_pack(each) for each in changes])
        cells = dict.fromkeys((each.entity, each.cell) for each in changes)
        self._bulk.each(_TRIM, [{"asked_entity": entity, "asked_cell": cell} for entity, cell in cells])

    def of(self, entity: str, cell: str | None = None) -> list[Change]:
        """The changes of a hub record (of one cell), oldest first."""
        query = select(history).where(history.c.entity == entity)
        if cell is not None:
            query = query.where(history.c.cell == cell)
        rows = self._bulk.rows(query.order_by(history.c.version, history.c.cell))
        return [_unpack(row) for row in rows]

    def forget(self, entities: Iterable[str]) -> int:
        """Remove the history of hub records for good (erasure); tells how many changes."""
        return self._bulk.remove(history, history.c.entity, dict.fromkeys(entities))


def _pack(each: Change) -> dict[str, object]:
    return {
        "entity": each.entity,
        "cell": each.cell,
        "version": each.version,
        "body": to_json([each.old, each.new]),
        "source": each.source,
        "run": each.run,
        "at": each.at,
        "rule": each.rule,
    }


def _unpack(row: Found) -> Change:
    plain = {name: row[name] for name in ("entity", "cell", "version", "source", "run", "at", "rule")}
    old, new = from_json(row["body"])
    return Change(old=old, new=new, **plain)

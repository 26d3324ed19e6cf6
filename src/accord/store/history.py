"""The history of cells: their last values, from the second one on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accord.store.bulk import Bulk
from accord.store.codec import Found, from_json, to_json
from accord.store.rows import Change
from accord.store.statement import Statement
from accord.store.tables import history

RING = 20
"""Changes kept per cell."""

_TRIM = Statement(
    "DELETE FROM history WHERE entity = :entity AND cell = :cell AND version <"
    " (SELECT version FROM history WHERE entity = :entity AND cell = :cell"
    " ORDER BY version DESC LIMIT 1 OFFSET :beyond)"
)
_OF = history.select("WHERE entity = :entity ORDER BY version, cell")
_OF_CELL = history.select("WHERE entity = :entity AND cell = :cell ORDER BY version")
_SOURCES = Statement(
    "SELECT entity, cell, source FROM history WHERE entity IN :entities AND at >= :since ORDER BY version"
)
_FORGET = Statement("DELETE FROM history WHERE entity IN :entities")


class History:
    """A ring of the last changes of each cell of each hub record."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, changes: Sequence[Change]) -> None:
        """Record changes and let the oldest ones beyond the ring go."""
        self._bulk.upsert(history, [_pack(each) for each in changes])
        cells = dict.fromkeys((each.entity, each.cell) for each in changes)
        self._bulk.each(
            _TRIM, [{"entity": entity, "cell": cell, "beyond": RING - 1} for entity, cell in cells]
        )

    def of(self, entity: str, cell: str | None = None) -> list[Change]:
        """The changes of a hub record (of one cell), oldest first."""
        if cell is None:
            return [_unpack(row) for row in self._bulk.ask(_OF, entity=entity)]
        return [_unpack(row) for row in self._bulk.ask(_OF_CELL, entity=entity, cell=cell)]

    def sources(self, entities: Iterable[str], since: float) -> dict[tuple[str, str], list[str]]:
        """Who changed which cell of these hub records since then, oldest version first."""
        found: dict[tuple[str, str], list[str]] = {}
        asked = dict.fromkeys(entities)
        for entity, cell, source in self._bulk.rows(_SOURCES, entities=asked, since=since):
            found.setdefault((entity, cell), []).append(source)
        return found

    def forget(self, entities: Iterable[str]) -> int:
        """Remove the history of hub records for good (erasure); tells how many changes."""
        return self._bulk.change(_FORGET, entities=dict.fromkeys(entities))


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

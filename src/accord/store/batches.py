"""Intents that were marked as sent together: one row for the whole batch, as long as all are alike.

A batch lives from the mark to the vendor's answer. As soon as one of its intents differs from the others
(refused, unknown, taken over), the batch is spelled out: each becomes a row of ``intent``, and this one goes.
What asks for intents sees no difference (:class:`accord.store.intents.Intents`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

import orjson

from accord.store.bulk import Bulk
from accord.store.carried import Carried
from accord.store.codec import DIGEST, Columns, Found
from accord.store.rows import Intent, IntentState
from accord.store.statement import Statement
from accord.store.tables import intent_batch

PLACE = "-"
"""Between the name of a batch and the place in it, in the id of each of its intents."""
_HERE = "WHERE connection = :connection AND stream = :stream"
_BY_ID = intent_batch.select("WHERE id IN :ids ORDER BY id")
_SENT = Statement("SELECT id, sent_at, size FROM intent_batch WHERE id IN :ids ORDER BY id")
_OF_STREAM = intent_batch.select(f"{_HERE} ORDER BY id")
_MEMBERS = Statement(f"SELECT id, entities FROM intent_batch {_HERE} ORDER BY id")
_EVERY = Statement("SELECT id, entities FROM intent_batch ORDER BY id")
_REMOVE = Statement("DELETE FROM intent_batch WHERE id IN :ids")
_SIZES = Statement(f"SELECT coalesce(sum(size), 0) AS number FROM intent_batch {_HERE}")
_EARLIEST = Statement(f"SELECT min(settle_until) AS settle FROM intent_batch {_HERE}")
_ALIKE = ("operation", "created_at", "not_before", "attempt", "fence", "run", "reason")
_NAMES = 4
"""Where a member tells the names of its cells."""
_alike = attrgetter(*_ALIKE, "connection", "stream", "sent_at", "settle_until", "state", "body", "waits_for")
_common = attrgetter(*_ALIKE)


def is_batch(intents: Sequence[Intent]) -> bool:
    """Whether intents can stand in one row: marked together, nothing to repeat word by word."""
    first = intents[0]
    name, place, _ = first.id.partition(PLACE)
    if len(intents) < 2 or not place or first.state is not IntentState.SENT:  # noqa: PLR2004  one is no batch
        return False
    if first.body is not None or first.waits_for is not None:
        return False
    alike = _alike(first)
    return all(each.key == each.id and each.id.startswith(name) and _alike(each) == alike for each in intents)


class Batches:
    """The batches that are under way."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def insert(self, intents: Sequence[Intent]) -> None:
        """Add a batch (:func:`is_batch`)."""
        self._bulk.insert(intent_batch, [_pack(intents)])

    def of(self, connection: str, stream: str, entities: Iterable[str]) -> list[Intent]:
        """The intents of these hub records in a stream."""
        return self._among(self._bulk.ask(_MEMBERS, connection=connection, stream=stream), entities)

    def anywhere(self, entities: Iterable[str]) -> list[Intent]:
        """The intents of these hub records in every stream."""
        return self._among(self._bulk.ask(_EVERY), entities)

    def get(self, ids: Iterable[str]) -> list[Intent]:
        """The intents of these ids."""
        asked = set(ids)
        return [each for each in self._open(_names(asked)) if each.id in asked]

    def of_stream(self, connection: str, stream: str) -> list[Intent]:
        """All intents of a stream."""
        return _spelled(self._bulk.ask(_OF_STREAM, connection=connection, stream=stream))

    def sent_at(self, ids: Iterable[str]) -> dict[str, float]:
        """When those of these intents that are in a batch were marked."""
        asked = list(ids)
        found = {row["id"]: row["sent_at"] for row in self._bulk.ask(_SENT, ids=_names(asked))}
        return {id_: found[name] for id_ in asked if (name := id_.partition(PLACE)[0]) in found}

    def close(self, ids: Collection[str]) -> list[str]:
        """Remove the batches all of whose intents are to be closed; the ids that were in none of them."""
        named = _named(ids)
        sizes = {row["id"]: row["size"] for row in self._bulk.ask(_SENT, ids=named)}
        whole = [name for name, size in sizes.items() if len(named[name]) == size]
        self._bulk.change(_REMOVE, ids=whole)
        return [id_ for name, some in named.items() if name not in whole for id_ in some]

    def take(self, ids: Iterable[str]) -> list[Intent]:
        """All intents of the batches that any of these ids is in, which are batches no more."""
        return self._taken(self._bulk.ask(_BY_ID, ids=_names(ids)))

    def take_stream(self, connection: str, stream: str) -> list[Intent]:
        """The same for all batches of a stream."""
        return self._taken(self._bulk.ask(_OF_STREAM, connection=connection, stream=stream))

    def count(self, connection: str, stream: str) -> int:
        """How many intents of a stream are in batches."""
        return int(self._bulk.value(_SIZES, connection=connection, stream=stream))

    def earliest(self, connection: str, stream: str) -> float | None:
        """When the first batch of a stream has settled."""
        found: float | None = self._bulk.value(_EARLIEST, connection=connection, stream=stream)
        return found

    def _among(self, rows: Iterable[Found], entities: Iterable[str]) -> list[Intent]:
        asked = set(entities)
        names = [row["id"] for row in rows if not asked.isdisjoint(row["entities"].split(","))]
        return [each for each in self._open(names) if each.entity in asked]

    def _open(self, names: Collection[str]) -> list[Intent]:
        return _spelled(self._bulk.ask(_BY_ID, ids=names))

    def _taken(self, rows: Sequence[Found]) -> list[Intent]:
        self._bulk.change(_REMOVE, ids=[row["id"] for row in rows])
        return _spelled(rows)


def _named(ids: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for id_ in ids:
        found.setdefault(id_.partition(PLACE)[0], []).append(id_)
    return found


def _names(ids: Iterable[str]) -> set[str]:
    return {id_.partition(PLACE)[0] for id_ in ids if PLACE in id_}


def _pack(intents: Sequence[Intent]) -> Columns:
    """Header and members as JSON with its size before it, then all digests one after the other.

    Of each member: place, external id, precondition, versions (one number where all are the same), names of
    cells (or which earlier member has the same), and the places of the digests that are empty ("") or not
    known (None).
    """
    first = intents[0]
    members: list[list[object]] = []
    digests: list[Any] = []
    nothing = bytes(DIGEST)
    told_by: dict[tuple[str, ...], int] = {}
    for at, each in enumerate(intents):
        carried = Carried.of(each.cells)
        known = list(carried.digests.values())
        versions: object = [version for version, _ in carried.values()] if carried.odd else carried.base
        place = each.id.partition(PLACE)[2]
        odd = {} if all(known) else {str(n): None if d is None else "" for n, d in enumerate(known) if not d}
        names = tuple(carried.digests)
        told_at = told_by.setdefault(names, at)
        same: object = names if told_at == at else told_at
        members.append([place, each.external_id, each.precondition, versions, same, odd])
        digests += [digest or nothing for digest in known] if odd else known
    told = orjson.dumps([_common(first), members])
    return {
        "id": first.id.partition(PLACE)[0],
        "connection": first.connection,
        "stream": first.stream,
        "sent_at": first.sent_at,
        "settle_until": first.settle_until,
        "size": len(intents),
        "entities": ",".join(each.entity for each in intents),
        "body": len(told).to_bytes(4, "big") + told + b"".join(digests),
    }


def _spelled(rows: Iterable[Found]) -> list[Intent]:
    return [each for row in rows for each in _unpack(row)]


def _unpack(row: Found) -> Iterator[Intent]:
    body: bytes = row["body"]
    at = 4 + int.from_bytes(body[:4], "big")
    common, members = orjson.loads(body[4:at])
    alike = dict(zip(_ALIKE, common, strict=True))
    for entity, member in zip(row["entities"].split(","), members, strict=True):
        place, external_id, precondition, versions, names, odd = member
        names = members[names][_NAMES] if isinstance(names, int) else names
        cells: dict[str, tuple[int, bytes | None]] = {}
        for number, name in enumerate(names):
            digest: bytes | None = body[at : at + DIGEST]
            if odd and str(number) in odd:
                digest = None if odd[str(number)] is None else b""
            cells[name] = (versions if isinstance(versions, int) else versions[number], digest)
            at += DIGEST
        id_ = f"{row['id']}{PLACE}{place}"
        yield Intent(
            id_,
            row["connection"],
            row["stream"],
            entity,
            cells=cells,
            state=IntentState.SENT,
            external_id=external_id,
            precondition=precondition,
            key=id_,
            sent_at=row["sent_at"],
            settle_until=row["settle_until"],
            **alike,
        )

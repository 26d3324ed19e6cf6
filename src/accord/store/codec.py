"""Between the objects of :mod:`accord.store.rows` and the columns of :mod:`accord.store.tables`.

Nested values travel as JSON bytes. A shadow is packed by hand, it is by far the most frequent value:
12 bytes of sizes, the cell names joined by the unit separator, the agreed exceptions as JSON (or
nothing), then 8 bytes of digest per cell in the order of the names. Streams repeat the same list of
names in nearly every record, so the split names are cached and shared.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeAlias

import orjson

from accord.store.rows import (
    Entity,
    EntityState,
    Intent,
    IntentState,
    Link,
    LinkState,
    Shadow,
    Stamp,
)

Columns = dict[str, Any]
Found: TypeAlias = Mapping[str, Any]
"""A row as the database returns it, by column name."""

DIGEST = 8
"""Bytes of a cell's digest."""

_NOTHING = bytes(DIGEST)
"""Stands for a digest that is empty or not known yet."""
_SIZES = struct.Struct(">III")
_SEPARATOR = "\x1f"

to_json: Callable[[Any], bytes] = orjson.dumps
from_json: Callable[[bytes], Any] = orjson.loads


def pack_shadow(shadow: Shadow) -> bytes:
    """The bytes of a shadow.

    Raises:
        ValueError: a digest is not 8 bytes long.
    """
    names = _SEPARATOR.join(shadow.seen).encode()
    agreed = orjson.dumps(shadow.agreed) if shadow.agreed else b""
    digests = b"".join(shadow.seen.values())
    if len(digests) != DIGEST * len(shadow.seen):
        raise ValueError(f"a cell's digest must be {DIGEST} bytes")
    return _SIZES.pack(shadow.base, len(names), len(agreed)) + names + agreed + digests


def unpack_shadow(blob: bytes) -> Shadow:
    """The shadow that :func:`pack_shadow` packed."""
    base, names_size, agreed_size = _SIZES.unpack_from(blob)
    at = _SIZES.size + names_size
    names = _names(blob[_SIZES.size : at])
    agreed: dict[str, int] = orjson.loads(blob[at : at + agreed_size]) if agreed_size else {}
    at += agreed_size
    digests = _digests(len(names)).unpack_from(blob, at)
    return Shadow(dict(zip(names, digests, strict=True)), agreed, base)


@lru_cache(maxsize=1024)
def _digests(number: int) -> struct.Struct:
    return struct.Struct(f"{DIGEST}s" * number)


@lru_cache(maxsize=4096)
def _names(joined: bytes) -> tuple[str, ...]:
    return tuple(joined.decode().split(_SEPARATOR)) if joined else ()


_LINK_STATES = {state.value: state for state in LinkState}
_ENTITY_STATES = {state.value: state for state in EntityState}


def pack_link(link: Link) -> tuple[Any, ...]:
    """The columns of a link, in their order."""
    return (
        link.connection,
        link.stream,
        link.external_id,
        link.entity,
        link.state._value_,
        link.etag,
        link.changed_at,
        link.row_digest,
        link.generation,
        pack_shadow(link.shadow),
        link.created_by_intent,
        link.alias_of,
        link.written_at,
        link.written_run,
    )


def unpack_link(row: tuple[Any, ...]) -> Link:
    """A link from its columns, in their order."""
    connection, stream, external_id, entity, state, etag, changed_at, digest, generation, shadow, *rest = row
    return Link(
        connection,
        stream,
        external_id,
        entity,
        _LINK_STATES[state],
        etag,
        changed_at,
        digest,
        generation,
        unpack_shadow(shadow),
        *rest,
    )


def pack_entity(entity: Entity) -> Columns:
    """The columns of a hub record."""
    stamps = {cell: list(stamp) for cell, stamp in entity.stamps.items()} if entity.stamps else {}
    return {
        "id": entity.id,
        "kind": entity.kind,
        "state": entity.state.value,
        "merged_into": entity.merged_into,
        "rev": entity.rev,
        "created_at": entity.created_at,
        "body": orjson.dumps([entity.cells, list(entity.origin), stamps]),
    }


def unpack_entity(row: tuple[Any, ...]) -> Entity:
    """A hub record from its columns, in their order; ``loaded_rev`` is the stored revision."""
    id_, kind, state, merged_into, rev, created_at, body = row
    cells, origin, stamps = orjson.loads(body)
    return Entity(
        id=id_,
        kind=kind,
        cells=cells,
        origin=Stamp(*origin),
        rev=rev,
        state=_ENTITY_STATES[state],
        stamps={cell: Stamp(*stamp) for cell, stamp in stamps.items()},
        merged_into=merged_into,
        created_at=created_at,
        loaded_rev=rev,
    )


_INTENT_PLAIN = tuple(field.name for field in fields(Intent) if field.name not in {"state", "cells", "body"})
_intent_plain = attrgetter(*_INTENT_PLAIN)


def pack_intent(intent: Intent) -> Columns:
    """The columns of an intent."""
    row = dict(zip(_INTENT_PLAIN, _intent_plain(intent), strict=True))
    row["state"] = intent.state.value
    row["body"] = _pack_carried(intent)
    return row


def _pack_carried(intent: Intent) -> bytes:
    """What an intent carries, packed like a shadow; most often all cells have one version and a digest."""
    base = 0
    odd: dict[str, list[Any]] = {}
    digests: list[bytes] = []
    for cell, (version, digest) in intent.cells.items():
        base = base or version
        if version != base or not digest:
            odd[cell] = [version, digest is None]
        digests.append(digest or _NOTHING)
    rest = orjson.dumps([odd, intent.body]) if odd or intent.body is not None else b""
    names = _SEPARATOR.join(intent.cells).encode()
    return _SIZES.pack(base, len(names), len(rest)) + names + rest + b"".join(digests)


def _unpack_carried(blob: bytes) -> tuple[dict[str, tuple[int, bytes | None]], dict[str, Any] | None]:
    base, names_size, rest_size = _SIZES.unpack_from(blob)
    at = _SIZES.size + names_size
    names = _names(blob[_SIZES.size : at])
    odd, body = orjson.loads(blob[at : at + rest_size]) if rest_size else ({}, None)
    digests = _digests(len(names)).unpack_from(blob, at + rest_size)
    cells: dict[str, tuple[int, bytes | None]] = {}
    for cell, digest in zip(names, digests, strict=True):
        version, unknown = odd.get(cell, (base, False))
        cells[cell] = (version, None if unknown else b"" if digest == _NOTHING and cell in odd else digest)
    return cells, body


def unpack_intent(row: Found) -> Intent:
    """An intent from its columns."""
    cells, body = _unpack_carried(row["body"])
    plain = {name: row[name] for name in _INTENT_PLAIN}
    return Intent(state=IntentState(row["state"]), cells=cells, body=body, **plain)

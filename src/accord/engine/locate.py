"""Find the hub record a person means: by hub id, by a system's own id, by e-mail or another natural key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.engine.addresses import point_of
from accord.engine.match import key_digest
from accord.errors import SetupError
from accord.model.schema import NATURAL_KEYS, normal_key
from accord.store.rows import Entity

if TYPE_CHECKING:
    from accord.engine.flow import Key
    from accord.engine.world import World
    from accord.store import Transaction


SHORTEST, WHOLE = 4, 32
"""Characters of a hub id: the fewest that its beginning is recognised by, and all of them."""

_HEX = frozenset("0123456789abcdef")


def locate(world: World, tx: Transaction, text: str) -> list[Entity]:
    """The hub records that a text names, merges followed.

    Args:
        world: The flows and connections to look in.
        tx: A transaction.
        text: A hub id or its beginning; ``connection:external id`` or ``connection/stream:external id``; or
            a natural key (e-mail, telephone, order number, SKU).

    Raises:
        SetupError: nothing is known under that name, or several hub ids begin so.
    """
    entities = known(world, tx, text) or _by_beginning(tx, text)
    if not entities:
        raise SetupError(
            "no record is known under that name",
            hint="Give a hub id, CONNECTION:ID with the system's own id, or an e-mail, telephone, "
            "order number or SKU.",
        )
    return entities


def known(world: World, tx: Transaction, text: str) -> list[Entity]:
    """The same by whole names only; empty when nothing has that name."""
    found = tx.entities.resolve([text])
    if text in found:
        return [found[text]]
    return _by_external_id(world, tx, text) or _by_key(world, tx, text)


def one(world: World, tx: Transaction, text: str) -> Entity:
    """The one hub record that a text names.

    Raises:
        SetupError: it names none, or several.
    """
    found = locate(world, tx, text)
    if len(found) > 1:
        ids = ", ".join(entity.id for entity in found)
        raise SetupError("several records have this name", hint=f"Use one of their hub ids: {ids}.")
    return found[0]


def place(world: World, text: str) -> tuple[Key, str]:
    """The stream and external id that ``CONNECTION:ID`` or ``CONNECTION/STREAM:ID`` names.

    Raises:
        SetupError: it names no stream of a flow, or one of several.
    """
    name, colon, external_id = text.partition(":")
    connection, _, stream = name.partition("/")
    keys = [
        member.key
        for flow in world.flows
        for member in flow.members
        if member.connection == connection and stream in ("", member.stream.name)
    ]
    if not colon or not external_id or len(keys) != 1:
        known = ", ".join("/".join(m.key) for flow in world.flows for m in flow.members)
        raise SetupError(
            f"{name!r} is not one stream of a flow", hint=f"Write CONNECTION/STREAM:ID, of: {known}."
        )
    return keys[0], external_id


def _by_beginning(tx: Transaction, text: str) -> list[Entity]:
    """The record whose hub id begins so: asked last, as an order number may look like one."""
    start = text.lower()
    if not SHORTEST <= len(start) < WHOLE or not _HEX.issuperset(start):
        return []
    ids = tx.entities.beginning(start, 5)
    if len(ids) > 1:
        raise SetupError(f"record {text!r} is not unique", hint=f"Type more of it: {', '.join(ids)}.")
    return list(tx.entities.resolve(ids).values())


def _by_external_id(world: World, tx: Transaction, text: str) -> list[Entity]:
    place, colon, external_id = text.partition(":")
    connection, _, stream = place.partition("/")
    if not colon:
        return []
    ids: list[str] = []
    for flow in world.flows:
        for member in flow.members:
            if member.connection == connection and stream in ("", member.stream.name):
                ids += [link.entity for link in tx.links.get(*member.key, [external_id]).values()]
    return list({e.id: e for e in tx.entities.resolve(sorted(set(ids))).values()}.values())


def _by_key(world: World, tx: Transaction, text: str) -> list[Entity]:
    ids: set[str] = set()
    for flow in world.flows:
        names = {*flow.match, *NATURAL_KEYS.get(flow.kind, ())}
        values = [(name, normal_key(name, text)) for name in sorted(names) if "+" not in name]
        keys = [(name, key_digest(name, value, world.store.key)) for name, value in values if value]
        for found in tx.keys.find(flow.kind, keys).values():
            ids.update(found)
    # No flow may match by e-mail or telephone, and still they are somebody's.
    points = [point for type_ in ("email", "phone") if (point := point_of(type_, text, world.store.key))]
    ids.update(*tx.points.owners(points).values())
    return list({e.id: e for e in tx.entities.resolve(sorted(ids)).values()}.values())

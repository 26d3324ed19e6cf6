"""Find the record a person names, and say what is wrong with a name that leads nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.config.problems import suggestion
from accord.engine import locate
from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.rows import Entity


def named(world: World, tx: Transaction, text: str) -> list[Entity]:
    """The hub records that a text names (:func:`accord.engine.locate.locate`).

    Raises:
        SetupError: it names none, or several by the beginning of a hub id; or no flow has its connection.
    """
    try:
        return locate.locate(world, tx, text)
    except SetupError:
        place, colon, _ = text.partition(":")
        connection = place.partition("/")[0]
        known = {member.connection for flow in world.flows for member in flow.members}
        if not colon or connection in known:
            raise
        told = suggestion(connection, known, what="Connections:")
        told += "" if told.endswith("?") else "."
        raise SetupError(
            f"no flow has a connection {connection!r}", hint=f"{told[0].upper()}{told[1:]}"
        ) from None


def one_named(world: World, tx: Transaction, text: str) -> Entity:
    """The one hub record that a text names.

    Raises:
        SetupError: it names none, or several.
    """
    found = named(world, tx, text)
    return found[0] if len(found) == 1 else locate.one(world, tx, text)

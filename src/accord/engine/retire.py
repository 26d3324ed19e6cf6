"""Streams that left their flow: their links are retired until the stream returns (sync.md A9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.store import Transaction


def retire(world: World, tx: Transaction) -> None:
    """Retire the live links of every stream that is in no flow any more; restore those of one that is again.

    A retired link is not compared, not written and never deleted; its record is not created anew. Streams of
    a flow that cannot be opened now are left as they are: they are configured.
    """
    now = world.env.now().timestamp()
    for state in tx.streams.all():
        key = (state.connection, state.stream)
        here = world.member(key) is not None
        if here and state.retired_at is not None:
            tx.links.restore(*key)
            state.retired_at = None
        elif not here and state.retired_at is None and state.connection not in world.closed:
            tx.links.retire(*key)
            state.retired_at = now
        else:
            continue
        tx.streams.save(state)


def retired(tx: Transaction) -> list[str]:
    """What a plan says of retired streams."""
    found = []
    for state in tx.streams.all():
        key = (state.connection, state.stream)
        if state.retired_at is not None and (links := tx.links.retired_count(*key)):
            writes = sum(tx.intents.count(*key).values())
            found.append(
                f"{'/'.join(key)} is in no flow any more; its {links} links are retired, {writes} writes "
                "stay open, nothing there is changed"
            )
    return found

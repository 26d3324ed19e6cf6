"""Systems that join a flow which ran before: all that the hub holds is theirs to look at, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accord.store.rows import Fence

if TYPE_CHECKING:
    from accord.engine.flow import Flow, Key
    from accord.engine.scope import Scope
    from accord.engine.world import World
    from accord.store import Transaction


def joining(world: World, flow: Flow, only: frozenset[str] | None) -> dict[str, str]:
    """The written streams that never took part in a flow which ran, with the versions of their mappings.

    Empty before its first run: then everything is new.
    """
    with world.store.reading() as tx:
        if tx.marks.get(_flow(flow)) is None:
            return {}
        return {
            member.scope: member.stream.mapping.version
            for member in flow.targets
            if (only is None or member.connection in only) and tx.marks.get(_name(member.key)) is None
        }


def join(scopes: Sequence[Scope], fences: Sequence[Fence]) -> None:
    """Have streams that take part for the first time look at every record of their kind.

    Whatever they hold already is no news; the rest is written there like any change. A flow's first run takes
    all its streams in, those too that are left out of it.
    """
    for scope in scopes[:1]:
        _begin(scope, fences)
    for scope in scopes:
        with scope.world.store.reading() as tx:
            known = tx.marks.get(_name(scope.member.key)) is not None
        if not known:
            with scope.world.store.transaction("joined", fences) as tx:
                catch_up(tx, scope.member.key, scope.flow.kind)


def _begin(scope: Scope, fences: Sequence[Fence]) -> None:
    """The flow's first run."""
    flow, store = scope.flow, scope.world.store
    with store.reading() as tx:
        if tx.marks.get(_flow(flow)) is not None:
            return
    with store.transaction("joined", fences) as tx:
        for member in flow.targets:
            catch_up(tx, member.key, flow.kind)
        tx.marks.put(_flow(flow), 1)


def catch_up(tx: Transaction, key: Key, kind: str) -> None:
    """Mark all living records of a kind for a stream: it is new, or it was away while they changed."""
    tx.dirty.add_all(*key, kind)
    tx.marks.put(_name(key), 1)


def _flow(flow: Flow) -> str:
    return f"joined:{flow.name}"


def _name(key: Key) -> str:
    return f"joined:{key[0]}/{key[1]}"

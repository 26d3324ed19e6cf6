"""Why a record is as it is: per field who set it and what lost; per system what it holds and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accord.engine.intents import decide_one, standing
from accord.engine.scope import Scope
from accord.store.rows import Entity, EntityState, LinkState

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.store import Transaction


@dataclass(frozen=True, slots=True)
class FieldStory:
    """One cell's story. Times are seconds since 1970."""

    cell: str
    value: Any
    source: str
    external_id: str
    changed_at: float
    version: int
    rule: str
    earlier: tuple[dict[str, Any], ...]
    lost: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class PlaceStory:
    """How the record stands in one stream of one connection.

    Attributes:
        state: The link's state, or ``absent``.
        behind: Cells the system does not hold yet in their newest version.
        pending: The open intent's operation and state, if there is one.
        held: Why nothing is sent, if so.
    """

    connection: str
    stream: str
    state: str
    external_id: str | None
    behind: tuple[str, ...]
    pending: str | None
    held: str | None
    purpose: str
    written_at: float | None
    written_run: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything known about one hub record."""

    id: str
    model: str
    state: str
    merged_from: tuple[str, ...]
    fields: tuple[FieldStory, ...]
    places: tuple[PlaceStory, ...]


def explain(world: World, tx: Transaction, entity: Entity) -> Explanation:
    """Tell a hub record's story from the store alone."""
    history = tx.history.of(entity.id)
    conflicts = tx.conflicts.of(entity.id)
    fields = []
    for cell in sorted(entity.cells):
        stamp = entity.stamp(cell)
        changes = [change for change in history if change.cell == cell]
        now = next((change for change in changes if change.version == stamp.version), None)
        fields.append(
            FieldStory(
                cell,
                entity.cells[cell],
                stamp.source,
                stamp.link,
                stamp.time,
                stamp.version,
                now.rule if now is not None else "first value",
                tuple({"value": c.old, "until": c.at, "replaced_by": c.source} for c in changes),
                tuple(
                    {
                        "value": c.hub_value if c.winner == "vendor" else c.vendor_value,
                        "from": f"{c.connection}/{c.stream}",
                        "kind": c.kind,
                        "policy": c.policy,
                        "state": c.state,
                        "conflict": c.id,
                    }
                    for c in conflicts
                    if c.cell == cell
                ),
            )
        )
    merged = tuple(entry.loser for entry in tx.merges.of(entity.id) if entry.survivor == entity.id)
    return Explanation(
        entity.id, entity.kind, str(entity.state), merged, tuple(fields), tuple(_places(world, tx, entity))
    )


def _places(world: World, tx: Transaction, entity: Entity) -> list[PlaceStory]:
    return [
        story
        for flow in world.flows
        if flow.kind == entity.kind
        for member in flow.members
        for story in _place(Scope(world, flow, member), tx, entity)
    ]


def _place(scope: Scope, tx: Transaction, entity: Entity) -> list[PlaceStory]:
    known = standing(tx, scope, {entity.id: entity})
    links = known.links.get(entity.id, ())
    intent = known.intents.get(entity.id)
    held: str | None = None
    behind: tuple[str, ...] = ()
    if scope.member.writes and entity.state is EntityState.LIVE:
        derived = decide_one(scope, known, entity)
        if derived is not None:
            behind = tuple(sorted(derived.cells))
            held = f"{derived.hold}: {derived.reason}" if derived.hold is not None else None
    pending = f"{intent.operation} {intent.state}" if intent is not None else None
    member = scope.member
    if not links:
        return [PlaceStory(*member.key, "absent", None, behind, pending, held, member.purpose, None, None)]
    return [
        PlaceStory(
            *member.key,
            str(link.state),
            link.external_id,
            behind if link.state is LinkState.LIVE else (),
            pending if link.state is LinkState.LIVE else None,
            held if link.state is LinkState.LIVE else None,
            member.purpose,
            link.written_at,
            link.written_run,
        )
        for link in links
    ]

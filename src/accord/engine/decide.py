"""A person's decisions: conflicts, dead letters, merges, splits, links they know of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accord.engine import hub, regroup
from accord.engine.addresses import ADDRESSES, rests_on
from accord.engine.flow import PERMISSIONS, Flow
from accord.engine.merge import MISSING
from accord.engine.reconsider import stir
from accord.engine.scope import Scope
from accord.errors import SetupError
from accord.model.cells import field_of, overlay
from accord.store.rows import Conflict, DeadLetter, Entity, EntityState, Link, LinkState, Stamp

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.store import Transaction

OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two external ids that a person knows to be one record, as ``link import`` reads them."""

    connection: str
    stream: str
    external_id: str
    other_connection: str
    other_stream: str
    other_external_id: str


def resolve(world: World, tx: Transaction, conflict: Conflict, choice: str) -> str:
    """Settle a conflict as a person chose; what it is settled with.

    Args:
        world: The flows.
        tx: The writing transaction.
        conflict: An open conflict.
        choice: ``hub`` or ``vendor`` for a field; a candidate's hub id, or its beginning, or ``new`` for
            an ambiguous record; ``keep`` to close a notice, or what is left of a record or a
            stream that is gone.

    Raises:
        SetupError: this conflict cannot be resolved so.
    """
    if conflict.state not in ("open", "review"):
        raise SetupError(
            f"conflict {conflict.id[:12]} is {conflict.state} already", hint="See `accord conflicts`."
        )
    if conflict.kind == "identity" and conflict.entity is None:
        choice = _identity(tx, conflict, choice)
    elif conflict.cell is not None:
        if choice != "keep" or _is_decidable(world, tx, conflict):
            _cell(world, tx, conflict, choice)
    elif conflict.kind == "identity" and choice in ("keep", "hub"):
        # They are two: what was held back here until somebody said so is decided again.
        tx.dirty.add([(conflict.connection, conflict.stream, str(conflict.entity))])
    elif choice not in ("keep", "hub"):
        raise SetupError(
            f"conflict {conflict.id[:12]} ({conflict.kind}) can only be closed with `keep`",
            hint="To change links use `accord link merge` or `accord link split`, then close it.",
        )
    tx.conflicts.resolve(conflict.id, choice, world.env.now().timestamp())
    return choice


def _identity(tx: Transaction, conflict: Conflict, choice: str) -> str:
    meant = [each for each in conflict.candidates if choice and each.startswith(choice.lower())]
    if choice != "new" and len(meant) != 1:
        raise SetupError(
            f"{choice!r} is none of the conflict's candidates",
            hint=f"Choose one of {', '.join(conflict.candidates)}, or `new`.",
        )
    # The record itself is absorbed by the next read; a stream with a cursor must be read from its start.
    state = tx.streams.load(conflict.connection, conflict.stream)
    state.cursor, state.token = None, None
    tx.streams.save(state)
    return choice if choice == "new" else meant[0]


def _is_decidable(world: World, tx: Transaction, conflict: Conflict) -> bool:
    """Whether the record is still there, and its system still takes part."""
    known = bool(tx.entities.resolve([conflict.entity or ""]))
    return known and world.member((conflict.connection, conflict.stream)) is not None


def _cell(world: World, tx: Transaction, conflict: Conflict, choice: str) -> None:
    if choice not in ("hub", "vendor"):
        raise SetupError(
            f"conflict {conflict.id[:12]} is about {conflict.cell}: {choice!r} is no choice",
            hint=f"`hub` keeps the hub's value, `vendor` takes the one of {conflict.connection}.",
        )
    found = tx.entities.resolve([conflict.entity or ""])
    entity = found.get(conflict.entity or "")
    owner = world.member((conflict.connection, conflict.stream))
    cell = conflict.cell
    if entity is None or owner is None or cell is None:
        raise SetupError(
            f"conflict {conflict.id[:12]} is about a record, or a stream of a flow, that is gone",
            hint="Close it with `keep`.",
        )
    _refuse_erased(entity)
    if field_of(cell) in PERMISSIONS and choice == "vendor":
        raise SetupError(
            f"conflict {conflict.id[:12]} is about a permission: no system's value overrules a refusal",
            hint="Close it with `hub`. If the person agreed anew, record that act with its proof: "
            "`accord consent record`.",
        )
    now = world.env.now().timestamp()
    # A new revision of either value: every side, the disagreeing one too, is then behind and gets it.
    mine = entity.cells.get(cell)
    value = overlay(mine, conflict.vendor_value) if choice == "vendor" else mine
    change = hub.put(entity, cell, value, OPERATOR, now, rule=f"resolved:{choice}")
    if entity.kind == "customer" and mine != value and (cell in ADDRESSES or rests_on(world, cell)):
        stir(world, tx, entity, {cell: str(mine)} if cell in ADDRESSES and mine else None)
    tx.entities.update([entity])
    tx.history.add([change])
    Scope(world, owner.flow, owner.member).wake(tx, [entity])


def replay(tx: Transaction, letter: DeadLetter) -> None:
    """Give a dead letter another try: the record is decided (or read) anew in the next run."""
    tx.letters.set_state(letter.id, "replayed")
    if letter.direction == "write" and letter.entity is not None:
        tx.dirty.add([(letter.connection, letter.stream, letter.entity)])
    elif letter.direction == "read":
        state = tx.streams.load(letter.connection, letter.stream)
        state.cursor, state.token = None, None
        tx.streams.save(state)


def merge(world: World, tx: Transaction, survivor: Entity, loser: Entity) -> None:
    """Make two hub records one, as a person said.

    Raises:
        SetupError: they are of different models, or the same record, or one of them is erased.
    """
    _refuse_erased(survivor, loser)
    if survivor.kind != loser.kind or survivor.id == loser.id:
        raise SetupError("only two different records of one model can be merged", hint="See `accord show`.")
    flow = flow_of(world, survivor.kind)
    now = world.env.now().timestamp()
    hub.merge(tx, flow, survivor, loser, key=world.store.key, now=now, actor=OPERATOR)
    regroup.merged(world, tx, survivor, loser)
    Scope(world, flow, flow.members[0]).wake(tx, [survivor])


def _refuse_erased(*entities: Entity) -> None:
    """Nobody comes back, and nobody disappears, by being taken for somebody who was erased."""
    for one in entities:
        if one.state is EntityState.ERASED:
            raise SetupError(
                f"record {one.id} is erased",
                hint="`accord erasures` lists its request; `accord erasures lift` lets somebody back in.",
            )


def split(world: World, tx: Transaction, entity: Entity, connection: str, external_id: str) -> Entity:
    """Give one external record a hub record of its own.

    Raises:
        SetupError: the record has no such link, or no other one, or is erased.
    """
    _refuse_erased(entity)
    links = tx.links.of_entities([entity.id]).get(entity.id, [])
    chosen = next((x for x in links if x.connection == connection and x.external_id == external_id), None)
    if chosen is None or len(links) < 2:  # noqa: PLR2004  one must stay behind
        raise SetupError(
            f"record {entity.id} has no link to {external_id!r} of {connection!r} beside another one",
            hint="`accord show` lists its links.",
        )
    flow = flow_of(world, entity.kind)
    now = world.env.now().timestamp()
    held = _held(world, tx, entity, chosen)
    new_id = world.env.new_id()
    born = hub.split(tx, flow, entity, chosen, key=world.store.key, now=now, new_id=new_id, held=held)
    regroup.split(world, tx, entity, born, chosen)
    Scope(world, flow, flow.members[0]).wake(tx, [entity, born])
    return born


def _held(world: World, tx: Transaction, entity: Entity, link: Link) -> Callable[[str], Any]:
    """What a record was last seen to show of the hub's cells, in the hub's terms, be it in a form of its own.

    A value that the hub has moved on from is in its history: what the record shows of it is no news. What a
    second record shows was only looked at: there the very value counts.
    """
    owner = world.member((link.connection, link.stream))
    if owner is None:
        return entity.cells.__getitem__  # nothing is written there any more
    scope = Scope(world, owner.flow, owner.member)
    side = scope.side(tx)
    shown, shadow = side.project(entity), link.shadow

    def held(cell: str) -> Any:
        value, agreed = entity.cells[cell], shadow.agreed_version(cell) if link.state is LinkState.LIVE else 0
        if field_of(cell) in PERMISSIONS or entity.version(cell) <= agreed:
            return value
        if scope.digest(shown.get(cell)) == shadow.seen.get(cell):
            return value
        return side.past(entity.id, cell, agreed) if agreed else MISSING

    return held


def import_links(world: World, tx: Transaction, pairs: Iterable[Pair]) -> list[tuple[int, str]]:
    """Record pairs of external ids as one hub record each; the positions of those refused, and why.

    Ids that are not known yet are linked to a hub record that the first read fills; known ones of two hub
    records are merged.
    """
    told = [(position, _import_pair(world, tx, pair)) for position, pair in enumerate(pairs)]
    return [(position, problem) for position, problem in told if problem]


def _import_pair(world: World, tx: Transaction, pair: Pair) -> str:
    sides = [
        (pair.connection, pair.stream, pair.external_id),
        (pair.other_connection, pair.other_stream, pair.other_external_id),
    ]
    owners = [world.member((connection, stream)) for connection, stream, _ in sides]
    if owners[0] is None or owners[1] is None or owners[0].flow.kind != owners[1].flow.kind:
        return f"{sides[0][:2]} and {sides[1][:2]} are not streams of one model in the configuration"
    links = [tx.links.get(c, s, [e]).get(e) for c, s, e in sides]
    known = [link for link in links if link is not None]
    people = tx.entities.resolve([link.entity for link in known])
    if any(one.state is EntityState.ERASED for one in people.values()):
        return "one of the two is erased"
    if len(known) == 2:  # noqa: PLR2004  a pair
        return _unite(world, tx, known)
    entity = _entity_for(world, tx, owners[0].flow, known)
    for (connection, stream, external_id), link in zip(sides, links, strict=True):
        if link is not None:
            continue
        here = tx.links.of_entities([entity.id], [(connection, stream)]).get(entity.id, [])
        if any(other.state is LinkState.LIVE for other in here):
            return f"{connection}/{stream} already has another record of the same hub record"
        tx.links.upsert([Link(connection, stream, external_id, entity.id)])
    return ""


def _unite(world: World, tx: Transaction, known: Sequence[Link]) -> str:
    entities = tx.entities.resolve([link.entity for link in known])
    first, second = (entities[link.entity] for link in known)
    if first.id != second.id:
        merge(world, tx, first, second)
    return ""


def _entity_for(world: World, tx: Transaction, flow: Flow, known: Sequence[Link]) -> Entity:
    if known:
        return tx.entities.resolve([known[0].entity])[known[0].entity]
    now = world.env.now().timestamp()
    entity = Entity(world.env.new_id(), flow.kind, {}, Stamp(1, OPERATOR, now), 1, created_at=now)
    tx.entities.insert([entity])
    return entity


def flow_of(world: World, kind: str) -> Flow:
    """The first flow of a model.

    Raises:
        SetupError: no flow of the configuration is about it.
    """
    for flow in world.flows:
        if flow.kind == kind:
            return flow
    raise SetupError(f"no flow of the configuration is about {kind} records", hint="Add one to accord.toml.")

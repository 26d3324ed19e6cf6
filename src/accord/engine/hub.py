"""Hub records that become one, and one that becomes two, with history; and what vendors merged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from accord.engine import clashes, regroup, underway
from accord.engine.flow import Flow
from accord.engine.match import keys_of
from accord.engine.merge import MISSING, Observation
from accord.engine.policies import Claim, Winner, decide
from accord.store.rows import Cells, Change, Entity, EntityState, IntentState, Link, LinkState, Shadow, Stamp

if TYPE_CHECKING:
    from accord.engine.absorb import Absorber
    from accord.store import Transaction


def put(
    entity: Entity, cell: str, value: Any, source: str, time: float, *, run: str = "", rule: str = ""
) -> Change:
    """Set one cell of a hub record: a new revision and a line of history."""
    entity.rev += 1
    change = Change(entity.id, cell, entity.cells.get(cell), value, entity.rev, source, run, time, rule)
    entity.cells[cell] = value
    entity.stamps[cell] = Stamp(entity.rev, source, time)
    return change


def merge(
    tx: Transaction, flow: Flow, survivor: Entity, loser: Entity, *, key: bytes, now: float, actor: str
) -> list[Change]:
    """Make two hub records one. Cells merge by policy; links, keys and references move to the survivor.

    Where a system then holds the person twice, one link stays live (the one Accord created, else the
    older); the other is shadowed. Open intents of the loser that were never sent are dropped: the next
    decision derives what is missing; sent ones find the survivor through the redirect.
    """
    tx.merges.log(survivor.id, loser.id, snapshot(loser), moved(tx, loser), now, actor)
    tx.apart.join(survivor.id, loser.id)
    changes = _merge_cells(flow, survivor, loser, actor, underway.carried(tx, flow, survivor))
    links = tx.links.of_entities([survivor.id, loser.id])
    _move_links(tx, links.get(survivor.id, []), links.get(loser.id, []), survivor)
    _drop_unsent(tx, flow, loser.id)
    loser.state, loser.merged_into, loser.rev = EntityState.MERGED, survivor.id, loser.rev + 1
    tx.entities.update([survivor, loser] if survivor.rev != survivor.loaded_rev else [loser])
    tx.history.add(changes)
    # The loser's keys still lead to the survivor: a later record with that e-mail is the same person.
    keys = [k for one in (survivor, loser) for k in keys_of(flow, one.cells, key)]
    tx.keys.put_many([(flow.kind, loser.id, []), (flow.kind, survivor.id, list(dict.fromkeys(keys)))])
    return changes


def snapshot(entity: Entity) -> dict[str, Any]:
    """A hub record as plain values, so that a merge can be undone."""
    found = {cell: entity.stamp(cell) for cell in entity.cells}
    stamps = {cell: [s.version, s.source, s.time, s.link] for cell, s in found.items()}
    return {"cells": entity.cells, "stamps": stamps, "rev": entity.rev}


def moved(tx: Transaction, entity: Entity) -> list[list[str]]:
    """The links that a merge moves, for its history."""
    links = tx.links.of_entities([entity.id]).get(entity.id, [])
    return [[link.connection, link.stream, link.external_id, str(link.state)] for link in links]


def _merge_cells(
    flow: Flow, survivor: Entity, loser: Entity, actor: str, carried: Collection[str]
) -> list[Change]:
    """The loser's cells where they win; what both hold is the survivor's, whatever becomes of its writes.

    Else a value that was on its way when its record was split off, and never arrived, would be taken back
    (:mod:`accord.engine.underway`) from whom it was the loser's, too.
    """
    changes: list[Change] = []
    for cell, value in loser.cells.items():
        mine = survivor.cells.get(cell)
        if value is None or (mine == value and cell not in carried):
            continue
        winner = decide(
            flow.rule(cell).policy,
            Claim(mine, survivor.stamp(cell)),
            Claim(value, loser.stamp(cell)),
            flow.priorities,
        )
        if mine in (None, value) or winner is Winner.VENDOR:
            stamp = loser.stamp(cell)
            changes.append(put(survivor, cell, value, stamp.source, stamp.time, rule=f"merge:{actor}"))
            survivor.stamps[cell] = Stamp(survivor.rev, stamp.source, stamp.time, stamp.link)
    return changes


def _move_links(tx: Transaction, mine: Sequence[Link], theirs: Sequence[Link], survivor: Entity) -> None:
    """Re-point the loser's links; agreed versions restart, so that each side is compared anew."""
    placed = (LinkState.LIVE, LinkState.RETIRED)
    live = {(link.connection, link.stream): link for link in mine if link.state in placed}
    shadowed: list[Link] = []
    for link in theirs:
        link.entity = survivor.id
        link.shadow.agreed = {}
        link.shadow.base = 0
        link.row_digest = None
        rival = live.get((link.connection, link.stream))
        if link.state in placed and rival is not None:
            worse = rival if link.created_by_intent and not rival.created_by_intent else link
            worse.state = LinkState.SHADOWED
            shadowed.append(worse)
    # Shadowed ones first: two live links of one record in one stream cannot exist, not even for a moment.
    tx.links.upsert(shadowed)
    tx.links.upsert([link for link in theirs if link not in shadowed])


def _drop_unsent(tx: Transaction, flow: Flow, loser: str) -> None:
    for member in flow.targets:
        intent = tx.intents.open_of(*member.key, [loser]).get(loser)
        if intent is not None and intent.state in (IntentState.PLANNED, IntentState.BLOCKED):
            tx.intents.close([intent.id])


def split(
    tx: Transaction,
    flow: Flow,
    entity: Entity,
    link: Link,
    *,
    key: bytes,
    now: float,
    new_id: str,
    held: Callable[[str], Any],
) -> Entity:
    """Give one link a hub record of its own: its cells as last merged from it, the rest stays.

    The new record holds what ``held`` says that the link holds of each cell, be it older than what the hub
    holds by now, and what is on its way to it. What its record shows otherwise (a second record's own values)
    the next read of it brings. The two are never matched again.
    """
    source = f"{link.connection}/{link.stream}"
    sent = underway.update_of(tx, entity, link)
    sent_cells = underway.hand_over(tx, sent, entity, new_id) if sent is not None else frozenset[str]()
    cells: Cells = {}
    for cell, value in entity.cells.items():
        theirs = held(cell) if cell in link.shadow.seen else MISSING
        if theirs is MISSING or (cell in sent_cells and theirs != value):
            link.shadow.seen.pop(cell, None)  # what is shown is news, of the record or of the write
        if cell in sent_cells or theirs is not MISSING:
            cells[cell] = value if cell in sent_cells else theirs
    born = Entity(new_id, entity.kind, cells, Stamp(1, source, now, link.external_id), 1, created_at=now)
    link.entity = new_id
    link.state = LinkState.LIVE
    link.row_digest = None
    link.shadow.agreed, link.shadow.base = dict.fromkeys(sent_cells, 1), 1
    tx.entities.insert([born])
    tx.links.upsert([link])
    tx.apart.part(entity.id, new_id)
    tx.keys.put_many([(flow.kind, new_id, keys_of(flow, cells, key))])
    tx.merges.log(
        entity.id, new_id, {"split": link.external_id}, [[*_key(link), str(link.state)]], now, "operator"
    )
    return born


def _key(link: Link) -> tuple[str, str, str]:
    return (link.connection, link.stream, link.external_id)


def follow_vendor_merge(absorber: Absorber, seen: Observation) -> None:
    """The vendor merged records into this one: their links become aliases, their hub records one.

    Resolved before any absence is taken for a deletion (sync.md A8).
    """
    known = [(m, absorber.links[m]) for m in seen.merged_ids if m in absorber.links]
    # An id that is an alias already leads to the link it was merged into, which is no loser.
    old = [link for m, link in known if link.external_id == m != seen.external_id]
    old = [link for link in old if link.state not in (LinkState.ALIASED, LinkState.RETIRED)]
    if not old:
        return
    link = absorber.links.get(seen.external_id) or _successor(absorber, seen, old)
    agreed = _inherit(absorber, link, old)
    for loser in old:
        _alias(absorber, loser, link)
        _unite(absorber, link, loser, seen)
    _take_place(absorber, absorber.links[seen.external_id], agreed=agreed)


def _successor(absorber: Absorber, seen: Observation, old: Sequence[Link]) -> Link:
    """A merge made a new id: it takes the place of an old one, of the live one if it can, shadow and all.

    Unless it is a record of ours that nobody had seen yet, of a hub record of its own: then that one lives
    on in it, united with those of the others.
    """
    first = next((link for link in old if link.state is LinkState.LIVE), old[0])
    marked = _marked(absorber, seen)
    mine = marked is not None and marked.id not in {_owner(absorber, link) for link in old}
    # Shadowed at first: its hub record may be live here in another record that this merge leaves alone.
    entity = marked.id if marked is not None and mine else first.entity
    link = Link(*absorber.member.key, seen.external_id, entity, LinkState.SHADOWED)
    if not mine:
        link.shadow, link.created_by_intent = first.shadow, first.created_by_intent
    absorber.links[seen.external_id] = link
    return link


def _marked(absorber: Absorber, seen: Observation) -> Entity | None:
    """The hub record whose reference this record bears, or whose create of it has not been answered."""
    identity = absorber.matcher.identify(seen)
    if identity.entity is None:
        return None
    if identity.rule != "reference" and absorber.matcher.made_by(seen, [identity.entity]) is None:
        return None
    return absorber.entities.setdefault(identity.entity.id, identity.entity)


def _owner(absorber: Absorber, link: Link) -> str:
    owner = absorber.entities.get(link.entity)
    return owner.id if owner is not None else link.entity


def _inherit(absorber: Absorber, link: Link, old: Sequence[Link]) -> bool:
    """A second record that swallowed the live one is compared with what that one was known to hold.

    What it showed itself was only looked at, never agreed to: tells whether there is something else.
    """
    owner = absorber.entities.get(link.entity)
    if owner is None or link.state is not LinkState.SHADOWED:
        return False
    lived = [x for x in old if x.state is LinkState.LIVE and absorber.entities.get(x.entity) is owner]
    for loser in lived:
        link.shadow = loser.shadow.copy()
    return bool(lived)


def _take_place(absorber: Absorber, link: Link, *, agreed: bool) -> None:
    """What is left of a merge is the hub record's live one here, unless it has another.

    Where nothing is agreed with it, it is compared like one that was found only now.
    """
    if link.state is not LinkState.SHADOWED or link.entity not in absorber.entities:
        return
    pending, others = absorber.touched.links, links_here(absorber, link.entity)
    if not any(each.state is LinkState.LIVE for each in others):
        link.state, link.row_digest = LinkState.LIVE, None
        link.shadow = link.shadow if agreed else Shadow()
        # One that this page showed to be gone goes first: two live ones cannot exist, not even for a moment.
        absorber.tx.links.upsert(
            [each for each in others if each.external_id in pending and each is not link]
        )
        absorber.tx.links.upsert([link])
        absorber.placed[link.entity] = link


def links_here(absorber: Absorber, entity: str) -> list[Link]:
    """A hub record's links in the stream that is read, as the rows absorbed so far leave them."""
    stored = absorber.tx.links.of_entities([entity], [absorber.member.key])[entity]
    pending = absorber.touched.links  # what earlier rows of this page changed is not written yet
    here = {each.external_id: pending.get(each.external_id, each) for each in stored} | pending
    return [each for each in here.values() if each.entity == entity]


def _alias(absorber: Absorber, loser: Link, link: Link) -> None:
    loser.state, loser.alias_of = LinkState.ALIASED, link.external_id
    absorber.tx.links.upsert([loser])
    absorber.tx.links.upsert([link])


def _unite(absorber: Absorber, link: Link, loser: Link, seen: Observation) -> None:
    survivor, other = absorber.entities.get(link.entity), absorber.entities.get(loser.entity)
    if survivor is None or other is None or survivor.id == other.id:
        return
    scope = absorber.scope
    if EntityState.ERASED in (survivor.state, other.state):
        # Nobody's record is merged with that of somebody who was erased: a person must look at the system.
        absorber.touched.conflicts.append(clashes.erased(scope, seen))
        return
    if other.id in absorber.tx.apart.partners([survivor.id]).get(survivor.id, ()):
        # A person said here that these are two; somebody (or some rule) there says that they are one.
        absorber.touched.conflicts.append(clashes.belongs_to_another(scope, link.external_id, other, link))
        return
    changes = merge(
        absorber.tx, absorber.flow, survivor, other, key=scope.key, now=scope.now(), actor=scope.member.scope
    )
    regroup.merged(scope.world, absorber.tx, survivor, other)
    for id_, entity in list(absorber.entities.items()):
        if entity.id == other.id:
            absorber.entities[id_] = survivor
    refreshed = absorber.tx.links.get(*absorber.member.key, list(absorber.links))
    absorber.links.update(
        {e: found for e, found in refreshed.items() if found.state is not LinkState.ALIASED}
    )
    _move_pending(absorber, survivor, other)
    # A later row of this page that matches either of the two is the survivor's second record here.
    absorber.matcher.united(survivor, other)
    absorber.placed[survivor.id] = absorber.links[link.external_id]
    for change in changes:
        # What the merged record shows there is what a person kept: a claim of its own, not the old value.
        absorber.links[link.external_id].shadow.seen.pop(change.cell, None)
    scope.wake(absorber.tx, [survivor])


def _move_pending(absorber: Absorber, survivor: Entity, other: Entity) -> None:
    """Links that earlier rows of this page changed are not written yet: they move like the stored ones."""
    for external_id, pending in absorber.touched.links.items():
        stored = absorber.links.get(external_id)
        if stored is None or pending.entity not in (survivor.id, other.id):
            continue
        if pending.entity == other.id:
            pending.entity, pending.row_digest = survivor.id, None
            pending.shadow.agreed, pending.shadow.base = {}, 0
        if stored.state is LinkState.SHADOWED:
            pending.state = LinkState.SHADOWED
        absorber.links[external_id] = pending


def ids(entities: Iterable[Entity]) -> list[str]:
    """The ids of hub records, in a fixed order."""
    return sorted(entity.id for entity in entities)

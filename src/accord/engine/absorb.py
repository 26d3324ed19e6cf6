"""Absorb a page: local decisions in one transaction, no I/O (sync.md A3, steps 2 to 4)."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from accord.engine import clashes, deletes, erase, hub, references, unseen
from accord.engine.addresses import ADDRESSES, index, left_behind, rests_on
from accord.engine.adopt import adopt
from accord.engine.ask import request
from accord.engine.counts import Counts
from accord.engine.echoes import OPEN
from accord.engine.hearing import Heard, Hearing
from accord.engine.intents import unblock
from accord.engine.match import Matcher, keys_of
from accord.engine.merge import Merged, Observation, absorb, observe_new
from accord.engine.neighbours import wake
from accord.engine.observe import Seen
from accord.engine.origins import note_origins
from accord.engine.oscillation import quarrels
from accord.engine.overheard import overheard
from accord.engine.persons import people_of
from accord.engine.plan import newer
from accord.model.cells import field_of, removals
from accord.store.rows import (
    NEVER,
    Cells,
    Conflict,
    DeadLetter,
    Entity,
    EntityState,
    Intent,
    Link,
    LinkState,
    PendingReference,
)

if TYPE_CHECKING:
    from accord.engine.scope import Scope
    from accord.store import Transaction


@dataclass(slots=True)
class Touched:
    """What absorbing a page leaves to be written and decided."""

    entities: dict[str, Entity] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    links: dict[str, Link] = field(default_factory=dict)
    behind: set[str] = field(default_factory=set)
    arrived: set[str] = field(default_factory=set)
    """Hub records that were found here now: what waited for their being here may go."""
    ended: set[str] = field(default_factory=set)
    """Hub records that ended: what waited for their being somewhere goes without them."""
    conflicts: list[Conflict] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    pending: list[PendingReference] = field(default_factory=list)
    observed: list[tuple[Link, Observation]] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    """What the page tells of permissions and suppressions."""


class Absorber:
    """Absorbs the rows of one member, page by page, inside the caller's transaction."""

    def __init__(self, scope: Scope, counts: Counts) -> None:
        self.scope, self.counts = scope, counts
        self.flow, self.member = scope.flow, scope.member

    def page(self, tx: Transaction, page: Sequence[Seen]) -> Touched:
        """Absorb mapped rows and write every effect; the counters say what became of each."""
        self.tx, self.touched = tx, Touched()
        self.aside: list[Seen] = []
        """Rows that are not taken over."""
        self.side, self.now = self.scope.side(tx), self.scope.now()
        self.counts.read += len(page)
        self._errors(page)
        rows = [seen for seen in page if seen.error is None]
        self.rebase = self.scope.rebase(tx)
        self._load(rows)
        for seen in sorted(rows, key=self._is_new):  # whoever gives an address up goes before who took it
            if seen.deleted:
                deletes.observe(self, seen)
            elif seen.observation is not None:
                self._one(seen, seen.observation)
        self._write()
        return self.touched

    def _errors(self, page: Iterable[Seen]) -> None:
        failed = [seen for seen in page if seen.error is not None]
        self.counts.quarantined += len(failed)
        self.aside += failed
        self.touched.letters = [clashes.unreadable(self.scope, seen) for seen in failed]

    def _load(self, rows: Sequence[Seen]) -> None:
        """Read links, entities, open intents and match candidates of the whole page at once."""
        tx, key = self.tx, self.member.key
        observations = [seen.observation for seen in rows if seen.observation is not None]
        ids = [seen.external_id for seen in rows] + [m for o in observations for m in o.merged_ids]
        ids += deletes.named_with(self.member.stream, rows)
        self.links = dict(tx.links.get(*key, ids))
        self._follow_aliases()
        self.entities = dict(tx.entities.resolve({link.entity for link in self.links.values()}))
        references.resolve(tx, self.member.connection, observations)
        erase.withhold(tx, self.flow, self.member, observations)
        self.matcher = Matcher(tx, self.flow, self.member, self.scope.key, self.scope.answer)
        unlinked = [o for o in observations if o.external_id not in self.links]
        if unlinked:
            self.matcher.load(unlinked)
        candidates = {id_ for ids in self.matcher.index.values() for id_ in ids}
        candidates |= {entity.id for entity in self.matcher.by_reference.values()}
        known = {entity.id for entity in self.entities.values()} | candidates
        self.placed = {
            id_: link
            for id_, links in tx.links.of_entities(sorted(candidates), [key]).items()
            for link in links
            if link.state is LinkState.LIVE
        }
        self.intents: dict[str, Intent] = dict(tx.intents.open_of(*key, sorted(known)))
        self.frozen = tx.conflicts.open_cells(sorted(known)) if known else {}

    def _is_new(self, seen: Seen) -> bool:
        """Whether the rules must find out whose record it is, from nothing but its values."""
        merges = seen.observation is not None and bool(seen.observation.merged_ids)
        return seen.external_id not in self.links and not seen.deleted and not merges

    def _follow_aliases(self) -> None:
        """An id that the vendor merged away stands for the record it was merged into."""
        aliases = {e: link.alias_of for e, link in self.links.items() if link.state is LinkState.ALIASED}
        wanted = [target for target in aliases.values() if target and target not in self.links]
        found = self.tx.links.get(*self.member.key, wanted) if wanted else {}
        for external_id, target in aliases.items():
            link = self.links.get(target or "") or found.get(target or "")
            if link is not None:
                self.links[external_id] = link

    def _one(self, seen: Seen, observation: Observation) -> None:
        """Absorb one row: follow the vendor's merges, find the hub record, merge."""
        if observation.merged_ids:
            hub.follow_vendor_merge(self, observation)
        link = self.links.get(seen.external_id)
        if link is None:
            self._unlinked(seen, observation)
            return
        entity = self.entities.get(link.entity)
        intent = self.intents.get(entity.id) if entity is not None else None
        if entity is None or entity.state is EntityState.ERASED:
            self.counts.quarantined += 1
            self._still_there(observation, link)
        elif self._is_stale(link, observation) or unseen.is_overtaken(link, intent, seen.as_of):
            self.counts.stale += 1
            if seen.as_of is None:
                self._renew_unseen(entity, link)
        else:
            if link.state is LinkState.GONE:
                link.state = self._returned(entity, link)
            gone = self._gone(seen, observation, _members(link, intent))
            if self.rebase is not None:
                observation.rebased = self.rebase.judge(link, seen.row)
                gone = self.rebase.released(link, gone, observation.rebased)
            observation.cells.update(gone)
            self._merge(entity, link, observation)

    def _renew_unseen(self, entity: Entity, link: Link) -> None:
        """Its mapping changed, and the list shows it as it was before our last write: compared by nothing."""
        if self.rebase is not None and link.state is LinkState.LIVE and self.rebase.renew(link, entity):
            self.counts.rebased += 1
            self.touched.links[link.external_id] = link
            self.touched.behind.add(entity.id)

    def _returned(self, entity: Entity, link: Link) -> LinkState:
        """What becomes of a record that was gone: the second one, where another has its place meanwhile."""
        others = [each for each in hub.links_here(self, entity.id) if each is not link]
        occupied = any(each.state is LinkState.LIVE for each in others)
        return LinkState.SHADOWED if occupied else LinkState.LIVE

    def _gone(self, seen: Seen, observation: Observation, known: Iterable[str]) -> Cells:
        """Members of collections that are known here and that the row lists no longer, each as null."""
        mapping, shown = self.member.stream.mapping, observation.cells
        missing = [cell for cell in known if "." in cell and cell not in shown and mapping.enumerates(cell)]
        if not missing:
            return {}
        # Cells do not tell an empty list from one that was not shown: the document does.
        return removals(self.flow.model, mapping.read(seen.row), missing, mapping.enumerates)

    def _still_there(self, observation: Observation, link: Link) -> None:
        """An erased person is still (or again) at a system that has answered: a person should know."""
        if not self.tx.revocations.open_at(*self.member.key, [link.entity]):
            self.touched.conflicts.append(clashes.erased(self.scope, observation))

    def _is_stale(self, link: Link, observation: Observation) -> bool:
        """Older than what was seen before; a deleted record returns only by a newer change of its own."""
        if unseen.is_row_before(link, observation.row_digest):
            return True  # the very row that stood there before our last write
        new, old = observation.changed_at, link.changed_at
        if link.state is LinkState.GONE:
            return old is not None and (new is None or new <= old)
        return new is not None and old is not None and new < _comparable(old, new)

    def _unlinked(self, seen: Seen, observation: Observation) -> None:
        identity = self.matcher.identify(observation)
        if identity.suppressed:
            self.counts.quarantined += 1
            self.touched.conflicts.append(clashes.erased(self.scope, observation))
        elif identity.candidates:
            self.counts.quarantined += 1
            self.aside.append(seen)
            self.touched.conflicts.append(clashes.ambiguous(self.scope, observation, identity.candidates))
        elif identity.entity is None:
            self._create(observation)
        else:
            self._attach(seen, identity.entity, observation)

    def _create(self, observation: Observation) -> None:
        """A record nobody knows becomes a hub record of its own."""
        entity = Entity(self.scope.env.new_id(), self.flow.kind, {}, NEVER, 0, created_at=self.now)
        link = self._link(observation, entity, LinkState.LIVE)
        self.touched.observed.append((link, observation))
        heard = observe_new(self.side, entity, link, observation)
        if heard:
            self.touched.heard += [Heard(entity, observation, cell) for cell in heard]
        self.matcher.added(entity, observation)
        self.placed[entity.id] = link
        self.touched.entities[entity.id] = entity
        self.touched.changed.add(entity.id)
        self.touched.pending += references.pending(self.member.connection, entity, observation)
        self.counts.applied += 1
        self.counts.new_records += 1

    def _attach(self, seen: Seen, entity: Entity, observation: Observation) -> None:
        """A known person in a new place: live, or shadowed where this system has them already."""
        entity = self.entities.setdefault(entity.id, self.touched.entities.get(entity.id, entity))
        occupied = entity.id in self.placed
        state = LinkState.SHADOWED if occupied else LinkState.LIVE
        link = self._link(observation, entity, state)
        if occupied:
            self.counts.shadowed += 1
            self.touched.conflicts.append(
                clashes.duplicate(self.scope, observation, entity, self.placed[entity.id].external_id)
            )
        else:
            self.placed[entity.id] = link
            self.touched.arrived.add(entity.id)
            if self.member.stream.hub_reference(seen.row) == entity.id:
                adopt(self.side, entity, link, observation, self.intents.get(entity.id))
        self.counts.linked += 1
        self._merge(entity, link, observation, first=True)

    def _link(self, observation: Observation, entity: Entity, state: LinkState) -> Link:
        link = Link(*self.member.key, observation.external_id, entity.id, state)
        self.links[observation.external_id] = self.touched.links[observation.external_id] = link
        return link

    def _merge(self, entity: Entity, link: Link, observation: Observation, *, first: bool = False) -> None:
        frozen = self.frozen.get(entity.id, frozenset())
        intent = self.intents.get(entity.id)
        before = entity.rev
        self.touched.observed.append((link, observation))
        merged = absorb(
            self.side, entity, link, observation, intent=intent, frozen=frozen, run=self.scope.run
        )
        self.touched.links[link.external_id] = link
        self.touched.merged.append(merged)
        self.touched.heard += [Heard(entity, observation, cell) for cell in merged.heard]
        self.counts.conflicts += len(merged.clashes)
        self.touched.conflicts += [
            clashes.of_cells(self.scope, entity, observation, clash) for clash in merged.clashes
        ]
        changed = entity.rev != before
        if self.rebase is not None and observation.rebased is not None:
            self.counts.rebased += self.rebase.renew(link, entity, observation.cells) or merged.rebased
        if changed and entity.state is EntityState.TOMBSTONE:
            self._revive(entity, link)
        if changed:
            self.touched.entities[entity.id] = entity
            self.touched.changed.add(entity.id)
        if any(field_of(change.cell) in self.flow.key_fields for change in merged.changes):
            self._moved(entity, link)
        # What a shadowed record filled in is news to the live record of the same system.
        shadowed = changed and link.state is LinkState.SHADOWED
        if self.member.writes and (
            shadowed or (link.state is LinkState.LIVE and self._is_behind(entity, link))
        ):
            self.touched.behind.add(entity.id)
        self.touched.pending += references.pending(self.member.connection, entity, observation)
        self.counts.applied += 1 if changed or first else 0
        self.counts.unchanged += 0 if changed or first else 1

    def _moved(self, entity: Entity, link: Link) -> None:
        """Its natural keys changed: rows that follow on this page may be found to be its, or no longer."""
        self.matcher.moved(entity)
        for one in [link] if link.state is LinkState.LIVE else hub.links_here(self, entity.id):
            if one.state is LinkState.LIVE:
                self.placed[entity.id] = one

    def _revive(self, entity: Entity, link: Link) -> None:
        """Deleted in one system, edited in another: the edit stands and the record lives on.

        Somebody may have entered the same person anew meanwhile: then a person must say whether the two
        are one, for a revived record and a new one have histories of their own.
        """
        entity.state = EntityState.LIVE
        self.touched.conflicts.append(clashes.edit_over_delete(self.scope, entity, link.external_id))
        keys = keys_of(self.flow, entity.cells, self.scope.key)
        twins = {id_ for ids in self.tx.keys.find(self.flow.kind, keys).values() for id_ in ids}
        twins |= self.matcher.revived(entity, keys)
        if twins - {entity.id}:
            self.touched.conflicts.append(
                clashes.twins(self.scope, entity, link.external_id, sorted(twins - {entity.id}))
            )

    def _is_behind(self, entity: Entity, link: Link) -> bool:
        """Whether the hub holds something newer than this side agreed to."""
        return bool(newer(entity, link, self.member.covers))

    def _write(self) -> None:
        """Write all effects of the page, table by table."""
        tx, touched, counts = self.tx, self.touched, self.counts
        keyed = self._with_new_keys()
        self._hear()
        tx.entities.insert([entity for entity in touched.entities.values() if entity.loaded_rev == 0])
        tx.entities.update(
            [entity for entity in touched.entities.values() if entity.loaded_rev not in (0, entity.rev)]
        )
        tx.links.upsert(list(touched.links.values()))
        tx.keys.put_many([(self.flow.kind, e.id, self.matcher.keys_of(e)) for e in keyed])
        changes = [change for merged in touched.merged for change in merged.changes]
        touched.conflicts += quarrels(self.scope, tx, changes)
        tx.history.add(changes)
        counts.open_conflicts += clashes.record(tx, touched.conflicts)
        counts.dead_letters += tx.letters.put(touched.letters) if touched.letters else 0
        owners = [link.entity for link, _ in touched.observed]
        references.renew(tx, self.member.connection, owners, touched.pending)
        references.settle(self.scope, tx, self.links, list(touched.links))
        tx.letters.close_writes(*self.member.key, touched.arrived)  # refused creates that are needed no more
        unblock(tx, touched.arrived | touched.ended)
        if touched.ended and self.flow.kind == "customer":
            wake(self.scope.world, tx, [touched.entities[id_] for id_ in sorted(touched.ended)])
        self._request()

    def _request(self) -> None:
        """People found at a destination that opens only when asked: it is asked, if they agreed."""
        member, arrived = self.member, self.touched.arrived
        if (
            arrived
            and member.writes
            and member.needs_grant
            and member.stream.operations.subscribe is not None
        ):
            people = [e for e in self.entities.values() if e.id in arrived and e.kind == "customer"]
            request(self.scope.world, self.tx, people_of(self.scope.world, self.tx, people))

    def _hear(self) -> None:
        """What was shown of permissions becomes signals; an address that changed leaves its grants behind."""
        touched, asks = self.touched, self.scope.world.asks_people
        if self.flow.kind != "customer":  # only people have permissions
            return
        left = self._moved_addresses()
        if asks:
            born = {id_ for id_, entity in touched.entities.items() if entity.loaded_rev == 0}
            index(self.scope.world, self.tx, [touched.entities[id_] for id_ in sorted(born | left.keys())])
        touched.heard += self._overheard() if self.aside else ()
        stirred = self._stirred(note_origins(self.scope, self.tx, touched)) if asks else set()
        if not touched.heard and not left and not stirred:
            return
        people = {one.entity.id: one.entity for one in touched.heard}
        people |= {id_: touched.entities[id_] for id_ in left}
        people |= {id_: self._entity(id_) for id_ in stirred}
        again, conflicts = Hearing(self.scope, self.tx).hear(touched.heard, left, people, stirred)
        touched.conflicts += conflicts
        for entity in again:
            if entity.loaded_rev != entity.rev:
                touched.entities[entity.id] = entity
                touched.changed.add(entity.id)

    def _moved_addresses(self) -> dict[str, dict[str, str]]:
        """Of those whose addresses changed what they have no longer; nothing where it is their first one.

        That one is news, too: of the permissions that rest on it, and of all who have it.
        """
        known = [entity for entity in self.touched.entities.values() if entity.loaded_rev != 0]
        new = [e for e in known if any(c in e.cells and e.version(c) > e.loaded_rev for c in ADDRESSES)]
        return {entity.id: {} for entity in new} | left_behind(self.touched.merged)

    def _stirred(self, lent: Collection[str]) -> set[str]:
        """People of whom something changed that decisions rest on, beside what they said."""
        found = {
            entity.id
            for entity in self.touched.entities.values()
            if entity.loaded_rev != 0
            and any(
                stamp.version > entity.loaded_rev and rests_on(self.scope.world, cell)
                for cell, stamp in entity.stamps.items()
            )
        }
        return found | {id_ for id_ in lent if self._entity(id_).loaded_rev != 0}

    def _entity(self, id_: str) -> Entity:
        found = self.touched.entities.get(id_) or self.entities.get(id_)
        return found if found is not None else next(e for e in self.entities.values() if e.id == id_)

    def _overheard(self) -> list[Heard]:
        """What rows that are not taken over say against using an address."""
        missing = [seen.external_id for seen in self.aside if seen.external_id not in self.links]
        links = {**self.tx.links.get(*self.member.key, missing), **self.links}
        return overheard(self.scope, self.tx, self.aside, links, self.entities | self.touched.entities)

    def _with_new_keys(self) -> list[Entity]:
        """Touched hub records whose natural keys may differ from the stored ones."""
        fields = self.flow.key_fields
        moved = {
            c.entity for merged in self.touched.merged for c in merged.changes if field_of(c.cell) in fields
        }
        return [
            entity
            for id_, entity in self.touched.entities.items()
            if self.flow.match
            and (entity.loaded_rev == 0 or id_ in moved or any(field_of(c) in fields for c in entity.stamps))
        ]


def _members(link: Link, intent: Intent | None) -> Collection[str]:
    """Cells that the record is known, or may have been made, to hold."""
    seen = link.shadow.seen
    return seen if intent is None or intent.state not in OPEN else {*seen, *intent.cells}


def _comparable(old: float, new: float) -> float:
    """The earlier stamp in the later one's resolution: a system that tells whole seconds cannot tell more.

    Without this, an edit in the same second as our own write (stamped with fractions) would look older.
    """
    return math.floor(old) if float(new).is_integer() else old

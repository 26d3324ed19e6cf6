"""What the oracle finds when everything is quiet: the store and the vendors against what people did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from accord.connector import Creates
from accord.consent.decision import by_cells
from accord.engine.gate import consents_of
from accord.store.rows import Conflict, Entity, EntityState, Link, LinkState
from accord.testing.simulation.editions import Way, turned
from accord.testing.simulation.people import Edit, token_of
from accord.testing.simulation.scheduler import START
from accord.testing.simulation.vendor import NEWS

if TYPE_CHECKING:
    from accord.model.record import Row
    from accord.store import Transaction
    from accord.testing.simulation.town import Town
    from accord.testing.simulation.vendor import Table

Finding = tuple[str, str]
CELLS = {"first": "given_name", "last": "family_name", "tel": "phone", "note": "notes", "mail": "email"}


class Findings:
    """Everything read once, then asked invariant by invariant."""

    def __init__(self, town: Town, tx: Transaction, places: Sequence[tuple[str, str]]) -> None:
        self.town, self.tx, self.places = town, tx, places
        self.diary = town.people.diary
        every = [
            *tx.entities.by_kind("customer", None, 10_000, None),
            *tx.entities.by_kind("order", None, 10_000, None),
        ]
        self.entities: dict[str, Entity] = {entity.id: entity for entity in every}
        self.links = {
            place: {link.external_id: link for link in tx.links.page(*place, None, 10_000)}
            for place in places
        }
        self.conflicts: list[Conflict] = tx.conflicts.list(None, None, 100_000)
        self.frozen = {
            (c.entity, c.cell) for c in self.conflicts if c.kind == "oscillation" and c.state == "open"
        }
        """(hub record, cell) whose value two systems overwrote in turn, so that a person was asked."""
        self.letters = tx.letters.list(None, None, 100_000)
        logged = (merge for entity in every for merge in tx.merges.of(entity.id))
        parted = self.diary.parted
        self.merges = {m.loser: m for m in logged if (m.survivor, m.loser) not in parted}

    def all(self) -> Iterator[Finding]:
        """Every finding at the end of a schedule."""
        yield from self.unread()
        yield from self.diverged()
        yield from self.missing()
        yield from self.refused()
        yield from self.doubled()
        yield from self.lost()
        yield from self.lost_tags()
        yield from self.polluted()
        yield from self.resurrected()

    def table(self, place: tuple[str, str]) -> Table:
        """The vendor's table of a stream."""
        return self.town.vendors[place[0]].tables[place[1]]

    def entity_of(self, link: Link) -> Entity:
        """The hub record of a link, merges followed."""
        return self._survivor(link.entity)

    def _survivor(self, id_: str) -> Entity:
        entity = self.entities[id_]
        while entity.merged_into is not None:
            entity = self.entities[entity.merged_into]
        return entity

    def _then(self, id_: str, seconds: float) -> str:
        """The hub record that an id stood for at a moment: later merges are not followed."""
        instant = START.timestamp() + seconds
        while (merge := self.merges.get(id_)) is not None and merge.at <= instant:
            id_ = merge.survivor
        return id_

    def _first_owner(self, link: Link) -> str:
        """The hub record that a link belonged to before any merge moved it."""
        place = [link.connection, link.stream, link.external_id]
        moves = [merge for merge in self.merges.values() if place in (moved[:3] for moved in merge.moved)]
        return min(moves, key=lambda merge: merge.at).loser if moves else link.entity

    def _here(self, place: tuple[str, str], entity: Entity) -> list[Link]:
        return [link for link in self.links[place].values() if self.entity_of(link).id == entity.id]

    def unread(self) -> Iterator[Finding]:
        """I10: rows that no incremental read brought."""
        waiting = ("identity", "erased")  # a person decides who it is, or whether they may come back
        parked = {(c.connection, c.stream, c.external_id) for c in self.conflicts if c.kind in waiting}
        parked |= {
            (x.connection, x.stream, x.external_id or "") for x in self.letters if x.direction == "read"
        }
        for place, links in self.links.items():
            for id_ in self.table(place).rows if place[0] != NEWS else ():
                if id_ not in links and (*place, id_) not in parked:
                    yield "I10 cursor safety", f"{place[0]}/{place[1]} {id_} was never absorbed"

    def diverged(self) -> Iterator[Finding]:
        """I1: a live link whose record does not show the hub's values."""
        for place, links in self.links.items():
            for link in links.values():
                if link.state is LinkState.LIVE:
                    yield from self._shows(place, link, self.entity_of(link))

    def _shows(self, place: tuple[str, str], link: Link, entity: Entity) -> Iterator[Finding]:
        if entity.state is EntityState.ERASED:
            return  # see remains
        table, name = self.table(place), f"{place[0]}/{place[1]} {link.external_id}"
        row = table.rows.get(link.external_id)
        if row is None:
            if place[0] != NEWS:
                yield "I1 convergence", f"{name} is linked as live but is not there"
            return
        if place[0] == NEWS and not self._granted(entity):
            return
        if entity.state is EntityState.TOMBSTONE:
            yield "I6 no resurrection", f"{name} lives although its hub record was deleted"
            return
        if self._is_refused(place, entity):
            return
        for column, expected in self._expected(place, entity, row).items():
            if (entity.id, CELLS.get(column)) in self.frozen or self._ignored(place, link, entity, column):
                continue  # a person must say which value it is to be; until then each keeps its own
            shown = row.get(column) or None
            if (sorted(shown) if isinstance(shown, list) else shown) != expected:
                yield "I1 convergence", f"{name} {column} shows {shown!r}, the hub has {expected!r}"

    def _ignored(self, place: tuple[str, str], link: Link, entity: Entity, column: str) -> bool:
        """Somebody cleared the cell between our write and the read that followed it at once.

        That looks as if the vendor had not taken our value, which Accord notes as ``lossy`` instead of
        clearing the field everywhere. A newer version proves nothing: vendors touch records themselves.
        """
        noted = any(
            (c.kind, c.entity, c.cell, c.connection, c.external_id)
            == ("lossy", entity.id, CELLS.get(column), place[0], link.external_id)
            for c in self.conflicts
        )
        edits = [e for e in self.diary.edits if (e.vendor, e.row) == (place[0], link.external_id)]
        cleared = next((not e.stored for e in reversed(edits) if e.column == column), False)
        return noted and cleared

    def _granted(self, entity: Entity) -> bool:
        if entity.cells.get("email") in self.town.barred:
            return False  # somebody who was erased had this address: nobody is mailed there
        # An address that several people share gets the strictest answer of all of them.
        return all(
            by_cells(consents_of(owner), "marketing.direct", "email").allowed
            for owner in self.entities.values()
            if owner.id == entity.id or self._shares_address(owner, entity)
        )

    def _shares_address(self, one: Entity, other: Entity) -> bool:
        address = one.cells.get("email")
        return one.state is EntityState.LIVE and bool(address) and address == other.cells.get("email")

    def _expected(self, place: tuple[str, str], entity: Entity, shown: Row) -> Row:
        edition = self.town.vendors[place[0]].edition
        columns = ("note",) if place[1] == "orders" else ("first", "last", "tel", "mail")
        if self.of_erased(entity):
            return {}  # see remains
        row: Row = {}
        for column in columns:
            if edition.writes(column) and not self._typed_unread(place, column, str(shown["id"])):
                row |= edition.stored(column, entity.cells.get(CELLS[column]))
        if place[1] == "orders":
            return row | self._customer(place, entity, shown)
        tags = sorted(cell[5:] for cell, value in entity.cells.items() if cell.startswith("tags.") and value)
        # A permission is no value that systems agree on: each keeps what it was told (consent.md 2.3).
        return row | ({"tags": tags or None} if edition.writes("tags") else {})

    def _typed_unread(self, place: tuple[str, str], column: str, row: str) -> bool:
        """Whether people typed in a column that is only written: nobody sees that, nor puts it right."""
        vendor = self.town.vendors[place[0]]
        if vendor.edition.reads(column) or not vendor.edition.writes(column):
            return False
        return any((e.vendor, e.column, e.row) == (vendor.name, column, row) for e in self.diary.edits)

    def _customer(self, place: tuple[str, str], entity: Entity, shown: Row) -> Row:
        """Any record of the customer will do: a system may hold one person twice."""
        customer = entity.cells.get("customer")
        if not customer:
            return {}
        here = self._here((place[0], "contacts"), self._survivor(customer))
        if any(link.external_id == shown.get("contact_id") for link in here):
            return {}
        if (place[0], shown.get("contact_id")) in self.diary.parted_rows:
            return {}  # whose orders these are now is for the person who said that there are two
        live = [link.external_id for link in here if link.state is LinkState.LIVE]
        return {"contact_id": live[0]} if live else {}

    def of_erased(self, entity: Entity) -> bool:
        """Whether it is an order of somebody who was erased: what systems say of it is not taken in."""
        customer = entity.cells.get("customer") if entity.kind == "order" else None
        return bool(customer) and self._survivor(str(customer)).state is EntityState.ERASED

    def missing(self) -> Iterator[Finding]:
        """I1: a hub record that never got to a system, and nothing says why."""
        dead = {(x.connection, x.stream, x.entity) for x in self.letters if x.state == "open"}
        # The system answered our write with a record of another hub record: a person must say who is who.
        dead |= {
            (x.connection, x.stream, x.entity)
            for x in self.conflicts
            if x.kind == "identity" and x.state == "open"
        }
        for entity in self.entities.values():
            stream = "contacts" if entity.kind == "customer" else "orders"
            for place in self.places:
                if place[1] != stream or entity.state is not EntityState.LIVE:
                    continue
                if place[0] == NEWS and not self._granted(entity):
                    continue
                if self.of_erased(entity) or not self._has_values(entity):
                    continue
                if (place[0], "contacts", entity.cells.get("customer")) in dead:
                    continue
                waits = (*place, entity.id) in dead or self._is_held_apart(place, entity)
                if not self._here(place, entity) and not waits:
                    yield "I1 convergence", f"{entity.id[18:]} never came to {place[0]}/{place[1]}"

    def _is_held_apart(self, place: tuple[str, str], entity: Entity) -> bool:
        """A person said that it is another than one with the same address, which this system cannot tell.

        Its upsert would write over the other, or a record there could be either's: then a person was asked.
        """
        apart = any(entity.id in pair for pair in self.diary.parted)
        mail = entity.cells.get("email")
        asked = [
            self.table(place).rows.get(c.external_id or "", {}).get("mail")
            for c in self.conflicts
            if (c.kind, c.state, c.connection, c.stream) == ("identity", "open", *place)
        ]
        upserts = self.town.vendors[place[0]].traits.creates is Creates.UPSERT
        return apart and bool(mail) and (upserts or mail in asked)

    def _has_values(self, entity: Entity) -> bool:
        """Whether there is anything to send: a permission alone is told to nobody."""
        return any(value and not cell.startswith("consents.") for cell, value in entity.cells.items())

    def refused(self) -> Iterator[Finding]:
        """I13: a dead letter of a record that its vendor would take."""
        for letter in self.letters:
            place = (letter.connection, letter.stream)
            if letter.error != "RecordRejectedError" or letter.state != "open" or letter.entity is None:
                continue
            entity = self._survivor(letter.entity)
            silent = place[0] == NEWS and not self._granted(entity)
            if entity.state is EntityState.LIVE and not silent and not self._is_too_long(place, entity):
                yield (
                    "I13 isolation",
                    f"{'/'.join(place)} would take {entity.id[18:]}: {letter.reason}",
                )

    def _is_refused(self, place: tuple[str, str], entity: Entity) -> bool:
        """Whether the vendor does not take the record as it is, and a person was told."""
        told = any(
            (x.connection, x.stream) == place and x.state == "open" and x.direction == "write"
            for x in self.letters
            if x.entity is not None and self._survivor(x.entity).id == entity.id
        )
        return told and self._is_too_long(place, entity)

    def _is_too_long(self, place: tuple[str, str], entity: Entity) -> bool:
        vendor, name = self.town.vendors[place[0]], entity.cells.get("given_name")
        sent = vendor.edition.stored("first", name)["first"] if vendor.edition.declares("first") else name
        return 0 < vendor.traits.longest < len(sent or "") and place[1] == "contacts"

    def doubled(self) -> Iterator[Finding]:
        """I3: a record that Accord created twice, in a system or in the hub."""
        for place in self.places:
            table = self.table(place)
            for hub_id, made in table.made_by.items():
                counted = [
                    i
                    for i in made
                    if i not in table.repeated
                    and not self._unknowable(place, table, i)
                    and (place[0], i) not in self.diary.parted_rows
                ]
                if len(counted) > 1:
                    yield (
                        "I3 no duplicate creation",
                        f"{place[0]}/{place[1]} {hub_id[18:]} as {', '.join(made)}",
                    )
        seen: dict[str, str] = {}
        asked = {c.entity for c in self.conflicts if c.kind == "identity" and c.state == "open"}
        for entity in self.entities.values():
            key = entity.cells.get("email") or entity.cells.get("number")
            if entity.state is not EntityState.LIVE or not key:
                continue
            told = entity.id in asked or seen.get(key) in asked
            if key in seen and key not in self.diary.doubled and not told:
                yield (
                    "I3 no duplicate creation",
                    f"two hub records for {key}: {seen[key][18:]}, {entity.id[18:]}",
                )
            seen[key] = entity.id

    def _unknowable(self, place: tuple[str, str], table: Table, id_: str) -> bool:
        """A person deleted or merged it before Accord could know that it had been made."""
        return (id_ in table.deleted or id_ in table.merged) and id_ not in self.links[place]

    def lost(self) -> Iterator[Finding]:
        """I4: an edit that is neither in the hub, nor knowingly replaced, nor in a conflict."""
        kept = self._kept()
        replaced = {(edit.column, edit.saw) for edit in self.diary.edits if edit.saw} | self.diary.replaced
        for edit in self.diary.edits:
            known = (edit.column, edit.token) in kept or (edit.column, edit.token) in replaced
            if edit.cleared or known or self._unobservable(edit):
                continue
            if self._narrowed(edit):
                self.town.weather.counts["narrowed"] = self.town.weather.counts.get("narrowed", 0) + 1
                continue
            yield (
                "I4 no lost update",
                f"{edit.vendor}/{edit.table} {edit.row} {edit.column} {edit.stored!r} at {edit.at:.1f}",
            )

    def _kept(self) -> set[tuple[str, str]]:
        columns = {cell: column for column, cell in CELLS.items()}
        kept: set[tuple[str, str]] = set()

        def keep(cell: str, value: Any) -> None:
            token = token_of(columns.get(cell, ""), value)
            if token:
                kept.add((columns.get(cell, ""), token))

        for entity in self.entities.values():
            for cell, value in entity.cells.items():
                keep(cell, value)
            # Where hub records became one, the history tells what gave way.
            for change in self.tx.history.of(entity.id):
                if change.rule.startswith("merge:"):
                    keep(change.cell, change.old)
        for conflict in self.conflicts:
            for value in (conflict.base, conflict.hub_value, conflict.vendor_value):
                keep(conflict.cell or "", value)
        return kept

    def _unobservable(self, edit: Edit) -> bool:
        """The record is gone, merged away, or only shadows another: what it said need not count."""
        place = (edit.vendor, edit.table)
        if place not in self.links:
            return True
        table = self.table(place)
        if not self.town.vendors[edit.vendor].edition.reads(edit.column):
            return True
        if self.town.configuration.was(edit.vendor, edit.column, Way.OUTWARD, edit.at):
            return True  # nobody looks at what is only written, and Accord writes over it
        if any(
            m[0] == edit.vendor and m[2] == edit.row and edit.table == "contacts" for m in self.diary.merged
        ):
            return True
        link = self.links[place].get(table.resolve(edit.row))
        if link is None or link.state is not LinkState.LIVE or edit.row in table.deleted:
            return True
        entity = self.entity_of(link)
        return entity.state is EntityState.ERASED or self.of_erased(entity)

    def _narrowed(self, edit: Edit) -> bool:
        """A write without a condition came over it: the one loss that the design cannot prevent (V6)."""
        return (edit.vendor, edit.table, edit.column, edit.token) in self.town.overwritten

    def lost_tags(self) -> Iterator[Finding]:
        """I4 for sets: what was added is there unless it was taken away, and what was taken away is gone."""
        held = {
            cell[5:] for e in self.entities.values() if e.state is EntityState.LIVE
            for cell, value in e.cells.items() if cell.startswith("tags.") and value
        }  # fmt: skip
        for tag, acts in self.diary.tags.items():
            where = [(vendor, row) for _, vendor, row in acts]
            if any(self._aside(vendor, row) for vendor, row in where) or tag in self.town.overwritten_tags:
                continue
            gone = [(vendor, row) for what, vendor, row in acts if what == "removed"]
            removed = bool(gone)
            if removed and tag in held and not all(self._met(vendor, row) for vendor, row in gone):
                yield "I6 no resurrection", f"tag {tag} is back after {acts}"
            if not removed and tag not in held:
                yield "I4 no lost update", f"tag {tag} is lost after {acts}"

    def _met(self, vendor: str, row: str) -> bool:
        """Our own create, known by its natural key only since its answer was lost: a first meeting.

        Nothing tells that it was ours, so what it lacks need not have been taken away.
        """
        link = self.links[(vendor, "contacts")].get(row)
        ours = any((who, made) == (vendor, row) for _, who, _, _, made in self.town.creations)
        adopted = link is not None and link.created_by_intent is None
        return ours and adopted and not self.town.vendors[vendor].traits.by_reference

    def _aside(self, vendor: str, row: str) -> bool:
        """The row was merged, deleted or a shadow, or its tags were unmapped for a while."""
        if self.town.configuration.of(vendor, "tags"):
            return True
        table = self.town.vendors[vendor].tables["contacts"]
        if any(m[0] == vendor and row in m[1:] for m in self.diary.merged):
            return True
        link = self.links[(vendor, "contacts")].get(row)
        if row in table.deleted or link is None or link.state is not LinkState.LIVE:
            return True
        return self.entity_of(link).state is EntityState.ERASED

    def polluted(self) -> Iterator[Finding]:
        """I5: a hub value that nobody ever typed: a projection that came back."""
        typed = {(column, _plain(column, value)) for column, value in self.diary.typed}
        if any(Way.TURNED in (one.before, one.after) for one in self.town.configuration.alterations):
            typed |= {(column, turned(value)) for column, value in typed if value}
        for entity in self.entities.values():
            for column in ("first", "last", "tel", "note"):
                value = entity.cells.get(CELLS[column])
                known = not value or (column, _plain(column, value)) in typed
                if not known:
                    yield (
                        "I5 no echo pollution",
                        f"{entity.id[18:]} {column} is {value!r}, which nobody typed",
                    )

    def resurrected(self) -> Iterator[Finding]:
        """I6: a record made again for somebody whose record people deleted there."""
        for vendor, name, id_, removed_at in self.diary.removed:
            place = (vendor, name)
            link = self.links.get(place, {}).get(id_)
            if link is None:
                continue
            owner = self._first_owner(link)
            for at, who, what, hub_id, made in self.town.creations:
                if (
                    (who, what) == place
                    and at > removed_at
                    and self._then(hub_id, at) == self._then(owner, at)
                    and made != id_
                ):
                    yield (
                        "I6 no resurrection",
                        f"{vendor}/{name} {made} was made although {id_} had been deleted",
                    )


def _plain(column: str, value: Any) -> Any:
    return str(value).replace(" ", "") if column == "tel" else value

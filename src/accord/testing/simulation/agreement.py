"""Whether the hub and the systems agree: I1, I3 and I10."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from accord.connector import Creates
from accord.consent.decision import by_cells
from accord.engine.gate import consents_of
from accord.store.rows import Entity, EntityState, Link, LinkState
from accord.testing.simulation.evidence import CELLS, Evidence, Finding
from accord.testing.simulation.people import token_of
from accord.testing.simulation.vendor import NEWS

if TYPE_CHECKING:
    from accord.model.record import Row
    from accord.testing.simulation.vendor import Table


class Agreement:
    """Asks whether everything is everywhere, once, and the same."""

    def __init__(self, known: Evidence) -> None:
        self.known, self.town, self.diary = known, known.town, known.diary

    def all(self) -> Iterator[Finding]:
        """Every finding at the end of a schedule."""
        yield from self.unread()
        yield from self.diverged()
        yield from self.missing()
        yield from self.refused()
        yield from self.doubled()
        yield from self.untold()

    def unread(self) -> Iterator[Finding]:
        """I10: rows that no incremental read brought."""
        waiting = ("identity", "erased")  # a person decides who it is, or whether they may come back
        parked = {(c.connection, c.stream, c.external_id) for c in self.known.conflicts if c.kind in waiting}
        parked |= {
            (x.connection, x.stream, x.external_id or "") for x in self.known.letters if x.direction == "read"
        }
        for place, links in self.known.links.items():
            for id_ in self.known.table(place).rows if self.town.is_read(place[0]) else ():
                if id_ not in links and (*place, id_) not in parked:
                    yield "I10 cursor safety", f"{place[0]}/{place[1]} {id_} was never absorbed"

    def diverged(self) -> Iterator[Finding]:
        """I1: a live link whose record does not show the hub's values."""
        for place, links in self.known.links.items():
            for link in links.values():
                if link.state is LinkState.LIVE:
                    yield from self._shows(place, link, self.known.entity_of(link))

    def _shows(self, place: tuple[str, str], link: Link, entity: Entity) -> Iterator[Finding]:
        if entity.state is EntityState.ERASED:
            return  # see remains
        table, name = self.known.table(place), f"{place[0]}/{place[1]} {link.external_id}"
        row = table.rows.get(link.external_id)
        if row is None:
            if self.town.is_read(place[0]):
                yield "I1 convergence", f"{name} is linked as live but is not there"
            return
        if place[0] == NEWS and not self._granted(entity):
            return
        if entity.state is EntityState.TOMBSTONE:
            yield "I6 no resurrection", f"{name} lives although its hub record was deleted"
            return
        if self._is_refused(place, entity):
            return
        if not self.town.is_written(place[0]) and len(self.known.here(place, entity)) > 1:
            return  # two records of one person there: neither hears of the other
        for column, expected in self._expected(place, entity, row).items():
            shown = row.get(column) or None
            same = (sorted(shown) if isinstance(shown, list) else shown) == expected
            unsaid = expected is None and self.town.is_foreign(place[0], CELLS.get(column, ""))
            if not (same or unsaid or self._may_differ(place, link, entity, column, shown)):
                yield "I1 convergence", f"{name} {column} shows {shown!r}, the hub has {expected!r}"

    def _may_differ(
        self, place: tuple[str, str], link: Link, entity: Entity, column: str, shown: Any
    ) -> bool:
        """A person must say which value it is to be, and each keeps its own; or nobody can know."""
        frozen = (entity.id, CELLS.get(column)) in self.known.frozen
        ignored = frozen or self._ignored(place, link, entity, column)
        return ignored or self._is_redelivered(place, link, column, shown)

    def _is_redelivered(self, place: tuple[str, str], link: Link, column: str, shown: Any) -> bool:
        """Whether the network brought an older write a second time to where nobody reads: nothing tells."""
        left = self.known.table(place).redelivered.get(link.external_id, {})
        return not self.town.is_read(place[0]) and column in left and (left[column] or None) == shown

    def _ignored(self, place: tuple[str, str], link: Link, entity: Entity, column: str) -> bool:
        """Somebody cleared the cell between our write and the read that followed it at once.

        That looks as if the vendor had not taken our value, which Accord notes as ``lossy`` instead of
        clearing the field everywhere. A newer version proves nothing: vendors touch records themselves.
        """
        noted = any(
            (c.kind, c.entity, c.cell, c.connection, c.external_id)
            == ("lossy", entity.id, CELLS.get(column), place[0], link.external_id)
            for c in self.known.conflicts
        )
        edits = [e for e in self.diary.edits if (e.vendor, e.row) == (place[0], link.external_id)]
        cleared = next((not e.stored for e in reversed(edits) if e.column == column), False)
        return noted and cleared

    def _granted(self, entity: Entity) -> bool:
        mail, number = entity.cells.get("email"), token_of("tel", entity.cells.get("phone"))
        if not mail or {mail, number} & self.town.barred:
            return False  # nobody is mailed where no address is, or what somebody had who was erased
        # An address that several people share gets the strictest answer of all of them.
        return all(
            by_cells(consents_of(owner), "marketing.direct", "email").allowed
            for owner in self.known.entities.values()
            if owner.id == entity.id or self._shares_address(owner, entity)
        )

    def _shares_address(self, one: Entity, other: Entity) -> bool:
        address = one.cells.get("email")
        return one.state is EntityState.LIVE and bool(address) and address == other.cells.get("email")

    def _expected(self, place: tuple[str, str], entity: Entity, shown: Row) -> Row:
        edition = self.town.vendors[place[0]].edition
        columns = ("note",) if place[1] == "orders" else ("first", "last", "tel", "mail")
        if self.known.of_erased(entity):
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
        table = self.known.table(place)
        typed = [e.row for e in self.diary.edits if (e.vendor, e.column) == (vendor.name, column)]
        return any(table.resolve(id_) == row for id_ in typed)

    def _customer(self, place: tuple[str, str], entity: Entity, shown: Row) -> Row:
        """Any record of the customer will do: a system may hold one person twice."""
        customer = entity.cells.get("customer")
        if not customer:
            return {}
        here = self.known.here((place[0], "contacts"), self.known.survivor(customer))
        if any(link.external_id == shown.get("contact_id") for link in here):
            return {}
        if (place[0], shown.get("contact_id")) in self.diary.parted_rows:
            return {}  # whose orders these are now is for the person who said that there are two
        live = [link.external_id for link in here if link.state is LinkState.LIVE]
        return {"contact_id": live[0]} if live else {}

    def missing(self) -> Iterator[Finding]:
        """I1: a hub record that never got to a system, and nothing says why."""
        dead = {(x.connection, x.stream, x.entity) for x in self.known.letters if x.state == "open"}
        # The system answered our write with a record of another hub record: a person must say who is who.
        dead |= {
            (x.connection, x.stream, x.entity)
            for x in self.known.conflicts
            if x.kind == "identity" and x.state == "open"
        }
        for entity in self.known.entities.values():
            stream = "contacts" if entity.kind == "customer" else "orders"
            for place in self.known.places:
                if place[1] != stream or entity.state is not EntityState.LIVE:
                    continue
                if place[0] == NEWS and not self._granted(entity):
                    continue
                if self.known.of_erased(entity) or not self._has_values(entity):
                    continue
                if (place[0], "contacts", entity.cells.get("customer")) in dead:
                    continue
                waits = (*place, entity.id) in dead or self._is_held_apart(place, entity)
                if not self.known.here(place, entity) and not waits:
                    yield "I1 convergence", f"{entity.id[18:]} never came to {place[0]}/{place[1]}"

    def _is_held_apart(self, place: tuple[str, str], entity: Entity) -> bool:
        """A person said that it is another than one with the same address, which this system cannot tell.

        Its upsert would write over the other, or a record there could be either's: then a person was asked.
        """
        apart = any(entity.id in pair for pair in self.diary.parted)
        mail = entity.cells.get("email")
        asked = [
            self.known.table(place).rows.get(c.external_id or "", {}).get("mail")
            for c in self.known.conflicts
            if (c.kind, c.state, c.connection, c.stream) == ("identity", "open", *place)
        ]
        upserts = self.town.vendors[place[0]].traits.creates is Creates.UPSERT
        return apart and bool(mail) and (upserts or mail in asked)

    def _has_values(self, entity: Entity) -> bool:
        """Whether there is anything to send: a permission alone is told to nobody."""
        return any(value and not cell.startswith("consents.") for cell, value in entity.cells.items())

    def refused(self) -> Iterator[Finding]:
        """I13: a dead letter of a record that its vendor would take."""
        for letter in self.known.letters:
            place = (letter.connection, letter.stream)
            if letter.error != "RecordRejectedError" or letter.state != "open" or letter.entity is None:
                continue
            entity = self.known.survivor(letter.entity)
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
            for x in self.known.letters
            if x.entity is not None and self.known.survivor(x.entity).id == entity.id
        )
        return told and self._is_too_long(place, entity)

    def _is_too_long(self, place: tuple[str, str], entity: Entity) -> bool:
        vendor, name = self.town.vendors[place[0]], entity.cells.get("given_name")
        sent = vendor.edition.stored("first", name)["first"] if vendor.edition.declares("first") else name
        return 0 < vendor.traits.longest < len(sent or "") and place[1] == "contacts"

    def doubled(self) -> Iterator[Finding]:
        """I3: a record that Accord created twice, in a system or in the hub."""
        for place in self.known.places:
            table = self.known.table(place)
            for hub_id, made in table.made_by.items():
                counted = [
                    i
                    for i in made
                    if i not in table.repeated
                    and not self._unknowable(place, table, i)
                    and not self._is_renamed(place, table, i)
                    and (place[0], i) not in self.diary.parted_rows
                ]
                if len(counted) > 1:
                    yield (
                        "I3 no duplicate creation",
                        f"{place[0]}/{place[1]} {hub_id[18:]} as {', '.join(made)}",
                    )
        seen: dict[str, str] = {}
        asked = {c.entity for c in self.known.conflicts if c.kind == "identity" and c.state == "open"}
        for entity in self.known.entities.values():
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

    def untold(self) -> Iterator[Finding]:
        """I7: somebody who withdrew may stand where nobody can look, and nobody was told."""
        place = (NEWS, "contacts")
        if NEWS not in self.town.vendors or not self.town.vendors[NEWS].traits.silent:
            return
        told = {c.entity for c in self.known.conflicts if c.kind == "revocation"}
        for hub_id, made in self.known.table(place).made_by.items():
            entity = self.known.survivor(hub_id)
            if entity.state is not EntityState.LIVE or self._granted(entity) or told & {hub_id, entity.id}:
                continue
            if any(row not in self.known.links[place] for row in made):
                yield "I7 no send after withdrawal", f"nobody was told to look for {hub_id[18:]} in {NEWS}"

    def _is_renamed(self, place: tuple[str, str], table: Table, id_: str) -> bool:
        """People gave what an unanswered create had made another number, and by nothing else is it known."""
        if self.town.vendors[place[0]].traits.by_reference or table.rows.get(id_, {}).get("mail"):
            return False
        return any((e.vendor, e.row, e.column) == (place[0], id_, "tel") for e in self.diary.edits)

    def _unknowable(self, place: tuple[str, str], table: Table, id_: str) -> bool:
        """A person deleted or merged it before Accord could know that it had been made."""
        return (id_ in table.deleted or id_ in table.merged) and id_ not in self.known.links[place]

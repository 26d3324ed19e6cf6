"""Whether anything people did was lost, polluted or brought back: I4, I5 and I6."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accord.connector import Creates
from accord.store.rows import Entity, EntityState, Link, LinkState
from accord.testing.simulation.editions import Way, turned
from accord.testing.simulation.evidence import CELLS, Evidence, Finding
from accord.testing.simulation.people import Edit, token_of


class Losses:
    """Asks what became of every act of a person."""

    def __init__(self, known: Evidence) -> None:
        self.known, self.town, self.diary = known, known.town, known.diary

    def all(self) -> Iterator[Finding]:
        """Every finding at the end of a schedule."""
        yield from self.lost()
        yield from self.overruled()
        yield from self.lost_tags()
        yield from self.polluted()
        yield from self.resurrected()

    def lost(self) -> Iterator[Finding]:
        """I4: an edit that is neither in the hub, nor knowingly replaced, nor in a conflict."""
        kept = self._kept()
        replaced = {(edit.column, edit.saw) for edit in self.diary.edits if edit.saw} | self.diary.replaced
        for edit in self.diary.edits:
            known = (edit.column, edit.token) in kept or (edit.column, edit.token) in replaced
            foreign = self.town.is_foreign(edit.vendor, CELLS.get(edit.column, ""))
            if edit.cleared or known or foreign or self._unobservable(edit):
                continue
            if self._narrowed(edit):
                self.town.weather.counts["narrowed"] = self.town.weather.counts.get("narrowed", 0) + 1
                continue
            yield (
                "I4 no lost update",
                f"{edit.vendor}/{edit.table} {edit.row} {edit.column} {edit.stored!r} at {edit.at:.1f}",
            )

    def overruled(self) -> Iterator[Finding]:
        """I4: an edit of just what our own create had put there lost to that, by whatever policy.

        A record that bears our reference tells what came first. That a conflict keeps the edit is no excuse.
        Where two were made one, the value they have is a claim of its own, as late as the merge.
        """
        if self.town.configuration.alterations:
            return  # a cell that was mapped anew has no base
        columns = {cell: column for column, cell in CELLS.items()}
        united = {e.merged_into for e in self.known.entities.values() if e.merged_into is not None}
        for one in self.known.conflicts:
            column = columns.get(one.cell or "", "")
            place = (one.connection, one.stream, one.external_id, column)
            mine, theirs = token_of(column, one.hub_value) or "", token_of(column, one.vendor_value) or ""
            if (one.kind, one.winner) != ("both_changed", "hub") or one.entity in united:
                continue
            if (*place, mine) not in self.town.made_with or mine in self.diary.shared:
                continue
            if self.town.is_foreign(one.connection, one.cell or ""):
                continue
            acts = {(e.vendor, e.table, e.row, e.column, e.token, e.saw) for e in self.diary.edits}
            if self.town.vendors[one.connection].traits.by_reference and (*place, theirs, mine) in acts:
                yield "I4 no lost update", f"{'/'.join(place)} {one.vendor_value!r} lost to our own create"

    def _kept(self) -> set[tuple[str, str]]:
        columns = {cell: column for column, cell in CELLS.items()}
        kept: set[tuple[str, str]] = set()

        def keep(cell: str, value: Any) -> None:
            token = token_of(columns.get(cell, ""), value)
            if token:
                kept.add((columns.get(cell, ""), token))

        for entity in self.known.entities.values():
            for cell, value in entity.cells.items():
                keep(cell, value)
            # Where hub records became one, the history tells what gave way.
            for change in self.known.tx.history.of(entity.id):
                if change.rule.startswith("merge:"):
                    keep(change.cell, change.old)
        for conflict in self.known.conflicts:
            for value in (conflict.base, conflict.hub_value, conflict.vendor_value):
                keep(conflict.cell or "", value)
        return kept

    def _unobservable(self, edit: Edit) -> bool:
        """The record is gone, merged away, or only shadows another: what it said need not count."""
        place = (edit.vendor, edit.table)
        if place not in self.known.links:
            return True
        table = self.known.table(place)
        if not self.town.vendors[edit.vendor].edition.reads(edit.column):
            return True
        if self.town.configuration.was(edit.vendor, edit.column, Way.OUTWARD, edit.at):
            return True  # nobody looks at what is only written, and Accord writes over it
        if any(
            m[0] == edit.vendor and m[2] == edit.row and edit.table == "contacts" for m in self.diary.merged
        ):
            return True
        link = self.known.links[place].get(table.resolve(edit.row))
        if link is None or link.state is not LinkState.LIVE or edit.row in table.deleted:
            return True
        entity = self.known.entity_of(link)
        return entity.state is EntityState.ERASED or self.known.of_erased(entity)

    def _narrowed(self, edit: Edit) -> bool:
        """A write without a condition came over it: the one loss that the design cannot prevent (V6)."""
        return (edit.vendor, edit.table, edit.column, edit.token) in self.town.overwritten

    def lost_tags(self) -> Iterator[Finding]:
        """I4 for sets: what was added is there unless it was taken away, and what was taken away is gone.

        A tag taken away at a record that an operator had split off is taken from the new person only.
        """
        held = self._holders()
        for tag, acts in self.diary.tags.items():
            where = [(vendor, row) for _, vendor, row in acts]
            if any(self._aside(vendor, row) for vendor, row in where) or tag in self.town.overwritten_tags:
                continue
            gone = [(vendor, row) for what, vendor, row in acts if what == "removed"]
            removed, back = bool(gone), held.get(tag, frozenset())
            back = self._of_theirs(back, {self._owner(*place) for place in gone})
            if removed and back and not all((tag, *place) in self.diary.untold for place in gone):
                yield "I6 no resurrection", f"tag {tag} is back after {acts}"
            if not removed and tag not in held:
                yield "I4 no lost update", f"tag {tag} is lost after {acts}"

    def _of_theirs(self, back: frozenset[str], owners: set[str]) -> frozenset[str]:
        """Those of the hub records with a tag from whom it was taken away: who was split off keeps theirs."""
        parted = self.diary.parted | {(other, one) for one, other in self.diary.parted}
        return frozenset(id_ for id_ in back if id_ in owners or not any((id_, o) in parted for o in owners))

    def _holders(self) -> dict[str, frozenset[str]]:
        """By tag the living hub records that have it."""
        held: dict[str, frozenset[str]] = {}
        for entity in self.known.entities.values():
            for cell, value in entity.cells.items() if entity.state is EntityState.LIVE else ():
                if cell.startswith("tags.") and value:
                    held[cell[5:]] = held.get(cell[5:], frozenset()) | {entity.id}
        return held

    def _owner(self, vendor: str, row: str) -> str:
        return self.known.entity_of(self.known.links[(vendor, "contacts")][row]).id

    def _aside(self, vendor: str, row: str) -> bool:
        """The row was merged, deleted or a shadow, or its tags were unmapped for a while."""
        if self.town.configuration.of(vendor, "tags"):
            return True
        table = self.town.vendors[vendor].tables["contacts"]
        if any(m[0] == vendor and row in m[1:] for m in self.diary.merged):
            return True
        link = self.known.links[(vendor, "contacts")].get(row)
        if row in table.deleted or link is None or link.state is not LinkState.LIVE:
            return True
        return self.known.entity_of(link).state is EntityState.ERASED

    def polluted(self) -> Iterator[Finding]:
        """I5: a hub value that nobody ever typed: a projection that came back."""
        typed = {(column, _plain(column, value)) for column, value in self.diary.typed}
        if any(Way.TURNED in (one.before, one.after) for one in self.town.configuration.alterations):
            typed |= {(column, turned(value)) for column, value in typed if value}
        for entity in self.known.entities.values():
            for column in ("first", "last", "tel", "note"):
                value = entity.cells.get(CELLS[column])
                known = not value or (column, _plain(column, value)) in typed
                known = known or (column, token_of(column, value)) in self.town.nameless
                known = known or self._is_made_of_nobody(entity)
                if not known and self._is_left_by_upsert(entity, column, value):
                    self.town.weather.counts["narrowed"] = self.town.weather.counts.get("narrowed", 0) + 1
                elif not known:
                    yield (
                        "I5 no echo pollution",
                        f"{entity.id[18:]} {column} is {value!r}, which nobody typed",
                    )

    def _is_made_of_nobody(self, entity: Entity) -> bool:
        """Whether a record is its own that we made for another person, who had neither address nor number."""
        links = (link for found in self.known.links.values() for link in found.values())
        return any(
            {column for *place, column, _ in self.town.made_with if place == [*_place(link)]}.isdisjoint(
                {"mail", "tel"}
            )
            for link in links
            if self.known.entity_of(link).id == entity.id and self._is_of_another(link)
        )

    def _is_of_another(self, link: Link) -> bool:
        """Whether Accord made a record for another hub record than the one that it belongs to now."""
        made = self.known.table((link.connection, link.stream)).made_by
        makers = [hub_id for hub_id, rows in made.items() if link.external_id in rows]
        return any(self.known.survivor(hub_id).id != self.known.entity_of(link).id for hub_id in makers)

    def _is_left_by_upsert(self, entity: Entity, column: str, value: Any) -> bool:
        """Whether a create by upsert put a value in its system's form over what a person had typed there.

        The person's value, shown late by a list, then counts as an edit, and so does ours behind it: the loss
        of a value nobody had read (V6) in another dress.
        """
        links = (link for found in self.known.links.values() for link in found.values())
        names = {link.connection for link in links if self.known.entity_of(link).id == entity.id}
        return any(value in self._put_over(name, column) for name in sorted(names))

    def _put_over(self, name: str, column: str) -> set[Any]:
        """Typed values of a column in the form of a system, if an upsert there replaced any."""
        traits = self.town.vendors[name].traits
        form, typed = traits.forms.get(column), {v for c, v in self.diary.typed if c == column and v}
        over = any((who, what) == (name, column) for who, _, what, _ in self.town.overwritten)
        return {form(v) for v in typed} if form and over and traits.creates is Creates.UPSERT else set()

    def resurrected(self) -> Iterator[Finding]:
        """I6: a record made again for somebody whose record people deleted there.

        Not where an answer first showed the deleted one after that: it was entered and deleted between two
        reads, and a list that lags told of it late. Nor what a request made that was delivered a second time.
        """
        for vendor, name, id_, removed_at in self.diary.removed:
            place = (vendor, name)
            link = self.known.links.get(place, {}).get(id_)
            if link is None:
                continue
            owner, shown_at = self.known.first_owner(link), self.known.table(place).shown_at.get(id_, 0.0)
            for at, who, what, hub_id, made in self.town.creations:
                if (
                    (who, what) == place
                    and at > max(removed_at, shown_at)
                    and self.known.then(hub_id, at) == self.known.then(owner, at)
                    and made not in {id_, *self.known.table(place).repeated}
                ):
                    yield (
                        "I6 no resurrection",
                        f"{vendor}/{name} {made} was made although {id_} had been deleted",
                    )


def _place(link: Link) -> tuple[str, str, str]:
    return (link.connection, link.stream, link.external_id)


def _plain(column: str, value: Any) -> Any:
    return str(value).replace(" ", "") if column == "tel" else value

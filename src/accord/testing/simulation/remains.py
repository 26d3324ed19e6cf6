"""What is left of people who were erased, once everything is quiet: nothing but named waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from accord.store.rows import EntityState
from accord.testing.simulation.witness import COLUMNS, I6, Erased

if TYPE_CHECKING:
    from accord.testing.simulation.evidence import Evidence, Finding
    from accord.testing.simulation.witness import Witness

CARRIED_OUT = "I16 liveness"


def remains(known: Evidence, witness: Witness) -> Iterator[Finding]:
    """Every trace of somebody who was erased: in the hub, its queues and histories, and in the vendors."""
    for one in witness.erased:
        yield from _in_the_hub(known, witness, one)
        yield from _in_the_queues(known, witness, one)
        yield from _at_vendors(known, one)
        yield from _not_carried_out(known, one)


def _in_the_hub(known: Evidence, witness: Witness, one: Erased) -> Iterator[Finding]:
    for entity in known.entities.values():
        if entity.id in one.ids and entity.state not in (EntityState.ERASED, EntityState.MERGED):
            yield I6, f"{entity.id[18:]} was erased and is {entity.state}"
        for cell, value in entity.cells.items():
            column = "mail" if cell == "email" else COLUMNS.get(cell, "")
            if column and witness.is_theirs(one, column, value):
                yield I6, f"{entity.id[18:]} {cell} holds {value!r} of {one.subject[18:]}, who was erased"


def _in_the_queues(known: Evidence, witness: Witness, one: Erased) -> Iterator[Finding]:
    """Histories, conflicts and dead letters keep nothing of what was erased."""
    for id_ in known.entities:
        for change in known.tx.history.of(id_) if id_ in one.ids else ():
            yield I6, f"the history of {id_[18:]}, who was erased, tells {change.cell}"
    for conflict in known.conflicts:
        column = "mail" if conflict.cell == "email" else COLUMNS.get(conflict.cell or "", "")
        for value in (conflict.base, conflict.hub_value, conflict.vendor_value):
            if column and witness.is_theirs(one, column, value):
                yield I6, f"conflict {conflict.id[:8]} shows {value!r} of {one.subject[18:]}, who was erased"


def _at_vendors(known: Evidence, one: Erased) -> Iterator[Finding]:
    """No record that was known to be theirs, or that Accord made for them, stands anywhere.

    What a network delivered twice, and a vendor made anew after it had been deleted, a person is told of,
    unless it is a system that is only written to: there nobody can see it. Where nobody can look for what a
    create without an answer may have made, a person is told to.
    """
    by_hand = {
        (told.connection, told.stream)
        for told in known.tx.revocations.of(one.ids)
        if told.verb == "erase" and told.external_id is None and told.alerted_at is not None
    }
    merged = {(m[0], row) for m in known.diary.merged for row in m[1:]}
    told = {(c.connection, c.stream, c.external_id) for c in known.conflicts if c.kind == "erased"}
    for place in known.places:
        table = known.table(place)
        linked = [link.external_id for link in known.links[place].values() if link.entity in one.ids]
        made = [row for id_ in one.ids for row in table.made_by.get(id_, ())]
        for row in dict.fromkeys([*linked, *made]):
            if place in by_hand and row not in linked:
                continue
            if row in table.repeated and ((*place, row) in told or not known.town.is_read(place[0])):
                continue
            if place[1] == "contacts" and row in table.rows and (place[0], row) not in merged:
                yield I6, f"{place[0]}/{place[1]} {row} of {one.subject[18:]}, who was erased, stands there"


def _not_carried_out(known: Evidence, one: Erased) -> Iterator[Finding]:
    """Every system that was to be told has answered, or a person has been told."""
    for told in known.tx.revocations.of(one.ids):
        if told.verb == "erase" and told.finished_at is None and told.alerted_at is None:
            yield CARRIED_OUT, f"{told.connection}/{told.stream} was not told to erase {one.subject[18:]}"

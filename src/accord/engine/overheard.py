"""Refusals in rows that cannot be taken over: a broken record must not hide that somebody said no.

A row that becomes a dead letter, or that fits several people, changes nothing in the hub. What it says
against using an address is heard all the same: for the person it is linked to, else for everybody who has
the address. Nothing that would open anything is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from accord.consent.signal import CLOSING
from accord.engine.addresses import points_of
from accord.engine.hearing import SHOWN, Heard
from accord.engine.merge import Observation
from accord.errors import MappingError
from accord.mapping import Mapping as FieldMapping
from accord.model.cells import Cells, explode, field_of
from accord.model.document import Canonical, validated
from accord.model.record import Document
from accord.store.rows import Entity, EntityState

if TYPE_CHECKING:
    from accord.engine.observe import Seen
    from accord.engine.scope import Scope
    from accord.mapping.declaration import Declaration
    from accord.model.record import Row
    from accord.store import Transaction
    from accord.store.rows import Link

ASKED = frozenset({"consents", "suppressions", "email", "phone"})
"""The fields of a row that tell what somebody refuses, and under which address."""


def overheard(
    scope: Scope,
    tx: Transaction,
    aside: Iterable[Seen],
    links: Mapping[str, Link],
    known: Mapping[str, Entity],
) -> list[Heard]:
    """What rows that were set aside say against using somebody's address.

    Args:
        scope: The member that was read.
        tx: The transaction that sets them aside.
        aside: The rows.
        links: Links of their external ids, as far as there are any.
        known: Hub records that the page has read already, by id.
    """
    heard: list[Heard] = []
    people = dict(known)
    for seen in aside:
        cells = seen.observation.cells if seen.observation is not None else _readable(scope, seen.row)
        refusals = [cell for cell in cells if _refuses(cell, cells)]
        if not refusals:
            continue
        shown = Observation(seen.external_id, cells, scope.now())
        for person in _whose(scope, tx, cells, links.get(seen.external_id)):
            entity = people.setdefault(person.id, person)
            heard += [Heard(entity, shown, cell, seen.digest.hex()) for cell in refusals]
    return heard


def _readable(scope: Scope, row: Row) -> Cells:
    """The cells of permissions and addresses, declaration by declaration; what cannot be read is left out."""
    cells = Cells()
    for declared in scope.member.stream.mapping.declarations:
        if not (declared.reads and ASKED.issuperset(names[0] for names in declared.canonical)):
            continue
        for cell, value in _told(declared, row, scope.flow.model).items():
            before = cells.get(cell)
            cells[cell] = before | value if isinstance(before, dict) and isinstance(value, dict) else value
    return cells


def _told(declared: Declaration, row: Row, model: type[Canonical]) -> Cells:
    """What one declaration tells; of a consent that holds something else unreadable, the state alone.

    What is wrong with the row stands in its dead letter.
    """
    document: Document = {}
    try:
        document = FieldMapping(declared).read(row)
        return explode(model, validated(model, document))
    except (MappingError, ValueError):
        shown = document.get("consents")
        consents = shown.items() if isinstance(shown, dict) else ()
        return {
            f"consents.{key}": {"state": one.get("state")} for key, one in consents if isinstance(one, dict)
        }


def _refuses(cell: str, cells: Cells) -> bool:
    value = cells[cell]
    if field_of(cell) == "suppressions":
        return bool(value)
    state = value.get("state") if field_of(cell) == "consents" and isinstance(value, dict) else None
    return SHOWN.get(str(state)) in CLOSING


def _whose(scope: Scope, tx: Transaction, cells: Cells, link: Link | None) -> Iterator[Entity]:
    """The linked person, else everybody alive who has an address that the row shows."""
    if link is not None:
        ids = {link.entity}
    else:
        points = points_of(cells, scope.key).values()
        ids = {id_ for found in tx.points.owners(points).values() for id_ in found}
    for person in tx.entities.resolve(sorted(ids)).values():
        if person.state is EntityState.LIVE:
            yield person

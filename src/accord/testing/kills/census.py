"""What is wrong at rest: who is doubled, lost, behind, or back from the dead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from accord.testing.kills.site import CONNECTORS, NAMES

if TYPE_CHECKING:
    from accord.testing.kills.site import Person, Site

Fault = tuple[str, str]
"""What kind of fault, and about whom."""


def faults(site: Site) -> Iterator[Fault]:
    """Compare both systems with what people did there."""
    for place in CONNECTORS:
        held, rows = site.held(place), site.rows(place)
        for email in held.keys() - site.people.keys():
            yield "strange", f"{email} is in {place}, and nobody entered them"
        for email, person in site.people.items():
            ids = held.get(email, [])
            yield from _person(place, email, person, len(ids))
            for id_ in ids:
                shown = [rows[id_].get(name) for name in NAMES[place]]
                if shown != person.names and not person.deleted:
                    yield "lost", f"{email} in {place} shows {shown}, people typed {person.names}"
    yield from _orders(site)


def _person(place: str, email: str, person: Person, number: int) -> Iterator[Fault]:
    wanted = 0 if place in person.deleted else 1
    if number > wanted:
        yield ("duplicate" if wanted else "resurrected"), f"{email} is {number} times in {place}"
    if number < wanted:
        yield "lost", f"{email} is not in {place}"


def _orders(site: Site) -> Iterator[Fault]:
    """Every order stands once in the CRM, with its buyer."""
    rows, people = site.rows("crm", "orders"), site.held("crm")
    numbers = Counter(str(row.get("hs_external_order_id")) for row in rows.values())
    buyers: dict[str, set[str]] = {}
    for row in site.rows("crm", "associations").values():
        buyers.setdefault(str(row["from"]), set()).add(str(row["to"]))
    ids = {str(row.get("hs_external_order_id")): id_ for id_, row in rows.items()}
    for email, person in site.people.items():
        for number in person.orders:
            if numbers[number] != 1:
                kind = "duplicate" if numbers[number] else "lost"
                yield kind, f"order {number} is {numbers[number]} times in crm"
            elif "crm" in person.deleted:
                continue  # there is nobody to point to
            elif not buyers.get(f"orders:{ids[number]}>contacts", set()) & set(people.get(email, ())):
                yield "lost", f"order {number} in crm has not its buyer {email}"

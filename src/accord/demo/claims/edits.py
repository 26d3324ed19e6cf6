"""People edit the same person in several systems before the next run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accord.demo.census import SERVED
from accord.demo.claims.claim import Claim

if TYPE_CHECKING:
    from accord.demo.census import Census
    from accord.demo.stage import Stage

COLUMNS = {
    "shop": {"given_name": "firstName", "family_name": "lastName", "phone": "phone"},
    "crm": {
        "given_name": "firstname",
        "family_name": "lastname",
        "phone": "phone",
        "birth_date": "date_of_birth",
    },
    "till": {"given_name": "first_name", "family_name": "last_name", "phone": "tel"},
    "loyalty": {"given_name": "first_name", "family_name": "last_name", "phone": "tel", "birth_date": "born"},
}
"""What each system calls a field; a field that is missing has no place there."""


@dataclass(frozen=True)
class Hands:
    """Whom the claims may edit: people whom every system holds once, and unused telephone numbers."""

    census: Census
    persons: Iterator[str]
    phones: Iterator[str]

    def id_of(self, connection: str, email: str) -> str:
        """A person's record in one system."""
        return self.census.by_email(connection)[email].id


def chosen(stage: Stage) -> Hands:
    """The people to edit, always the same for a seed."""
    census = stage.census()
    return Hands(census, iter(census.everywhere()), census.free_phones())


def shown(census: Census, email: str, field: str) -> dict[str, str]:
    """What each system that has the field shows for a person."""
    return {
        name: str(census.by_email(name)[email].values.get(columns[field]) or "")
        for name, columns in COLUMNS.items()
        if field in columns
    }


def agreed(census: Census, email: str, wanted: dict[str, str]) -> int:
    """How many of the places that should show these values do."""
    return sum(value == wanted[field] for field in wanted for value in shown(census, email, field).values())


def places(wanted: dict[str, str]) -> int:
    """How many places there are for these fields."""
    return sum(field in columns for field in wanted for columns in COLUMNS.values())


def different_fields(stage: Stage, hands: Hands) -> Callable[[], Claim]:
    """The shop changes the first name, the CRM the telephone, the loyalty programme the birthday."""
    email, phone = next(hands.persons), next(hands.phones)
    stage.vendors["shop"].edit(hands.id_of("shop", email), {"firstName": "Camille"})
    stage.vendors["crm"].edit(hands.id_of("crm", email), {"phone": phone})
    stage.loyalty.edit(email, {"born": "1984-02-29"})
    wanted = {"given_name": "Camille", "phone": phone, "birth_date": "1984-02-29"}

    def check() -> Claim:
        found = agreed(stage.census(), email, wanted)
        figures = {
            "edits": len(wanted),
            "systems_editing": 3,
            "places": places(wanted),
            "places_agreed": found,
        }
        title = "Different fields of one person, edited in three systems: all edits are everywhere"
        return Claim("different_fields", title, found == places(wanted), figures)

    return check


def same_field(stage: Stage, hands: Hands) -> Callable[[], Claim]:
    """Shop and CRM change the same name; the policy says that the CRM knows better."""
    email = next(hands.persons)
    stage.vendors["crm"].edit(hands.id_of("crm", email), {"lastname": "Meunier-Blanc"})
    stage.vendors["shop"].edit(hands.id_of("shop", email), {"lastName": "Meunier"})
    before = _conflicts(stage, email)

    def check() -> Claim:
        found = agreed(stage.census(), email, {"family_name": "Meunier-Blanc"})
        new = {id_: values for id_, values in _conflicts(stage, email).items() if id_ not in before}
        kept = any("Meunier" in values for values in new.values())
        figures: dict[str, int | str | float] = {"policy": "prefer:crm", "places": len(SERVED)}
        figures |= {"places_agreed": found, "conflict_rows": len(new), "loser_kept": int(kept)}
        title = "The same field edited in two systems: the policy decides, a conflict row keeps the loser"
        return Claim("same_field", title, found == len(SERVED) and len(new) == 1 and kept, figures)

    return check


def returns(stage: Stage, hands: Hands) -> Callable[[], Claim]:
    """The CRM corrects a customer of the till and of the loyalty programme."""
    email, phone = next(hands.persons), next(hands.phones)
    stage.vendors["crm"].edit(hands.id_of("crm", email), {"phone": phone, "firstname": "Désirée"})
    rows = len(stage.till.rows())

    def check() -> Claim:
        now = stage.census()
        name, number = shown(now, email, "given_name"), shown(now, email, "phone")
        in_file = name["till"] == "Désirée" and number["till"] == phone
        in_database = name["loyalty"] == "Désirée" and number["loyalty"] == phone
        lost = rows - len(stage.till.rows())
        figures = {"in_till_file": int(in_file), "in_loyalty_database": int(in_database), "rows_lost": lost}
        title = "An edit in the CRM returns to the till's file and to the loyalty database"
        return Claim("edit_returns", title, in_file and in_database and lost <= 0, figures)

    return check


def _conflicts(stage: Stage, email: str) -> dict[str, list[Any]]:
    """A person's conflicts about the family name: both values of each."""
    ids = {entity.id for entity, _ in stage.accord.find(email)}
    return {
        conflict.id: [conflict.hub_value, conflict.vendor_value]
        for conflict in stage.accord.conflicts(state=None, model="customer", limit=1_000_000)
        if conflict.entity in ids and conflict.cell == "family_name"
    }

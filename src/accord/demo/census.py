"""Who is where: counted in the systems themselves, without asking Accord."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from accord.sandbox import people

if TYPE_CHECKING:
    from accord.demo.loyalty import Loyalty
    from accord.demo.systems import Vendor
    from accord.demo.till import Till

SERVED = ("shop", "crm", "till", "loyalty")
"""The systems that are to hold everybody; the newsletter holds only those who agreed."""


@dataclass(frozen=True, slots=True)
class Held:
    """One record of a person in one system, with what identifies the person."""

    id: str
    email: str
    phone: str
    values: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Census:
    """All records of all systems at one moment, by connection."""

    held: Mapping[str, list[Held]]

    def persons(self) -> set[str]:
        """Everybody who is known somewhere: by e-mail address, or by telephone where no address is known."""
        everyone = [record for records in self.held.values() for record in records]
        with_email = {record.phone for record in everyone if record.email}
        emails = {record.email for record in everyone if record.email}
        return emails | {r.phone for r in everyone if not r.email and r.phone not in {"", *with_email}}

    def present(self, connection: str) -> set[str]:
        """Whom a system holds."""
        records = self.held[connection]
        return {record.email for record in records} | {record.phone for record in records}

    def by_email(self, connection: str) -> dict[str, Held]:
        """A system's records by address."""
        return {record.email: record for record in self.held[connection] if record.email}

    def copies(self, connection: str) -> Counter[str]:
        """How many records a system holds for each address."""
        return Counter(record.email for record in self.held[connection] if record.email)

    def duplicates(self, before: Census) -> int:
        """Records that somebody has in a system although they had one there, or more than were before."""
        return sum(
            count - max(1, before.copies(name)[email])
            for name in self.held
            for email, count in self.copies(name).items()
            if count > max(1, before.copies(name)[email])
        )

    def everywhere(self) -> list[str]:
        """Addresses that each of the served systems holds exactly once, sorted."""
        once = [{email for email, n in self.copies(name).items() if n == 1} for name in SERVED]
        return sorted(set.intersection(*once))

    def free_phones(self) -> Iterator[str]:
        """Telephone numbers that nobody has, from those that a regulator keeps for fiction."""
        taken = {record.phone for records in self.held.values() for record in records}
        prefix, digits = people.FICTION["FR"][-1]
        numbers = (f"{prefix}{number:0{digits}}" for number in reversed(range(10**digits)))
        return (number for number in numbers if number not in taken)


def take(vendors: Mapping[str, Vendor], till: Till, loyalty: Loyalty) -> Census:
    """Count now."""
    shown: dict[str, list[tuple[str, Mapping[str, Any]]]] = {
        name: list(vendor.rows().items()) for name, vendor in vendors.items()
    }
    shown["till"] = [(row["card_no"], row) for row in till.rows()]
    shown["loyalty"] = [(str(row["id"]), row) for row in loyalty.rows()]
    return Census({name: [_held(id_, values) for id_, values in rows] for name, rows in shown.items()})


def _held(id_: str, values: Mapping[str, Any]) -> Held:
    email = values.get("email") or values.get("mail") or ""
    phone = values.get("phone") or values.get("tel") or (values.get("attributes") or {}).get("SMS") or ""
    number = "".join(sign for sign in str(phone) if sign.isdigit())
    return Held(id_, str(email).lower(), f"+{number}" if number else "", values)

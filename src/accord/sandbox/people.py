"""Invented customers and their orders: realistic, the same for a seed, shared among sandboxes.

Person number n of a seed is the same in every system, whatever the size, so that two sandboxes with
one seed hold many people in common. Nobody here exists: names are drawn apart from each other,
addresses end in example.com, example.org or example.net, and phone numbers lie in the ranges that
regulators keep for fiction (ARCEP, Bundesnetzagentur, Ofcom, and 555-01xx in North America).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Any

from accord.model.record import Document

LOCALES = ("fr_FR", "de_DE", "en_GB", "en_US")
SHARED = 0.7
"""The share of all people that each system knows."""

GOODS = (
    ("TEA-100", "Thé noir 100 g", "8.90"),
    ("TEA-250", "Grüner Tee 250 g", "17.50"),
    ("POT-1L", "Stoneware teapot 1 l", "39.00"),
    ("CUP-2", "Tasses, lot de 2", "24.90"),
    ("KET-15", "Gooseneck kettle 1.5 l", "89.00"),
    ("BOX-S", "Coffret découverte", "29.90"),
    ("FIL-50", "Teefilter, 50 Stück", "4.20"),
    ("HON-500", "Wildflower honey 500 g", "11.75"),
)
STATUSES = ("new", "paid", "paid", "shipped", "shipped", "shipped", "cancelled", "refunded")
STATES = tuple("CA CO FL GA IL MA MD MI MN NC NJ NY OH OR PA TX UT VA WA WI".split())
TAGS = ("vip", "newsletter", "wholesale", "café", "returns-often")


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as one system holds it.

    Attributes:
        key: The same for one person in every system and every spelling: the truth for a test.
        country: Where the person lives (ISO 3166-1), also when no address is on file.
        document: The canonical customer.
        consent: ``granted``, ``withdrawn`` or ``unknown`` for ``email`` and ``sms``.
    """

    key: str
    country: str
    document: Document
    consent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order and who placed it."""

    key: str
    person: Person
    document: Document


@dataclass(frozen=True, slots=True)
class _Place:
    """What is drawn from for one country."""

    country: str
    language: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    addresses: tuple[Document, ...]
    companies: tuple[str, ...]
    phones: tuple[str, ...]


def customers(seed: int, size: int) -> list[Person]:
    """The first ``size`` people of a seed, each typed once and without mistakes."""
    return [_person(seed, number) for number in range(size)]


def known_to(system: str, seed: int, size: int) -> list[Person]:
    """The ``size`` records that one system holds: most shared with other systems, some twice."""
    found: list[Person] = []
    number = 0
    while len(found) < size:
        random = Random(f"{seed}:{system}:{number}")
        if random.random() < SHARED:
            found.extend(_as_typed(_person(seed, number), random))
        number += 1
    return found[:size]


def orders(system: str, seed: int, size: int) -> list[Purchase]:
    """Orders of the people whom :func:`known_to` gives for the same arguments, oldest first."""
    found: list[Purchase] = []
    for person in known_to(system, seed, size):
        random = Random(f"{seed}:{system}:orders:{person.key}:{person.document.get('email')}")
        for _ in range(random.choice((0, 0, 1, 1, 1, 2, 3))):
            found.append(_purchase(f"{seed}-{len(found)}", person, random))
    found.sort(key=lambda purchase: str(purchase.document["placed_at"]))
    for number, purchase in enumerate(found, start=1001):
        purchase.document["number"] = f"{system[:2].upper()}-{number}"
    return found


def _person(seed: int, number: int) -> Person:
    random = Random(f"{seed}:{number}")
    place, turn = _home(seed, number)
    given, family = random.choice(place.given), random.choice(place.family)
    document: Document = {"given_name": given, "family_name": family, "language": place.language}
    document["email"] = _email(given, family, number, random)
    if turn < len(place.phones) and random.random() < 0.7:  # noqa: PLR2004  not everybody gives a number
        document["phone"] = place.phones[turn]
    if random.random() < 0.9:  # noqa: PLR2004
        document["addresses"] = {"default": dict(random.choice(place.addresses))}
    if random.random() < 0.4:  # noqa: PLR2004
        document["birth_date"] = (date(1945, 1, 1) + timedelta(days=random.randrange(22_000))).isoformat()
    if random.random() < 0.1:  # noqa: PLR2004
        document["company"] = random.choice(place.companies)
    if random.random() < 0.3:  # noqa: PLR2004
        document["tags"] = sorted(random.sample(TAGS, random.randrange(1, 3)))
    return Person(f"person-{number}", place.country, document, _consent(random))


def _home(seed: int, number: int) -> tuple[_Place, int]:
    """Where a person lives, and how many lived there before: every four people one of each country.

    The turn gives each person a phone number of their own without looking at anybody else.
    """
    turn, place = divmod(number, len(LOCALES))
    order = Random(f"{seed}:homes:{turn}").sample(range(len(LOCALES)), len(LOCALES))
    return _places(seed)[order[place]], turn


def _consent(random: Random) -> dict[str, str]:
    states, weights = ("granted", "withdrawn", "unknown"), (5, 2, 3)
    email, sms = random.choices(states, weights), random.choices(states, (2, 2, 6))
    return {"email": email[0], "sms": sms[0]}


def _as_typed(person: Person, random: Random) -> list[Person]:
    """What a clerk or the customer made of it: mostly right, sometimes incomplete, misspelt, or twice."""
    document, chance = dict(person.document), random.random()
    if chance < 0.06:  # noqa: PLR2004
        document.pop("phone", None)
    elif chance < 0.10:  # noqa: PLR2004
        document["family_name"] = _typo(str(document["family_name"]), random)
    elif chance < 0.14:  # noqa: PLR2004
        document.pop("addresses", None)
        document.pop("birth_date", None)
    elif chance < 0.17:  # noqa: PLR2004
        document["given_name"] = _plain(str(document["given_name"])).upper()
    elif chance < 0.19 and "phone" in document:  # noqa: PLR2004
        document.pop("email")
    first = replace(person, document=document)
    if random.random() >= 0.03 or "email" not in document:  # noqa: PLR2004
        return [first]
    return [first, replace(person, document=_again(document, random))]


def _again(document: Document, random: Random) -> Document:
    """The same person typed a second time, under another address of theirs."""
    twin = {key: value for key, value in document.items() if key in {"given_name", "language"}}
    twin["family_name"] = _typo(str(document["family_name"]), random)
    local, _, domain = str(document["email"]).partition("@")
    twin["email"] = f"{local}.home@{domain}"
    if "phone" in document:
        twin["phone"] = document["phone"]
    return twin


def _typo(word: str, random: Random) -> str:
    """Two neighbouring letters change places."""
    if len(word) < 3:  # noqa: PLR2004
        return word + word[-1]
    at = random.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _email(given: str, family: str, number: int, random: Random) -> str:
    name = ".".join("".join(filter(str.isalnum, _plain(part))).lower() for part in (given, family))
    return f"{name}{number}@example.{random.choice(('com', 'com', 'org', 'net'))}"


def _plain(text: str) -> str:
    """Without accents, as people type it where accents are not allowed."""
    text = text.replace("ß", "ss").replace("ø", "o").replace("æ", "ae").replace("œ", "oe")
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _purchase(key: str, person: Person, random: Random) -> Purchase:
    currency = {"GB": "GBP", "US": "USD"}.get(person.country, "EUR")
    lines: dict[str, Any] = {}
    total = Decimal(0)
    for line, (sku, title, price) in enumerate(random.sample(GOODS, random.randrange(1, 4)), start=1):
        quantity = random.choice((1, 1, 1, 2, 3))
        money = {"amount": price, "currency": currency}
        article = {"position": line, "sku": sku, "name": title}
        lines[str(line)] = {**article, "quantity": quantity, "unit_price": money}
        total += quantity * Decimal(price)
    placed = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=random.randrange(900_000))
    document: Document = {"placed_at": placed.strftime("%Y-%m-%dT%H:%M:%SZ"), "currency": currency}
    document |= {"status": random.choice(STATUSES), "lines": lines}
    return Purchase(key, person, document | {"total": {"amount": str(total), "currency": currency}})


@lru_cache(maxsize=4)
def _places(seed: int) -> tuple[_Place, ...]:
    return tuple(_place(locale, seed) for locale in LOCALES)


def _place(locale: str, seed: int) -> _Place:
    """Draw names and addresses once; a person then only chooses among them (faker is slow per call)."""
    from faker import Faker

    faker = Faker(locale)
    faker.seed_instance(f"{locale}:{seed}")
    language, _, country = locale.partition("_")
    return _Place(
        country,
        language,
        tuple(faker.first_name() for _ in range(200)),
        tuple(faker.last_name() for _ in range(300)),
        tuple(_address(faker, country) for _ in range(250)),
        tuple(faker.company() for _ in range(40)),
        _phones(country, Random(f"phones:{country}:{seed}")),
    )


def _address(faker: Any, country: str) -> Document:
    address = {
        "street_address": faker.street_address().replace("\n", ", "),
        "postal_code": faker.postcode(),
        "locality": faker.city(),
        "country": country,
    }
    if country == "US":
        address["region"] = faker.random_element(STATES)
    return address


AREAS = (*range(202, 210), *range(212, 220), 224, 301, 302, 303, 305, 312, 313, 314, 404, 412, 415, 503, 504)
FICTION: Mapping[str, tuple[tuple[str, int], ...]] = {
    "FR": (("+3319900", 4), ("+3326191", 4), ("+3335301", 4), ("+3346571", 4), ("+3353649", 4)),
    "DE": (("+493023125", 3), ("+496990009", 3), ("+494066969", 3), ("+492214710", 3), ("+498999998", 3)),
    "GB": tuple((f"+44{area}4960", 3) for area in (113, 114, 116, 117, 118, 121, 131, 141, 151, 161)),
    "US": tuple((f"+1{area}55501", 2) for area in AREAS),
}
"""Prefixes of numbers kept for fiction and how many digits follow."""


def _phones(country: str, random: Random) -> tuple[str, ...]:
    numbers = [f"{prefix}{n:0{digits}}" for prefix, digits in FICTION[country] for n in range(10**digits)]
    random.shuffle(numbers)
    return tuple(numbers)

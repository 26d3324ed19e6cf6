"""All fields of one platform together: what of a person leaves, and what the ledger keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accord.consent.identifiers.normaliser import Hashed, Identifier, Normaliser, Rule
from accord.model.record import Document
from accord.model.values import UnfitError

LEDGER_KEY = "normaliser"
"""Beside the identifiers of a ledger row: the normalisers that made them, parted by spaces."""


@dataclass(frozen=True, slots=True)
class Identified:
    """A person's identifiers for one platform.

    Attributes:
        identifiers: By the platform's field.
        unfit: Why a field was left out, in words that never repeat the value.
    """

    identifiers: Mapping[str, Identifier]
    unfit: Mapping[str, str]

    @property
    def values(self) -> dict[str, str]:
        """What leaves, by the platform's field."""
        return {field: identifier.value for field, identifier in self.identifiers.items()}

    def ledger(self) -> dict[str, str]:
        """What :meth:`accord.Stream.identifiers` returns: the values, and which normalisers made them."""
        made_by = " ".join(identifier.normaliser for identifier in self.identifiers.values())
        return {**self.values, LEDGER_KEY: made_by} if self.identifiers else {}


@dataclass(frozen=True, slots=True)
class Platform:
    """The current normalisers of one platform.

    Attributes:
        name: ``google``, ``meta``, ``pinterest``, ``tiktok``.
        normalisers: By the platform's field.
    """

    name: str
    normalisers: Mapping[str, Normaliser]

    def __getitem__(self, field: str) -> Normaliser:
        return self.normalisers[field]

    def identify(self, values: Mapping[str, str | Hashed | None], country: str | None = None) -> Identified:
        """Normalise and hash what is known of a person.

        Args:
            values: By the platform's field; None and "" are nothing known.
            country: The record's own country (ISO 3166-1 alpha-2), for telephone numbers in national
                spelling and postal codes. No default.

        Raises:
            KeyError: the platform has no such field.
        """
        found: dict[str, Identifier] = {}
        unfit: dict[str, str] = {}
        for field, value in values.items():
            normaliser = self.normalisers[field]
            if value is None or value == "":
                continue
            try:
                found[field] = normaliser.identify(value, country)
            except UnfitError as problem:
                unfit[field] = str(problem)
        return Identified(found, unfit)


def platform(
    name: str, version: int, hashed: Mapping[str, Rule], clear: Mapping[str, Rule] | None = None
) -> Platform:
    """A platform from its rules: which fields leave hashed, which in clear text."""
    fields = {field: Normaliser(name, field, version, rule) for field, rule in hashed.items()}
    plain = {
        field: Normaliser(name, field, version, rule, hashed=False) for field, rule in (clear or {}).items()
    }
    return Platform(name, {**fields, **plain})


def home_country(document: Document) -> str | None:
    """The country of a canonical customer: of the default address, or the one that all addresses share.

    None when they disagree or tell nothing: nobody's country is guessed.
    """
    addresses = {key: found for key, found in (document.get("addresses") or {}).items() if found}
    default = (addresses.get("default") or {}).get("country")
    countries = {found["country"] for found in addresses.values() if found.get("country")}
    if default:
        return str(default)
    return str(*countries) if len(countries) == 1 else None

"""Converters for what describes people: telephone numbers, countries, languages, names."""

# ruff: noqa: ARG002  every converter takes the row or the document, few look at it

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from accord.mapping.converter import Converter
from accord.mapping.paths import getter, parse
from accord.model import values as canonical
from accord.model.codes import COUNTRIES
from accord.model.record import Document, Row
from accord.model.telephone import parse_phone


@dataclass(frozen=True)
class PhoneNumber(Converter):
    """A telephone number as people write it.

    Args:
        country: Vendor path of the record's country; national numbers are parsed with it.
        region: Country of numbers that have none otherwise. Give it only for an account whose
            numbers are all of one country.
        form: What to write: ``e164`` (+33...), ``digits`` (33...) or ``00`` (0033...).
    """

    country: str | None = None
    region: str | None = None
    form: Literal["e164", "digits", "00"] = "e164"
    exact = True

    @property
    def context(self) -> tuple[str, ...]:
        """The country's path."""
        return () if self.country is None else (self.country,)

    def read(self, value: Any, row: Row) -> str | None:
        """E.164."""
        number = canonical.text(value if isinstance(value, str) else str(value))
        if number is None:
            return None
        if number.startswith("00") and self.form == "00":
            number = f"+{number[2:]}"
        elif self.form == "digits" and number.isdecimal() and not number.startswith("0"):
            number = f"+{number}"
        if number.startswith("+"):
            return parse_phone(number, None)
        return parse_phone(number, self._country(row))

    def _country(self, row: Row) -> str | None:
        if self.country is not None:
            held = getter(parse(self.country))(row)
            if isinstance(held, str) and held.strip():
                try:
                    return country_code(held)
                except ValueError:
                    # An unknown country is no reason to guess another; the region is the author's word.
                    return self.region
        return self.region

    def write(self, value: Any, document: Document) -> str:
        """The vendor's spelling."""
        number = str(value)
        if self.form == "e164":
            return number
        return number[1:] if self.form == "digits" else f"00{number[1:]}"


RESERVED = {"UK": "GB", "EL": "GR"}
"""Codes in wide use that ISO 3166-1 does not give: it reserves UK at the country's wish; the EU writes EL."""


@lru_cache(canonical.CACHED)
def country_code(name: str) -> str:
    """The alpha-2 code of a country given as alpha-2, alpha-3, number or English name.

    Raises:
        UnfitError: no country is called so.
    """
    asked = name.strip()
    code = RESERVED.get(asked.upper(), asked)
    if code.upper() in COUNTRIES:
        return code.upper()
    import pycountry

    try:
        return str(pycountry.countries.lookup(code).alpha_2)
    except LookupError:
        raise canonical.UnfitError("not a country of ISO 3166-1") from None


@lru_cache(canonical.CACHED)
def _country_form(code: str, form: str) -> str:
    if form == "alpha_2" and code in COUNTRIES:
        return code
    import pycountry

    found = pycountry.countries.get(alpha_2=code)
    if found is None:
        raise canonical.UnfitError("not a country of ISO 3166-1")
    return str(getattr(found, "common_name", found.name) if form == "name" else getattr(found, form))


@dataclass(frozen=True)
class Country(Converter):
    """A country; codes and English names are read, ``form`` is written."""

    form: Literal["alpha_2", "alpha_3", "numeric", "name"] = "alpha_2"
    exact = True

    def read(self, value: Any, row: Row) -> str:
        """ISO 3166-1 alpha-2."""
        return country_code(str(value))

    def write(self, value: Any, document: Document) -> str:
        """The vendor's form."""
        return str(value) if self.form == "alpha_2" else _country_form(value, self.form)


@dataclass(frozen=True)
class Language(Converter):
    """A language; ``fr_FR`` and ``fr-FR`` are read, ``form`` is written.

    ``tag`` writes BCP 47 (fr-FR), ``locale`` fr_FR, ``base`` only fr.
    """

    form: Literal["tag", "locale", "base"] = "tag"

    @property
    def lossy(self) -> bool:  # type: ignore[override]
        """The base language has lost its region."""
        return self.form == "base"

    @property
    def exact(self) -> bool:  # type: ignore[override]
        """Both full forms come back as they were."""
        return self.form != "base"

    def read(self, value: Any, row: Row) -> str | None:
        """BCP 47."""
        return canonical.language(str(value).partition(".")[0].replace("_", "-"))

    def write(self, value: Any, document: Document) -> str:
        """The vendor's form."""
        tag = str(value)
        if self.form == "base":
            return tag.partition("-")[0]
        return tag.replace("-", "_") if self.form == "locale" else tag


@dataclass(frozen=True)
class FullName(Converter):
    """Given and family name in one text: ``both(("given_name", "family_name"), "name", as_=FullName())``.

    The family name is the last word, or begins at the first word in lower case (de, van, von).
    ``family_first`` reads and writes the family name before the given name.
    """

    family_first: bool = False
    lossy = True

    def read(self, value: Any, row: Row) -> tuple[str | None, str | None]:
        """(given name, family name)."""
        words = str(value).split()
        if not words:
            return None, None
        if self.family_first:
            return " ".join(words[1:]) or None, words[0]
        if len(words) == 1:
            return words[0], None
        particles = (place for place, word in enumerate(words[1:-1], start=1) if word.islower())
        cut = next(particles, len(words) - 1)
        return " ".join(words[:cut]), " ".join(words[cut:])

    def write(self, value: tuple[str | None, str | None], document: Document) -> str | None:
        """One text; null when both names are empty."""
        parts = value[::-1] if self.family_first else value
        return " ".join(" ".join(part for part in parts if part).split()) or None


@dataclass(frozen=True)
class Point(Converter):
    """One vendor value as a whole contact point.

    ``both("contact_points.work", "work_email", as_=Point("email"))``
    """

    type: str
    exact = True

    def read(self, value: Any, row: Row) -> dict[str, Any]:
        """A contact point of this type."""
        return {"type": self.type, "value": value}

    def write(self, value: Any, document: Document) -> Any:
        """Its value."""
        return value.get("value")

    def project(self, value: Any, document: Document) -> dict[str, Any]:
        """Only type and value reach the vendor."""
        return {"type": self.type, "value": value.get("value")}

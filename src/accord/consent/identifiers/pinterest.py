"""Pinterest: conversions and customer lists.

Source: pinterest/api-description, v5/openapi.json, ConversionEventsUserDataProperties. Customer lists also
take clear text; Accord always sends SHA-256. The description is silent about the case of advertising ids;
lower case is what the other platforms want.
"""

from __future__ import annotations

from typing import Final

from accord.consent.identifiers import rules
from accord.consent.identifiers.platform import Platform, platform
from accord.model.values import UnfitError


def postal_code(value: str, _country: str | None = None) -> str:
    """Only digits.

    Raises:
        UnfitError: it has letters; what is left of a British code without them would be many people's.
    """
    found = rules.joined(value)
    if not (found.isascii() and found.isdigit()):
        raise UnfitError("Pinterest takes only postal codes that are made of digits")
    return found


def region(value: str, _country: str | None = None) -> str:
    """A two-letter code in lower case.

    Raises:
        UnfitError: it is not two letters.
    """
    found = rules.joined(value)
    if len(found) != 2 or not found.isalpha():  # noqa: PLR2004  a two-letter code
        raise UnfitError("Pinterest takes only regions of two letters")
    return found


def gender(value: str, country: str | None = None) -> str:
    """``f``, ``m``, or ``n`` for non-binary.

    Raises:
        UnfitError: it is none of them.
    """
    return "n" if value.strip().lower() in ("n", "non-binary", "nonbinary") else rules.gender(value, country)


PINTEREST: Final[Platform] = platform(
    "pinterest",
    1,
    {
        "em": rules.address,
        "ph": rules.digits,
        "fn": rules.lowered,
        "ln": rules.lowered,
        "ge": gender,
        "ct": rules.joined,
        "st": region,
        "zp": postal_code,
        "country": rules.country_code,
        "hashed_maids": rules.ad_id,
        "external_id": rules.as_it_is,
    },
)

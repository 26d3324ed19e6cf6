"""Telephone numbers in E.164, by the rules of libphonenumber (package phonenumbers)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from accord.model.values import CACHED, UnfitError, text

_SPACES = dict.fromkeys(map(ord, " -."))
"""What everyday spellings put between digits."""
_international = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch


def phone(value: Any) -> str | None:
    """A telephone number in E.164; one that is not must begin with ``+`` and its country code."""
    cleaned = text(value)
    return None if cleaned is None else parse_phone(cleaned, None)


@lru_cache(CACHED)
def parse_phone(number: str, country: str | None) -> str:
    """The E.164 form of a number as people write it.

    Args:
        number: As typed; national spellings need ``country``.
        country: ISO 3166-1 alpha-2 code of the record's country.

    Raises:
        UnfitError: it is no possible number of that country.
    """
    dense = number.translate(_SPACES)
    return dense if _international(dense) and _is_normal(dense) else _parsed(number, country)


def _parsed(number: str, country: str | None) -> str:
    """Leave whatever is not the everyday shape to phonenumbers (45 us against 1)."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        raise UnfitError("not a telephone number, or its country is unknown") from None
    # Possible, not valid: numbering plans grow faster than metadata, and fictitious ranges are used in tests.
    if not phonenumbers.is_possible_number(parsed):
        raise UnfitError("not a possible telephone number")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class _Plan(NamedTuple):
    """What must hold for the digits after a calling code to be a possible number as they stand."""

    lengths: frozenset[int]
    prefix: Callable[[str], Any] | None
    """Matches where a prefix that is dialled within the country may have to be left out."""


def _is_normal(number: str) -> bool:
    """Whether phonenumbers would find this possible number and change nothing: ``+`` and digits only."""
    for end in (2, 3, 4):  # no calling code begins with another one
        plan = _plan(number[1:end])
        if plan is not None:
            national = number[end:]
            changes = national.startswith("0") or (plan.prefix is not None and plan.prefix(national))
            return not changes and len(national) in plan.lengths
    return False


@lru_cache(256)
def _plan(calling_code: str) -> _Plan | None:
    """The numbering plan of a calling code (its main country's, as in phonenumbers); None = no such code."""
    import phonenumbers

    code = int(calling_code)
    region = phonenumbers.region_code_for_country_code(code)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if metadata is None or metadata.general_desc is None:
        return None
    prefix = metadata.national_prefix_for_parsing
    lengths = frozenset(metadata.general_desc.possible_length)
    return _Plan(lengths, re.compile(prefix).match if prefix else None)

"""The steps that platforms' rules are made of. Each takes composed, trimmed text and the record's country.

Letters are lowered by Unicode's own tables, never by the locale of the machine.
"""

from __future__ import annotations

import re
import unicodedata

from accord.model.schema import is_relay_address
from accord.model.telephone import parse_phone
from accord.model.values import UnfitError

_AD_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_GENDERS = {"female": "f", "male": "m", "f": "f", "m": "m"}
_PLAIN = ("Cc", "Cf", "Zs", "Zl", "Zp")
"""Unicode categories that no address contains: controls, invisible marks, spaces."""


def lowered(value: str, _country: str | None = None) -> str:
    """Trimmed, in lower case."""
    return value.strip().lower()


def as_it_is(value: str, _country: str | None = None) -> str:
    """Trimmed; case and inner characters stay: an opaque id."""
    return value.strip()


def unspaced(value: str) -> str:
    """Without any white space."""
    return "".join(value.split())


def unpunctuated(value: str) -> str:
    """Without punctuation and symbols (Unicode categories P and S); letters with accents stay."""
    return "".join(letter for letter in value if unicodedata.category(letter)[0] not in "PS")


def name(value: str, _country: str | None = None) -> str:
    """A person's name: lower case, no punctuation; accents and inner spaces stay."""
    return unpunctuated(value.lower()).strip()


def joined(value: str, _country: str | None = None) -> str:
    """A town or region: lower case, neither punctuation nor spaces; accents stay."""
    return unspaced(unpunctuated(value.lower()))


def address(value: str, _country: str | None = None) -> str:
    """An e-mail address in lower case; dots and ``+suffix`` stay.

    Raises:
        UnfitError: it is no address, or one that is lent.
    """
    return checked_address(value.strip().lower())


def unspaced_address(value: str, country: str | None = None) -> str:
    """An e-mail address in lower case without any white space.

    Raises:
        UnfitError: it is no address, or one that is lent.
    """
    return address(unspaced(value), country)


def checked_address(value: str) -> str:
    """The address itself, if it is one that may be hashed.

    Raises:
        UnfitError: it is no address; or a marketplace or mail service lends it, so that its hash would
            tell the platform about somebody who never gave it (consent.md 2.4).
    """
    local, _, domain = value.rpartition("@")
    strange = any(unicodedata.category(letter) in _PLAIN for letter in value)
    if not local or "@" in local or "." not in domain.strip(".") or strange or domain != domain.strip("."):
        raise UnfitError("not an e-mail address")
    if is_relay_address(value):
        raise UnfitError("an address lent by a marketplace or mail service is never hashed")
    return value


def international(value: str, country: str | None = None) -> str:
    """A telephone number in E.164: ``+``, country code, no trunk zero, never cut.

    Raises:
        UnfitError: it is no possible number, or its country is not known.
    """
    return parse_phone(value, country)


def digits(value: str, country: str | None = None) -> str:
    """A telephone number as E.164 without the plus.

    Raises:
        UnfitError: it is no possible number, or its country is not known.
    """
    return international(value, country).removeprefix("+")


def country_code(value: str, _country: str | None = None) -> str:
    """An ISO 3166-1 alpha-2 code in lower case.

    Raises:
        UnfitError: it is not two letters.
    """
    found = value.strip().lower()
    if len(found) != 2 or not (found.isascii() and found.isalpha()):  # noqa: PLR2004  alpha-2
        raise UnfitError("not an ISO 3166-1 alpha-2 country code")
    return found


def gender(value: str, _country: str | None = None) -> str:
    """``f`` or ``m``; the canonical ``female`` and ``male`` are understood.

    Raises:
        UnfitError: it is neither.
    """
    found = _GENDERS.get(value.strip().lower())
    if found is None:
        raise UnfitError("not a gender that the platform takes")
    return found


def ad_id(value: str, _country: str | None = None) -> str:
    """A mobile advertising id (IDFA, GAID) in lower case, with its hyphens.

    Raises:
        UnfitError: it is none, or the zeros that every device shows whose owner limits tracking.
    """
    found = value.strip().lower()
    if not _AD_ID.fullmatch(found):
        raise UnfitError("not a mobile advertising id")
    if not found.strip("0-"):
        raise UnfitError("the advertising id of a device whose owner limits tracking")
    return found

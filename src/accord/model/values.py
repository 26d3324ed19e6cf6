"""Checking and normalising single values: what a canonical value looks like in JSON.

Every function here takes a JSON value (or the Python value that stands for it), returns the one
canonical JSON form, and raises :class:`UnfitError` with words that never repeat the value. Empty
text becomes ``None``: canonically a field is either empty (``null``) or holds something. Heavy
libraries are imported on first use, and results are cached, because a sync sees the same countries,
addresses and numbers again and again.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import Any

from accord.model import codes


class UnfitError(ValueError):
    """A value does not fit its field. The words never repeat the value, so they may be logged.

    Other ValueErrors (``int("...")`` says what it got) are only named by their class.
    """


CACHED = 16_384
"""Entries per cache of a normaliser: about 2 MB for the longest values."""
RECENT = 1_024
"""Entries of a cache for values that are met again at once, or few: a fifth of a megabyte."""

LONGEST_EMAIL = 254
"""Octets of the longest address (RFC 5321, 4.5.3.1.3, without the angle brackets)."""

_PLAIN_EMAIL = re.compile(
    r"(?=.{1,64}@)[\w+-]+(?:\.[\w+-]+)*"
    r"@(?=.{4,180}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
)
plain_amount = re.compile(r"(?:0|[1-9][0-9]{0,14})\.[0-9]{2}").fullmatch
"""Matches a text that is an amount with two decimals in canonical form already: the everyday case."""
_plain_instant = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z").fullmatch
_CHANNEL = re.compile(r"[a-z][a-z0-9_]*(?::[a-z0-9_]+)?")
_CONSENT_KEY = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*:[a-z][a-z0-9_]*(?::[a-z0-9_.-]+)?")
_MINOR_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""ISO 4217 minor units that are not two digits."""


def text(value: Any) -> str | None:
    """Any text, trimmed; NUL (which no SQL text can hold) is dropped."""
    if type(value) is str and value.isprintable():  # and so without NUL and half characters
        return value.strip() or None
    return None if value is None else _unusual_text(value)


def _unusual_text(value: Any) -> str | None:
    if not isinstance(value, str):
        raise UnfitError("expected text")
    cleaned = value.replace("\x00", "")
    _refuse_lone_surrogates(cleaned)
    return cleaned.strip() or None


def _refuse_lone_surrogates(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UnfitError("text holds half a character (a lone surrogate)") from None


def email(value: Any) -> str | None:
    """An e-mail address (RFC 5322, no DNS): trimmed, domain in lower case, local part as typed."""
    cleaned = text(value)
    return None if cleaned is None else _email(cleaned)


@lru_cache(CACHED)
def _email(address: str) -> str:
    if _PLAIN_EMAIL.fullmatch(address) and "--" not in address and _is_plain(address):
        local, _, domain = address.rpartition("@")
        return f"{local}@{domain.lower()}"
    return _unusual_email(address)


def _is_plain(address: str) -> bool:
    """Whether letters beyond ASCII (RFC 6531) are in normal form and within the length of RFC 5321."""
    if address.isascii():
        return True
    return unicodedata.is_normalized("NFC", address) and len(address.encode()) <= LONGEST_EMAIL


def _unusual_email(address: str) -> str:
    """Leave whatever is not the everyday shape to email-validator (80 us against 1)."""
    from email_validator import EmailNotValidError, validate_email

    try:
        # Reserved names (.test, .invalid) are refused by default; sandboxes and tests live on them.
        found = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise UnfitError("not an e-mail address") from None
    if "." not in found.domain:
        raise UnfitError("not an e-mail address: the domain has no dot")
    return f"{found.local_part}@{found.domain.lower()}"


def country(value: Any) -> str | None:
    """An ISO 3166-1 alpha-2 code, upper case."""
    cleaned = text(value)
    return None if cleaned is None else _country(cleaned.upper())


@lru_cache(CACHED)
def _country(code: str) -> str:
    if code in codes.COUNTRIES:
        return code
    import pycountry

    if len(code) != 2 or pycountry.countries.get(alpha_2=code) is None:  # noqa: PLR2004
        raise UnfitError("not an ISO 3166-1 alpha-2 country code")
    return code


def currency(value: Any) -> str | None:
    """An ISO 4217 code, upper case."""
    cleaned = text(value)
    return None if cleaned is None else _currency(cleaned.upper())


@lru_cache(CACHED)
def _currency(code: str) -> str:
    if code in codes.CURRENCIES:
        return code
    import pycountry

    if pycountry.currencies.get(alpha_3=code) is None:
        raise UnfitError("not an ISO 4217 currency code")
    return code


def minor_digits(code: str) -> int:
    """Decimals of a currency's smallest unit by ISO 4217: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _MINOR_DIGITS.get(code, 2)


def language(value: Any) -> str | None:
    """A BCP 47 language tag in its recommended spelling: ``fr``, ``pt-BR``."""
    cleaned = text(value)
    return None if cleaned is None else _language(cleaned)


@lru_cache(CACHED)
def _language(tag: str) -> str:
    if codes.is_language(tag):
        return tag
    import langcodes

    if not langcodes.tag_is_valid(tag):
        raise UnfitError("not a BCP 47 language tag")
    return langcodes.standardize_tag(tag)


def instant(value: Any) -> str | None:
    """An instant as ``2026-01-31T12:00:00Z``; a fraction (six digits) only when it is not zero."""
    if value is None or value == "":
        return None
    if type(value) is str and is_instant(value):
        return value
    moment = _moment(value)
    if moment.tzinfo is None:
        raise UnfitError("an instant needs a time zone")
    if moment.tzinfo is not UTC:
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            raise UnfitError("an instant outside the years 1 to 9999") from None
    return moment.isoformat()[:-6] + "Z"


def is_instant(text: str) -> bool:
    """Whether a text is an instant in canonical form already (whole seconds, UTC, without a sign)."""
    if _plain_instant(text) is None:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise UnfitError("expected an ISO 8601 instant as text")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise UnfitError("not an ISO 8601 instant") from None


def day(value: Any) -> str | None:
    """A calendar date as ``2026-01-31``."""
    if value is None or value == "":
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        raise UnfitError("expected an ISO 8601 date as text")
    try:
        return date.fromisoformat(value.strip()).isoformat()
    except ValueError:
        raise UnfitError("not an ISO 8601 date") from None


def number(value: Any) -> int | float | None:
    """A finite number; whole ones are integers. Decimal text is accepted."""
    if value is None or value == "":
        return None
    if type(value) is int or (type(value) is float and value % 1 > 0):  # which no infinity is, nor NaN
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise UnfitError("expected a number")
    try:
        found = float(value)
    except (ValueError, OverflowError):
        raise UnfitError("not a number") from None
    if not math.isfinite(found):
        raise UnfitError("not a finite number")
    return int(found) if found.is_integer() else found


def integer(value: Any) -> int | None:
    """A whole number; decimal text is accepted."""
    if value is None or value == "":
        return None
    if type(value) is int:
        return value
    found = number(value)
    if not isinstance(found, int):
        raise UnfitError("expected a whole number")
    return found


def truth(value: Any) -> bool | None:
    """``true`` or ``false`` and nothing that merely looks like it."""
    if value is None or value is True or value is False:
        return value
    raise UnfitError("expected true or false")


def amount(value: Any, digits: int) -> str:
    """Decimal text with at least ``digits`` decimals and no further trailing zeros.

    The value itself is never rounded: what the source gave stays exact.
    """
    if isinstance(value, (bool, float)) or not isinstance(value, (str, int, Decimal)):
        raise UnfitError("an amount must be exact: decimal text or a whole number, never a float")
    return _amount(value if isinstance(value, str) else str(value), digits)


@lru_cache(CACHED)
def _amount(value: str, digits: int) -> str:
    if digits == 2 and plain_amount(value) is not None:  # noqa: PLR2004
        return value
    try:
        found = Decimal(value.strip())
    except InvalidOperation:
        raise UnfitError("not a decimal amount") from None
    if not found.is_finite() or abs(found.adjusted()) > 28:  # noqa: PLR2004
        raise UnfitError("not an amount of money")
    whole, _, fraction = f"{found:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(digits, "0")
    plain = f"{whole}.{fraction}" if fraction else whole
    return plain.removeprefix("-") if found == 0 else plain


def money(value: Any) -> dict[str, str] | None:
    """``{"amount": "12.50", "currency": "EUR"}``."""
    if value is None:
        return None
    if not isinstance(value, dict) or value.keys() != {"amount", "currency"}:
        raise UnfitError("money has an amount and a currency, both, and nothing else")
    given, unit = value["amount"], value["currency"]
    exact, code = _money(given, unit) if type(given) is type(unit) is str else _unusual_money(given, unit)
    return {"amount": exact, "currency": code}


def _unusual_money(given: Any, unit: Any) -> tuple[str, str]:
    code = currency(unit)
    if code is None or given is None:
        raise UnfitError("money has an amount and a currency")
    return amount(given, minor_digits(code)), code


_money = lru_cache(RECENT)(_unusual_money)


def tags(value: Any) -> list[str] | None:
    """A set of words as a sorted list without repeats."""
    if value is None:
        return None
    if type(value) is not list and (isinstance(value, (str, bytes)) or not isinstance(value, Iterable)):
        raise UnfitError("expected a list of texts")
    words = tuple(value)
    try:
        return list(_tags(words))
    except TypeError:  # something that has no hash, and so is no text
        raise UnfitError("expected text") from None


@lru_cache(RECENT)
def _tags(words: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(sorted({tag for tag in map(text, words) if tag is not None}))


def scalar_or_list(value: Any) -> Any:
    """The value of a custom field: a JSON scalar or a list of them, kept as it is."""
    if isinstance(value, list):
        return [_scalar(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if type(value) is str and value.isprintable():
        return value
    if isinstance(value, str):
        _refuse_lone_surrogates(value)
        return value.replace("\x00", "")
    if isinstance(value, float) and not math.isfinite(value):
        raise UnfitError("not a finite number")
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise UnfitError("a whole number beyond 64 bits; keep it as text")
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise UnfitError("expected text, a number, true, false, null or a list of these")


def key(value: Any) -> str:
    """The key of a member of a collection: text, not empty."""
    found = text(value)
    if found is None:
        raise UnfitError("a key must not be empty")
    return found


def consent_key(value: Any) -> str:
    """``<purpose>:<channel>`` of consent.md, such as ``marketing.direct:email``."""
    if not isinstance(value, str) or not _CONSENT_KEY.fullmatch(value):
        raise UnfitError("expected <purpose>:<channel>, such as marketing.direct:email")
    return value


SUPPRESSION_REASONS = ("hard_bounce", "invalid", "complaint", "blocked", "carrier_stop", "admin")
"""Why a contact point may be suppressed (consent.md 1.1). A complaint is also a withdrawal."""


def suppression_key(value: Any) -> str:
    """``<channel>:<reason>``, such as ``email:hard_bounce``."""
    channel, _, reason = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not _CHANNEL.fullmatch(channel) or reason not in SUPPRESSION_REASONS:
        raise UnfitError("expected <channel>:<reason>, such as email:hard_bounce")
    return str(value)


def reference(value: Any) -> Any:
    """A hub id, or ``{"ref": external id}`` as long as the engine has not resolved it."""
    if isinstance(value, dict):
        if value.keys() != {"ref"}:
            raise UnfitError("an unresolved reference is {'ref': external id}")
        return {"ref": key(value["ref"])}
    return text(value)


def consent_state(choices: type[StrEnum]) -> Callable[[Any], str | None]:
    """A checker for states of a permission: a word that nobody knows says nothing, so it is ``unknown``."""
    known = one_of(choices)

    def check(value: Any) -> str | None:
        try:
            return known(value)
        except UnfitError:
            return "unknown"

    return check


def one_of(choices: type[StrEnum]) -> Callable[[Any], str | None]:
    """A checker for the members of an enumeration."""
    allowed = {str(member): str(member) for member in choices}
    problem = f"expected one of {', '.join(allowed)}"

    def check(value: Any) -> str | None:
        if value is None or value == "":
            return None
        if not isinstance(value, str) or value not in allowed:
            raise UnfitError(problem)
        return allowed[value]

    return check

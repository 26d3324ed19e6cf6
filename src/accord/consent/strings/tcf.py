"""The Transparency and Consent String of IAB Europe, version 2, up to TCF 2.3.

Layout: "Transparency and Consent String with Global Vendor List Format" (IAB Tech Lab,
GDPR-Transparency-and-Consent-Framework, TCFv2), section "TC String Format". Since TCF 2.3 the segment of
disclosed vendors is mandatory: a vendor that the visitor was not shown has no consent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from accord.consent.strings.bits import Bits, MalformedError

VERSION = 2
PURPOSES = 24
"""Bits that a string has for purposes; 11 of them have a meaning in TCF 2.2 and 2.3."""
DECISECONDS = 10.0


class Restriction(IntEnum):
    """What a publisher demands of a vendor for one purpose, whatever the vendor declared."""

    FORBIDDEN = 0
    CONSENT = 1
    LEGITIMATE_INTEREST = 2
    UNDEFINED = 3


@dataclass(frozen=True, slots=True)
class Vendors:
    """Some of the vendors of the Global Vendor List, as ranges of ids, both ends included."""

    ranges: tuple[tuple[int, int], ...] = ()

    def __contains__(self, vendor: int) -> bool:
        """Whether a vendor is among them."""
        return any(first <= vendor <= last for first, last in self.ranges)


@dataclass(frozen=True, slots=True)
class TcString:
    """What a string says.

    Attributes:
        updated: When the visitor last chose, seconds since 1970; since TCF 2.2 rounded down to the day.
        policy: Version of the TCF policies under which they were asked.
        service_specific: Whether the choice was made for this publisher alone; others are not valid any more.
        purposes: Purposes with consent.
        legitimate: Purposes with an undisputed legitimate interest, which is no consent.
        country: Whose law the publisher names, ISO code.
        vendors: Vendors with consent.
        disclosed: Vendors that were shown to the visitor; None = the segment is missing.
        restrictions: By purpose and kind the vendors that the publisher restricts.
    """

    updated: float
    policy: int
    service_specific: bool
    purposes: frozenset[int]
    legitimate: frozenset[int]
    country: str
    vendors: Vendors
    disclosed: Vendors | None = None
    restrictions: Mapping[tuple[int, Restriction], Vendors] = field(default_factory=dict)

    def refusal(self, purposes: Iterable[int], vendor: int) -> str:
        """Why the vendor may not act for all of these purposes on the visitor's consent; "" if it may."""
        if not self.service_specific:
            return "tcf_not_service_specific"
        if self.disclosed is None:
            return "tcf_disclosed_vendors_missing"
        if vendor not in self.disclosed:
            return "tcf_vendor_not_disclosed"
        if vendor not in self.vendors:
            return "tcf_vendor_without_consent"
        asked = sorted(purposes)
        found = (self._refused(purpose, vendor) for purpose in asked)
        return next(filter(None, found), "") if asked else "tcf_no_purpose_asked"

    def _refused(self, purpose: int, vendor: int) -> str:
        if purpose not in self.purposes:
            only = purpose in self.legitimate
            return f"tcf_purpose_{purpose}_{'legitimate_interest_only' if only else 'without_consent'}"
        for kind in (Restriction.FORBIDDEN, Restriction.LEGITIMATE_INTEREST, Restriction.UNDEFINED):
            if vendor in self.restrictions.get((purpose, kind), ()):
                return f"tcf_purpose_{purpose}_restricted"
        return ""


def decode(text: str) -> TcString:
    """Read a string.

    Raises:
        MalformedError: it is none, or of another version.
    """
    core, *rest = text.strip().split(".")
    bits = Bits(core)
    if bits.number(6) != VERSION:
        raise MalformedError("version")
    disclosed: Vendors | None = None
    for segment in rest:
        more = Bits(segment)
        if more.number(3) == 1:
            if disclosed is not None:
                raise MalformedError("segment_twice")
            disclosed = _vendors(more)
    return _core(bits, disclosed)


def _core(bits: Bits, disclosed: Vendors | None) -> TcString:
    """The core segment after its version, field by field in the order of the specification."""
    bits.number(36)  # created
    updated = bits.number(36) / DECISECONDS
    for width in (12, 12, 6, 12, 12):  # consent manager, its version, screen, language, vendor list
        bits.number(width)
    policy, service_specific = bits.number(6), bits.flag()
    bits.flag()  # texts that are not the standard ones
    bits.number(12)  # special features
    purposes, legitimate = bits.members(PURPOSES), bits.members(PURPOSES)
    bits.flag()  # purpose 1 was not disclosed; then it has no consent bit either
    country = bits.letters(2)
    vendors = _vendors(bits)
    _vendors(bits)  # vendors with a legitimate interest, which is no consent
    restrictions = _restrictions(bits)
    return TcString(
        updated, policy, service_specific, purposes, legitimate, country, vendors, disclosed, restrictions
    )


def _vendors(bits: Bits) -> Vendors:
    most = bits.number(16)
    if bits.flag():
        return _ranges(bits, most)
    return Vendors(tuple((one, one) for one in sorted(bits.members(most)))) if most else Vendors()


def _ranges(bits: Bits, most: int) -> Vendors:
    found = []
    for _ in range(bits.number(12)):
        is_range, first = bits.flag(), bits.number(16)
        last = bits.number(16) if is_range else first
        if not 0 < first <= last <= most:
            raise MalformedError("range")
        found.append((first, last))
    return Vendors(tuple(found))


def _restrictions(bits: Bits) -> dict[tuple[int, Restriction], Vendors]:
    found: dict[tuple[int, Restriction], Vendors] = {}
    for _ in range(bits.number(12)):
        key = bits.number(6), Restriction(bits.number(2))
        more = _ranges(bits, 65_535)
        found[key] = Vendors((*found.get(key, Vendors()).ranges, *more.ranges))
    return found

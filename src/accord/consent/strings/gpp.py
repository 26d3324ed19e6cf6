"""The Global Privacy Platform string of IAB Tech Lab: a header that says which sections follow.

Layout: "Global Privacy Platform String" (IAB Tech Lab, Global-Privacy-Platform, Core), sections "Header
Encoding" and "Data Types". Each section speaks for one jurisdiction; only its own law's one counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from accord.consent.strings.bits import Bits, MalformedError

HEADER, VERSION = 3, 1
TCF_EU = 2
"""The section of IAB Europe's TCF, version 2: the same text as a TC string alone ("Section IDs")."""
MOST_SECTIONS = 256


def sections(text: str) -> Mapping[int, str]:
    """The sections of a string by their number, still encoded.

    Raises:
        MalformedError: it is no GPP string, or its header and its sections disagree.
    """
    header, *texts = text.strip().split("~")
    bits = Bits(header.partition(".")[0])
    if (bits.number(6), bits.number(6)) != (HEADER, VERSION):
        raise MalformedError("version")
    numbers = _range(bits)
    if len(numbers) != len(texts):
        raise MalformedError("sections")
    return dict(zip(numbers, texts, strict=True))


def _range(bits: Bits) -> list[int]:
    """Ascending numbers: each entry is the distance to the one before, a group's last too."""
    found: list[int] = []
    last = 0
    for _ in range(bits.number(12)):
        is_group = bits.flag()
        first = last + bits.fibonacci()
        last = first + bits.fibonacci() if is_group else first
        if last > MOST_SECTIONS:
            raise MalformedError("sections")
        found += range(first, last + 1)
    return found

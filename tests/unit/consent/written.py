"""Writes TC and GPP strings, from the specifications and apart from the code that reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
GOOGLE_ID = 755


def packed(bits: str, multiple: int = 6) -> str:
    """Characters of six bits each, padded with zeros on the right."""
    bits += "0" * (-len(bits) % multiple)
    bits += "0" * (-len(bits) % 6)
    return "".join(ALPHABET[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))


def number(value: int, width: int) -> str:
    """An unsigned integer in that many bits."""
    return f"{value:0{width}b}"


def ranges(some: Sequence[tuple[int, int]]) -> str:
    """Entries of vendor ids."""
    text = number(len(some), 12)
    for first, last in some:
        text += "0" + number(first, 16) if first == last else "1" + number(first, 16) + number(last, 16)
    return text


def vendors(some: Sequence[tuple[int, int]], *, as_ranges: bool) -> str:
    """A vendor section, in either of its encodings."""
    most = max((last for _, last in some), default=0)
    if as_ranges:
        return number(most, 16) + "1" + ranges(some)
    bits = ["1" if any(a <= one <= b for a, b in some) else "0" for one in range(1, most + 1)]
    return number(most, 16) + "0" + "".join(bits)


def members(some: Iterable[int], width: int = 24) -> str:
    """A field of bits."""
    return "".join("1" if one in set(some) else "0" for one in range(1, width + 1))


@dataclass(frozen=True)
class Tc:
    """What to write; the defaults let Google's vendor do everything."""

    purposes: frozenset[int] = frozenset(range(1, 12))
    legitimate: frozenset[int] = frozenset()
    consented: tuple[tuple[int, int], ...] = ((GOOGLE_ID, GOOGLE_ID),)
    disclosed: tuple[tuple[int, int], ...] | None = ((GOOGLE_ID, GOOGLE_ID),)
    restrictions: tuple[tuple[int, int, tuple[tuple[int, int], ...]], ...] = field(default=())
    updated: float = 0.0
    service_specific: bool = True
    as_ranges: bool = True
    version: int = 2

    def text(self) -> str:
        """The string."""
        at = number(round(self.updated * 10), 36)
        core = number(self.version, 6) + at + at + number(10, 12) + number(1, 12) + number(1, 6)
        core += number(4, 6) + number(13, 6)  # EN
        core += number(180, 12) + number(5, 6) + str(int(self.service_specific)) + "0" + number(0, 12)
        core += members(self.purposes) + members(self.legitimate) + "0" + number(5, 6) + number(17, 6)
        core += vendors(self.consented, as_ranges=self.as_ranges) + vendors((), as_ranges=False)
        core += number(len(self.restrictions), 12)
        for purpose, kind, whom in self.restrictions:
            core += number(purpose, 6) + number(kind, 2) + ranges(whom)
        segments = [packed(core, 8)]
        if self.disclosed is not None:
            segments.append(packed("001" + vendors(self.disclosed, as_ranges=self.as_ranges), 8))
        return ".".join(segments)


def fibonacci(value: int) -> str:
    """Fibonacci code: the greatest number first is taken away, two ones end it."""
    numbers = [1, 2]
    while numbers[-1] <= value:
        numbers.append(numbers[-1] + numbers[-2])
    bits, rest = "", value
    for one in reversed(numbers[:-1]):
        bits, rest = ("1" + bits, rest - one) if one <= rest else ("0" + bits, rest)
    return bits.rstrip("0") + "1"


def gpp(sections: dict[int, str]) -> str:
    """A GPP string of single sections."""
    bits, last = number(3, 6) + number(1, 6) + number(len(sections), 12), 0
    for one in sorted(sections):
        bits, last = bits + "0" + fibonacci(one - last), one
    return "~".join([packed(bits), *(sections[one] for one in sorted(sections))])

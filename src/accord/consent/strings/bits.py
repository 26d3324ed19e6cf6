"""Reads bits out of the web-safe characters that consent strings are written in.

Each character stands for six bits (RFC 4648, table 2), without alignment to bytes: TCF pads its segments to
whole bytes and GPP does not, so neither is asked for.
"""

from __future__ import annotations

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_BITS = {character: f"{value:06b}" for value, character in enumerate(_ALPHABET)}
LONGEST = 65_536
"""Characters of a segment: more than every vendor there may be (65,535) needs as a field of bits."""

_GREATEST = 65_535
"""The greatest Fibonacci number that any id may need."""


class MalformedError(ValueError):
    """A consent string cannot be read; the text is a word for accounts, never a part of the string."""


class Bits:
    """The bits of one segment, read from left to right.

    Raises:
        MalformedError: it holds other characters, nothing, or more than any vendor list needs.
    """

    def __init__(self, text: str) -> None:
        if not 0 < len(text) <= LONGEST:
            raise MalformedError("empty" if not text else "too_long")
        try:
            self._bits = "".join([_BITS[character] for character in text])
        except KeyError:
            raise MalformedError("not_base64") from None
        self._at = 0

    def number(self, width: int) -> int:
        """An unsigned integer of that many bits.

        Raises:
            MalformedError: there are not so many left.
        """
        return int(self._take(width), 2)

    def flag(self) -> bool:
        """One bit."""
        return self.number(1) == 1

    def members(self, width: int) -> frozenset[int]:
        """A field of bits: the first stands for 1."""
        taken = self._take(width)
        return frozenset(place for place, bit in enumerate(taken, 1) if bit == "1")

    def letters(self, count: int) -> str:
        """Letters of six bits each, counted from A."""
        return "".join(chr(ord("A") + self.number(6)) for _ in range(count))

    def fibonacci(self) -> int:
        """A positive integer in Fibonacci code: a sum of 1, 2, 3, 5, 8 ... that two ones end."""
        total, value, following, last = 0, 1, 2, False
        while value <= _GREATEST:
            bit = self.flag()
            if bit and last:
                return total
            total += value if bit else 0
            value, following, last = following, value + following, bit
        raise MalformedError("number")

    def _take(self, width: int) -> str:
        taken = self._bits[self._at : self._at + width]
        if len(taken) < width:
            raise MalformedError("truncated")
        self._at += width
        return taken or "0"

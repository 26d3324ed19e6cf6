"""Lists of names that come again: what is worked out for one of them serves every record of that form.

Most records of a stream hold the same cells in the same order. What is to be done with them, cell by cell,
follows from the names alone, so it is worked out once. Orders are another matter: each has lines of its
own, so a list of names is only worked out when it is met for the second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, TypeVar

T = TypeVar("T")
Names = tuple[str, ...]

MOST_FORMS = 512
"""Lists of names of which something is remembered, and lists that were met once."""


class Recurring(dict[Names, T | None]):
    """What a function says of lists of names; None for a list that is met for the first time.

    Looking up a list that came again costs no call of Python.
    """

    __slots__ = ("_ask", "_met")

    def __init__(self, ask: Callable[[Names], T]) -> None:
        self._ask = ask
        self._met: set[Names] = set()

    def __missing__(self, names: Names) -> T | None:
        if names not in self._met:
            if len(self._met) >= MOST_FORMS:
                self._met.clear()
            self._met.add(names)
            return None
        if len(self) >= MOST_FORMS:
            self.clear()
        self._met.discard(names)
        found = self[names] = self._ask(names)
        return found


def values_of(names: Iterable[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """A function that takes the values of these names out of a mapping, in one call."""
    asked = tuple(names)
    if not asked:
        return lambda _: ()
    # One name alone would make itemgetter return a bare value instead of a tuple.
    return itemgetter(*asked) if len(asked) > 1 else lambda held: (held[asked[0]],)

"""The words of a stream's columns: as numbers and truth values too, and those that nobody listed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from accord.mapping.declared.tables import DeclaredField, DeclaredStream, escaped, field_of
from accord.mapping.paths import get, parse
from accord.model import ConsentState
from accord.model.record import Page

T = TypeVar("T", bound=DeclaredStream)
TRUTH = {"true": True, "false": False}
UNHEARD = (
    "%s: column %r holds words that are no known state of a permission (rows: %d): they open nothing and "
    "take nothing back; list them in `values`"
)
_log = logging.getLogger(__name__)


def natively(stream: T) -> T:
    """The stream's table, its ``values`` also as the numbers and truth values that a column may hold.

    The keys of a TOML table are always text; a column of integers or booleans holds none.
    """
    return stream.model_copy(update={"fields": {path: _native(one) for path, one in stream.fields.items()}})


def _native(given: str | DeclaredField) -> str | DeclaredField:
    if isinstance(given, str) or given.values is None:
        return given
    plain: dict[Any, str] = {
        found: meaning for word, meaning in given.values.items() if (found := _plain(word)) is not None
    }
    meanings = Counter(given.values.values())
    back = {meaning: word for word, meaning in given.values.items() if meanings[meaning] == 1}
    words = {"values": {**plain, **given.values}, "back": {**back, **given.back}}
    return given.model_copy(update=words)


def _plain(word: str) -> int | bool | None:
    return int(word) if word.lstrip("-").isdecimal() else TRUTH.get(word.lower())


class PermissionWords:
    """Looks for states of permissions in words that nobody listed: such a word opens and closes nothing.

    Args:
        stream: The stream's table, natively.
        name: Of connection and stream, for the log.
        nested: Whether columns are paths into nested values.
    """

    def __init__(self, stream: DeclaredStream, name: str, *, nested: bool) -> None:
        self._name = name
        self._known = {
            column: (parse(column if nested else escaped(column)), words) for column, words in _states(stream)
        }

    def watch(self, pages: Iterable[Page]) -> Iterator[Page]:
        """The pages as they are; at their end the log tells how many rows were not understood."""
        unheard: Counter[str] = Counter()
        for page in pages:
            for column, (steps, words) in self._known.items():
                unheard[column] += sum(not _is_known(get(row, steps), words) for row in page.rows)
            yield page
        for column, number in unheard.items():
            if number:
                _log.warning(UNHEARD, self._name, column, number)


def _states(stream: DeclaredStream) -> Iterator[tuple[str, Mapping[Any, str]]]:
    """The columns of states, each with the words that are understood there."""
    for path, given in stream.fields.items():
        field = field_of(given)
        if path.startswith("consents[") and path.endswith(".state") and field.unseen != "error":
            yield field.column, field.values or {str(state): str(state) for state in ConsentState}


def _is_known(value: Any, words: Mapping[Any, str]) -> bool:
    return value is None or value == "" or (isinstance(value, (str, int)) and value in words)

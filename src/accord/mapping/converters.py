"""The converters that mappings are written with; those for people are in ``people.py``."""

# ruff: noqa: ARG002  every converter takes the row or the document, few look at it

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from accord.mapping.converter import Converter, Identity, Via
from accord.mapping.people import Country, FullName, Language, PhoneNumber, Point, country_code
from accord.model import values as canonical
from accord.model.record import Document, Row

__all__ = [
    "Boolean",
    "Converter",
    "Country",
    "FullName",
    "Identity",
    "Language",
    "Number",
    "PhoneNumber",
    "Point",
    "Reference",
    "Tags",
    "Text",
    "Values",
    "Via",
    "country_code",
]


@dataclass(frozen=True)
class Text(Converter):
    """Text that the vendor cuts at a length, counted in characters."""

    length: int
    lossy = True

    def read(self, value: Any, row: Row) -> str | None:
        """Whatever the vendor holds, as text."""
        return canonical.text(value if isinstance(value, str) else str(value))

    def write(self, value: Any, document: Document) -> str:
        """Cut, so that what the vendor shows is what was sent."""
        return str(value)[: self.length].strip()


@dataclass(frozen=True)
class Values(Converter):
    """A fixed list of words on each side.

    Args:
        values: Vendor value to canonical value.
        back: The way back where several vendor values mean the same.
        unseen: A vendor value not listed: ``keep`` it, ``error`` (a dead letter), or any other value to
            take instead.
        unseen_back: A canonical value not listed: ``keep``, ``error``, or the vendor value to write.
            By default as ``unseen`` for keep, else ``error``.
    """

    values: Mapping[Any, Any]
    back: Mapping[Any, Any] = field(default_factory=dict)
    unseen: Any = "error"
    unseen_back: Any = None

    @property
    def takes_empty(self) -> bool:  # type: ignore[override]
        """Null and empty text are values too when they are listed."""
        return None in self.values or "" in self.values

    @property
    def lossy(self) -> bool:  # type: ignore[override]
        """Several vendor values fall together, or unseen ones do."""
        return len(set(self.values.values())) < len(self.values) or self.unseen not in ("keep", "error")

    def ambiguous(self) -> set[Any]:
        """Canonical values for which the way back is not declared."""
        meanings = list(self.values.values())
        return {meaning for meaning in meanings if meanings.count(meaning) > 1} - set(self.back)

    def read(self, value: Any, row: Row) -> Any:
        """The canonical word."""
        if value in self.values:
            return self.values[value]
        if value is None or value == "" or self.unseen == "keep":
            return value
        if self.unseen == "error":
            raise canonical.UnfitError("a value that the mapping does not list")
        return self.unseen

    def write(self, value: Any, document: Document) -> Any:
        """The vendor's word."""
        found = self._reverse().get(value, self.back)
        if found is not self.back:
            return found
        rule = self.unseen_back
        if rule == "keep" or (rule is None and self.unseen == "keep"):
            return value
        if rule is None or rule == "error":
            raise canonical.UnfitError("a canonical value that the vendor has no word for")
        return rule

    def _reverse(self) -> dict[Any, Any]:
        cached: dict[Any, Any] | None = self.__dict__.get("_cached")
        if cached is None:
            pairs = reversed(list(self.values.items()))
            cached = {meaning: word for word, meaning in pairs} | dict(self.back)
            object.__setattr__(self, "_cached", cached)
        return cached


@dataclass(frozen=True)
class Number(Converter):
    """A number, whether the vendor writes it as text or not.

    Args:
        form: What to write: ``number`` or ``text``.
        scale: Vendor units per canonical unit (1000 where the vendor counts grams).
    """

    form: Literal["number", "text"] = "number"
    scale: int = 1

    @property
    def exact(self) -> bool:  # type: ignore[override]
        """Scaling may round in the last place of a binary fraction."""
        return self.scale == 1

    @property
    def plain(self) -> Callable[[Any], Any] | None:
        """Unscaled, it is what it is."""
        return canonical.number if self.scale == 1 and type(self).read is Number.read else None

    def read(self, value: Any, row: Row) -> Any:
        """The canonical number."""
        if self.scale == 1:
            return canonical.number(value)
        return canonical.number(Decimal(str(canonical.number(value))) / self.scale)

    def write(self, value: Any, document: Document) -> Any:
        """The vendor's number."""
        found = canonical.number(value if self.scale == 1 else Decimal(str(value)) * self.scale)
        return str(found) if self.form == "text" else found


@dataclass(frozen=True)
class Boolean(Converter):
    """True and false in the vendor's spelling; many spellings are read, one is written."""

    true: Any = "true"
    false: Any = "false"
    exact = True

    def read(self, value: Any, row: Row) -> bool:
        """The canonical truth value."""
        if isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        if value == self.true or word in _YES:
            return True
        if value == self.false or word in _NO:
            return False
        raise canonical.UnfitError("neither yes nor no")

    def write(self, value: Any, document: Document) -> Any:
        """The vendor's word."""
        return self.true if value else self.false


_YES = frozenset({"true", "1", "yes", "y", "on", "t", "oui"})
_NO = frozenset({"false", "0", "no", "n", "off", "f", "non"})


@dataclass(frozen=True)
class Tags(Converter):
    """A set of words, as a list or as text with a delimiter (which then cannot stand in a word)."""

    delimiter: str | None = None
    takes_empty = True

    @property
    def lossy(self) -> bool:  # type: ignore[override]
        """A delimiter inside a word becomes a space."""
        return self.delimiter is not None

    @property
    def exact(self) -> bool:  # type: ignore[override]
        """Lists come back as they were."""
        return self.delimiter is None

    def read(self, value: Any, row: Row) -> list[str] | None:
        """A sorted list without repeats."""
        if value is None or value == "":
            return None if value is None else []
        return canonical.tags(value.split(self._sign) if isinstance(value, str) else value)

    def write(self, value: Iterable[str], document: Document) -> Any:
        """The vendor's list or text."""
        if self.delimiter is None:
            return list(value)
        words = (" ".join(word.replace(self._sign, " ").split()) for word in value)
        return self.delimiter.join(word for word in words if word)

    @property
    def _sign(self) -> str:
        return (self.delimiter or ",").strip() or " "


@dataclass(frozen=True)
class Reference(Converter):
    """An external id on the vendor's side; canonically ``{"ref": external id}`` until it is resolved.

    Args:
        stream: The stream whose records the ids name.
        integer: The vendor wants the id as a number.
    """

    stream: str
    integer: bool = False
    exact = True

    def read(self, value: Any, row: Row) -> dict[str, str]:
        """The unresolved form."""
        return {"ref": str(value)}

    def write(self, value: Any, document: Document) -> Any:
        """The external id, which the engine has already translated for this connection."""
        text = str(value["ref"] if isinstance(value, dict) else value)
        return int(text) if self.integer else text

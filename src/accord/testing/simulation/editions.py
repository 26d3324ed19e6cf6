"""How a vendor's columns are mapped at present: what an operator changes while everything goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, cast

from accord.mapping import Converter, Declaration, Tags, Text, Via, both, read, reference, write
from accord.mapping import Mapping as FieldMapping
from accord.mapping.instants import Instant
from accord.model.record import Row

if TYPE_CHECKING:
    from accord.testing.simulation.vendor import Traits

CUT = 10
"""Characters of a given name that a truncating vendor keeps."""
FIELDS = {"first": "given_name", "last": "family_name", "tel": "phone", "tags": "tags", "note": "notes"}
"""Vendor column -> canonical field, for all that an operator may map another way."""
ELSEWHERE = {"tel": "tel2"}
"""Where a column's value stands once it has moved."""


class Maker(Protocol):
    """``both``, ``read`` or ``write``."""

    def __call__(self, canonical: str, vendor: str, /, *, as_: Converter | None) -> Declaration:
        """A declaration."""


class Way(StrEnum):
    """How one column is mapped."""

    FIRST = "as at first"
    """Both ways, its form declared if the vendor's traits say so."""
    GONE = "not at all"
    INWARD = "only read"
    OUTWARD = "only written"
    TURNED = "with upper and lower case exchanged"
    """A converter that makes another canonical value of the same row."""
    MOVED = "in another column"
    DECLARED = "with its form declared"


WAYS: dict[str, tuple[Way, ...]] = {
    "first": (Way.FIRST, Way.GONE, Way.INWARD, Way.OUTWARD, Way.TURNED, Way.DECLARED),
    "last": (Way.FIRST, Way.GONE, Way.INWARD, Way.OUTWARD, Way.TURNED, Way.DECLARED),
    "tel": (Way.FIRST, Way.GONE, Way.INWARD, Way.OUTWARD, Way.MOVED),
    "tags": (Way.FIRST, Way.GONE),
    "note": (Way.FIRST, Way.GONE, Way.TURNED),
}
"""What each column can be changed to."""


@dataclass(frozen=True)
class Edition:
    """One vendor's mappings between two changes.

    Attributes:
        traits: Of the vendor: its forms, and whether they are declared at first.
        ways: How columns are mapped that are not as at first.
    """

    traits: Traits
    ways: Mapping[str, Way] = field(default_factory=dict)

    def way(self, column: str) -> Way:
        """How a column is mapped."""
        return self.ways.get(column, Way.FIRST)

    def changed(self, column: str, way: Way) -> Edition:
        """With one column mapped another way."""
        return replace(self, ways={**self.ways, column: way})

    def reads(self, column: str) -> bool:
        """Whether what people type in a column is read."""
        return self.way(column) not in (Way.GONE, Way.OUTWARD, Way.MOVED)

    def writes(self, column: str) -> bool:
        """Whether the hub's value is written to a column, or to where it has moved."""
        return self.way(column) not in (Way.GONE, Way.INWARD)

    def declares(self, column: str) -> bool:
        """Whether the mapping tells of the vendor's form of a column."""
        return self.traits.declared or self.way(column) is Way.DECLARED

    def stored(self, column: str, value: Any) -> Row:
        """What the vendor's row holds of a canonical value that was written under this edition."""
        if self.way(column) is Way.MOVED:
            return {ELSEWHERE[column]: value or None}
        if value and self.way(column) is Way.TURNED:
            value = turned(value)
        form = self.traits.forms.get(column)
        return {column: (form(value) if form is not None else value) if value else None}

    def contacts(self) -> FieldMapping:
        """The mapping of contacts."""
        return FieldMapping(
            both("email", "mail"),
            *(each for column in ("first", "last", "tel", "tags") for each in self._declared(column)),
            both("consents[marketing.direct:email].state", "news"),
            both("consents[marketing.direct:email].at", "news_at", as_=Instant()),
        )

    def orders(self) -> FieldMapping:
        """The mapping of orders."""
        return FieldMapping(
            both("number", "number"),
            *self._declared("note"),
            reference("customer", "contact_id", stream="contacts"),
        )

    def _declared(self, column: str) -> list[Declaration]:
        way, name = self.way(column), FIELDS[column]
        if way is Way.GONE:
            return []
        made = cast("Maker", {Way.INWARD: read, Way.OUTWARD: write}.get(way, both))
        return [made(name, ELSEWHERE[column] if way is Way.MOVED else column, as_=self._converter(column))]

    def _converter(self, column: str) -> Converter | None:
        if column == "tags":
            return Tags()
        if self.way(column) is Way.TURNED:
            return Via(turned, turned)
        form = self.traits.forms.get(column) if self.declares(column) else None
        if form is None or column == "tel":  # the model itself knows how telephone numbers are written
            return None
        return Text(CUT) if column == "first" else Via(str, form, lossy=True)


def turned(value: Any) -> str:
    """Upper and lower case exchanged."""
    return str(value).swapcase()

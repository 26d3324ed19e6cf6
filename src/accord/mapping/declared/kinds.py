"""What stands at a canonical path, and the converters that only declared fields need."""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from accord.mapping.converters import Converter
from accord.model import Canonical, telephone, values
from accord.model.record import Document, Row
from accord.model.types import Leaf

Kind = Literal[
    "any",
    "text",
    "number",
    "boolean",
    "instant",
    "date",
    "money",
    "phone",
    "country",
    "language",
    "tags",
    "reference",
]
KINDS: Table[Any, Kind] = {
    values.text: "text",
    values.email: "text",
    values.currency: "text",
    telephone.phone: "phone",
    values.country: "country",
    values.language: "language",
    values.instant: "instant",
    values.day: "date",
    values.number: "number",
    values.integer: "number",
    values.truth: "boolean",
    values.tags: "tags",
    values.reference: "reference",
    values.scalar_or_list: "any",
}
"""What a canonical leaf is, by the function that checks it; enumerations are text."""


def kind_of(annotation: Any, path: tuple[str, ...]) -> Kind | type[Canonical] | None:
    """What stands at a canonical path: the kind of a leaf, a model, or None when there is no such place."""
    if get_origin(annotation) is Annotated:
        leaf = next((item for item in annotation.__metadata__ if isinstance(item, Leaf)), None)
        if leaf is not None:
            return None if path else KINDS.get(leaf.wire, "text")
        return kind_of(get_args(annotation)[0], path)
    if isinstance(annotation, type) and issubclass(annotation, Canonical):
        if not path:
            return annotation
        info = annotation.model_fields.get(path[0])
        return None if info is None else kind_of(info.rebuild_annotation(), path[1:])
    inner = [item for item in get_args(annotation) if item is not type(None)]
    if get_origin(annotation) is dict:
        return kind_of(inner[1], path[1:]) if path else None
    return kind_of(inner[0], path) if len(inner) == 1 else None


@dataclass(frozen=True)
class Words(Converter):
    """Text from sources that hold numbers too: a card number typed into a spreadsheet is a number there."""

    exact = True

    def read(self, value: Any, row: Row) -> str | None:  # noqa: ARG002  see the base
        """The value as text; whole floats without ``.0``."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, (dict, list)):
            raise ValueError("expected text, found a list or an object")
        return values.text(value if isinstance(value, str) else str(value))


@dataclass(frozen=True)
class LocalNumber(Converter):
    """A number as people of a country write it.

    With a decimal comma, points and spaces between thousands are read, and a text with a comma is written.
    """

    decimal: Literal[".", ","] = "."
    exact = True

    def read(self, value: Any, row: Row) -> Any:  # noqa: ARG002  see the base
        """The canonical number."""
        if isinstance(value, str):
            thousands = "," if self.decimal == "." else "."
            value = "".join(value.split()).replace(thousands, "").replace(self.decimal, ".")
        return values.number(value)

    def write(self, value: Any, document: Document) -> Any:  # noqa: ARG002  see the base
        """A number, or text where the decimal sign is a comma."""
        return value if self.decimal == "." else str(value).replace(".", ",")

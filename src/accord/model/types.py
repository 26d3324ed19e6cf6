"""The annotated types that the fields of the models are made of.

Each type carries a :class:`Leaf`: one function for the JSON form (used by the fast path in
``document.py``) and, where the Python value differs from it, the way there and back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from accord.model import telephone, values


@dataclass(frozen=True, slots=True)
class Leaf:
    """How one kind of value is checked, shown in JSON and described in JSON Schema.

    Attributes:
        wire: JSON value to canonical JSON value; raises UnfitError.
        schema: JSON Schema of the non-null form.
        parse: Canonical JSON value to Python value; None when they are the same.
        dump: Python value to canonical JSON value; None when they are the same.
    """

    wire: Callable[[Any], Any]
    schema: dict[str, Any] = field(default_factory=dict, hash=False)
    parse: Callable[[Any], Any] | None = None
    dump: Callable[[Any], Any] | None = None

    def python(self, value: Any) -> Any:
        """Check a value and give the Python object for it."""
        found = self.wire(value)
        return found if found is None or self.parse is None else self.parse(found)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        serialization = None
        if self.dump is not None:
            serialization = core_schema.plain_serializer_function_ser_schema(self.dump, when_used="json")
        check = self.wire if self.parse is None else self.python
        return core_schema.no_info_plain_validator_function(check, serialization=serialization)

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [self.schema, {"type": "null"}]} if self.schema else {}


def _string(**more: Any) -> dict[str, Any]:
    return {"type": "string", **more}


Text = Annotated[str | None, Leaf(values.text, _string())]
Email = Annotated[str | None, Leaf(values.email, _string(format="email"))]
Phone = Annotated[str | None, Leaf(telephone.phone, _string(pattern=r"^\+[1-9]\d{1,14}$"))]
CountryCode = Annotated[str | None, Leaf(values.country, _string(pattern="^[A-Z]{2}$"))]
CurrencyCode = Annotated[str | None, Leaf(values.currency, _string(pattern="^[A-Z]{3}$"))]
LanguageTag = Annotated[str | None, Leaf(values.language, _string())]
Moment = Annotated[
    datetime | None,
    Leaf(values.instant, _string(format="date-time"), datetime.fromisoformat, values.instant),
]
Day = Annotated[date | None, Leaf(values.day, _string(format="date"), date.fromisoformat, values.day)]
Number = Annotated[int | float | None, Leaf(values.number, {"type": "number"})]
Whole = Annotated[int | None, Leaf(values.integer, {"type": "integer"})]
Truth = Annotated[bool | None, Leaf(values.truth, {"type": "boolean"})]
Tags = Annotated[
    frozenset[str] | None,
    Leaf(values.tags, {"type": "array", "items": _string(), "uniqueItems": True}, frozenset, values.tags),
]
Scalar = str | int | float | bool | None
CustomValue = Annotated[
    Scalar | list[Scalar],
    Leaf(values.scalar_or_list, {"type": ["string", "number", "boolean", "array"]}),
]
Key = Annotated[str, Leaf(values.key, _string(minLength=1))]
ConsentKey = Annotated[str, Leaf(values.consent_key, _string(pattern="^[a-z0-9_.]+:[a-z0-9_.:-]+$"))]
SuppressionKey = Annotated[
    str,
    Leaf(
        values.suppression_key,
        _string(pattern=f"^[a-z0-9_:]+:({'|'.join(values.SUPPRESSION_REASONS)})$"),
    ),
]
Reference = Annotated[
    str | dict[str, str] | None,
    Leaf(values.reference, {"anyOf": [_string(), {"type": "object", "required": ["ref"]}]}),
]

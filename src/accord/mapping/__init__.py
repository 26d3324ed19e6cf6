"""Two-way field mappings: what a connector's author declares."""

from accord.mapping.converters import (
    Boolean,
    Converter,
    Country,
    FullName,
    Identity,
    Language,
    Number,
    PhoneNumber,
    Point,
    Reference,
    Tags,
    Text,
    Values,
    Via,
)
from accord.mapping.coverage import Coverage
from accord.mapping.fields import (
    Declaration,
    both,
    constant,
    each,
    ignored,
    passthrough,
    read,
    reference,
    write,
)
from accord.mapping.instants import Date, Instant, parse_instant
from accord.mapping.mapping import Loss, Mapping
from accord.mapping.money import MoneyIn
from accord.mapping.paths import MISSING
from accord.model.values import UnfitError

__all__ = [
    "MISSING",
    "Boolean",
    "Converter",
    "Country",
    "Coverage",
    "Date",
    "Declaration",
    "FullName",
    "Identity",
    "Instant",
    "Language",
    "Loss",
    "Mapping",
    "MoneyIn",
    "Number",
    "PhoneNumber",
    "Point",
    "Reference",
    "Tags",
    "Text",
    "UnfitError",
    "Values",
    "Via",
    "both",
    "constant",
    "each",
    "ignored",
    "parse_instant",
    "passthrough",
    "read",
    "reference",
    "write",
]

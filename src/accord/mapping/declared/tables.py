"""The tables themselves: `fields`, `lines`, and what a stream says of all of them.

::

    [connections.till.streams.customers.fields]
    given_name = "first name"                                      # canonical path = column
    "addresses.default.postal_code" = "zip"
    phone = { column = "tel", country = "FR" }
    created_at = { column = "since", zone = "Europe/Paris", format = "%d/%m/%Y" }

The canonical field says which converter a column needs; ``as`` says it for fields that take anything
(``custom.*``), or corrects it.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal

import pydantic

from accord.errors import ConfigError, SetupError
from accord.mapping.converters import (
    Boolean,
    Converter,
    Country,
    Identity,
    Language,
    PhoneNumber,
    Reference,
    Tags,
    Values,
)
from accord.mapping.declared.kinds import Kind, LocalNumber, Words, kind_of
from accord.mapping.fields import Declaration, Each, Field, each
from accord.mapping.instants import Date, Instant, zone_named
from accord.mapping.money import MoneyIn
from accord.mapping.paths import parse_canonical
from accord.model import MODELS, Canonical, Money, model_named, references
from accord.model import values as canonical

CountryCode = Annotated[str, pydantic.AfterValidator(canonical.country)]
"""Of ISO 3166-1, in two letters: by an unknown one no telephone number could be read."""
CurrencyCode = Annotated[str, pydantic.AfterValidator(canonical.currency)]
"""Of ISO 4217."""


def _zone(name: str) -> str:
    try:
        zone_named(name)
    except SetupError as error:
        raise ValueError(f"{error}; write one such as Europe/Paris") from None
    return name


def _format(word: str) -> str:
    if word not in FORMATS and "%" not in word:
        raise ValueError(
            f"there is no format {word!r}; it is one of {', '.join(FORMATS)}, or a pattern such as %d/%m/%Y"
        )
    return word


ZoneName = Annotated[str, pydantic.AfterValidator(_zone)]
"""Of the IANA database."""
FORMATS = (
    *("iso", "local", "s", "ms"),
    *("e164", "digits", "00"),
    *("alpha_2", "alpha_3", "numeric", "name"),
    *("tag", "locale", "base"),
)
"""How instants, telephone numbers, countries and languages are spelled, where no pattern says it."""


class Part(pydantic.BaseModel):
    """The base of all tables below."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)


class DeclaredField(Part):
    """A column and how its values are spelled.

    Attributes:
        column: Column name; for nested rows a path.
        kind: The converter (``as``); by default the one the canonical field needs.
        format: Of instants and dates: ``iso``, ``local``, ``s``, ``ms`` or a strptime pattern; of phones:
            ``e164``, ``digits``, ``00``; of countries: ``alpha_2``, ``alpha_3``, ``numeric``, ``name``; of
            languages: ``tag``, ``locale``, ``base``.
        zone: Whose wall clock instants without a zone show.
        country: Country of telephone numbers without a prefix.
        country_column: Column that holds the country of the record's telephone numbers.
        currency: Of amounts.
        currency_column: Column that holds the currency.
        unit: Whether amounts are in major (12.50) or minor (1250) units.
        decimal: The decimal sign.
        values: The source's word to the canonical word.
        unseen: What a word that is not listed does: ``error`` sets the record aside, ``keep`` takes it as it
            is. By default ``error``; the state of a consent is then ``unknown``.
        back: Canonical word to the source's, where several mean the same.
        yes: The text written for true (read, too; common spellings are always read).
        no: The text written for false.
        delimiter: Between tags.
        stream: The stream of this connection whose keys a reference holds.
        direction: ``both``, ``read`` or ``write``.
        invalid: What an unreadable value does: ``error`` sets the record aside, ``unset`` ignores the field.
    """

    column: str = pydantic.Field(min_length=1)
    kind: Kind | None = pydantic.Field(default=None, alias="as")
    format: Annotated[str, pydantic.AfterValidator(_format)] | None = None
    zone: ZoneName | None = None
    country: CountryCode | None = None
    country_column: str | None = None
    currency: CurrencyCode | None = None
    currency_column: str | None = None
    unit: Literal["major", "minor"] = "major"
    decimal: Literal[".", ","] | None = None
    values: dict[str, str] | None = None
    unseen: Literal["error", "keep"] | None = None
    back: dict[str, str] = {}
    yes: str | None = None
    no: str | None = None
    delimiter: str | None = None
    stream: str | None = None
    direction: Literal["both", "read", "write"] = "both"
    invalid: Literal["error", "unset"] = "error"


Fields = dict[str, str | DeclaredField]


class DeclaredLines(Part):
    """The lines of an order (or the variants of a product).

    Attributes:
        field: The canonical collection.
        path: Where the list stands in a nested row; grouped rows have it at ``lines``.
        key: Column of the line's own key; without one, lines are numbered from 1.
        fields: Canonical path inside the line to column.
    """

    field: str = "lines"
    path: str = "lines"
    key: str | None = None
    fields: Fields


class DeclaredStream(Part):
    """What every configured stream says, wherever its rows come from.

    Attributes:
        model: The canonical model of its records.
        fields: Canonical path to column.
        lines: The collection of sub-records, if any.
        origin: Whose customers they are.
        subject: Whose personal data a record holds; by default the record itself or its customer.
        zone: Default of all fields.
        country: Default of all fields.
        currency: Default of all fields.
        decimal: Default of all fields.
    """

    model: str
    fields: Fields = pydantic.Field(min_length=1)
    lines: DeclaredLines | None = None
    origin: Literal["own", "marketplace", "partner"] = "own"
    subject: str | None = None
    zone: ZoneName = "UTC"
    country: CountryCode | None = None
    currency: CurrencyCode | None = None
    decimal: Literal[".", ","] = "."

    @pydantic.field_validator("model")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in MODELS:
            raise ValueError(f"there is no such model; models are {', '.join(MODELS)}")
        return name

    def columns(self, *, lines: bool = False) -> list[str]:
        """Every column that the fields name; those of the lines too, where they stand side by side."""
        tables = [self.fields]
        extra: list[str] = []
        if lines and self.lines is not None:
            tables.append(self.lines.fields)
            extra = [self.lines.key] if self.lines.key else []
        named = [field_of(given) for table in tables for given in table.values()]
        beside = [c for f in named for c in (f.country_column, f.currency_column) if c is not None]
        return list(dict.fromkeys([*(field.column for field in named), *beside, *extra]))


def field_of(given: str | DeclaredField) -> DeclaredField:
    """A field's table; a bare column name is the shortest one."""
    return DeclaredField(column=given) if isinstance(given, str) else given


def subject_of(stream: DeclaredStream) -> str | None:
    """Whose personal data a record holds: itself, the customer it refers to, or nobody's."""
    if stream.subject is not None:
        return stream.subject
    if stream.model == "customer":
        return "self"
    return "customer" if "customer" in references(model_named(stream.model)) else None


@dataclass(frozen=True)
class Declarer:
    """Turns tables into declarations.

    Attributes:
        stream: The stream's table.
        nested: Whether columns are paths; else they are names, whatever signs they hold.
        key: Of the stream's table in accord.toml, for messages.
    """

    stream: DeclaredStream
    nested: bool
    key: str

    def all(self) -> list[Declaration]:
        """The declarations of a whole stream.

        Raises:
            ConfigError: a canonical path or a combination of options makes no sense.
        """
        model = model_named(self.stream.model)
        made: list[Declaration] = [
            self.field(model, path, field_of(given), "fields") for path, given in self.stream.fields.items()
        ]
        if self.stream.lines is not None:
            made.append(self.lines(self.stream.lines))
        return made

    def lines(self, lines: DeclaredLines) -> Each:
        """The declaration of a collection."""
        model = kind_of(model_named(self.stream.model), (lines.field, "*"))
        if isinstance(model, str) or model is None:
            raise self._wrong("lines.field", f"{lines.field!r} is no collection of {self.stream.model}")
        inner = [
            self.field(model, path, field_of(given), "lines.fields", inside=True)
            for path, given in lines.fields.items()
        ]
        key = None if lines.key is None else self.column(lines.key)
        return each(lines.field, lines.path, *inner, key=key)

    def field(
        self, model: type[Canonical], path: str, given: DeclaredField, table: str, *, inside: bool = False
    ) -> Field:
        """The declaration of one field."""
        kind = kind_of(model, parse_canonical(path))
        if kind is None:
            close = get_close_matches(path, model.model_fields, n=1)
            meant = f", did you mean {close[0]!r}?" if close else ""
            raise self._wrong(f"{table}.{path}", f"{model.__name__} has no field {path!r}{meant}")
        if isinstance(kind, type) and not issubclass(kind, Money):
            raise self._wrong(f"{table}.{path}", f"{path!r} is a structure; map its fields one by one")
        asked: Kind = given.kind or ("money" if isinstance(kind, type) else kind)
        converter = self._converter(path, asked, given, inside=inside)
        return Field((path,), (self.column(given.column),), converter, given.direction, given.invalid)

    def column(self, name: str) -> str:
        """A column as a vendor path."""
        return name if self.nested else escaped(name)

    def _converter(self, path: str, kind: Kind, given: DeclaredField, *, inside: bool) -> Converter:
        stream = self.stream
        zone, form = given.zone or stream.zone, given.format
        if given.values is not None:
            state = path.startswith("consents[") and path.endswith(".state")
            return Values(given.values, given.back, given.unseen or ("unknown" if state else "error"))
        beside = {name: self._beside(name, given, inside=inside) for name in ("country", "currency")}
        country, currency = given.country or stream.country, given.currency or stream.currency
        make: dict[str, Any] = {
            "any": Identity,
            "text": Words,
            "number": lambda: LocalNumber(given.decimal or stream.decimal),
            "boolean": lambda: Boolean(_or(given.yes, default=True), _or(given.no, default=False)),
            "instant": lambda: Instant(form or "iso", zone),
            "date": lambda: Date(form or "iso"),
            "money": lambda: MoneyIn(
                currency, beside["currency"], given.unit, decimal=given.decimal or stream.decimal
            ),
            "phone": lambda: PhoneNumber(beside["country"], country, form or "e164"),  # type: ignore[arg-type]
            "country": lambda: Country(form or "alpha_2"),  # type: ignore[arg-type]
            "language": lambda: Language(form or "tag"),  # type: ignore[arg-type]
            "tags": lambda: Tags(given.delimiter or (None if self.nested else ",")),
            "reference": lambda: Reference(given.stream or f"{path}s"),
        }
        return make[kind]()  # type: ignore[no-any-return]

    def _beside(self, what: str, given: DeclaredField, *, inside: bool) -> str | None:
        column = given.country_column if what == "country" else given.currency_column
        if column is None:
            return None
        return f"/{self.column(column)}" if inside else self.column(column)

    def _wrong(self, key: str, why: str) -> ConfigError:
        where = f"{self.key}.{key}"
        return ConfigError(
            f"{where}: {why}",
            hint=f"`accord config schema --model {self.stream.model}` lists the fields.",
            facts={"key": where},
        )


def escaped(column: str) -> str:
    """A column name as a path of one step, whatever signs it holds."""
    quoted = "".join(f"\\{sign}" if sign in "\\.[" else sign for sign in column)
    return f"\\{quoted}" if quoted.startswith("/") else quoted


def _or(word: str | None, *, default: bool) -> str | bool:
    return default if word is None else word

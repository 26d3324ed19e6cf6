from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from accord.errors import ConfigError, MappingError
from accord.mapping.declared import (
    DeclaredStream,
    Declarer,
    Finder,
    HubIds,
    KeyColumns,
    declared,
    digest_of,
    merged,
    moment,
    refused,
    subject_of,
)
from accord.mapping.laws import check_laws
from accord.model import Customer, Order
from accord.model.record import Probe

HUB = "0192f3a4b5c60000000000000000cafe"
ROWS: list[dict[str, Any]] = [
    {
        "first": "Zoé",
        "tel": "+33199001234",
        "since": "31/01/2026 13:45",
        "born": "03.02.1990",
        "points": "1234,5",
        "kind": "C",
        "words": "a,b",
        "land": "FRA",
        "vip": "oui",
    },
    dict.fromkeys(("first", "tel", "since", "born", "points", "kind", "words", "land", "vip")),
]
FIELDS: dict[str, Any] = {
    "given_name": "first",
    "phone": {"column": "tel", "country": "FR"},
    "created_at": {"column": "since", "format": "%d/%m/%Y %H:%M", "zone": "Europe/Paris"},
    "birth_date": {"column": "born", "format": "%d.%m.%Y"},
    "loyalty_points": {"column": "points", "decimal": ","},
    "lifecycle": {"column": "kind", "values": {"C": "customer", "P": "prospect"}},
    "tags": "words",
    "addresses.default.country": {"column": "land", "format": "alpha_3"},
    "custom.vip": {"column": "vip", "as": "boolean", "yes": "oui", "no": "non"},
}


def stream_of(**table: Any) -> DeclaredStream:
    return DeclaredStream.model_validate({"model": "customer", "fields": FIELDS, **table})


def test_a_table_of_fields_obeys_the_laws() -> None:
    check_laws(declared(stream_of(), nested=False, key="x"), Customer, rows=ROWS)


def test_each_field_gets_the_converter_it_needs() -> None:
    mapping = declared(stream_of(), nested=False, key="x").bound(connector="c", stream="s", model=Customer)
    assert mapping.read(ROWS[0]) == {
        "given_name": "Zoé",
        "phone": "+33199001234",
        "created_at": "2026-01-31T12:45:00Z",
        "birth_date": "1990-02-03",
        "loyalty_points": 1234.5,
        "lifecycle": "customer",
        "tags": ["a", "b"],
        "addresses": {"default": {"country": "FR"}},
        "custom": {"vip": True},
    }
    assert mapping.write({"loyalty_points": 2.5, "custom": {"vip": False}}) == {"points": "2,5", "vip": "non"}


@pytest.mark.parametrize("text", ["1 234,5", "1.234,5", "1\N{NO-BREAK SPACE}234,5", "1234,5"])
def test_thousands_of_a_country_are_read(text: str) -> None:
    mapping = declared(stream_of(), nested=False, key="x")
    assert mapping.read({"points": text}) == {"loyalty_points": 1234.5}


def test_numbers_of_spreadsheets_are_text_where_text_is_wanted() -> None:
    mapping = declared(stream_of(fields={"number": "no"}), nested=False, key="x")
    assert [mapping.read({"no": value}) for value in (17850.0, 7, "007")] == [
        {"number": "17850"},
        {"number": "7"},
        {"number": "007"},
    ]


def test_lines_and_money_are_declared_too() -> None:
    lines = {
        "key": "id",
        "fields": {"sku": "sku", "unit_price": {"column": "price", "currency_column": "cur"}},
    }
    stream = stream_of(model="order", fields={"number": "no"}, lines=lines)
    row = {"no": "1", "cur": "EUR", "lines": [{"id": "a", "sku": "X", "price": "2.50"}]}
    mapping = declared(stream, nested=True, key="x").bound(connector="c", stream="s", model=Order)
    line = mapping.read(row)["lines"]["a"]
    assert (line["sku"], line["unit_price"]) == ("X", {"amount": "2.50", "currency": "EUR"})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"givenname": "a"}, r"x\.fields\.givenname: .* did you mean 'given_name'\?"),
        ({"nickname": "a"}, r"x\.fields\.nickname: Customer has no field"),
        ({"addresses.default": "a"}, "is a structure"),
        ({"addresses.default.zip": "a"}, "has no field"),
        ({"given_name.x": "a"}, "has no field"),
    ],
)
def test_a_path_that_the_model_lacks_names_its_key(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Declarer(stream_of(fields=fields), nested=False, key="x").all()


@pytest.mark.parametrize(
    "table", [{"model": "person"}, {"fields": {}}, {"fields": {"email": {"colum": "a"}}}]
)
def test_a_wrong_table_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        stream_of(**table)


def test_a_refused_row_says_why_also_after_extension() -> None:
    mapping = declared(stream_of(), nested=False, key="x").extended()
    bound = mapping.bound(connector="c", stream="s", model=Customer).extended()
    with pytest.raises(MappingError, match="line 7"):
        bound.read(refused({"first": "Zoé"}, "a.csv line 7: broken"))


def test_personal_data_belongs_to_somebody() -> None:
    assert subject_of(stream_of()) == "self"
    assert subject_of(stream_of(model="order", fields={"number": "no"})) == "customer"
    assert subject_of(stream_of(model="product", fields={"sku": "no"})) is None


@pytest.mark.parametrize("parts", [["a", "b"], ["a|b", "c"], ["a\\", "|b"], ["\\|", "\\"]])
def test_joined_keys_come_apart_again(parts: list[str]) -> None:
    keys = KeyColumns(["x", "y"])
    joined = keys.of({"x": parts[0], "y": parts[1]})
    assert joined is not None
    assert keys.split(joined) == parts
    assert keys.split("a") is None


def test_our_id_stands_in_its_column_or_is_the_key() -> None:
    keys = KeyColumns(["no"])
    assert HubIds(keys, "hub", generated=False).stamp({}, HUB) == {"hub": HUB}
    generated = HubIds(keys, None, generated=True)
    assert generated.stamp({}, HUB) == {"no": HUB}
    assert generated.stamp({"no": "7"}, HUB) == {"no": "7"}
    assert (generated.of({"no": HUB}), generated.of({"no": "7"})) == (HUB, None)


def test_natural_keys_are_compared_normalised() -> None:
    stream = stream_of(fields={"email": "mail", "phone": {"column": "tel", "country": "FR"}})
    finder = Finder(stream, Customer, nested=False, key="x")
    row = {"mail": "Zoe@Example.com", "tel": "01 99 00 12 34"}
    asked = finder.questions([Probe("phone", "+33199001234"), Probe("email", "ZOE@example.com")])
    assert [asked[pair] for pair in finder.keys(row, finder.fields)] == [[1], [0]]


def test_an_unreadable_moment_is_unknown_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    at = moment(stream_of(), "x", "till/cards")
    assert at is not None
    assert at.of({}) is None
    assert caplog.messages == []
    assert at.of({"x": "soon"}) is None
    assert at.of({"x": "later"}) is None
    (told,) = caplog.messages
    assert told.startswith("till/cards: the column x of updated_at")
    assert "soon" not in told


def test_nested_rows_are_merged_deeply() -> None:
    assert merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": 3}, "d": [2]}) == {
        "a": {"b": 3, "c": 2},
        "d": [2],
    }


def test_equal_rows_have_equal_fingerprints() -> None:
    assert digest_of({"a": 1, "b": None}) == digest_of({"b": None, "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": "1"})


@pytest.mark.parametrize(
    "table",
    [
        {"country": "France"},
        {"currency": "Euro"},
        {"fields": {"phone": {"column": "tel", "country": "XY"}}},
        {"fields": {"custom.price": {"column": "price", "as": "money", "currency": "EURO"}}},
    ],
)
def test_a_country_or_currency_that_is_none_is_refused(table: dict[str, Any]) -> None:
    """By ``country = "France"`` no number without a prefix was read; with ``invalid = "unset"``, silently."""
    with pytest.raises(ValidationError, match="not an ISO"):
        stream_of(**table)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"zone": "Paris"}, "no time zone 'Paris'; write one such as Europe/Paris"),
        ({"fields": {"created_at": {"column": "since", "zone": "CET+1"}}}, "no time zone"),
        (
            {"fields": {"created_at": {"column": "since", "format": "dd/mm/yyyy"}}},
            "a pattern such as %d/%m/%Y",
        ),
    ],
)
def test_a_zone_or_a_format_that_is_none_is_refused(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        stream_of(**table)


def test_a_country_may_be_written_small() -> None:
    assert stream_of(country="fr").country == "FR"

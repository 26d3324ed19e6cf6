from __future__ import annotations

from datetime import UTC, date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.errors import SetupError
from accord.mapping import (
    Boolean,
    Converter,
    Country,
    Date,
    FullName,
    Instant,
    Language,
    MoneyIn,
    Number,
    PhoneNumber,
    Point,
    Reference,
    Tags,
    Text,
    Values,
    Via,
    parse_instant,
)
from accord.mapping.strategies import COUNTRIES, LANGUAGES
from accord.model import values

quick = settings(max_examples=60)
moments = st.datetimes(timezones=st.just(UTC)).map(values.instant)
words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
amounts = st.decimals(-9999, 9999, places=2).map(lambda a: {"amount": values.amount(a, 2), "currency": "EUR"})
phones = st.integers(0, 99_999_999).map(lambda n: f"+336{n:08d}")
numbers = st.integers(-(10**6), 10**6) | st.integers(-9999, 9999).map(lambda n: values.number(n / 8))
laws: list[tuple[Converter, st.SearchStrategy[Any]]] = [
    (Boolean("Y", "N"), st.booleans()),
    (Country("alpha_3"), st.sampled_from(COUNTRIES)),
    (Country("name"), st.sampled_from(COUNTRIES)),
    (Country("numeric"), st.sampled_from(COUNTRIES)),
    (Date("%d/%m/%Y"), st.dates(min_value=date(1000, 1, 1)).map(values.day)),
    (FullName(), st.tuples(words.map(values.text), words.map(values.text))),
    (FullName(family_first=True), st.tuples(words.map(values.text), words.map(values.text))),
    (Instant(), moments),
    (Instant(resolution="s"), moments),
    (Instant("ms"), moments),
    (Instant("s"), moments),
    (Language("locale"), st.sampled_from(LANGUAGES)),
    (Language("base"), st.sampled_from(LANGUAGES)),
    (MoneyIn("EUR"), amounts),
    (MoneyIn("EUR", unit="minor", form="number"), amounts),
    (MoneyIn("EUR", form="number"), amounts),
    (MoneyIn("EUR", decimal=","), amounts),
    (Number("text"), numbers),
    (Number(scale=1000), numbers),
    (PhoneNumber(form="digits"), phones),
    (PhoneNumber(form="00"), phones),
    (Tags(), st.lists(words, max_size=4).map(values.tags)),
    (Tags("; "), st.lists(words, max_size=4).map(values.tags)),
    (Text(5), words.map(values.text)),
    (Values({"a": "x", "b": "y"}), st.sampled_from("xy")),
]


@pytest.mark.parametrize(("converter", "drawn"), laws, ids=lambda item: repr(item)[:40])
def test_projecting_twice_is_projecting_once(converter: Converter, drawn: st.SearchStrategy[Any]) -> None:
    @quick
    @given(drawn.filter(_has_something))
    def check(value: Any) -> None:
        once = converter.project(value, {})
        assert not _has_something(once) or converter.project(once, {}) == once
        if converter.exact:
            assert converter.read(converter.write(value, {}), {}) == value == once

    check()


def _has_something(value: Any) -> bool:
    return value is not None and (not isinstance(value, tuple) or any(part is not None for part in value))


def test_national_numbers_are_read_with_the_records_country() -> None:
    phone = PhoneNumber(country="land")
    assert phone.read("06 12 34 56 78", {"land": "France"}) == "+33612345678"
    assert phone.read("+32 470 12 34 56", {"land": "France"}) == "+32470123456"
    with pytest.raises(ValueError, match="country is unknown"):
        phone.read("06 12 34 56 78", {})


def test_a_region_stands_in_for_a_missing_country() -> None:
    phone = PhoneNumber(country="land", region="FR")
    assert phone.read("0612345678", {"land": ""}) == "+33612345678"
    assert phone.read("0612345678", {"land": "Atlantis"}) == "+33612345678"
    assert phone.context == ("land",)


@pytest.mark.parametrize("spelling", ["FR", "fra", "250", "France", " france "])
def test_countries_are_known_by_many_names(spelling: str) -> None:
    assert Country().read(spelling, {}) == "FR"


def test_unknown_countries_are_refused() -> None:
    with pytest.raises(ValueError, match="ISO 3166"):
        Country().read("Atlantis", {})


def test_locales_are_languages() -> None:
    assert Language().read("fr_FR.UTF-8", {}) == "fr-FR"
    assert Language("locale").write("pt-BR", {}) == "pt_BR"


@pytest.mark.parametrize(
    ("shown", "meant"), [("1", True), ("No", False), (0, False), ("X", True), (True, True)]
)
def test_many_spellings_of_yes_are_read(shown: Any, meant: bool) -> None:
    assert Boolean("X", "").read(shown, {}) is meant


def test_what_is_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(ValueError, match="neither"):
        Boolean().read("perhaps", {})


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Anna Martin", ("Anna", "Martin")),
        ("Jean de La Fontaine", ("Jean", "de La Fontaine")),
        ("Anna Maria Rossi", ("Anna Maria", "Rossi")),
        ("Cher", ("Cher", None)),
    ],
)
def test_a_full_name_is_divided(name: str, parts: tuple[str, str | None]) -> None:
    assert FullName().read(name, {}) == parts
    assert FullName().write(parts, {}) == name


def test_listed_values_go_both_ways() -> None:
    stage = Values({"lead": "prospect", "cust": "customer", "vip": "customer"}, back={"customer": "cust"})
    assert [stage.read(v, {}) for v in ("lead", "vip")] == ["prospect", "customer"]
    assert stage.write("customer", {}) == "cust"
    assert stage.lossy


@pytest.mark.parametrize(("rule", "read"), [("keep", "odd"), ("other", "other")])
def test_unseen_values_follow_the_declared_rule(rule: str, read: str) -> None:
    assert Values({"a": "x"}, unseen=rule).read("odd", {}) == read


def test_unseen_values_are_errors_by_default() -> None:
    with pytest.raises(ValueError, match="does not list"):
        Values({"a": "x"}).read("odd", {})
    with pytest.raises(ValueError, match="no word"):
        Values({"a": "x"}).write("odd", {})
    assert Values({"a": "x"}, unseen_back="a").write("odd", {}) == "a"
    assert Values({"a": "x"}, unseen="keep").write("odd", {}) == "odd"


def test_null_can_be_a_listed_value() -> None:
    gender = Values({None: "unspecified", "f": "female"})
    assert gender.takes_empty
    assert gender.read(None, {}) == "unspecified"


def test_a_delimiter_inside_a_tag_becomes_a_space() -> None:
    assert Tags(", ").write(["a,b", "c"], {}) == "a b, c"
    assert Tags(",").read("b, a,,b", {}) == ["a", "b"]
    assert Tags().read("", {}) == []


def test_numbers_may_be_scaled() -> None:
    grams = Number(scale=1000)
    assert grams.read(1500, {}) == 1.5
    assert grams.write(0.35, {}) == 350


def test_text_is_cut_at_the_vendors_length() -> None:
    assert Text(4).project("abc d", {}) == "abc"
    assert Text(10).read(42, {}) == "42"


def test_a_point_wraps_one_value() -> None:
    point = Point("email")
    assert point.read("a@example.com", {}) == {"type": "email", "value": "a@example.com"}
    assert point.project({"type": "email", "value": "v", "label": "work"}, {}) == {
        "type": "email",
        "value": "v",
    }


def test_references_stay_unresolved() -> None:
    assert Reference("customers").read(7, {}) == {"ref": "7"}
    assert Reference("customers", integer=True).write("7", {}) == 7
    assert Reference("customers").write({"ref": "7"}, {}) == "7"


def test_functions_make_a_converter() -> None:
    assert Via(str.lower, str.upper).project("Ab", {}) == "ab"
    with pytest.raises(SetupError, match="writer"):
        Via(str.lower).write("a", {})


@pytest.mark.parametrize(
    ("money", "shown", "amount"),
    [
        (MoneyIn("EUR", unit="minor"), 1250, "12.50"),
        (MoneyIn("JPY", unit="minor"), "1250", "1250"),
        (MoneyIn("EUR"), 0.1, "0.10"),
        (MoneyIn("EUR", decimal=","), "1.234,5", "1234.50"),
        (MoneyIn(currency_from="cur"), "12", "12.00"),
        (MoneyIn(), ("3.5", "EUR"), "3.50"),
    ],
)
def test_amounts_are_read_exactly(money: MoneyIn, shown: Any, amount: str) -> None:
    found = money.read(shown, {"cur": "EUR"})
    assert found is not None
    assert found["amount"] == amount


def test_money_is_never_converted_or_rounded() -> None:
    with pytest.raises(ValueError, match="another currency"):
        MoneyIn("EUR").write({"amount": "1.00", "currency": "USD"}, {})
    with pytest.raises(ValueError, match="another currency"):
        MoneyIn(currency_from="c").write({"amount": "1.00", "currency": "USD"}, {"currency": "EUR"})
    with pytest.raises(ValueError, match="finer"):
        MoneyIn("EUR", unit="minor").write({"amount": "0.0123", "currency": "EUR"}, {})
    with pytest.raises(ValueError, match="without a currency"):
        MoneyIn().read("1", {})


def test_wall_clocks_are_read_in_their_zone() -> None:
    paris = Instant("local", zone="Europe/Paris")
    assert paris.read("2026-07-01 14:00:00", {}) == "2026-07-01T12:00:00Z"
    assert paris.write("2026-01-31T12:00:00Z", {}) == "2026-01-31 13:00:00"
    assert (
        Instant("%d/%m/%Y %H:%M", zone="Europe/Paris").read("01/07/2026 14:00", {}) == "2026-07-01T12:00:00Z"
    )


def test_zero_dates_are_empty() -> None:
    assert Instant("local").read("0000-00-00 00:00:00", {}) is None
    assert Date().read("0000-00-00", {}) is None


def test_finer_parts_are_cut() -> None:
    assert Instant(resolution="s").write("2026-01-31T12:00:00.999000Z", {}) == "2026-01-31T12:00:00Z"
    assert Instant("ms").write("1969-12-31T23:59:59.999900Z", {}) == -1


def test_unknown_zones_are_refused_at_once() -> None:
    with pytest.raises(SetupError, match="time zone"):
        Instant(zone="Europe/Atlantis")


def test_dates_ignore_the_time_of_day() -> None:
    assert Date().read("1990-05-01T00:00:00Z", {}) == "1990-05-01"


@pytest.mark.parametrize(
    "spelling", [1769860800, "1769860800000", "2026-01-31T12:00:00", "2026-01-31T13:00:00+01:00"]
)
def test_usual_instants_are_recognised(spelling: Any) -> None:
    assert values.instant(parse_instant(spelling)) == "2026-01-31T12:00:00Z"


@pytest.mark.parametrize("spelling", ["soon", True, None, "0000-00-00"])
def test_what_is_no_instant_is_refused(spelling: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_instant(spelling)

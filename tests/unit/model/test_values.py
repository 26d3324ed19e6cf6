from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import langcodes
import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.model import codes, telephone, values


def test_email_keeps_the_local_part_as_typed() -> None:
    assert values.email("  Anna.Martin+shop@EXAMPLE.Com ") == "Anna.Martin+shop@example.com"


@pytest.mark.parametrize("address", ["a@shop.test", "a@example.com", "a@b.invalid", "ä@example.org"])
def test_reserved_and_international_addresses_are_accepted(address: str) -> None:
    assert values.email(address) == address


@pytest.mark.parametrize("address", ["anna", "a@b", "@example.com", "a b@example.com", "a@-x.example.com"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an e-mail address") as caught:
        values.email(address)
    assert address not in str(caught.value)


@given(st.from_regex(r"[A-Za-z0-9_+.-]{1,66}@([A-Za-z0-9-]{1,65}[.]){1,3}[A-Za-z]{2,26}", fullmatch=True))
def test_the_short_cut_accepts_what_the_library_accepts(address: str) -> None:
    if values._PLAIN_EMAIL.fullmatch(address) and "--" not in address:
        assert values._email(address) == values._unusual_email(address)


@given(st.text(min_size=1, max_size=70).filter(lambda text: "@" not in text))
def test_the_short_cut_holds_for_every_script(local: str) -> None:
    address = f"{local}@example.com"
    if values._PLAIN_EMAIL.fullmatch(address) and values._is_plain(address):
        assert values._email(address) == values._unusual_email(address)


def test_empty_text_is_null() -> None:
    assert [f("  ") for f in (values.text, values.email, telephone.phone, values.language)] == [None] * 4


def test_text_loses_nul_and_refuses_half_characters() -> None:
    assert values.text("a\x00b ") == "ab"
    with pytest.raises(ValueError, match="surrogate"):
        values.text("\ud800")


def test_codes_are_brought_to_one_spelling() -> None:
    assert values.country("fr") == "FR"
    assert values.currency("eur") == "EUR"
    assert values.language("pt-br") == "pt-BR"


def test_codes_known_without_a_library_are_those_of_the_library() -> None:
    assert {code for code in codes.COUNTRIES if pycountry.countries.get(alpha_2=code)} == codes.COUNTRIES
    assert {code for code in codes.CURRENCIES if pycountry.currencies.get(alpha_3=code)} == codes.CURRENCIES
    tags = [*codes.LANGUAGES, *(f"{language}-{c}" for language in ("de", "zh") for c in codes.COUNTRIES)]
    assert [t for t in tags if not langcodes.tag_is_valid(t) or langcodes.standardize_tag(t) != t] == []


@pytest.mark.parametrize("tag", ["tl", "iw", "fr-fr", "fr-", "fr-XX", "FR", "xx", "fr-FR-1996", ""])
def test_what_is_not_known_at_once_is_asked_of_the_library(tag: str) -> None:
    assert not codes.is_language(tag)


@pytest.mark.parametrize(
    ("check", "wrong"), [(values.country, "XX"), (values.currency, "EURO"), (values.language, "klingonese")]
)
def test_unknown_codes_are_refused(check: Any, wrong: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        check(wrong)


def test_instants_become_utc() -> None:
    assert values.instant("2026-01-31T14:00:00+02:00") == "2026-01-31T12:00:00Z"
    assert values.instant("2026-01-31T12:00:00.500Z") == "2026-01-31T12:00:00.500000Z"
    assert values.instant(datetime(2026, 1, 31, 12, tzinfo=UTC)) == "2026-01-31T12:00:00Z"


def test_a_date_by_its_week_becomes_a_day_of_the_month() -> None:
    assert values.instant("2026-W05-6T12:00:00Z") == "2026-01-31T12:00:00Z"


def test_instants_need_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        values.instant("2026-01-31T12:00:00")
    with pytest.raises(ValueError, match="outside the years"):
        values.instant(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))))


@given(st.datetimes(timezones=st.just(UTC)))
def test_canonical_instants_are_stable(moment: datetime) -> None:
    text = values.instant(moment)
    assert text is not None
    assert values.instant(text) == text
    assert datetime.fromisoformat(text) == moment


def test_days_are_dates_only() -> None:
    assert values.day("2026-01-31") == "2026-01-31"
    with pytest.raises(ValueError, match="not an ISO 8601 date"):
        values.day("31/01/2026")


@pytest.mark.parametrize(
    ("given_", "code", "form"),
    [
        ("12.5", "EUR", "12.50"),
        ("12.500", "EUR", "12.50"),
        ("0.0123", "EUR", "0.0123"),
        (12, "JPY", "12"),
        ("1E+2", "EUR", "100.00"),
        ("-0.00", "EUR", "0.00"),
        (Decimal("1.5"), "KWD", "1.500"),
    ],
)
def test_amounts_have_one_form_per_value(given_: Any, code: str, form: str) -> None:
    assert values.money({"amount": given_, "currency": code}) == {"amount": form, "currency": code}


@pytest.mark.parametrize("amount", [12.5, "12,50", "NaN", "1E+999999", True, "", None])
def test_inexact_or_strange_amounts_are_refused(amount: Any) -> None:
    with pytest.raises(ValueError, match="amount"):
        values.money({"amount": amount, "currency": "EUR"})


def test_money_is_whole_or_nothing() -> None:
    with pytest.raises(ValueError, match="both"):
        values.money({"amount": "1"})


def test_numbers_are_integers_where_they_can_be() -> None:
    assert [values.number(v) for v in ("2.000", 2.5, "0.35", 7)] == [2, 2.5, 0.35, 7]
    assert isinstance(values.number(2.0), int)


@pytest.mark.parametrize("wrong", [True, "x", float("inf"), [], "1e999"])
def test_what_is_no_number_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="number"):
        values.number(wrong)


def test_whole_numbers_have_no_fraction() -> None:
    assert values.integer("3") == 3
    with pytest.raises(ValueError, match="whole"):
        values.integer(3.5)


def test_truth_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="true or false"):
        values.truth("yes")


def test_tags_are_sorted_and_unique() -> None:
    assert values.tags(["b", " a ", "b", ""]) == ["a", "b"]
    with pytest.raises(ValueError, match="list"):
        values.tags("a,b")


@pytest.mark.parametrize("wrong", [{}, [[]], float("nan"), 2**70, "\udfff"])
def test_custom_values_are_json_scalars(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        values.scalar_or_list(wrong)


@pytest.mark.parametrize("key", ["email:hard_bounce", "sms:carrier_stop", "ad_platform:meta:blocked"])
def test_suppression_keys_name_channel_and_reason(key: str) -> None:
    assert values.suppression_key(key) == key


@pytest.mark.parametrize("key", ["email", "email:unsubscribed", "hard_bounce", ":admin", 7])
def test_a_suppression_for_another_reason_is_unfit(key: object) -> None:
    with pytest.raises(values.UnfitError):
        values.suppression_key(key)


def test_consent_keys_name_purpose_and_channel() -> None:
    assert values.consent_key("marketing.direct:email") == "marketing.direct:email"
    assert values.consent_key("ads.audience_match:ad_platform:meta")
    with pytest.raises(ValueError, match="purpose"):
        values.consent_key("email")


def test_references_are_ids_or_unresolved() -> None:
    assert values.reference({"ref": " 7 "}) == {"ref": "7"}
    assert values.reference("a1") == "a1"
    with pytest.raises(ValueError, match="unresolved reference"):
        values.reference({"id": "7"})

"""Normalising and hashing per ad platform: the 20 vectors, the known mistakes, and the laws."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accord.consent.identifiers import (
    GOOGLE,
    META,
    PINTEREST,
    PLATFORMS,
    TIKTOK,
    Hashed,
    Normaliser,
    Platform,
    home_country,
    sha256,
)
from accord.model.values import UnfitError
from tests.unit.consent.vectors import VECTORS, Vector

KNOWN_WRONG = {
    "G1": ("only the dots removed", "5b03548e0a40"),
    "G4": ("the trunk zero kept", "1700eff97607"),
    "M4": ("letters with accents lost", "c14269527c14"),
}

EMAILS = [(GOOGLE, "email_address"), (META, "em"), (PINTEREST, "em"), (TIKTOK, "email")]
PHONES = [(GOOGLE, "phone_number"), (META, "ph"), (PINTEREST, "ph"), (TIKTOK, "phone")]
NORMALISERS = [one for platform in PLATFORMS.values() for one in platform.normalisers.values()]
OF_TEXT = [one for one in NORMALISERS if not one.field.startswith("ph")]


def normaliser_name(found: object) -> str | None:
    return found.name if isinstance(found, Normaliser) else None


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_every_vector_is_normalised_and_hashed_as_published(vector: Vector) -> None:
    platform, field, given_value, country, normalised, digest = vector
    assert platform[field].normalise(given_value, country) == normalised
    assert platform[field].identify(given_value, country).value == digest


@pytest.mark.parametrize("case", KNOWN_WRONG)
def test_a_known_mistake_is_not_made(case: str) -> None:
    platform, field, given_value, country, _, digest = VECTORS[case]
    mistake = KNOWN_WRONG[case][1]
    assert not platform[field].identify(given_value, country).value.startswith(mistake)
    assert not digest.startswith(mistake)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("jeandupont+promo@gmail.com", "5b03548e0a40"),
        ("+330612345678", "1700eff97607"),
        ("sainttienne", "c14269527c14"),
    ],
)
def test_the_known_mistakes_are_what_they_are_said_to_be(text: str, mistake: str) -> None:
    assert sha256(text).startswith(mistake)


def test_the_version_of_the_normaliser_is_kept() -> None:
    assert META["em"].identify("a@example.com").normaliser == "meta/em/1"
    assert {one.name.count("/") for one in NORMALISERS} == {2}


@pytest.mark.parametrize("field", EMAILS)
@pytest.mark.parametrize(
    "address",
    [
        "abc123@marketplace.amazon.fr",
        "ABC123@Marketplace.Amazon.FR ",
        "x@members.ebay.com",
        "x@relay.walmart.com",
        "x@privaterelay.appleid.com",
        "x@notification.mirakl.net",
    ],
)
def test_a_lent_address_is_never_hashed(field: tuple[Platform, str], address: str) -> None:
    platform, name = field
    with pytest.raises(UnfitError, match="lent"):
        platform[name].identify(address)


@pytest.mark.parametrize("field", EMAILS)
@pytest.mark.parametrize("text", ["jean", "@example.com", "a@b@example.com", "a@localhost", "a\u200b@b.fr"])
def test_what_is_no_address_is_never_hashed(field: tuple[Platform, str], text: str) -> None:
    platform, name = field
    with pytest.raises(UnfitError):
        platform[name].identify(text)


def test_an_address_whose_local_part_is_only_a_suffix_is_none() -> None:
    with pytest.raises(UnfitError):
        GOOGLE["email_address"].identify("+promo@gmail.com")


@pytest.mark.parametrize("field", PHONES)
def test_a_national_number_without_a_country_is_nobodys(field: tuple[Platform, str]) -> None:
    platform, name = field
    with pytest.raises(UnfitError):
        platform[name].identify("06 12 34 56 78")


@pytest.mark.parametrize("field", PHONES)
@pytest.mark.parametrize(
    "spelling", ["06 12 34 56 78", "+33612345678", "0033612345678", "+33 (0)6.12.34.56.78"]
)
def test_every_spelling_of_a_number_is_one_number(field: tuple[Platform, str], spelling: str) -> None:
    platform, name = field
    assert platform[name].normalise(spelling, "fr").removeprefix("+") == "33612345678"


@pytest.mark.parametrize("one", OF_TEXT, ids=normaliser_name)
@pytest.mark.parametrize("text", ["", "   ", "\u00a0", "\u200b", "-", "'’", "\u0301"])
def test_nothing_is_never_hashed(one: Normaliser, text: str) -> None:
    with pytest.raises(UnfitError):
        one.identify(text)


def test_a_hash_is_taken_only_where_the_type_says_so() -> None:
    digest = sha256("someone@example.com")
    assert META["em"].identify(Hashed(digest)).value == digest
    assert META["em"].identify(Hashed(digest)).normaliser == "meta/em/given"
    assert META["external_id"].identify(digest).value == sha256(digest)
    with pytest.raises(UnfitError):
        META["em"].identify(digest)


@pytest.mark.parametrize("text", ["", "abc", "F" * 64, "g" * 64, "a" * 63, "a" * 64 + "\n"])
def test_what_is_no_digest_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(UnfitError):
        Hashed(text)


def test_a_digest_never_leaves_where_clear_text_is_wanted() -> None:
    with pytest.raises(UnfitError, match="clear"):
        GOOGLE["postal_code"].identify(Hashed(sha256("75011")))


def test_the_id_of_a_device_that_limits_tracking_is_nobodys() -> None:
    with pytest.raises(UnfitError, match="limits tracking"):
        TIKTOK["gaid"].identify("00000000-0000-0000-0000-000000000000")


@pytest.mark.parametrize(
    ("text", "country", "form"),
    [
        ("94035-1234", "US", "94035"),
        ("94035-1234", None, "940351234"),
        ("SW1A 1AA", "GB", "sw1a1aa"),
        ("75 011", "FR", "75011"),
    ],
)
def test_a_postal_code_is_cut_only_in_the_united_states(text: str, country: str | None, form: str) -> None:
    assert META["zp"].normalise(text, country) == form


def test_pinterest_gets_no_postal_code_with_letters() -> None:
    with pytest.raises(UnfitError):
        PINTEREST["zp"].identify("SW1A 1AA")


@pytest.mark.parametrize(("word", "form"), [("female", "f"), ("M", "m")])
def test_the_canonical_gender_is_understood(word: str, form: str) -> None:
    assert META["ge"].normalise(word) == PINTEREST["ge"].normalise(word) == form
    with pytest.raises(UnfitError):
        META["ge"].normalise("unspecified")


def test_only_what_is_known_leaves_and_the_ledger_says_how_it_was_made() -> None:
    found = META.identify({"em": "A@Example.com", "ph": "0612345678", "fn": None, "ct": ""})
    assert found.values == {"em": sha256("a@example.com")}
    assert found.ledger() == {"em": sha256("a@example.com"), "normaliser": "meta/em/1"}
    assert set(found.unfit) == {"ph"}
    assert "0612345678" not in str(found.unfit)


def test_nobody_leaves_no_trace_in_the_ledger() -> None:
    assert META.identify({"em": "nobody"}).ledger() == {}


def test_a_field_the_platform_does_not_have_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        META.identify({"birth_date": "1990-01-31"})


@pytest.mark.parametrize(
    ("addresses", "country"),
    [
        ({"default": {"country": "FR"}, "work": {"country": "BE"}}, "FR"),
        ({"billing": {"country": "BE"}, "work": {"country": "BE"}, "gone": None}, "BE"),
        ({"billing": {"country": "BE"}, "work": {"country": "FR"}}, None),
        ({"billing": {"locality": "Example"}}, None),
        (None, None),
    ],
)
def test_nobodys_country_is_guessed(addresses: dict[str, object] | None, country: str | None) -> None:
    assert home_country({"addresses": addresses}) == country


@given(
    one=st.sampled_from(OF_TEXT),
    text=st.text(max_size=40),
    country=st.none() | st.sampled_from("US FR TR".split()),
)
@example(one=META["fn"], text="J\u030c", country=None)
@example(one=META["ct"], text="İstanbul", country="TR")
@example(one=META["fn"], text="ΟΔΥΣΣΕΥΣ'", country=None)
def test_normalising_twice_changes_nothing(one: Normaliser, text: str, country: str | None) -> None:
    try:
        once = one.normalise(text, country)
    except UnfitError:
        return
    assert one.normalise(once, country) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once


@given(
    field=st.sampled_from(EMAILS),
    local=st.text("abcXYZ.+-", min_size=1, max_size=12),
    domain=st.sampled_from(["Gmail.com", "googlemail.com", "Example.FR", "gmail.com.example.org"]),
)
def test_an_address_keeps_its_domain(field: tuple[Platform, str], local: str, domain: str) -> None:
    platform, name = field
    try:
        once = platform[name].normalise(f" {local}@{domain}\t")
    except UnfitError:
        assert platform is GOOGLE
        return
    assert once.endswith("@" + domain.lower())
    assert platform[name].normalise(once) == once


@given(field=st.sampled_from(PHONES), number=st.integers(600_000_000, 799_999_999))
def test_a_number_in_e164_is_its_own_form_whatever_the_country(
    field: tuple[Platform, str], number: int
) -> None:
    platform, name = field
    form = platform[name].normalise(f"+33{number}", None)
    assert form.removeprefix("+") == f"33{number}"
    assert {platform[name].normalise(f"+33{number}", country) for country in ("FR", "BE", "US")} == {form}


@given(one=st.sampled_from(NORMALISERS), text=st.text(max_size=40))
def test_whatever_is_given_is_answered_or_refused(one: Normaliser, text: str) -> None:
    try:
        found = one.identify(text, "FR")
    except UnfitError:
        return
    assert found.normaliser == one.name
    assert not one.hashed or len(found.value) == 64

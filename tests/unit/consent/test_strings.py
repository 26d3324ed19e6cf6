"""Consent strings: what is written is read, and what cannot be read allows nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.consent.capture import Asked
from accord.consent.policy import shipped
from accord.consent.strings import gpp, tcf
from accord.consent.strings.bits import MalformedError
from tests.unit.consent.written import ALPHABET, GOOGLE_ID, Tc
from tests.unit.consent.written import gpp as gpp_text

CAPTURE = shipped().capture
NOW = 1_790_000_000.0
ASKED = Asked("ads.conversion_measurement", "ads", "ad_platform:google", "FR", NOW)
YES = Tc().text()
PADDING = 2
"""Characters at the end that may be nothing but padding."""

_ranges = st.lists(st.tuples(st.integers(1, 900), st.integers(0, 40)), max_size=4).map(
    lambda found: tuple(sorted((first, first + more) for first, more in found))
)
_purposes = st.frozensets(st.integers(1, 24))


@given(
    st.builds(
        Tc,
        purposes=_purposes,
        legitimate=_purposes,
        consented=_ranges,
        disclosed=_ranges,
        restrictions=st.lists(
            st.tuples(st.integers(1, 11), st.integers(0, 3), _ranges.filter(bool)), max_size=3
        ).map(tuple),
        updated=st.integers(0, 6_000_000_000).map(lambda tenths: tenths / 10),
        as_ranges=st.booleans(),
    )
)
def test_what_is_written_is_read(written: Tc) -> None:
    known = tcf.decode(written.text())
    assert known.disclosed is not None
    assert (known.purposes, known.legitimate) == (written.purposes, written.legitimate)
    assert (known.updated, known.policy, known.country) == (written.updated, 5, "FR")
    for vendor in range(1, 950):
        assert (vendor in known.vendors) == any(a <= vendor <= b for a, b in written.consented)
        assert (vendor in known.disclosed) == any(a <= vendor <= b for a, b in written.disclosed or ())
        for purpose, kind, whom in written.restrictions:
            if any(a <= vendor <= b for a, b in whom):
                assert vendor in known.restrictions[purpose, tcf.Restriction(kind)]


def test_the_example_of_the_specification_is_read() -> None:
    """The worked example of the TCF specification, "What does a TC string look like"."""
    known = tcf.decode(
        "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA.IFoEUQQgAIQwgIwQABAEAAAAOIAACAIAAAAQAIAgEAACEAAAAAgA"
        "QBAAAAAAAGBAAgAAAAAAAFAAECAAAgAAQARAEQAAAAAJAAIAAgAAAYQEAAAQmAgBC3ZAYzUw"
    )
    assert known.purposes == {1, 2, 3}
    assert [one for one in range(1, 800) if one in known.vendors] == [2, 6, 8]
    assert known.disclosed is not None
    assert 720 in known.disclosed


@pytest.mark.parametrize(
    ("header", "numbers"), [("DBABM", [2]), ("DBACNY", [2, 6]), ("DBABjw", [5, 6]), ("DBAA", [])]
)
def test_the_headers_of_the_specification_are_read(header: str, numbers: list[int]) -> None:
    assert list(gpp.sections("~".join([header, *("x" for _ in numbers)]))) == numbers


def refused(**snapshot: str) -> str:
    return CAPTURE.refusal(snapshot, ASKED)


def test_a_string_that_allows_everything_asked_takes_nothing_away() -> None:
    assert refused(tcf=YES) == ""
    assert refused(gpp=gpp_text({2: YES, 6: "1YNN"})) == ""


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"disclosed": None}, "tcf_disclosed_vendors_missing"),
        ({"disclosed": ((1, 754),)}, "tcf_vendor_not_disclosed"),
        ({"consented": ((1, 754),)}, "tcf_vendor_without_consent"),
        ({"purposes": frozenset({1})}, "tcf_purpose_7_without_consent"),
        (
            {"purposes": frozenset({1}), "legitimate": frozenset({7})},
            "tcf_purpose_7_legitimate_interest_only",
        ),
        ({"restrictions": ((7, 0, ((700, 800),)),)}, "tcf_purpose_7_restricted"),
        ({"restrictions": ((7, 1, ((700, 800),)),)}, ""),
        ({"restrictions": ((7, 2, ((755, 755),)),)}, "tcf_purpose_7_restricted"),
        ({"restrictions": ((7, 0, ((1, 754),)),)}, ""),
        ({"service_specific": False}, "tcf_not_service_specific"),
        ({"updated": NOW + 86_400}, "tcf_later_than_the_event"),
        ({"version": 1}, "snapshot_unreadable_version"),
    ],
)
def test_whatever_is_missing_from_a_string_is_a_no(changed: dict[str, Any], reason: str) -> None:
    assert refused(tcf=replace(Tc(), **changed).text()) == reason


@given(st.text() | st.text(ALPHABET + ".~", min_size=1))
def test_garbage_allows_nothing_and_says_why(text: str) -> None:
    for kind in ("tcf", "gpp"):
        if text.strip():
            assert CAPTURE.refusal({kind: text}, ASKED)


@given(st.integers(0, len(YES) - 1), st.sampled_from(ALPHABET + ".~ "))
def test_a_string_of_which_one_character_changed_is_read_or_refused(at: int, other: str) -> None:
    with suppress(MalformedError):
        tcf.decode(YES[:at] + other + YES[at + 1 :])


@given(st.integers(0, len(YES) - 1 - PADDING))
def test_a_string_that_was_cut_off_allows_nothing(length: int) -> None:
    assert CAPTURE.refusal({"tcf": YES[:length] or "-"}, ASKED)


@pytest.mark.parametrize(
    ("country", "reason"), [("FR", ""), (None, ""), ("US", "snapshot_unreadable_gpp_section")]
)
def test_the_section_of_the_persons_country_counts(country: str | None, reason: str) -> None:
    asked = replace(ASKED, country=country)
    assert CAPTURE.refusal({"gpp": gpp_text({2: YES, 7: "BAAAAAAAAA"})}, asked) == reason


def test_a_section_that_is_not_understood_allows_nothing() -> None:
    assert refused(gpp=gpp_text({7: "BAAAAAAAAA"})) == "snapshot_unreadable_gpp_section"


def test_a_recipient_without_an_id_gets_nothing_on_a_string() -> None:
    asked = replace(ASKED, channel="ad_platform:meta")
    assert CAPTURE.refusal({"tcf": YES}, asked) == "tcf_vendor_unknown"


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        ({"ad_storage": "granted", "ad_user_data": "GRANTED"}, ""),
        ({"ad_storage": "granted"}, "consent_mode_ad_user_data"),
        ({"ad_storage": "denied", "ad_user_data": "granted"}, "consent_mode_ad_storage"),
        ({"ad_storage": "yes", "ad_user_data": "true"}, "consent_mode_ad_storage"),
        ({"analytics_storage": "granted"}, "consent_mode_ad_storage"),
    ],
)
def test_a_key_of_the_consent_mode_that_is_absent_is_a_no(shown: dict[str, str], reason: str) -> None:
    assert refused(**shown) == reason


def test_everything_that_came_with_an_event_must_allow_it() -> None:
    no = {"ad_storage": "denied"}
    assert CAPTURE.refusal({"tcf": YES} | no, ASKED)
    assert refused(tcf=YES, gpp=gpp_text({2: replace(Tc(), disclosed=None).text()}))


def test_a_purpose_that_no_framework_word_stands_for_is_a_no() -> None:
    asked = replace(ASKED, purpose="email.open_tracking")
    assert CAPTURE.refusal({"tcf": YES}, asked) == "tcf_not_mapped"
    assert CAPTURE.refusal({"ad_storage": "granted"}, asked) == "consent_mode_not_mapped"


def test_the_id_is_the_one_of_the_policy() -> None:
    assert CAPTURE.tcf is not None
    assert CAPTURE.tcf.vendors["ad_platform:google"] == GOOGLE_ID

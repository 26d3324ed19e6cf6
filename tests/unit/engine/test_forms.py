from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from accord.engine.forms import is_form_of

words = st.text("abcdefghijkl", min_size=1, max_size=12)


@given(words, st.integers(1, 12))
def test_a_truncated_value_is_a_form(text: str, length: int) -> None:
    assert is_form_of(text, text[:length])


@given(words)
def test_another_case_is_a_form(text: str) -> None:
    assert is_form_of(text, text.upper())


@given(words, st.integers(1, 12))
def test_truncated_capitals_are_a_form(text: str, length: int) -> None:
    assert is_form_of(text, text.upper()[:length])


def test_a_national_telephone_number_is_a_form() -> None:
    assert is_form_of("+33612345678", "06 12 34 56 78")


def test_zeros_are_no_form_of_a_number() -> None:
    assert not is_form_of("+33612345678", "000")


def test_an_emptied_value_is_no_form() -> None:
    assert not is_form_of("Marie", None)
    assert not is_form_of("Marie", "")


@given(words, words)
def test_a_longer_value_is_an_edit(text: str, more: str) -> None:
    assert not is_form_of(text, text + more)


@given(words, words)
def test_a_structure_is_a_form_if_every_shown_part_is(one: str, other: str) -> None:
    assert is_form_of({"city": one, "line": other}, {"city": one.upper()})
    assert not is_form_of({"city": one, "line": other}, {"city": f"{one}x"})

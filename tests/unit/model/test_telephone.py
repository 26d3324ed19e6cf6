from __future__ import annotations

from collections.abc import Callable

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accord.model import telephone

CODES = st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))


def test_phone_needs_a_country_code() -> None:
    assert telephone.phone("+33 (0)6 12 34 56 78") == "+33612345678"
    with pytest.raises(ValueError, match="country is unknown"):
        telephone.phone("06 12 34 56 78")


def test_fictitious_numbers_are_accepted() -> None:
    assert telephone.phone("+1 202 555 0143") == "+12025550143"
    assert telephone.parse_phone("020 7946 0018", "GB") == "+442079460018"


@given(
    st.builds(
        lambda code, digits, gaps: f"+{code}" + "".join(map(str.__add__, gaps, digits)),
        CODES,
        st.text("0123456789", min_size=2, max_size=14),
        st.lists(st.sampled_from(["", "", " ", "-", ".", " - "]), min_size=14, max_size=14),
    )
)
@example("+44 07911 123456")
@example("+1 1 202 555 0143")
@example("+54 9 11 2345 6789")
@example("+39 06 698 12345")
@example("+52 1 55 1234 5678")
@example("+999123456789")
def test_the_short_cut_gives_what_the_library_gives(number: str) -> None:
    assert _of(telephone.parse_phone, number) == _of(telephone._parsed, number)


def _of(parse: Callable[[str, str | None], str], number: str) -> str | None:
    try:
        return parse(number, None)
    except ValueError:
        return None

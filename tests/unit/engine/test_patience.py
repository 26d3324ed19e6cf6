"""How long a vendor is waited for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.engine.patience import LONGEST, asked


@given(st.none() | st.floats() | st.integers())
def test_a_vendor_is_waited_for_a_time_to_come_and_within_reason(seconds: float | None) -> None:
    wait = asked(seconds)
    assert wait is None or 0 < wait <= LONGEST


@given(st.floats(0, LONGEST, exclude_min=True))
def test_a_vendor_that_asks_for_a_sensible_wait_gets_it(seconds: float) -> None:
    assert asked(seconds) == seconds


@pytest.mark.parametrize("nothing", [float("nan"), -1.0, 0.0, None])
def test_what_is_no_time_to_come_says_nothing(nothing: float | None) -> None:
    assert asked(nothing) is None

"""What a person names is what is measured."""

from __future__ import annotations

import pytest

from bench.__main__ import choice
from bench.prices import OMITTED
from bench.programs.without import OMISSIONS


@pytest.mark.parametrize(
    ("named", "chosen"),
    [
        ("W1", ["W1"]),
        ("W1+", ["W1+"]),
        ("W1+,W3", ["W3", "W1+"]),
        ("W6", ["W6-2", "W6-10", "W6c-2", "W6c-10"]),
        ("P", [f"P-{name}" for name in OMITTED]),
    ],
)
def test_a_workload_is_chosen_by_its_name(named: str, chosen: list[str]) -> None:
    assert choice(["--workloads", named]).workloads == chosen


def test_an_unknown_workload_is_refused_with_those_that_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        choice(["--workloads", "W99"])
    assert "W99: known are W1" in capsys.readouterr().err


def test_whatever_has_a_price_can_be_left_out() -> None:
    assert {*OMISSIONS, "nothing"} == set(OMITTED)

from __future__ import annotations

import pytest

from accord.testing.simulation import everywhere
from accord.testing.simulation.__main__ import main

EVERY = 30
"""Of the reference run's points; `python -m accord.testing.simulation crash-everywhere` takes all."""


def test_a_crash_at_any_point_of_the_reference_run_breaks_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["crash-everywhere", "--every", str(EVERY), "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "faults: crash " in said


def test_each_point_is_a_crash_of_its_own() -> None:
    first, second = everywhere.crashed(40), everywhere.crashed(41)
    assert first.counts == second.counts == {"crash": 1}
    assert first.trace != second.trace


def test_the_undisturbed_reference_run_has_over_600_points_and_no_fault() -> None:
    undisturbed = everywhere.crashed(0)
    assert undisturbed.points >= 600
    assert undisturbed.counts == {}
    assert undisturbed.figures["erasures"] == 1
    assert undisturbed.figures["withdrawals"] >= 2
    assert undisturbed.violations == []

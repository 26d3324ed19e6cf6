from __future__ import annotations

import pytest

from accord.testing.simulation import simulate
from accord.testing.simulation.ablation import ABLATIONS

SEEDS = range(30)
"""As many as a test run has time for; `python -m accord.testing.simulation run` plays the rest."""
REGRESSIONS = (7, 75, 115, 311, 406, 1501, 1516, 1565, 2145, 3014)
"""Seeds of the general weather that found a fault of the engine or of the harness once."""


@pytest.mark.parametrize("seed", SEEDS)
def test_no_invariant_breaks_in_any_weather(seed: int) -> None:
    assert simulate(seed).violations == []


@pytest.mark.parametrize("seed", [seed for seed in REGRESSIONS if seed not in SEEDS])
def test_a_seed_that_once_failed_stays_whole(seed: int) -> None:
    assert simulate(seed).violations == []


@pytest.mark.parametrize(("weather", "seed"), [("conditional", 1), ("consent", 0)])
def test_directed_weather_breaks_nothing_that_stands(weather: str, seed: int) -> None:
    assert simulate(seed, ABLATIONS[weather]).violations == []


def test_the_same_seed_plays_the_same_schedule_twice() -> None:
    first, second = simulate(4), simulate(4)
    assert (first.trace, first.switches) == (second.trace, second.switches)


def test_another_seed_plays_another_schedule() -> None:
    assert simulate(4).trace != simulate(5).trace

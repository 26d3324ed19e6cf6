"""The test of the test: every safeguard, switched off, is missed, and switched on, is enough."""

from __future__ import annotations

import pytest

from accord.testing.simulation import simulate
from accord.testing.simulation.ablation import ABLATIONS, directed

FIRST = {
    "brake": 0,
    "conditional": 8,
    "consent": 0,
    "durability": 1,
    "echo": 104,
    "fence": 0,
    "intent": 12,
    "overlap": 3,
    "projection": 2,
    "reference": 1,
    "search": 1,
    "settle": 21,
    "tombstone": 3,
}
"""The seed of the directed weather that catches each first; a change of the engine may move it."""
MOST = 40
"""Seeds from there on within which it must be caught even so."""


@pytest.mark.parametrize("name", sorted(ABLATIONS))
def test_a_missing_safeguard_is_caught_and_the_whole_engine_stands_the_same_weather(name: str) -> None:
    climate, ablations = directed(name)
    seeds = range(FIRST[name], FIRST[name] + MOST)
    caught = next((seed for seed in seeds if simulate(seed, climate, ablations).violations), None)
    assert caught is not None, f"nothing broke without {name!r} in seeds {seeds.start} to {seeds.stop}"
    assert simulate(caught, climate).violations == []

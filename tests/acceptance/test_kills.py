"""``accord sync`` killed with ``kill -9`` again and again, on both databases; many more by
``python -m accord.testing.kills --kills 1000``."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from accord.testing.kills import Campaign
from accord.testing.kills.census import faults
from accord.testing.kills.moment import Kind, Moment
from accord.testing.kills.site import Person, Site

KILLS = 25
"""For each database."""


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return "sqlite"
    server: str = request.getfixturevalue("postgres")
    return server


def test_killed_runs_lose_and_double_nothing(place: str) -> None:
    tally = Campaign(KILLS, place, seed=7).run()
    assert tally.faults == []
    assert tally.killed >= KILLS
    assert max(tally.calm) <= 3


def test_a_command_started_from_scratch_is_killed_like_a_forked_one() -> None:
    tally = Campaign(3, seed=8, cold=True).run()
    assert tally.faults == []
    assert tally.killed >= 3


def test_a_census_notices_what_is_doubled_lost_and_strange(tmp_path: Path) -> None:
    """A proof that cannot fail is none."""
    with Site(tmp_path, "sqlite:///accord.db", 1) as site:
        site.people["k0@example.com"] = Person(["Ann", "Ash"], orders=["#K1"])
        for _ in range(2):
            row = {"email": "k0@example.com", "firstname": "Ann", "lastname": "Ash"}
            site.sandboxes["crm"].shelf.tables["contacts"].insert(row)
        site.sandboxes["shop"].person_creates("customers", {"email": "k1@example.com"})
        found = sorted({(kind, text.partition(" is ")[0]) for kind, text in faults(site)})
    assert found == [
        ("duplicate", "k0@example.com"),
        ("lost", "k0@example.com"),
        ("lost", "order #K1"),
        ("strange", "k1@example.com"),
    ]


def test_moments_are_drawn_by_seed() -> None:
    drawn = [Moment.draw(Random(seed)) for seed in range(40)]
    assert drawn == [Moment.draw(Random(seed)) for seed in range(40)]
    assert {moment.kind for moment in drawn} == set(Kind)

"""What a person reads of a plan, and of a run that waits for one: what it is about, and how to go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.cli_stage import Said, Stage

LIMITS = "\n[flows.customers.limits]\nmax_creates = 1\n"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def limited(stage: Stage) -> Stage:
    """Two people of the till are new to the loyalty programme, which may get one in a run."""
    stage.config.write_text(stage.config.read_text(encoding="utf-8") + LIMITS, encoding="utf-8")
    return stage


def says(said: Said, code: int, *words: str) -> None:
    assert said.code == code, said
    for each in words:
        assert each in said.out, said.out


def test_a_plan_beyond_a_limit_says_how_to_go_on(limited: Stage) -> None:
    said = limited.inside("plan")
    says(said, 4, "would create more than 1 records in loyalty/members")
    says(said, 4, "accord sync --flow customers --approve")
    assert limited.inside("sync", "--flow", "customers", "--approve").code == 0


def test_a_plan_names_the_command_for_just_what_it_shows(stage: Stage) -> None:
    said = stage.inside("plan", "--full", "--connection", "till")
    says(said, 0, "Go on with: accord sync --flow customers --full --connection till\n")

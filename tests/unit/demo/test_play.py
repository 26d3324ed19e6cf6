"""The demo before and after the play: refusals, and what a broken claim looks like."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord.demo import run
from accord.demo.claims.claim import Claim
from accord.demo.story import Story
from accord.errors import SetupError


def test_a_folder_with_something_in_it_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "accord.toml").write_text("mine")
    with pytest.raises(SetupError, match="not empty"):
        run(size=50, json=True, keep=tmp_path)
    assert (tmp_path / "accord.toml").read_text() == "mine"


def test_too_few_people_are_refused() -> None:
    with pytest.raises(SetupError, match="at least"):
        run(json=True, size=3)


def test_a_claim_that_fails_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Story(silent=False).claim(
        3, Claim("second_run", "A second run writes nothing", ok=False, figures={"writes": 7})
    )
    shown = capsys.readouterr().out
    assert "FAILED" in shown
    assert "writes 7" in shown


def test_json_output_is_not_mixed_with_a_story(capsys: pytest.CaptureFixture[str]) -> None:
    Story(silent=True).claim(1, Claim("agreement", "Every system holds every person", ok=True, figures={}))
    assert capsys.readouterr().out == ""

from __future__ import annotations

import atexit
import gc
from collections.abc import Callable, Iterator

import pytest

from accord import cli
from accord.calm import YOUNG, calm


@pytest.fixture(autouse=True)
def usual() -> Iterator[tuple[int, int, int]]:
    """Leaves the collector as it was."""
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)


def test_the_collector_is_slowed_until_the_last_one_who_asked_has_ended() -> None:
    gc.set_threshold(500, 7, 8)
    with calm():
        with calm():
            assert gc.get_threshold() == (YOUNG, 7, 8)
        assert gc.get_threshold() == (YOUNG, 7, 8)
    assert gc.get_threshold() == (500, 7, 8)


def test_a_collector_that_somebody_switched_off_stays_off() -> None:
    gc.set_threshold(0)
    with calm():
        assert gc.get_threshold()[0] == 0
    assert gc.get_threshold()[0] == 0


def test_a_slower_collector_than_ours_is_left_alone() -> None:
    gc.set_threshold(YOUNG * 2)
    with calm():
        assert gc.get_threshold()[0] == YOUNG * 2


def test_a_program_that_runs_a_command_ends_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_end: list[Callable[..., object]] = []
    monkeypatch.setattr(atexit, "register", at_the_end.append)
    assert cli.main(["nonsense"]) == 2
    assert gc.freeze not in at_the_end
    monkeypatch.setattr("sys.argv", ["accord", "nonsense"])
    assert cli.main() == 2
    assert gc.freeze in at_the_end

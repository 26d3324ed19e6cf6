"""The contract suite passes a sound connector and catches a careless one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

import accord
from accord.http import Pages
from accord.testing import ConnectorContract
from accord.testing.contract.schedule import ConformanceError, Schedule
from tests.unit.testing import notebook


class TestNotebook(ConnectorContract):
    connector = notebook.Notebook
    settings: ClassVar[dict[str, Any]] = notebook.SETTINGS
    wrong: ClassVar[dict[str, Any]] = notebook.WRONG
    refused: ClassVar[dict[str, Any]] = {"people": {}}
    crash_and_fault_schedules = 5

    def prepare(self, folder: Path) -> None:
        notebook.empty(folder)


class Careless(TestNotebook):
    connector = notebook.Careless


class Listed(notebook.People):
    """Its vendor decides how many rows a page has."""

    read = Pages("/people")


class Vendor(notebook.Notebook):
    streams: ClassVar[Sequence[type[accord.Stream]]] = (Listed,)


class Leaving(TestNotebook):
    connector = Vendor


def test_the_size_of_a_page_may_be_left_to_the_vendor(tmp_path: Path) -> None:
    suite = Leaving()
    suite.test_declared_capabilities_are_sound(suite.build(tmp_path))


def test_tests_that_no_stream_can_pass_are_not_there() -> None:
    gone = {name for name in dir(ConnectorContract) if getattr(TestNotebook, name, None) is None}
    assert "test_a_deleted_record_is_shown_as_declared" in gone
    assert "test_a_limit_on_reads_is_honoured" in gone


def test_a_connector_that_finds_nothing_is_caught(tmp_path: Path) -> None:
    def play() -> None:
        for seed in range(60):
            Schedule(Careless(), "people", seed, tmp_path / str(seed)).play()

    with pytest.raises(ConformanceError, match="more than once"):
        play()


def test_a_schedule_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    played = [Schedule(TestNotebook(), "people", 3, tmp_path / str(at)) for at in range(2)]
    for schedule in played:
        schedule.play()
    assert len({schedule.scheduler.trace() for schedule in played}) == 1

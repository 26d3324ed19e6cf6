"""A report counts what it told: a run that only told a withdrawal did not do nothing."""

from __future__ import annotations

from typing import Any

import pytest

from accord.cli import reported
from accord.cli.output import Output
from accord.errors import OutcomeUnknownError
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import Stage


@pytest.fixture
def reader(stage: Stage) -> Stage:
    """Ann reads the newsletter, and withdraws at the desk."""
    yes: dict[str, Any] = stage.yes(days=2)
    stage["shop"].put("s1", mail="ann@example.com", first="Ann", mail_consent=yes)
    stage.settle()
    stage.withdraw()
    return stage


def test_a_run_counts_the_withdrawals_it_told(reader: Stage) -> None:
    report = reader.sync()
    assert report.members["letter/contacts"].told == 1
    assert report.as_dict()["total"]["told"] == 1
    assert reader.sync().total.told == 0


def test_a_run_of_another_flow_that_told_it_says_where(reader: Stage) -> None:
    report = reader.sync("orders")
    assert {scope: counts.told for scope, counts in report.members.items() if counts.told} == {
        "letter/contacts": 1
    }
    (last, *_) = reader.accord.runs()
    assert last.counters["members"]["letter/contacts"]["told"] == 1


def test_one_that_had_to_be_repeated_is_counted_once(reader: Stage) -> None:
    reader["letter"].fail("unsubscribe", OutcomeUnknownError("no answer"))
    assert reader.sync().total.told == 1


def test_people_read_it_too(reader: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    reported.show(Output(json=False), reader.sync())
    said = capsys.readouterr().out
    assert "  told\n" in said
    assert "0 writes and 1 consent write in " in said
    reported.show(Output(json=False), reader.sync())
    assert "told" not in capsys.readouterr().out

from __future__ import annotations

import pytest

from accord.cli import text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, "(empty)"),
        (True, "yes"),
        ({"city": "Lyon", "postal_code": None}, "city=Lyon"),
        (["vip", "new"], "vip, new"),
        (12.5, "12.5"),
    ],
)
def test_values_stand_on_one_line(given: object, shown: str) -> None:
    assert text.value(given) == shown


def test_control_characters_never_reach_the_terminal() -> None:
    assert text.value("Léa\x1b[31m\n\u202eevil") == "Léa [31m  evil"


def test_long_values_are_cut() -> None:
    assert len(text.value("x" * 5000)) == text.LONGEST


@pytest.mark.parametrize(("seconds", "shown"), [(0.25, "0.2 s"), (125, "2 min 5 s"), (7300, "2 h 1 min")])
def test_durations_use_the_largest_units(seconds: float, shown: str) -> None:
    assert text.duration(seconds) == shown


def test_instants_are_utc() -> None:
    assert text.instant(0.5) == "1970-01-01 00:00:00Z"
    assert text.instant(None) == "-"


def test_reasons_are_counted_by_name() -> None:
    assert text.counted({"refused:no_grant": 2, "dead:": 1, "filtered": 0}) == "dead 1, refused:no_grant 2"

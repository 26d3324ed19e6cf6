"""When flows are due."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from accord.config.schedule import Cron, Every, next_due, parse
from accord.env import SystemEnv

LAST = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


class StillEnv(SystemEnv):
    """Time stands still, chance is seeded."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__()
        self.random = random.Random(seed)

    def now(self) -> datetime:
        return LAST


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("every 10m", 600), ("every 90s", 90), ("every 2 h", 7200), (" every 1d ", 86400), ("every 1w", 604800)],
)
def test_intervals_are_understood(text: str, seconds: float) -> None:
    assert parse(text) == Every(seconds)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("*/15 * * * *", datetime(2025, 3, 1, 12, 15, tzinfo=UTC)),
        ("0 3 * * *", datetime(2025, 3, 2, 3, 0, tzinfo=UTC)),
        ("0 9 * * 1-5", datetime(2025, 3, 3, 9, 0, tzinfo=UTC)),
        ("CRON_TZ=Europe/Paris 0 3 * * *", datetime(2025, 3, 2, 2, 0, tzinfo=UTC)),
        ("0 0 29 2 *", datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_cron_is_understood(text: str, after: datetime) -> None:
    schedule = parse(text)
    assert isinstance(schedule, Cron)
    assert schedule.after(LAST) == after


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10m",
        "every",
        "every 0m",
        "every 5s",
        "every 10 x",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "@daily",
        "a b c d e",
    ],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no schedule|at most"):
        parse(text)


def test_an_unknown_zone_is_named() -> None:
    for zone in ("Europe/Pariss", "../etc/passwd", "/x"):
        with pytest.raises(ValueError, match="no time zone"):
            parse(f"CRON_TZ={zone} 0 3 * * *")


def test_a_flow_that_never_ran_is_due() -> None:
    assert next_due("every 10m", None, StillEnv()) == LAST


@pytest.mark.parametrize("seed", range(5))
def test_jitter_never_makes_an_interval_longer(seed: int) -> None:
    due = next_due("every 10m", LAST, StillEnv(seed))
    assert timedelta(seconds=570) <= due - LAST <= timedelta(seconds=600)


@pytest.mark.parametrize("seed", range(5))
def test_jitter_never_runs_before_cron(seed: int) -> None:
    due = next_due("0 3 * * *", LAST, StillEnv(seed))
    assert timedelta() <= due - datetime(2025, 3, 2, 3, tzinfo=UTC) <= timedelta(seconds=30)


def test_jitter_is_small_for_short_intervals() -> None:
    assert next_due("every 10s", LAST, StillEnv()) - LAST >= timedelta(seconds=9)


def test_flows_do_not_start_at_one_instant() -> None:
    env = StillEnv()
    assert len({next_due("every 10m", LAST, env) for _ in range(10)}) == 10

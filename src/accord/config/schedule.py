"""When a flow runs: ``every 10m``, or cron's five fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

if TYPE_CHECKING:
    from accord.env import Env

JITTER: Final = 30.0
"""Seconds by which runs are spread, at most, so that many flows do not ask one vendor at the same instant."""

SHARE: Final = 0.1
"""No more than this share of the time between two runs is jitter."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_EVERY: Final = re.compile(r"every\s+(\d{1,6})\s*([smhdw])", re.ASCII)
_ZONE: Final = re.compile(r"(?:CRON_TZ|TZ)=(\S+)\s+(.+)")
_LEAST: Final = 10
_FIELDS: Final = 5
_EXAMPLES: Final = "write 'every 10m' (s, m, h, d, w) or five cron fields such as '*/15 6-22 * * 1-5'"
_SOME_DAY: Final = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Every:
    """At a fixed distance from the last start, in seconds."""

    seconds: float

    def after(self, last: datetime) -> datetime:
        """The next time without jitter."""
        return last + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Cron:
    """At the times of a cron expression, by the wall clock of a zone (``CRON_TZ=Europe/Paris``, else UTC)."""

    expression: str
    zone: tzinfo = UTC

    def after(self, last: datetime) -> datetime:
        """The next time without jitter.

        Raises:
            ValueError: there is none (30 February).
        """
        try:
            return next(CronSim(self.expression, last.astimezone(self.zone))).astimezone(UTC)
        except StopIteration:
            raise ValueError("this day never comes") from None


Schedule = Every | Cron


def parse(text: str) -> Schedule:
    """A schedule from its text.

    Raises:
        ValueError: it is none.
    """
    every = _EVERY.fullmatch(text.strip())
    if every is not None:
        seconds = int(every[1]) * _UNITS[every[2]]
        if seconds < _LEAST:
            raise ValueError(f"a flow runs every {_LEAST}s at most")
        return Every(seconds)
    zoned = _ZONE.fullmatch(text.strip())
    expression = zoned[2] if zoned else text.strip()
    if len(expression.split()) != _FIELDS:
        raise ValueError(f"this is no schedule: {_EXAMPLES}")
    try:
        schedule = Cron(expression, _zone(zoned[1]) if zoned else UTC)
        schedule.after(_SOME_DAY)
    except CronSimError as error:
        raise ValueError(f"this is no schedule ({error}): {_EXAMPLES}") from None
    return schedule


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # zoneinfo raises each of these for names of different strangeness.
        raise ValueError(f"there is no time zone {name!r}; write one such as Europe/Paris") from None


def next_due(schedule: Schedule | str, last: datetime | None, env: Env) -> datetime:
    """When a flow is due again; drawn once, and kept by the caller.

    Jitter makes an interval shorter, never longer: whoever asks every ten minutes runs what is due every
    ten minutes. It puts off the times of cron, which nobody wants to happen early.

    Args:
        schedule: The flow's schedule.
        last: When it last started; None = never: it is due now.
        env: Time and chance.

    Raises:
        ValueError: the text is no schedule.
    """
    if last is None:
        return env.now()
    plan = parse(schedule) if isinstance(schedule, str) else schedule
    due = plan.after(last)
    if isinstance(plan, Every):
        return due - timedelta(seconds=env.random.uniform(0.0, min(JITTER, SHARE * plan.seconds)))
    gap = (plan.after(due) - due).total_seconds()
    return due + timedelta(seconds=env.random.uniform(0.0, min(JITTER, SHARE * gap)))

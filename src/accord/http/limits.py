"""Rate limits: as a connector declares them, and as a vendor's answers tell them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

EVERY = "*"
"""The scope of limits that count every request."""

DAY = 86_400.0
_EPOCH = 1_000_000_000
_EPOCH_MS = 100_000_000_000
_LONG_WINDOW = 3_600.0
_PAIRS = re.compile(r"([a-z]+)\s*=\s*(\d+(?:\.\d+)?)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many calls in so many seconds.

    Attributes:
        calls: Calls (or cost points) that the vendor allows.
        seconds: The window they are counted in.
        burst: How many may be spent at once; None = all of ``calls``.
        scope: ``"*"`` counts every request, ``"default"`` those without a class of their own, any
            other name the requests sent with that ``limit_class``.
    """

    calls: float
    seconds: float = 1.0
    burst: float | None = None
    scope: str = EVERY

    def __post_init__(self) -> None:
        if self.calls <= 0 or self.seconds <= 0 or (self.burst is not None and self.burst < 1):
            raise ValueError("A rate limit needs positive calls and seconds and a burst of at least 1.")

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.calls / self.seconds

    @property
    def bucket(self) -> float:
        """How many calls may be spent at once; at least one."""
        return max(1.0, self.calls if self.burst is None else self.burst)

    def times(self, factor: float) -> RateLimit:
        """The limit of a plan that allows so many times as much; what may be spent at once stays."""
        return replace(self, calls=self.calls * factor, burst=self.bucket)

    def counts(self, limit_class: str) -> bool:
        """Whether a request of this class spends from this limit."""
        return self.scope in (EVERY, limit_class)


@dataclass(frozen=True, slots=True)
class Quota:
    """What one answer told about one window.

    Attributes:
        remaining: Calls left.
        limit: Calls in all, None = not told.
        reset: Seconds until the window is full again, None = not told.
        long: Whether the window is an hour or more (a daily quota), not a burst.
    """

    remaining: float
    limit: float | None = None
    reset: float | None = None
    long: bool = False


# (remaining, limit, reset, long window). Names are the vendors' published ones: the IETF draft
# "RateLimit header fields", HubSpot, BigCommerce, Etsy, Brevo, Zendesk, Aircall.
_FAMILIES = (
    ("ratelimit-remaining", "ratelimit-limit", "ratelimit-reset", False),
    ("x-ratelimit-remaining", "x-ratelimit-limit", "x-ratelimit-reset", False),
    ("x-rate-limit-remaining", "x-rate-limit-limit", "x-rate-limit-reset", False),
    ("x-rate-limit-requests-left", "x-rate-limit-requests-quota", "x-rate-limit-time-reset-ms", False),
    ("x-hubspot-ratelimit-remaining", "x-hubspot-ratelimit-max", "", False),
    ("x-hubspot-ratelimit-secondly-remaining", "x-hubspot-ratelimit-secondly", "", False),
    ("x-hubspot-ratelimit-daily-remaining", "x-hubspot-ratelimit-daily", "", True),
    ("x-sib-ratelimit-remaining", "x-sib-ratelimit-limit", "x-sib-ratelimit-reset", False),
    ("x-remaining-this-second", "x-limit-per-second", "", False),
    ("x-remaining-today", "x-limit-per-day", "", True),
    ("x-aircallapi-remaining", "x-aircallapi-limit", "x-aircallapi-reset", False),
)
# "used/limit" in one header: Shopify's REST API, Lightspeed's R-Series.
_LEVELS = ("x-shopify-shop-api-call-limit", "x-ls-api-bucket-level")


def quotas(headers: Mapping[str, str], now: datetime) -> tuple[Quota, ...]:
    """What the headers of an answer tell about the vendor's limits; unreadable ones are left out.

    Args:
        headers: Header names in lower case or a case-insensitive mapping.
        now: The vendor's clock if it told it, else ours: resets may be instants.
    """
    found = [_family(headers, now, *family) for family in _FAMILIES]
    found += [_level(headers.get(name, "")) for name in _LEVELS]
    found.append(_structured(headers.get("ratelimit", "")))
    return tuple(quota for quota in found if quota is not None)


def retry_after(headers: Mapping[str, str], now: datetime, names: tuple[str, ...] = ()) -> float | None:
    """Seconds that the vendor asks us to wait: ``Retry-After`` (seconds or HTTP date), or headers named."""
    for name in ("retry-after", *names):
        seconds = _wait(headers.get(name, ""), now)
        if seconds is not None:
            return seconds
    return None


def _family(
    headers: Mapping[str, str],
    now: datetime,
    left: str,
    size: str,
    again: str,
    long: bool,  # noqa: FBT001  a row of the table
) -> Quota | None:
    remaining = _first_number(headers.get(left, ""))
    if remaining is None:
        return None
    reset = _wait(headers.get(again, ""), now) if again else None
    if reset is not None and again.endswith("-ms"):
        reset /= 1000
    far = reset is not None and reset >= _LONG_WINDOW
    return Quota(max(0.0, remaining), _first_number(headers.get(size, "")), reset, long or far)


def _level(text: str) -> Quota | None:
    used, _, size = text.partition("/")
    spent, limit = _first_number(used), _first_number(size)
    return None if spent is None or limit is None else Quota(max(0.0, limit - spent), limit)


def _structured(text: str) -> Quota | None:
    """The combined field: ``"default";r=50;t=30``, or the older ``limit=100, remaining=50, reset=5``."""
    told = {name: float(value) for name, value in _PAIRS.findall(text.lower())}
    remaining = told.get("r", told.get("remaining"))
    if remaining is None:
        return None
    reset = told.get("t", told.get("reset"))
    return Quota(remaining, told.get("q", told.get("limit")), reset, (reset or 0.0) >= _LONG_WINDOW)


def _first_number(text: str) -> float | None:
    found = _NUMBER.match(text.strip())
    return float(found.group()) if found else None


def _wait(text: str, now: datetime) -> float | None:
    """Seconds from now: a duration, an epoch in seconds or milliseconds, or a date."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        value = float(text)
        if value >= _EPOCH_MS:
            value = value / 1000 - now.timestamp()
        elif value >= _EPOCH:
            value -= now.timestamp()
        return max(0.0, value)
    instant = _instant(text)
    return None if instant is None else max(0.0, (instant - now).total_seconds())


def _instant(text: str) -> datetime | None:
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = parse(text)
        except (ValueError, TypeError, OverflowError):
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None

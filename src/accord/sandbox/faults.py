"""What goes wrong between a client and a vendor, drawn from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from accord.errors import ConfigError

FAULTS: Mapping[str, str] = {
    "lost-request": "the connection closes before anything was applied",
    "lost-reply": "applied, then the connection closes without an answer",
    "late": "the connection closes and the write is applied up to t_max seconds later",
    "duplicate": "the network delivers the request twice",
    "429": "refused unprocessed, with Retry-After",
    "5xx": "a gateway fails, before or after the request was applied",
    "401": "the token is said to be expired",
    "torn": "the answer ends in the middle",
    "slow": "the answer takes t_max seconds",
    "html": "an HTML page with status 200 instead of the answer",
    "repeat": "a page also shows rows of the page before",
    "reorder": "the rows of a page are shuffled",
    "webhook-repeat": "a webhook is sent twice",
    "webhook-disorder": "webhooks overtake each other",
}
"""Every fault by name, with what happens."""

WEBHOOK_FAULTS = frozenset({"webhook-repeat", "webhook-disorder"})
PAGE_FAULTS = frozenset({"repeat", "reorder"})
WRITE_FAULTS = frozenset({"late", "duplicate"})


@dataclass(frozen=True, slots=True)
class FaultProfile:
    """The probability of each fault. Those of a request exclude each other."""

    rates: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> FaultProfile:
        """Read ``"10%"`` (spread over all faults) or ``"lost-reply=3%,429=2%"``; '' is no fault.

        Raises:
            ConfigError: an unknown fault, or a share that is not between 0 % and 100 %.
        """
        rates: dict[str, float] = {}
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            name, sign, share = (piece.strip() for piece in part.rpartition("="))
            if not sign:
                rates.update(_spread(_share(share, text)))
            elif name in FAULTS:
                rates[name] = _share(share, text)
            else:
                raise _wrong(text, f"unknown fault {name!r}")
        if sum(rate for name, rate in rates.items() if name not in WEBHOOK_FAULTS) > 1 + 1e-9:
            raise _wrong(text, "the shares add up to more than 100 %")
        return cls(rates)

    def __str__(self) -> str:
        return ",".join(f"{name}={rate:.4%}" for name, rate in self.rates.items() if rate)

    def draw(self, random: Random, *, write: bool) -> str:
        """The fault of one request, '' for none. Faults that make no sense for it fall away."""
        if not self.rates:
            return ""
        point = random.random()
        for name, rate in self.rates.items():
            if name in WEBHOOK_FAULTS:
                continue
            if point < rate:
                return name if name not in (PAGE_FAULTS if write else WRITE_FAULTS) else ""
            point -= rate
        return ""

    def happens(self, name: str, random: Random) -> bool:
        """Whether one independent fault (of webhooks) happens now."""
        rate = self.rates.get(name, 0.0)
        return rate > 0 and random.random() < rate


def _spread(share: float) -> dict[str, float]:
    """A total over all faults of requests; webhooks suffer each of theirs with the same share."""
    ordinary = [name for name in FAULTS if name not in WEBHOOK_FAULTS]
    return {name: share if name in WEBHOOK_FAULTS else share / len(ordinary) for name in FAULTS}


def _share(text: str, whole: str) -> float:
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise _wrong(whole, f"{text!r} is not a share") from None
    if not 0 <= share <= 1:
        raise _wrong(whole, f"{text!r} is not between 0 % and 100 %")
    return share


def _wrong(text: str, why: str) -> ConfigError:
    return ConfigError(
        f"faults {text!r}: {why}",
        hint='Write a total such as "10%", or "name=share" pairs of: ' + ", ".join(FAULTS),
    )

"""A crash at every point of a reference run: no moment is too short to be the wrong one (sync.md C2)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from accord.connector import Creates, Deletes
from accord.engine.flow import DeletePolicy
from accord.testing.simulation.schedule import Verdict, simulate
from accord.testing.simulation.town import Climate
from accord.testing.simulation.vendor import Traits, cut, upper

SEED = 1
"""Of the reference run."""


@dataclass(frozen=True, slots=True)
class CrashAt:
    """The reference weather with one crash: the only fault, at this point (0 = none)."""

    point: int = 0

    def __call__(self, seed: int) -> Climate:  # noqa: ARG002  one weather for all
        """The same for every seed."""
        return replace(REFERENCE, crash_at=self.point)


MARKED = Traits(Creates.REFERENCE, visible_after=5.0, deletes=Deletes.FEED, forms={"first": cut(10)})
UNIQUE = Traits(Creates.UPSERT, conditional=False, shows=True, deletes=Deletes.SCAN, forms={"last": upper})
KEYED = Traits(Creates.IDEMPOTENCY_KEY, conditional=False, visible_after=2.0)
REFERENCE = Climate(
    systems=2,
    people=4,
    acts=34,
    runs=12,
    rush=6.0,
    orders=True,
    news=True,
    faulty=0.0,
    crashing=0.0,
    agreeing=0.7,
    withdrawals=2,
    erasures=1,
    unions=1,
    hints=0.3,
    delete=DeletePolicy.PROPAGATE,
    traits=(MARKED, UNIQUE, KEYED),
)
"""Three systems of three classes, customers and orders, deletions that propagate, people who withdraw and one
who is erased, hints, and an operator who takes two for one; nothing else goes wrong."""


def points(seed: int = SEED) -> int:
    """How many switch points and commits the undisturbed reference run has."""
    return simulate(seed, CrashAt()).points


def crashed(point: int, seed: int = SEED) -> Verdict:
    """The reference run with a crash at this point."""
    return simulate(seed, CrashAt(point))

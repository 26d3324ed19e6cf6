"""Mass deletions, lists that turn empty, and who watches that no run deletes more than it may (I15)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING

from accord.engine.flow import Limits
from accord.model.record import Operation
from accord.testing.simulation.vendor import NEWS

if TYPE_CHECKING:
    from accord.model.record import Write
    from accord.testing.simulation.process import Process
    from accord.testing.simulation.town import Town
    from accord.testing.simulation.vendor import Vendor

Violate = Callable[[str, str], None]
FEW = Limits(max_deletes=0.0, least_deletes=2)
"""Limits of a small town: two deletions of a run need no word."""
ENTERED = 6
"""People who stand at a system before it is purged."""


class Brakes:
    """Counts what each run deletes at each vendor; approved runs may delete anything."""

    def __init__(self, town: Town, violate: Violate) -> None:
        self.town, self._violate = town, violate
        self.approved: set[str] = set()
        """Processes whose run a person approved."""
        self._deleted: dict[tuple[str, str, str], set[str]] = {}

    def begins(self, process: Process, vendor: str, stream: str, writes: Sequence[Write]) -> None:
        """A writing request begins."""
        gone = {str(w.external_id) for w in writes if w.operation is Operation.DELETE and w.hub_id}
        if not gone or process.name in self.approved:
            return
        deleted = self._deleted.setdefault((process.name, vendor, stream), set())
        deleted |= gone  # again, too: what was repeated is one deletion
        allowed = self.town.climate.limits.least_deletes
        if len(deleted) > allowed:
            text = (
                f"{process.name} deletes {len(deleted)} records in {vendor}/{stream}, {allowed} are allowed"
            )
            self._violate("I15 brake", text)


class Clearances:
    """Somebody deletes nearly everything at one vendor, or its lists show nothing for a while."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.random = town, Random(f"clearances {seed}")

    def work(self) -> None:
        """So often as the climate says, at any time."""
        climate, scheduler = self.town.climate, self.town.scheduler
        acts = [self._purge] * climate.purges + [self._darken] * climate.blackouts
        self.random.shuffle(acts)
        for act in acts:
            scheduler.pause(seconds=self.random.uniform(0.0, 3 * climate.rush))
            act()

    def _purge(self) -> None:
        people = self.town.people
        vendor = self._somewhere()
        contacts = vendor.tables["contacts"]
        while len(contacts.rows) < ENTERED:
            people.enter(vendor)
        self.town.scheduler.pause(seconds=self.random.uniform(0.0, 6 * self.town.climate.rush))
        rows = sorted(contacts.rows)
        for id_ in self.random.sample(rows, self.random.randint(len(rows) // 2, len(rows))):
            people.delete(contacts, id_)
        self.town.weather.note("purge by people")

    def _darken(self) -> None:
        vendor = self._somewhere()
        vendor.dark_until = self.town.scheduler.seconds + self.random.uniform(5.0, 60.0)
        self.town.weather.note("lists turned empty")

    def _somewhere(self) -> Vendor:
        """A vendor that keeps customers; the newsletter is filled from the others."""
        return self.random.choice([one for name, one in self.town.vendors.items() if name != NEWS])

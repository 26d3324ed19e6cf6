"""The operator's configuration: mappings and a policy that change while people and runs go on."""

# ruff: noqa: PLR2004  chances stand where they are taken

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from accord.engine.flow import Policy, PolicyKind
from accord.testing.simulation.editions import FIELDS, WAYS, Way
from accord.testing.simulation.vendor import NEWS, Vendor

TABLES = {"note": "orders"}
"""In which table a column stands; all others are of contacts."""


@dataclass(frozen=True)
class Alteration:
    """One change: of the flows' policy, or of how a vendor's column is mapped.

    Attributes:
        vendor: Empty for the policy.
        at: Virtual seconds.
        formed: The vendor keeps the column in a form of its own.
    """

    vendor: str
    column: str
    before: Way
    after: Way
    at: float
    formed: bool = False

    def __str__(self) -> str:
        """For a person to read."""
        if not self.vendor:
            return "another policy"
        return f"{self.vendor} {self.column} mapped {self.after}, before {self.before}"

    @property
    def cell(self) -> str:
        """The canonical field it is about; empty for the policy."""
        return FIELDS.get(self.column, "")

    @property
    def is_silent(self) -> bool:
        """Whether it asks for no value to move anywhere: nobody is told another value than before."""
        known = self.before in (Way.FIRST, Way.DECLARED)
        return not self.vendor or self.after is Way.GONE or (self.after is Way.INWARD and known)

    @property
    def is_blind(self) -> bool:
        """Whether it writes where nobody has seen, or will see, what stands there."""
        if self.vendor == NEWS:
            return True
        blind = self.before in (Way.GONE, Way.INWARD, Way.MOVED) and self.after is Way.OUTWARD
        # Nothing tells how a value comes back that is only written: what was lost is compared as sent.
        return blind or (self.after is Way.OUTWARD and self.formed)


class Configuration:
    """What the next process finds configured.

    Attributes:
        alterations: Every change so far.
    """

    def __init__(self, vendors: Sequence[Vendor], policy: Policy, seed: int, *, orders: bool) -> None:
        self.vendors, self.policy = vendors, policy
        self.random = Random(f"configuration {seed}")
        self.columns = [column for column in WAYS if orders or TABLES.get(column) is None]
        self.alterations: list[Alteration] = []

    def alter(self) -> Alteration:
        """One change; processes that run already go on with what they began with."""
        vendor = self.random.choice(list(self.vendors))
        at = vendor.scheduler.seconds
        if self.random.random() < 0.15:
            names = [each.name for each in self.vendors]
            self.random.shuffle(names)
            self.policy = Policy(PolicyKind.PREFER, tuple(names))
            made = Alteration("", "", Way.FIRST, Way.FIRST, at)
            vendor.scheduler.note(f"operator sets the policy to prefer {' '.join(names)}")
        else:
            column = self.random.choice(self.columns)
            before = vendor.edition.way(column)
            after = self.random.choice([way for way in WAYS[column] if self._differs(vendor, column, way)])
            vendor.edition = vendor.edition.changed(column, after)
            made = Alteration(vendor.name, column, before, after, at, column in vendor.traits.forms)
            vendor.scheduler.note(f"operator maps {vendor.name} {column} {after}")
        self.alterations.append(made)
        return made

    def _differs(self, vendor: Vendor, column: str, way: Way) -> bool:
        """Whether a way is another one; a vendor's own forms and a turned case do not go together."""
        if way is vendor.edition.way(column):
            return False
        formed = column in vendor.traits.forms
        return not (way is Way.TURNED and formed) and not (way is Way.DECLARED and not formed)

    def was(self, vendor: str, column: str, way: Way, since: float) -> bool:
        """Whether a column was mapped in this way at a moment or after it."""
        return any(way in (one.before, one.after) and one.at >= since for one in self.of(vendor, column))

    def of(self, vendor: str, column: str) -> list[Alteration]:
        """The changes of one column, oldest first."""
        return [one for one in self.alterations if (one.vendor, one.column) == (vendor, column)]

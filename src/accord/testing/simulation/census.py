"""What really happened in schedules: how often each kind of fault, vendor and act occurred."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from accord.connector import Creates, Deletes
from accord.testing.simulation.vendor import NEWS

if TYPE_CHECKING:
    from accord.testing.simulation.town import Town
    from accord.testing.simulation.vendor import Vendor

FAULTS = {
    "lost": "request lost",
    "unanswered": "applied, reply lost",
    "late": "applied late",
    "twice": "delivered twice",
    "throttled": "throttled (429)",
    "down": "server error (5xx)",
    "forbidden": "credentials refused (401)",
    "garbled": "torn page or answer",
    "disorder": "page repeated and reordered",
    "item refused": "one item of a batch failed",
    "crash": "process died",
    "power": "power failed",
    "freeze": "process froze",
    "busy": "database busy",
}
"""The weather's word -> the table's."""
HAPPENED = (
    "fence lost to another run",
    "record refused",
    "batch refused",
    "job run",
    "job abandoned",
    "purge by people",
    "lists turned empty",
    "run stopped by a limit",
    "plan waited",
    "plan seen",
    "token issued",
    "token refused",
    "no token issued",
)
"""What the weather was told of, by the same name."""
CLASSES = {
    Creates.IDEMPOTENCY_KEY: "vendor of class A (idempotency key)",
    Creates.UPSERT: "vendor of class B (upsert)",
    Creates.REFERENCE: "vendor of class C (reference)",
    Creates.BLIND: "vendor of class D (nothing)",
}
DELETES = {
    Deletes.FEED: "deletions by a feed",
    Deletes.FLAG: "deletions by a flag",
    Deletes.SCAN: "deletions by absence",
}
FORMS = {
    "first": "vendor that truncates",
    "last": "vendor that changes case",
    "tel": "vendor that groups digits",
}
KINDS = (
    *FAULTS.values(),
    *HAPPENED,
    "three systems",
    "orders that need customers",
    *CLASSES.values(),
    "vendor without conditional writes",
    "vendor whose lists lag",
    "vendor whose clock differs",
    *FORMS.values(),
    "vendor with an undeclared form",
    *DELETES.values(),
    "vendor's batches all or nothing",
    "edit by people",
    "deletion by people",
    "merge at a vendor",
    "merge that makes a new id",
    "hint by a webhook",
    "privacy webhook delivered",
    "mapping or policy changed",
    "withdrawals",
    "erasures",
)
"""Everything that is counted, in the order of the table."""


def census(town: Town, figures: Counter[str]) -> Counter[str]:
    """Counts of one schedule. Vendors are counted, too: each once."""
    weather, diary = town.weather, town.people.diary
    found: Counter[str] = Counter({FAULTS[name]: n for name, n in weather.counts.items() if name in FAULTS})
    found.update({name: n for name, n in weather.happened.items() if name in HAPPENED})
    for vendor in town.vendors.values():
        found.update(_traits(vendor))
    found["three systems"] = len(town.vendors.keys() - {NEWS}) > 2  # noqa: PLR2004
    found["orders that need customers"] = town.climate.orders
    found["edit by people"] = len(diary.edits)
    found["deletion by people"] = len(diary.removed)
    found["merge at a vendor"] = len(diary.merged)
    found["merge that makes a new id"] = sum(result != winner for _, winner, _, result in diary.merged)
    found["hint by a webhook"] = figures["hints"]
    found["privacy webhook delivered"] = figures["webhooks"]
    found["mapping or policy changed"] = len(town.configuration.alterations)
    found["withdrawals"], found["erasures"] = figures["withdrawals"], figures["erasures"]
    return found


def _traits(vendor: Vendor) -> Iterator[str]:
    traits = vendor.traits
    yield CLASSES[traits.creates]
    if traits.deletes in DELETES and vendor.name != NEWS:
        yield DELETES[traits.deletes]
    yield from (FORMS[column] for column in traits.forms)
    for holds, name in (
        (not traits.conditional, "vendor without conditional writes"),
        (traits.visible_after > 0, "vendor whose lists lag"),
        (traits.skew != 0, "vendor whose clock differs"),
        (bool(traits.forms) and not traits.declared, "vendor with an undeclared form"),
        (traits.together, "vendor's batches all or nothing"),
    ):
        if holds:
            yield name

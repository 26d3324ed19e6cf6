"""The claims, in the order in which they are tried. Each is checked against the systems' own state."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from accord.demo.claims import agreement, campaign, consent, edits, orders, survival
from accord.demo.configuration import LAG

if TYPE_CHECKING:
    from accord.demo.claims.claim import Claim
    from accord.demo.stage import Stage

AFTER_FIRST_RUN: tuple[Callable[[Stage], Claim], ...] = (
    agreement.everybody_everywhere,
    agreement.typed_twice,
    agreement.second_run,
)
SURVIVAL: tuple[Callable[[Stage], Claim], ...] = (campaign.interrupted, survival.killed, survival.faulty)


def check(stage: Stage) -> Iterator[Claim]:
    """Try every claim; each is yielded as soon as it is checked."""
    for claim in AFTER_FIRST_RUN:
        yield claim(stage)
    yield from edited(stage)
    for claim in SURVIVAL:
        yield claim(stage)


def edited(stage: Stage) -> Iterator[Claim]:
    """People edit in several systems at once; then one run of each flow."""
    hands = edits.chosen(stage)
    checks = [
        edits.different_fields(stage, hands),
        edits.same_field(stage, hands),
        edits.returns(stage, hands),
        consent.withdrawn(stage),
        orders.placed(stage, hands),
    ]
    # What people edited shows in a vendor's search only after its lag.
    time.sleep(LAG)
    stage.sync("customers")
    stage.sync("orders")
    for finish in checks:
        yield finish()

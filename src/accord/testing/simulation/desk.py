"""The desk: a person at Accord itself, who records withdrawals while runs go on."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from accord.consent.signal import Kind
from accord.engine.desk import Statement, note
from accord.store.rows import EntityState
from accord.testing.simulation.scheduler import CrashError
from accord.testing.simulation.town import NEWS

if TYPE_CHECKING:
    from accord.store import Store
    from accord.testing.simulation.process import Process
    from accord.testing.simulation.town import Town

CONSENT = "consents.marketing.direct:email"


class Desk:
    """Records what people said to Accord's operator, each time in a process of its own."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.random = town, Random(f"desk {seed}")

    def withdraw(self, process: Process, stores: list[Store]) -> None:
        """Somebody who had agreed to advertising by e-mail withdraws."""
        try:
            store = self.town.open_store(process)
            stores.append(store)
            self._record(process, store)
        except CrashError:
            if not process.dead:
                raise

    def _record(self, process: Process, store: Store) -> None:
        world = self.town.world(process, store)
        flow = world.flows[0]
        with store.transaction("withdrawal") as tx:
            agreed = [
                entity
                for entity in tx.entities.by_kind(flow.kind, None, 1000, None)
                if entity.state is EntityState.LIVE
                and (entity.cells.get(CONSENT) or {}).get("state") == "granted"
            ]
            if not agreed:
                return
            about = tx.intents.open_of(NEWS, "contacts", [entity.id for entity in agreed])
            # Best at the worst moment: when something is about to be sent.
            person = self.random.choice([entity for entity in agreed if entity.id in about] or agreed)
            note(world, tx, person, Statement(Kind.WITHDRAW, "marketing.direct", "email"))
        self.town.scheduler.note(f"{person.id[18:]} withdraws at the desk")

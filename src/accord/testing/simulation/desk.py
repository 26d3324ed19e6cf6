"""The desk: a person at Accord itself, who records withdrawals and carries out erasures while runs go on."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from accord.api import erasures
from accord.consent.signal import Kind
from accord.engine.desk import Statement, note
from accord.engine.stop import Budget
from accord.errors import StateError
from accord.store.rows import Entity, EntityState
from accord.testing.simulation.clerk import Clerk
from accord.testing.simulation.regrouping import Regrouping
from accord.testing.simulation.scheduler import CrashError
from accord.testing.simulation.vendor import NEWS

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.store import Store, Transaction
    from accord.testing.simulation.process import Process
    from accord.testing.simulation.town import Climate, Town

CONSENT = "consents.marketing.direct:email"
MOST = 1000
Act = Callable[["World", "Process"], None]


class Desk:
    """Does what people ask Accord's operator for, each time in a process of its own."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.random = town, Random(f"desk {seed}")
        self.clerk = Clerk(town, self.random)
        self._wanted = ""
        """Whom the last erasure was about: a command that died is given again."""

    def acts(self, climate: Climate) -> list[Act]:
        """What is asked for, in its order."""
        acts: list[Act] = [self._withdraw] * climate.withdrawals
        if climate.erasures:
            acts += [self._erase] * climate.erasures
            self.random.shuffle(acts)
        regrouping = Regrouping(self.town, self.random)
        others: list[Act] = [regrouping.unite] * climate.unions
        others += [regrouping.part] * climate.partings + [self.clerk.decide_one] * climate.rulings
        for act in others:
            acts.insert(self.random.randint(0, len(acts)), act)
        return acts

    def carry_out(self, act: Act, process: Process, stores: list[Store]) -> None:
        """One act, in this process."""
        try:
            store = self.town.open_store(process)
            stores.append(store)
            act(self.town.world(process, store), process)
        except CrashError:
            if not process.dead:
                raise
        except StateError as error:
            self.town.scheduler.note(f"{process.name} {type(error).__name__} at the desk")

    def _withdraw(self, world: World, _process: Process) -> None:
        """Somebody who had agreed to advertising by e-mail withdraws."""
        with world.store.transaction("withdrawal") as tx:
            agreed = [
                one
                for one in _people(tx)
                if one.state is EntityState.LIVE and (one.cells.get(CONSENT) or {}).get("state") == "granted"
            ]
            if not agreed:
                return
            person = self._busiest(tx, agreed, (NEWS,))
            note(world, tx, person, Statement(Kind.WITHDRAW, "marketing.direct", "email"))
        self.town.scheduler.note(f"{person.id[18:]} withdraws at the desk")

    def _erase(self, world: World, process: Process) -> None:
        """Somebody is erased: what `accord erase` does, and the whole of it."""
        erasures.reapply(world, self.town.journal)
        with world.store.reading() as tx:
            alive = [one for one in _people(tx) if one.state is not EntityState.MERGED]
            alive = [one for one in alive if one.state is not EntityState.ERASED]
            if not alive:
                return
            again = [one for one in alive if one.id == self._wanted]
            person = again[0] if again else self._busiest(tx, alive, tuple(self.town.vendors))
        self._wanted = person.id
        self.town.scheduler.note(f"{person.id[18:]} asks to be erased")
        request = erasures.begin(world, self.town.journal, person.id, "ticket 1")
        erasures.deliver(world, Budget(process))
        erasures.report(world, request)

    def _busiest(self, tx: Transaction, people: list[Entity], connections: tuple[str, ...]) -> Entity:
        """Best at the worst moment: when something is about to be sent, or under way."""
        ids = [one.id for one in people]
        about = {id_ for name in connections for id_ in tx.intents.open_of(name, "contacts", ids)}
        return self.random.choice([one for one in people if one.id in about] or people)


def _people(tx: Transaction) -> list[Entity]:
    return tx.entities.by_kind("customer", None, MOST, None)

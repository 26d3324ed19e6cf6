"""A clerk who works through the queues: decides conflicts, and gives dead letters another try."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from accord.engine import decide
from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.rows import Conflict
    from accord.testing.simulation.process import Process
    from accord.testing.simulation.town import Town

MOST = 1000


class Clerk:
    """Does what `accord conflicts resolve` and `accord dead-letters replay` do."""

    def __init__(self, town: Town, random: Random) -> None:
        self.town, self.random = town, random

    def decide_one(self, world: World, _process: Process) -> None:
        """One conflict, if any waits; else one dead letter."""
        with world.store.transaction("resolve") as tx:
            waiting = tx.conflicts.list("open", None, MOST)
            if waiting:
                self._decide(world, tx, self.random.choice(waiting))
                return
            letters = tx.letters.list(limit=MOST)
            if letters:
                letter = self.random.choice(letters)
                decide.replay(tx, letter)
                self.town.scheduler.note(f"dead letter {letter.id[:8]} is replayed")

    def decide_all(self, world: World, _process: Process) -> None:
        """Every conflict that waits."""
        with world.store.transaction("resolve") as tx:
            for conflict in tx.conflicts.list("open", None, MOST):
                self._decide(world, tx, conflict)

    def _decide(self, world: World, tx: Transaction, conflict: Conflict) -> None:
        choice = self.random.choice(_choices(conflict))
        try:
            decide.resolve(world, tx, conflict, choice)
        except SetupError as error:
            self.town.scheduler.note(f"conflict {conflict.id[:8]} is not decided: {error}")
        else:
            if conflict.kind == "identity":
                self._are_two(tx, conflict)
            self.town.weather.note("conflict decided")
            self.town.scheduler.note(f"conflict {conflict.id[:8]} ({conflict.kind}) is decided: {choice}")

    def _are_two(self, tx: Transaction, conflict: Conflict) -> None:
        """The oracle must know that a person left two with one address as they are."""
        ids = [*conflict.candidates, *([conflict.entity] if conflict.entity is not None else [])]
        for entity in tx.entities.resolve(ids).values():
            self.town.people.diary.doubled.add(str(entity.cells.get("email")))


def _choices(conflict: Conflict) -> list[str]:
    if conflict.kind == "identity" and conflict.entity is None:
        return [*conflict.candidates, "new"]
    return ["hub", "vendor"] if conflict.cell is not None else ["keep"]

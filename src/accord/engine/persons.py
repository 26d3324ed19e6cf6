"""Somebody's permissions as the engine works with them: their log, what it meant and what it means now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from accord.consent.fold import Cell, CellState
from accord.consent.scope import channels_above, closes, lineage
from accord.consent.signal import CLOSING, ConsentSignal, Kind
from accord.engine.addresses import point_for, points_of
from accord.store.rows import Entity

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.store import Transaction

States = Mapping[Cell, CellState]
OPEN = ("granted", "soft_opt_in")


@dataclass(slots=True)
class Person:
    """Somebody whose log was read anew.

    Attributes:
        log: All their signals.
        before, after: Their states, earlier and now.
        left: Old addresses in clear, where an address changed just now, by type.
        anew: Whether all that they ever said is carried out anew: two people became one just now, or a
            system came back that was not told meanwhile.
        stirred: Whether something else changed that decisions rest on: an age, a country, an origin.
    """

    entity: Entity
    log: Sequence[ConsentSignal]
    before: States
    after: dict[Cell, CellState] = field(default_factory=dict)
    points: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    anew: bool = False
    stirred: bool = False

    @property
    def changed(self) -> bool:
        """Whether what stands at destinations must be decided anew."""
        return bool(self.left) or self.anew or self.stirred or self.after != self.before

    def state(self, purpose: str, channel: str, brand: str = "") -> CellState:
        """What holds for the present address."""
        return state_at(self.after, purpose, channel, point_for(channel, self.points), brand)

    def closed(self) -> list[Cell]:
        """Cells that were closed, perhaps once more, and that nothing reopened since.

        One in which the person is asked to confirm again is among them: until the click, the refusal holds.
        """
        return [
            cell
            for cell, now in self.after.items()
            if _is_shut(now) and (self.anew or now.epoch > self.before.get(cell, CellState()).epoch)
        ]

    def opened(self) -> list[Cell]:
        """Cells that allow now and did not."""
        return [
            cell
            for cell, now in self.after.items()
            if now.state in OPEN and self.before.get(cell, CellState()).state not in OPEN
        ]

    def renewed(self) -> list[Cell]:
        """Cells that allow now, by another signal than before: what was kept back is decided anew."""
        return [
            cell
            for cell, now in self.after.items()
            if now.state in OPEN and now.signal != self.before.get(cell, CellState()).signal
        ]

    def signal(self, id_: str) -> ConsentSignal | None:
        """A signal of the log."""
        return next((one for one in self.log if one.id == id_), None)


def people_of(world: World, tx: Transaction, entities: Iterable[Entity]) -> list[Person]:
    """People as they stand, nothing read anew."""
    people = {entity.id: entity for entity in entities}
    if not people:
        return []
    logs, states = tx.signals.of(people), tx.permissions.of(people)
    return [
        Person(
            entity,
            logs.get(id_, []),
            states.get(id_, {}),
            dict(states.get(id_, {})),
            points_of(entity.cells, world.store.key),
        )
        for id_, entity in people.items()
    ]


def _is_shut(now: CellState) -> bool:
    return now.is_closed or (now.epoch > 0 and now.state not in OPEN)


def state_at(
    states: Mapping[Cell, CellState], purpose: str, channel: str, point: str, brand: str = ""
) -> CellState:
    """The state of a permission for an address: its own, or that of a broader statement that closes it."""
    own = states.get(Cell(purpose, channel, point, controller=brand))
    if own is not None:
        return own
    broader = [
        known
        for cell, known in states.items()
        if known.state == "withdrawn"
        and not cell.topic
        and (not brand or cell.controller in ("", brand))
        and closes(cell.purpose, cell.channel, purpose, channel)
    ]
    return max(broader, key=lambda known: (known.epoch, known.signal), default=CellState())


def shows_yes(log: Iterable[ConsentSignal], connection: str, purpose: str, channel: str) -> bool:
    """Whether a system last showed a yes for this permission, as far as its signals tell."""
    last = _last_said(log, connection, purpose, channel)
    return last is not None and last.kind not in CLOSING and last.kind not in (Kind.EXPIRE, Kind.REQUEST_DOI)


def shows_no(log: Iterable[ConsentSignal], connection: str, purpose: str, channel: str) -> bool:
    """Whether a system last showed a refusal of this permission, as far as its signals tell."""
    last = _last_said(log, connection, purpose, channel)
    return last is not None and last.kind in CLOSING


def _last_said(
    log: Iterable[ConsentSignal], connection: str, purpose: str, channel: str
) -> ConsentSignal | None:
    said = [
        one
        for one in log
        if one.source == connection
        and one.purpose in lineage(purpose)
        and one.channel in channels_above(channel)
    ]
    return max(said, key=lambda one: (one.received_at, one.id), default=None)

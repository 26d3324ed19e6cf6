"""Events need the permission of the moment at which they happened, beside that of today (consent.md 2.5).

What held then is read from the log, which forgets nothing: no copy of it has to be kept with each event.
What the visitor's banner said stands in the event itself, and can only take away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from accord.consent.capture import Asked
from accord.consent.decision import Facts, Question, Verdict, decide
from accord.consent.fold import Cell, Fold
from accord.engine.addresses import country_of, is_addressed
from accord.engine.fingerprints import fingerprint

if TYPE_CHECKING:
    from accord.consent.signal import ConsentSignal, NoticeVersion
    from accord.engine.flow import Member
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.rows import Entity

UNDATED = "captured_at_unknown"
"""An event that does not tell when it happened: nobody can say what was allowed then."""


def is_captured(world: World, member: Member) -> bool:
    """Whether a member forwards events for a purpose that asks what was allowed when they happened."""
    events = member.stream.subject not in (None, "self")
    return events and world.policy.capture.concerns(member.purpose)


def happened_at(cells: Mapping[str, Any]) -> float | None:
    """When an order was placed, or a touchpoint came about, seconds since 1970; None if it does not tell."""
    text = cells.get("placed_at") or cells.get("at") or cells.get("created_at")
    return datetime.fromisoformat(str(text)).timestamp() if text else None


@dataclass(frozen=True, slots=True)
class Logs:
    """What people said, with the texts they saw: enough to tell what held at any instant."""

    world: World
    member: Member
    signals: Mapping[str, list[ConsentSignal]]
    notices: Mapping[str, NoticeVersion]

    @classmethod
    def of(cls, tx: Transaction, world: World, member: Member, people: Iterable[str]) -> Logs:
        """The logs of some people, read in bulk."""
        signals = tx.signals.of(people)
        named = {one.notice for log in signals.values() for one in log if one.notice}
        return cls(world, member, signals, tx.notices.get(named))

    def captured(self, event: Entity, person: Entity, today: Verdict, facts: Facts, point: str) -> Verdict:
        """What today allows, if the moment of the event allowed it too.

        Args:
            event: The record that is forwarded.
            person: Whose it is.
            today: What holds now.
            facts: What is known of the person now.
            point: The address that would be used; empty where the channel needs none.
        """
        at = happened_at(event.cells)
        if at is None:
            return Verdict(False, UNDATED, subject=person.id)
        snapshot = event.cells.get("consent") or {}
        place = (self.member.purpose, self.member.connection, self.member.channel)
        refused = self.world.policy.capture.refusal(snapshot, Asked(*place, country_of(person.cells), at))
        if refused:
            return Verdict(False, refused, subject=person.id)
        then = self._then(person, facts, point, at)
        if not then.allowed:
            return replace(then, reason=f"at_capture_{then.reason}", subject=person.id)
        stamp = {"signal": then.signal}
        if any(snapshot.values()):
            stamp["snapshot"] = fingerprint(str(sorted(snapshot.items())))
        return replace(today, captured=stamp)

    def _then(self, person: Entity, facts: Facts, point: str, at: float) -> Verdict:
        """The policy's answer at an instant of the past, to what people had said by then."""
        member, policy = self.member, self.world.policy
        fold = Fold(policy, at, self.notices)
        log = fold.said_by_then(self.signals.get(person.id, ()))
        cells = {
            name: fold.cell(Cell(name, member.channel, point, controller=member.brand), log)
            for name in facts.cells
        }
        winner = next((one for one in log if one.id == cells[member.purpose].signal), None)
        day = datetime.fromtimestamp(at, UTC).date()
        return decide(
            policy,
            Question(member.connection, member.purpose, member.channel, day),
            replace(
                facts,
                cells=cells,
                reachable=bool(point) or not is_addressed(member.channel),
                parental=winner is not None and bool(winner.parental),
                notice=self.notices.get(winner.notice) if winner is not None else None,
            ),
        )

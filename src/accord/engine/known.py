"""What the store knows of some people, read in bulk, and what the policy says of one use of their data.

The strictest answer of all who share an address counts (consent.md 1.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from accord.consent.decision import Facts, Question, Verdict, decide
from accord.consent.fold import CellState
from accord.consent.scope import channels_above, closes
from accord.engine.addresses import birth_date_of, country_of, is_addressed, point_for, points_of
from accord.engine.origins import lent_cells
from accord.engine.persons import OPEN, state_at
from accord.model.cells import field_of
from accord.store.rows import Entity, EntityState

if TYPE_CHECKING:
    from accord.consent.purposes import Use
    from accord.consent.signal import ConsentSignal, NoticeVersion
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.consent_rows import Objection, Suppression


class Known:
    """What the store knows of some people and of all who share their addresses, read in bulk."""

    def __init__(
        self, tx: Transaction, world: World, use: Use, people: Mapping[str, Entity], *, reaches: bool = True
    ) -> None:
        """Read everything.

        Args:
            tx: What was committed, or written in it, before counts.
            world: The policy, the marketplaces.
            use: What is asked about.
            people: The people, by hub id.
            reaches: Whether it also counts that an address cannot be used now (a bounce); to tell whether a
                permission still stands, it does not.
        """
        self.world, self.use, self.key, self.reaches = world, use, world.store.key, reaches
        now = world.env.now()
        self.now = now.timestamp()
        self.question = Question(use.connection, use.purpose, use.channel, now.date())
        self.points = {id_: points_of(one.cells, self.key) for id_, one in people.items()}
        self.owners = tx.points.owners(self._shared())
        others = {id_ for ids in self.owners.values() for id_ in ids} - people.keys()
        more = {e.id: e for e in tx.entities.get(sorted(others)).values() if e.state is EntityState.LIVE}
        self.people: dict[str, Entity] = {**people, **more}
        self.points |= {id_: points_of(one.cells, self.key) for id_, one in more.items()}
        self.states = tx.permissions.of(self.people)
        self._addresses(tx)
        winners = [k.signal for states in self.states.values() for k in states.values() if k.signal]
        self.signals: dict[str, ConsentSignal] = tx.signals.get(winners)
        self.notices: Mapping[str, NoticeVersion] = tx.notices.get(
            {one.notice for one in self.signals.values() if one.notice}
        )
        self.origins = tx.origins.of(self.people) if world.lenders else {}
        self.verdicts: dict[str, Verdict] = {}

    def _shared(self) -> list[str]:
        """Addresses whose other owners count: the channel's, for advertising every one that is hashed."""
        if self.use.purpose.startswith("ads."):
            return [point for points in self.points.values() for point in points.values()]
        return [p for points in self.points.values() if (p := point_for(self.use.channel, points))]

    def _addresses(self, tx: Transaction) -> None:
        every = sorted({point for points in self.points.values() for point in points.values()})
        asked = [*every, *(f"person:{id_}" for id_ in self.people)]
        self.suppressions: Mapping[str, list[Suppression]] = tx.suppressions.at(asked)
        self.objections: Mapping[str, list[Objection]] = tx.objections.at(every) if every else {}
        self.erased = (
            {hmac.hex() for hmac in tx.tombstones.any(bytes.fromhex(p) for p in every)} if every else set()
        )

    def verdict(self, person: Entity) -> Verdict:
        """The strictest answer of all who share the person's address (consent.md 1.5)."""
        own = self._one(person)
        if not own.allowed:
            return own
        points = self.points[person.id]
        shared = [point_for(self.use.channel, points)] if is_addressed(self.use.channel) else points.values()
        for point in shared:
            owners = self.owners.get(point, ())
            for id_ in sorted(owners) if len(owners) > 1 else ():
                other = self.people.get(id_)
                if other is not None and id_ != person.id and not (theirs := self._one(other)).allowed:
                    return replace(own, allowed=False, reason=f"shared_{theirs.reason}")
        return own

    def facts(self, person: Entity) -> tuple[Facts, str]:
        """What is known of a person, and the address that would be used."""
        return self._facts(person), point_for(self.use.channel, self.points[person.id])

    def _one(self, person: Entity) -> Verdict:
        found = self.verdicts.get(person.id)
        if found is None:
            found = decide(self.world.policy, self.question, self._facts(person))
            self.verdicts[person.id] = found
        return found

    def _facts(self, person: Entity) -> Facts:
        cells, channel = person.cells, self.use.channel
        points, point = self.points[person.id], point_for(channel, self.points[person.id])
        country, business = country_of(cells), self._is_business(cells)
        ruling = self.world.policy.ruling(self.use.purpose, channel, country, business=business)
        states = {p: self._state(person.id, p, point) for p in (self.use.purpose, *ruling.requires)}
        winner = self.signals.get(states[self.use.purpose].signal)
        lent = (
            lent_cells(self.world, person, self.origins.get(person.id, ())) if self.world.lenders else set()
        )
        return Facts(
            cells=states,
            reachable=bool(point) or not is_addressed(channel),
            given_on=self._given_on(states),
            erased=any(p in self.erased for p in points.values()),
            lent=self._is_lent(cells, lent),
            withheld=frozenset(map(field_of, lent)),
            suppressions=self._suppressed(person.id, points.values()) if self.reaches else frozenset(),
            objected=self._objected(points.values(), states[self.use.purpose], winner),
            birth_date=birth_date_of(cells),
            country=country,
            business=business,
            parental=winner is not None and bool(winner.parental),
            notice=self.notices.get(winner.notice) if winner is not None else None,
            subject=person.id,
            points=tuple(sorted(points.values())),
        )

    def _state(self, person: str, purpose: str, point: str) -> CellState:
        known = state_at(self.states.get(person, {}), purpose, self.use.channel, point, self.use.brand)
        if known.expires_at is not None and known.expires_at <= self.now and not known.is_closed:
            return replace(known, state="expired", basis="none", epoch=known.epoch + 1)
        return known

    def _given_on(self, states: Mapping[str, CellState]) -> date | None:
        """The day of the oldest permission that is asked for; None while there is none."""
        given: list[float] = []
        for state in states.values():
            if state.state in OPEN:
                signal = self.signals.get(state.signal)
                undated = signal.received_at if signal is not None else self.now
                given.append(state.since if state.since is not None else undated)
        return datetime.fromtimestamp(min(given), UTC).date() if given else None

    def _is_business(self, cells: Mapping[str, Any]) -> bool:
        field = self.world.policy.business.field
        return bool(field) and cells.get(field) in (True, "true", "yes", "1", 1)

    def _is_lent(self, cells: Mapping[str, Any], lent: set[str]) -> bool:
        """Whether the address that would be used is a marketplace's, or all that identifies the person is."""
        if self.world.policy.is_relay(str(cells.get("email") or "")):
            return True
        present = [name for name in ("email", "phone") if cells.get(name)]
        if is_addressed(self.use.channel):
            type_ = "email" if self.use.channel == "email" else "phone"
            return type_ in lent
        return bool(present) and all(name in lent for name in present)

    def _suppressed(self, person: str, points: Iterable[str]) -> frozenset[str]:
        channels = channels_above(self.use.channel)
        asked = [*points, f"person:{person}"]
        noted = [one for point in asked for one in self.suppressions.get(point, ())]
        return frozenset(one.reason for one in noted if one.channel in channels)

    def _objected(self, points: Iterable[str], state: CellState, winner: ConsentSignal | None) -> bool:
        """Whether an address stands on the objection list, and the person proved no other mind since."""
        noted = [one for point in points for one in self.objections.get(point, ())]
        noted = [o for o in noted if closes(o.purpose, o.channel, self.use.purpose, self.use.channel)]
        proved = state.state == "granted" and winner is not None and winner.is_evidenced
        granted = state.since if proved and state.since is not None else float("-inf")
        return any(one.at >= granted and one.retain_until > self.now for one in noted)

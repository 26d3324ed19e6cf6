"""Hearing: what systems show of permissions and suppressions becomes signals; nothing is merged.

Only what is shown *and changed* is heard. An undated yes is an observation, an undated no a withdrawal. Our
own consent writes coming back are echoes; while one of them is unconfirmed, the value before it is stale.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from accord.connector import Origin
from accord.consent.scope import closes, split_key
from accord.consent.signal import CLOSING, Actor, ConsentSignal, Kind
from accord.engine import clashes
from accord.engine.addresses import index, is_addressed, point_for, points_of
from accord.engine.fingerprints import fingerprint
from accord.engine.persons import Person
from accord.engine.refold import refold
from accord.model.record import Verb
from accord.store.consent_rows import Objection, Revocation, RevocationState, Suppression
from accord.store.rows import Conflict, Entity

if TYPE_CHECKING:
    from accord.engine.merge import Observation
    from accord.engine.scope import Scope
    from accord.engine.world import World
    from accord.store import Transaction

MONTH = 30.4375 * 86_400.0
SOFT = "marketing.direct.similar_products"
"""The purpose of soft opt-in: to refuse it is to object."""
SKEW = 5.0
"""Seconds by which clocks may differ when an echo is told from an act (sync.md A5)."""
SHOWN = {
    "withdrawn": Kind.WITHDRAW,
    "granted": Kind.GRANT,
    "pending_confirmation": Kind.REQUEST_DOI,
    "soft_opt_in": Kind.PURCHASE,
    "expired": Kind.EXPIRE,
}
"""What a shown state is a signal of. Unknown, and whatever is not listed, says nothing."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One cell of a record that tells of a permission or a suppression.

    Attributes:
        mark: What makes an undated statement of a row that was set aside one event, however often it is read.
    """

    entity: Entity
    observation: Observation
    cell: str
    mark: str = ""

    @property
    def value(self) -> Mapping[str, Any]:
        """What it shows; empty when it is gone."""
        found = self.observation.cells.get(self.cell)
        return found if isinstance(found, dict) else {}

    @property
    def key(self) -> str:
        """``<purpose>:<channel>`` or ``<channel>:<reason>``."""
        return self.cell.partition(".")[2]


class Hearing:
    """Hears one page of one member, inside the transaction that absorbs it."""

    def __init__(self, scope: Scope, tx: Transaction) -> None:
        self.scope, self.tx = scope, tx
        self.now = scope.now()
        self.source = scope.member.connection
        self.signals: list[ConsentSignal] = []
        self.suppressions: list[Suppression] = []

    def hear(
        self,
        heard: Sequence[Heard],
        moved: Mapping[str, Mapping[str, str]],
        people: Mapping[str, Entity],
        stirred: Collection[str] = (),
    ) -> tuple[list[Entity], list[Conflict]]:
        """Turn what was shown into signals and all that follows.

        Args:
            heard: The cells.
            moved: By hub id the old addresses in clear, of people whose address changed on this page.
            people: Everybody the page touched, by hub id.
            stirred: Whose age, country or the origin of whose values changed.

        Returns:
            The people whose log was read anew (their cells may have changed), and contradictions for people.
        """
        self.ours = self._ours(heard)
        asked = [id_ for id_, mine in self.ours.items() if any(one.verb == Verb.SUBSCRIBE for one in mine)]
        self.refused_before = {
            id_
            for id_, log in (self.tx.signals.of(asked) if asked else {}).items()
            if any(one.kind in CLOSING and not one.echo_of for one in log)
        }
        for one in heard:
            if one.cell.startswith("consents."):
                self._consent(one)
            else:
                self._suppression(one)
        self.tx.suppressions.add(self.suppressions)
        new = self.tx.signals.add(self.signals)
        self._shown_there(new)
        again = {one.subject for one in new} | set(moved) | set(stirred)
        found = [people[id_] for id_ in sorted(again)]
        first: dict[str, list[ConsentSignal]] = {one.id: [] for one in found if one.loaded_rev == 0}
        for signal in sorted(new, key=lambda one: (one.received_at, one.id)):
            if signal.subject in first:
                first[signal.subject].append(signal)
        persons = refold(self.scope.world, self.tx, found, left=moved, stirred=stirred, first=first)
        object_(self.scope.world, self.tx, new)
        return [one.entity for one in persons], self._contradictions(persons, new)

    def _ours(self, heard: Iterable[Heard]) -> dict[str, list[Revocation]]:
        """Our own consent writes to this member about these people."""
        ids = {one.entity.id for one in heard if one.entity.loaded_rev}
        found: dict[str, list[Revocation]] = {}
        for one in self.tx.revocations.of(ids) if ids else ():
            if one.connection == self.source:
                found.setdefault(one.subject, []).append(one)
        return found

    def _consent(self, one: Heard) -> None:
        signal = self._signal(one)
        if signal is None:
            return
        echo = self._echo(signal, str(one.value.get("state")), _instant(one.value.get("at")))
        if echo is not None:
            self.signals.append(replace(signal, echo_of=echo))
        elif not self._is_stale(signal, str(one.value.get("state"))):
            self.signals.append(signal)

    def _signal(self, one: Heard) -> ConsentSignal | None:
        """The signal that a shown state is, None for what says nothing."""
        value, state = one.value, str(one.value.get("state") or "unknown")
        kind, at = SHOWN.get(state), _instant(value.get("at"))
        if kind is None or not self._may_say(kind):
            return None
        actor, evidence = Actor.VENDOR, str(value.get("evidence") or "")
        if kind is Kind.GRANT and at is None:
            kind = Kind.OBSERVE
        elif kind is Kind.GRANT and value.get("double_opt_in") and evidence:
            kind, actor = Kind.CONFIRM_DOI, Actor.PERSON
        elif kind is Kind.PURCHASE and (at is None or not evidence):
            return None  # without the notice and the refusal that was offered there is no soft opt-in
        purpose, channel, topic = split_key(one.key)
        if kind is Kind.WITHDRAW and purpose == SOFT:
            kind = Kind.OBJECT
        seen = one.observation
        # What is undated may come again, a yes too; a dated act is the same event however often it is shown.
        when = at if at is not None else one.mark or seen.changed_at or self.now
        event = f"{self.scope.member.stream.name}:{seen.external_id}:{one.key}:{state}:{when}"
        return ConsentSignal(
            id=fingerprint(self.source, event),
            subject=one.entity.id,
            source=self.source,
            event=event,
            purpose=purpose,
            channel=channel,
            kind=kind,
            actor=actor,
            received_at=self.now,
            effective_at=at if at is not None or kind is not Kind.REQUEST_DOI else self.now,
            contact_point=self._point(one, channel),
            topic=topic,
            controller=self.scope.member.brand,
            evidence=evidence,
            notice=evidence if "@" in evidence and kind is Kind.PURCHASE else "",
            origin=f"{self.scope.member.scope}:{seen.external_id}",
            recorded_for=one.entity.id,
            note="clamped"
            if at is not None and at > self.now + self.scope.world.policy.clamp_seconds
            else "",
        )

    def _may_say(self, kind: Kind) -> bool:
        """A marketplace may tell of a refusal; nobody gave it a permission for us (consent.md 2.4)."""
        own = self.scope.member.stream.origin is Origin.OWN
        return kind in (Kind.WITHDRAW, Kind.EXPIRE) or own

    def _point(self, one: Heard, channel: str) -> str:
        """The address a statement is about: the one this record shows, else the person's."""
        if not is_addressed(channel):
            return ""
        shown = point_for(channel, points_of(one.observation.cells, self.scope.key))
        return shown or point_for(channel, points_of(one.entity.cells, self.scope.key))

    def _echo(self, signal: ConsentSignal, state: str, at: float | None) -> str | None:
        """The consent write whose result this is, unless it is dated after it: then the person acted."""
        for ours in self._writes(signal):
            if ours.sent_at is None or not self._is_expected(ours, state):
                continue
            as_told = at is not None and ours.at is not None and abs(at - ours.at) < 1
            if at is None or as_told or at <= ours.sent_at + SKEW:
                return ours.id
        return None

    def _is_expected(self, ours: Revocation, state: str) -> bool:
        """Whether a state is what a consent write of ours was to bring about.

        A destination that asks the person to confirm shows that it waits. After a first yes that is its own
        affair; a yes after a no waits for the click everywhere.
        """
        if ours.expected == state:
            return True
        waits = ours.verb == Verb.SUBSCRIBE and state == "pending_confirmation"
        return waits and ours.subject not in self.refused_before

    def _is_stale(self, signal: ConsentSignal, state: str) -> bool:
        """Whether it is the value before a consent write that is not confirmed yet."""
        for ours in self._writes(signal):
            if ours.finished_at is None and ours.before == state:
                since = signal.effective_at if signal.effective_at is not None else 0.0
                return since <= (ours.sent_at or ours.created_at)
        return False

    def _writes(self, signal: ConsentSignal) -> list[Revocation]:
        mine = self.ours.get(signal.subject, ())
        dropped = RevocationState.DROPPED
        return [
            one
            for one in mine
            if (one.purpose, one.channel) == (signal.purpose, signal.channel) and one.state is not dropped
        ]

    def _suppression(self, one: Heard) -> None:
        if not one.value:
            return  # gone from the list is no word that the address works again
        channel, _, reason = one.key.rpartition(":")
        point = self._point(one, channel) or f"person:{one.entity.id}"
        at = _instant(one.value.get("at"))
        self.suppressions.append(
            Suppression(point, channel, reason, one.entity.id, self.source, self.now, at)
        )
        if reason in ("complaint", "carrier_stop"):
            self.signals.append(self._complaint(one, channel, reason, at, "" if ":" in point else point))

    def _complaint(
        self, one: Heard, channel: str, reason: str, at: float | None, point: str
    ) -> ConsentSignal:
        """A complaint, or a STOP to the carrier, is a withdrawal of all marketing on the channel as well."""
        event = f"{self.scope.member.stream.name}:{one.observation.external_id}:{one.key}:{at or ''}"
        return ConsentSignal(
            id=fingerprint(self.source, event),
            subject=one.entity.id,
            source=self.source,
            event=event,
            purpose="marketing",
            channel=channel,
            kind=Kind.WITHDRAW,
            actor=Actor.VENDOR,
            received_at=self.now,
            effective_at=at,
            contact_point=point,
            controller=self.scope.member.brand,
            origin=f"{self.scope.member.scope}:{one.observation.external_id}",
            recorded_for=one.entity.id,
            note=reason,
        )

    def _shown_there(self, new: Iterable[ConsentSignal]) -> None:
        """A system that could not be told shows the refusal by now: nobody need look any more."""
        for one in new:
            for ours in self.ours.get(one.subject, ()) if one.kind in CLOSING else ():
                here = closes(one.purpose, one.channel, ours.purpose, ours.channel)
                if here and ours.state is RevocationState.IMPOSSIBLE and ours.alerted_at is not None:
                    ours.state, ours.receipt, ours.reason = RevocationState.DONE, "confirmed", "shown_there"
                    ours.alerted_at = None
                    self.tx.revocations.save([ours])
                    self.tx.conflicts.resolve(clashes.of_revocation(ours), "shown_there", self.now)

    def _contradictions(self, persons: Sequence[Person], new: Iterable[ConsentSignal]) -> list[Conflict]:
        """A yes that a no overrules, heard just now, is something for a person to look at."""
        ids = {one.id: one for one in new}
        return [
            clashes.overruled(self.scope, person.entity, ids[id_], cell.purpose, cell.channel)
            for person in persons
            for cell, state in person.after.items()
            if state.state == "withdrawn"
            for id_ in state.conflicts
            if id_ in ids
        ]


def record(world: World, tx: Transaction, person: Entity, signal: ConsentSignal) -> Person | None:
    """Append a signal that no system showed (a desk, a link, a form) and carry out what follows.

    Args:
        world: The flows, the policy.
        tx: The writing transaction; once it commits, nothing may be sent against the signal.
        person: The hub record; saved here if its cells change.
        signal: Its subject must be the person's id.

    Returns:
        What holds now, None when this very event was known.
    """
    new = tx.signals.add([signal])
    if not new:
        return None
    loaded = person.rev
    index(world, tx, [person])
    found = refold(world, tx, [person])
    object_(world, tx, new)
    if person.rev != loaded:
        tx.entities.update([person])
        marks = [(*key, person.id) for key in world.written(person.kind)]
        tx.dirty.add(marks)
    return next(iter(found), None)


def object_(world: World, tx: Transaction, signals: Iterable[ConsentSignal]) -> None:
    """Put addresses of objections and withdrawals on the hashed list that outlives everything else."""
    keep = world.policy.objections.keep_months * MONTH
    tx.objections.add(
        Objection(one.contact_point, one.purpose, one.channel, one.received_at, one.received_at + keep)
        for one in signals
        if one.kind is Kind.OBJECT and one.contact_point
    )


def _instant(value: Any) -> float | None:
    return datetime.fromisoformat(str(value)).timestamp() if value else None

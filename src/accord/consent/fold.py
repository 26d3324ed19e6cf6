"""The fold: from a person's signals to the state of one cell. Pure, commutative and idempotent.

A cell is granted if and only if one grant beats **every** competing withdrawal (consent.md 1.4). Nothing is
compared in pairs along the way, so that neither the order in which signals arrive nor their repetition can
change the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from accord.consent.scope import closes, is_child
from accord.consent.signal import CLOSING, OPENING, Actor, ConsentSignal, Kind, Notices, Rank

if TYPE_CHECKING:
    from accord.consent.policy import Policy

NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Cell:
    """One permission of one person.

    Attributes:
        contact_point: Keyed hash (hexadecimal) of the address that would be used; empty where the channel
            has none (post, ad platforms).
        topic: List or topic; empty = the channel itself.
    """

    purpose: str
    channel: str
    contact_point: str = ""
    topic: str = ""
    controller: str = ""


@dataclass(frozen=True, slots=True)
class CellState:
    """What the log says about a cell.

    Attributes:
        state: As in consent.md 1.2.
        basis: ``consent``, ``soft_opt_in`` or ``none``.
        epoch: How often the cell was closed; a ticket of an earlier epoch is void.
        since: When the state began, seconds since 1970; None = never said anything.
        signal: The signal that decides; empty = none.
        expires_at: When a grant ends by itself.
        conflicts: Signals that say something else and were overruled.
    """

    state: str = "unknown"
    basis: str = "none"
    epoch: int = 0
    since: float | None = None
    signal: str = ""
    expires_at: float | None = None
    conflicts: tuple[str, ...] = ()

    @property
    def is_closed(self) -> bool:
        """Whether the person, or time, closed it."""
        return self.state in ("withdrawn", "expired")


@dataclass(frozen=True, slots=True)
class Fold:
    """The rules under which signals are folded, and the texts they refer to.

    Attributes:
        policy: Windows, time-outs and where a confirmation is demanded.
        notices: The texts that grants name.
        now: The instant for which the state is asked, seconds since 1970.
    """

    policy: Policy
    now: float
    notices: Notices = field(default_factory=dict)

    def cell(self, cell: Cell, signals: Iterable[ConsentSignal]) -> CellState:
        """The state of a cell.

        Args:
            cell: Which one.
            signals: The person's log, or any part of it that holds all signals covering the cell, in any
                order, with any repetition.
        """
        known = _distinct(signals)
        closing = [one for one in known if self._closes(one, cell)]
        ended = [one for one in known if one.kind is Kind.EXPIRE and _covers_below(one, cell)]
        epoch = len(closing) + len(ended)
        opening = [one for one in known if self._opens(one, cell)]
        winners = [one for one in opening if self._beats_all(one, closing, opening)]
        if winners:
            return self._opened(cell, winners, ended, closing, epoch)
        if closing:
            return self._withdrawn(opening, closing, known, cell, epoch)
        return CellState(epoch=epoch)

    def said_by_then(self, signals: Iterable[ConsentSignal]) -> list[ConsentSignal]:
        """The signals of a log that count at :attr:`now`, which may lie in the past.

        When Accord learned of a signal does not matter, when the person decided does. A yes that may have
        come later (undated, or of a day without a time) does not count yet.
        """
        return [one for one in signals if self._counts_by_now(one)]

    def _counts_by_now(self, one: ConsentSignal) -> bool:
        at = self._at(one)
        return at <= self.now if one.kind in CLOSING else NEVER < at <= self.now - one.precision

    def _closes(self, one: ConsentSignal, cell: Cell) -> bool:
        """Whether a signal is a withdrawal of this cell, perhaps of a broader scope."""
        if one.kind not in CLOSING:
            return False
        at_the_point = one.contact_point in ("", cell.contact_point) or self.policy.binds_person
        return at_the_point and _covers_below(one, cell)

    def _opens(self, one: ConsentSignal, cell: Cell) -> bool:
        """Whether a signal could open this cell: it names it, or its notice does; it is evidenced enough."""
        if one.kind not in OPENING and one.kind not in (Kind.PURCHASE, Kind.REQUEST_DOI):
            return False
        if one.controller != cell.controller or one.topic not in ("", cell.topic):
            return False
        if one.contact_point != cell.contact_point:
            return False  # a grant does not follow to another address
        return self._names(one, cell) and self._is_sound(one)

    def _names(self, one: ConsentSignal, cell: Cell) -> bool:
        notice = self.notices.get(one.notice)
        purposes = notice.purposes if notice is not None else ()
        partners = notice.partners if notice is not None else ()
        same = one.purpose == cell.purpose and (not purposes or cell.purpose in purposes)
        named = is_child(cell.purpose, one.purpose) and cell.purpose in purposes
        name, _, platform = cell.channel.partition(":")
        here = one.channel == cell.channel or (one.channel == name and platform in partners)
        return here and (same or named)

    @staticmethod
    def _is_sound(one: ConsentSignal) -> bool:
        """An import needs a date and a proof, a person's own act a proof; a vendor's record is one."""
        if one.kind is Kind.ATTEST_IMPORT:
            return one.effective_at is not None and bool(one.evidence)
        if one.kind is Kind.PURCHASE:
            return bool(one.notice or one.evidence)
        if one.actor in (Actor.PERSON, Actor.AGENT):
            return bool(one.evidence) or one.kind is Kind.REQUEST_DOI
        return one.actor is Actor.VENDOR

    def _beats_all(
        self, one: ConsentSignal, closing: Sequence[ConsentSignal], opening: Sequence[ConsentSignal]
    ) -> bool:
        if one.kind is Kind.CONFIRM_DOI and one.request and not self._answers(one, opening):
            return False
        if one.kind is Kind.REQUEST_DOI and self._is_over(one):
            return False
        return all(self._beats(one, other, opening) for other in closing)

    def _answers(self, confirm: ConsentSignal, opening: Sequence[ConsentSignal]) -> bool:
        """A confirmation counts for the request it is bound to, in time."""
        request = _request_of(confirm, opening)
        if request is None:
            return False
        waited = self._at(confirm) - self._at(request)
        return 0 <= waited <= self.policy.confirmation_seconds

    def _beats(
        self, grant: ConsentSignal, withdrawal: ConsentSignal, opening: Sequence[ConsentSignal]
    ) -> bool:
        """Whether a grant stands against one withdrawal."""
        if grant.kind is Kind.PURCHASE or grant.rank is Rank.DERIVED:
            return False
        if grant.rank < withdrawal.rank and not grant.is_evidenced:
            return False
        if not grant.is_evidenced and grant.kind is not Kind.REQUEST_DOI:
            return False  # what a system shows never overrules a refusal, not even one it showed itself
        same_source = grant.source == withdrawal.source
        # A withdrawal since the request closes, however late the click came.
        request = _request_of(grant, opening) if grant.kind is Kind.CONFIRM_DOI else None
        return self._later(request or grant, withdrawal, same_source=same_source)

    def _later(self, grant: ConsentSignal, withdrawal: ConsentSignal, *, same_source: bool) -> bool:
        if same_source and grant.sequence is not None and withdrawal.sequence is not None:
            return grant.sequence > withdrawal.sequence
        window = 0.0 if same_source else self.policy.tie_seconds
        window = max(window, grant.precision, withdrawal.precision)
        return self._at(grant) - self._at(withdrawal) > window

    def _at(self, one: ConsentSignal) -> float:
        """When a signal counts from (1.4 rule 2)."""
        if one.kind in CLOSING or one.kind in (Kind.OBSERVE, Kind.EXPIRE):
            return one.received_at if one.effective_at is None else min(one.effective_at, one.received_at)
        if one.effective_at is None:
            return NEVER
        too_late = one.effective_at > one.received_at + self.policy.clamp_seconds
        return one.received_at if too_late else one.effective_at

    def _opened(
        self,
        cell: Cell,
        winners: Sequence[ConsentSignal],
        ended: Sequence[ConsentSignal],
        closing: Sequence[ConsentSignal],
        epoch: int,
    ) -> CellState:
        """Granted, soft opt-in, waiting for a click, or over."""
        granting = [one for one in winners if one.kind in OPENING]
        asking = [one for one in winners if one.kind is Kind.REQUEST_DOI]
        best = max(granting, key=self._order, default=None)
        asked = max(asking, key=self._order, default=None)
        refused = _ids(closing)
        if asked is not None and (best is None or self._awaits(asked, best)):
            return CellState("pending_confirmation", "none", epoch, self._at(asked), asked.id, None, refused)
        if best is None:
            return self._soft(winners, ended, refused, epoch)
        confirmed = any(one.kind is Kind.CONFIRM_DOI for one in granting)
        if self.policy.demands_confirmation(cell.purpose, cell.channel) and not confirmed:
            return CellState("pending_confirmation", "none", epoch, self._since(best), best.id, None, refused)
        return self._ends(best, "granted", "consent", ended, refused, epoch)

    def _awaits(self, asked: ConsentSignal, best: ConsentSignal) -> bool:
        """A question asked after the grant is open until it is answered; a click answers for good."""
        return best.kind is not Kind.CONFIRM_DOI and self._order(asked) > self._order(best)

    def _is_over(self, request: ConsentSignal) -> bool:
        return self.now > request.received_at + self.policy.confirmation_seconds

    def _soft(
        self,
        winners: Sequence[ConsentSignal],
        ended: Sequence[ConsentSignal],
        refused: tuple[str, ...],
        epoch: int,
    ) -> CellState:
        sold = max((one for one in winners if one.kind is Kind.PURCHASE), key=self._order)
        return self._ends(sold, "soft_opt_in", "soft_opt_in", ended, refused, epoch)

    def _ends(
        self,
        best: ConsentSignal,
        state: str,
        basis: str,
        ended: Sequence[ConsentSignal],
        refused: tuple[str, ...],
        epoch: int,
    ) -> CellState:
        """The state as long as it lasts: until its date, or until somebody noted its end."""
        since = self._since(best)
        end = best.expires_at
        over = max((self._at(one) for one in ended), default=NEVER) >= self._at(best)
        late = end is not None and self.now >= end
        if over or late:
            return CellState("expired", "none", epoch + int(late), since, best.id, end, refused)
        return CellState(state, basis, epoch, since, best.id, end, refused)

    def _withdrawn(
        self,
        opening: Sequence[ConsentSignal],
        closing: Sequence[ConsentSignal],
        known: Sequence[ConsentSignal],
        cell: Cell,
        epoch: int,
    ) -> CellState:
        last = max(closing, key=lambda one: (self._at(one), one.rank, one.id))
        first = self._at(last)
        against = [one for one in opening if self._at(one) > first]
        against += [one for one in self._claims(known, cell) if one.received_at > first]
        return CellState("withdrawn", "none", epoch, first, last.id, None, _ids(against))

    def _claims(self, known: Sequence[ConsentSignal], cell: Cell) -> list[ConsentSignal]:
        """Systems that show a yes which counts for nothing."""
        return [
            one
            for one in known
            if one.kind is Kind.OBSERVE and (one.purpose, one.channel) == (cell.purpose, cell.channel)
        ]

    def _since(self, one: ConsentSignal) -> float | None:
        at = self._at(one)
        return None if at == NEVER else at

    def _order(self, one: ConsentSignal) -> tuple[float, int, str]:
        return (self._at(one), one.rank, one.id)


def _covers_below(one: ConsentSignal, cell: Cell) -> bool:
    """Whether what a signal closes includes the cell."""
    brand = one.controller in ("", cell.controller) or not cell.controller
    return (
        brand
        and one.topic in ("", cell.topic)
        and closes(one.purpose, one.channel, cell.purpose, cell.channel)
    )


def _request_of(confirm: ConsentSignal, opening: Sequence[ConsentSignal]) -> ConsentSignal | None:
    """The request that a confirmation answers, where it names one."""
    if not confirm.request:
        return None
    found = [
        one
        for one in opening
        if one.kind is Kind.REQUEST_DOI and one.event == confirm.request and one.source == confirm.source
    ]
    return min(found, key=lambda one: one.id, default=None)


def _distinct(signals: Iterable[ConsentSignal]) -> list[ConsentSignal]:
    """Each event once, echoes left out (1.4 rule 1)."""
    kept: dict[tuple[str, str], ConsentSignal] = {}
    for one in signals:
        key = (one.source, one.event)
        if one.echo_of or (key in kept and _first(kept[key], one) is kept[key]):
            continue
        kept[key] = one
    return list(kept.values())


def _first(one: ConsentSignal, other: ConsentSignal) -> ConsentSignal:
    order: Callable[[ConsentSignal], tuple[float, str]] = lambda each: (each.received_at, each.id)  # noqa: E731  two uses
    return min(one, other, key=order)


def _ids(signals: Iterable[ConsentSignal]) -> tuple[str, ...]:
    return tuple(sorted({one.id for one in signals}))

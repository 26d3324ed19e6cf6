"""May this record go there for this purpose? Pure; the first rule that says no decides (consent.md 2.1).

Unknown is never yes: whatever is missing, malformed or unreachable denies marketing, ads and analytics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from accord.consent.fold import CellState
from accord.consent.purposes import needs_grant
from accord.consent.scope import lineage
from accord.consent.signal import NoticeVersion

if TYPE_CHECKING:
    from accord.consent.policy import Policy, Ruling


class Answer(StrEnum):
    """What the gate says."""

    ALLOW = "allow"
    DENY = "deny"
    HOLD = "hold"
    """Not now: the gate could not find out. Decided again by the next run."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's answer.

    Attributes:
        allowed: Whether the record may be sent.
        reason: The rule that decided, as a word for counters, logs and ``explain``.
        rule: The policy's rule behind it, where one was asked.
        state: The state of the permission that decided.
        basis: What allows it.
        signal: The signal that decided.
        epoch: The epoch of the permission: a ticket of an earlier one is void.
        subject: The person it was asked of; empty = nobody's data.
        withheld: Canonical fields that must not go although the record may.
        waits: Whether it is no answer yet, only a wait.
        captured: Of an event: the signal that allowed it when it happened, and the fingerprint of the
            snapshot that came with it.
        points: Keyed hashes of the addresses the person has, for the ledger.
        ends_at: When the permission ends by itself, seconds since 1970: nothing begins after it.
    """

    allowed: bool
    reason: str
    rule: str = ""
    state: str = ""
    basis: str = ""
    signal: str = ""
    epoch: int = 0
    subject: str = ""
    withheld: frozenset[str] = frozenset()
    waits: bool = False
    captured: Mapping[str, str] = field(default_factory=dict)
    points: tuple[str, ...] = ()
    ends_at: float | None = None

    @property
    def answer(self) -> Answer:
        """Allow, deny or hold."""
        if self.allowed:
            return Answer.ALLOW
        return Answer.HOLD if self.waits else Answer.DENY


ALLOWED = Verdict(True, "service", basis="contract")
NO_SUBJECT = Verdict(True, "no_personal_data")
UNAVAILABLE = Verdict(False, "policy_unavailable", waits=True)
"""The consent store or the policy could not be used: nothing but services goes, and nothing is lost."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        destination: The connection's name.
        today: For ages.
    """

    destination: str
    purpose: str
    channel: str
    today: date


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a person when a decision is made.

    Attributes:
        cells: The states of the asked purpose and of those the policy requires beside it, for the address
            that would be used, by purpose; the strictest of all who share it.
        reachable: Whether there is an address for the channel at all (always, where it needs none).
        erased: Whether an erasure tombstone covers the person.
        held: Whether a legal hold stops everything.
        lent: Whether the address that would be used is a marketplace's.
        withheld: Fields whose present value only a marketplace collected.
        suppressions: Reasons why the address must not be used on this channel.
        objected: Whether the address stands on the objection list.
        birth_date: As far as known.
        given_on: The day of the oldest permission that is asked for.
        country: ISO code; None = unknown.
        business: Whether it is a business contact.
        parental: Whether the grant names a parent's consent.
        notice: The text the winning grant names.
        subject, points: Who it is, and keyed hashes of their addresses: for the account of the answer.
    """

    cells: Mapping[str, CellState] = field(default_factory=dict)
    reachable: bool = True
    erased: bool = False
    held: bool = False
    lent: bool = False
    withheld: frozenset[str] = frozenset()
    suppressions: frozenset[str] = frozenset()
    objected: bool = False
    birth_date: date | None = None
    given_on: date | None = None
    country: str | None = None
    business: bool = False
    parental: bool = False
    notice: NoticeVersion | None = None
    subject: str = ""
    points: tuple[str, ...] = ()


def decide(policy: Policy, question: Question, facts: Facts) -> Verdict:
    """Answer a question about one person.

    A service or a duty needs no grant and honours erasure only. Accord sends no messages itself: bounces and
    a carrier's stop are for whoever sends one.
    """
    verdict = _decide(policy, question, facts)
    return verdict if verdict.allowed else replace(verdict, subject=facts.subject)


def _decide(policy: Policy, question: Question, facts: Facts) -> Verdict:
    if facts.erased or facts.held:
        return Verdict(False, "erased" if facts.erased else "legal_hold")
    if not needs_grant(question.purpose):
        return replace(ALLOWED, subject=facts.subject, points=facts.points)
    contracts = policy.destinations
    if contracts.contracts_required and question.destination not in contracts.contracts:
        return Verdict(False, "no_contract")
    if facts.lent:
        return Verdict(False, "marketplace_origin", state="not_applicable")
    if facts.suppressions:
        return Verdict(False, f"suppressed_{min(facts.suppressions)}")
    if facts.objected:
        return Verdict(False, "objection")
    return _age(policy, question, facts) or _permission(policy, question, facts)


def age_on(birth_date: date, today: date) -> int:
    """Completed years of age."""
    return today.year - birth_date.year - ((today.month, today.day) < (birth_date.month, birth_date.day))


def _age(policy: Policy, question: Question, facts: Facts) -> Verdict | None:
    """A birthday opens nothing: who was too young to give a permission has not given it."""
    if facts.birth_date is None:
        # Unknown is not adult where a birth date is collected.
        return _too_young(policy, question, facts, 0) if policy.minors.birth_date_collected else None
    now = _too_young(policy, question, facts, age_on(facts.birth_date, question.today))
    if now is not None or facts.given_on is None:
        return now
    then = _too_young(policy, question, facts, age_on(facts.birth_date, facts.given_on))
    return None if then is None else Verdict(False, "minor_when_granted")


def _too_young(policy: Policy, question: Question, facts: Facts, age: int) -> Verdict | None:
    minors = policy.minors
    if question.purpose.startswith("ads.") and age < minors.no_ads_below:
        return Verdict(False, "minor")
    if age < minors.parental_below and not facts.parental:
        return Verdict(False, "minor_without_parent")
    return None


def _permission(policy: Policy, question: Question, facts: Facts) -> Verdict:
    ruling = policy.ruling(question.purpose, question.channel, facts.country, business=facts.business)
    if not facts.reachable:
        return Verdict(False, "no_address", ruling.id)
    if not ruling.bases:
        return Verdict(False, "no_basis", ruling.id)
    for purpose in (question.purpose, *ruling.requires):
        cell = facts.cells.get(purpose, CellState())
        basis = _basis(cell, ruling, facts)
        if basis is None:
            return _refused(cell, ruling, own=purpose == question.purpose, purpose=purpose)
    cell = facts.cells.get(question.purpose, CellState())
    basis = _basis(cell, ruling, facts) or "none"
    notice = facts.notice
    if basis == "consent" and not _recipient(question, ruling, notice):
        return Verdict(
            False, "recipient_not_named", ruling.id, cell.state, signal=cell.signal, epoch=cell.epoch
        )
    reason = cell.state if basis != "legitimate_interest_b2b" else basis
    ends = [facts.cells.get(name, CellState()).expires_at for name in (question.purpose, *ruling.requires)]
    return Verdict(
        True,
        reason,
        ruling.id,
        cell.state,
        basis,
        cell.signal,
        cell.epoch,
        facts.subject,
        withheld=facts.withheld,
        points=facts.points,
        ends_at=min((each for each in ends if each is not None), default=None),
    )


def _basis(cell: CellState, ruling: Ruling, facts: Facts) -> str | None:
    """What makes it lawful, None if nothing does."""
    if cell.state == "granted" and "consent" in ruling.bases:
        return "consent"
    if cell.state == "soft_opt_in" and "soft_opt_in" in ruling.bases:
        return "soft_opt_in"
    silent = cell.state in ("unknown", "soft_opt_in") and facts.business
    return "legitimate_interest_b2b" if silent and "legitimate_interest_b2b" in ruling.bases else None


def _refused(cell: CellState, ruling: Ruling, *, own: bool, purpose: str) -> Verdict:
    word = "withdrawn" if cell.state == "withdrawn" else f"state_{cell.state}"
    if cell.state in ("granted", "soft_opt_in"):
        word = f"no_basis_{cell.state}"
    reason = word if own else f"requires_{purpose}"
    return Verdict(False, reason, ruling.id, cell.state, "none", cell.signal, cell.epoch)


def _recipient(question: Question, ruling: Ruling, notice: NoticeVersion | None) -> bool:
    """Whether the text the person saw names who gets the data, where it must or where it names anybody."""
    partners = notice.partners if notice is not None else ()
    if not partners:
        return not ruling.recipient_named
    names = {question.destination, question.channel.partition(":")[2] or question.destination}
    shared = ruling.recipient_named or question.purpose.startswith("ads.")
    return not shared or bool(names & set(partners))


def by_cells(consents: Mapping[str, object], purpose: str, channel: str) -> Verdict:
    """What a person's derived consent cells (``"<purpose>:<channel>"`` -> state) alone allow.

    For who holds no more than the hub's cells; the gate itself asks :func:`decide`.
    """
    if not needs_grant(purpose):
        return ALLOWED
    for name in lineage(purpose):
        if _state(consents, name, channel) == "withdrawn":
            return Verdict(False, "withdrawn")
    state = _state(consents, purpose, channel)
    return Verdict(True, state) if state == "granted" else Verdict(False, f"state_{state}")


def _state(consents: Mapping[str, object], purpose: str, channel: str) -> str:
    cell = consents.get(f"{purpose}:{channel}")
    return str(cell.get("state") or "unknown") if isinstance(cell, dict) else "unknown"

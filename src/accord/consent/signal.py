"""Consent signals: what was said, by whom, when, and how it is known. Never updated, only read anew.

A signal is a fact of the log; what it means for a cell is computed by :mod:`accord.consent.fold`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Kind(StrEnum):
    """What a signal says (consent.md 1.1)."""

    GRANT = "grant"
    WITHDRAW = "withdraw"
    OBJECT = "object"
    CONFIRM_DOI = "confirm_doi"
    """The click that answers a confirmation mail."""
    REQUEST_DOI = "request_doi"
    """A confirmation was asked for and not given yet."""
    RENEW = "renew"
    EXPIRE = "expire"
    ATTEST_IMPORT = "attest_import"
    """Somebody who imports a list vouches for a dated, evidenced grant in it."""
    OBSERVE = "observe"
    """A system shows a state, without telling that the person made it so then."""
    PURCHASE = "purchase"
    """A sale with notice and a refusal offered and not used: what soft opt-in rests on."""


CLOSING = frozenset({Kind.WITHDRAW, Kind.OBJECT})
"""Kinds that close whatever they cover."""
OPENING = frozenset({Kind.GRANT, Kind.CONFIRM_DOI, Kind.RENEW, Kind.ATTEST_IMPORT})
"""Kinds that may open a cell, if nothing closes it."""


class Actor(StrEnum):
    """Who made the signal."""

    PERSON = "person"
    AGENT = "agent_on_behalf"
    """Somebody who noted what the person told them: a shop assistant, support."""
    VENDOR = "vendor"
    IMPORT = "import"
    ACCORD = "accord"


class Rank(IntEnum):
    """How much a signal weighs against others (consent.md 1.4 rule 5)."""

    DERIVED = 1
    VENDOR = 2
    AGENT = 3
    PERSON = 4


_RANKS = {
    Actor.PERSON: Rank.PERSON,
    Actor.AGENT: Rank.AGENT,
    Actor.VENDOR: Rank.VENDOR,
    Actor.IMPORT: Rank.DERIVED,
    Actor.ACCORD: Rank.DERIVED,
}


@dataclass(frozen=True, slots=True)
class ConsentSignal:
    """One statement about a person's permission.

    Attributes:
        id: Accord's id.
        subject: The hub record of the person.
        source: The system it came from: a connection's name, ``operator``, ``accord``.
        event: The source's own id of the event; (source, event) is one signal, however often it comes.
        purpose: A purpose, a parent of purposes, or ``*``.
        channel: A channel, or ``*``.
        kind: What it says.
        actor: Who says it.
        received_at: When Accord learned of it, seconds since 1970.
        effective_at: When the person decided; None = nobody knows.
        contact_point: Keyed hash (hexadecimal) of the address it is about; empty = the person.
        topic: List or topic inside the channel; empty = the channel.
        controller: The brand it was said to; empty = the one there is.
        precision: Seconds the source's instants may be off by: 86400 for dates without a time.
        sequence: The source's own number of the event, if it has one.
        expires_at: When a grant ends by itself.
        notice: ``id@version`` of the text the person saw.
        evidence: Reference to the proof, never the proof.
        request: For ``confirm_doi``: the event id of the request it answers, where known.
        parental: Reference to a parent's consent.
        jurisdiction: ISO country of the person at that moment, if the source tells.
        language: Of the text the person saw.
        origin: ``connection/stream:external id`` of the record that showed it.
        recorded_for: The hub record it was first written for (a merge moves ``subject``, never this).
        echo_of: The consent write that this is the echo of; an echo changes nothing.
        note: Flags for people: ``clamped`` for a grant dated in the future.
        digest: Hash of the raw event, to prove what was received.
    """

    id: str
    subject: str
    source: str
    event: str
    purpose: str
    channel: str
    kind: Kind
    actor: Actor
    received_at: float
    effective_at: float | None = None
    contact_point: str = ""
    topic: str = ""
    controller: str = ""
    precision: float = 0.0
    sequence: int | None = None
    expires_at: float | None = None
    notice: str = ""
    evidence: str = ""
    request: str = ""
    parental: str = ""
    jurisdiction: str = ""
    language: str = ""
    origin: str = ""
    recorded_for: str = ""
    echo_of: str = ""
    note: str = ""
    digest: str = ""

    @property
    def rank(self) -> Rank:
        """How much it weighs: what a system shows undated, or an import, is derived, whoever sends it."""
        if self.kind in (Kind.OBSERVE, Kind.ATTEST_IMPORT, Kind.EXPIRE):
            return Rank.DERIVED
        if self.actor is Actor.VENDOR and self.effective_at is None and self.kind in CLOSING:
            return Rank.DERIVED
        return _RANKS[self.actor]

    @property
    def is_evidenced(self) -> bool:
        """Whether it is a dated act of the person with a proof: only such an act reopens what was closed."""
        by_person = self.actor in (Actor.PERSON, Actor.AGENT) or self.kind is Kind.CONFIRM_DOI
        return by_person and self.effective_at is not None and bool(self.evidence)


@dataclass(frozen=True, slots=True)
class NoticeVersion:
    """A text that people were shown when they were asked.

    Attributes:
        id: Its name.
        version: Which wording.
        text_hash: SHA-256 of the exact text, hexadecimal.
        locale: Its language, such as ``fr-FR``.
        purposes: What it names; a grant on a parent covers a child only if it is named here.
        partners: The recipients it names.
        valid_from, valid_to: When it was shown, seconds since 1970.
    """

    id: str
    version: str
    text_hash: str = ""
    locale: str = ""
    purposes: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    valid_from: float | None = None
    valid_to: float | None = None

    @property
    def reference(self) -> str:
        """``id@version``, as signals name it."""
        return f"{self.id}@{self.version}"


Notices = Mapping[str, NoticeVersion]
"""Notices by ``id@version``."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The proof of an act. Stored apart from signals and sealed; a signal only names it.

    Attributes:
        id: What signals name it by.
        method: ``web_form``, ``pos_paper``, ``phone_record``, ``doi_click``, ``sms_keyword``,
            ``list_unsubscribe``, ``cmp``, ``api`` or ``import``.
        at: When it was collected, seconds since 1970.
        retain_until: When it may be dropped; None = with the log.
        details: Text hash, form address, checkbox default, truncated network address, agent, shop,
            document: what the method leaves. Personal data, therefore sealed.
    """

    id: str
    method: str
    at: float
    retain_until: float | None = None
    details: Mapping[str, str] = field(default_factory=dict)


METHODS = (
    "web_form",
    "pos_paper",
    "phone_record",
    "doi_click",
    "sms_keyword",
    "list_unsubscribe",
    "cmp",
    "api",
    "import",
)
"""How consent may be proved (consent.md 1.1)."""

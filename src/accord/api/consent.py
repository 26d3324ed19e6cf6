"""The desk where consent is recorded, shown and accounted for: ``Accord.consent``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from accord.api import naming, notices
from accord.consent.scope import EVERY
from accord.consent.signal import CLOSING, METHODS, ConsentSignal, Evidence, Kind, NoticeVersion
from accord.engine import hearing, locate, unsubscribe
from accord.engine.addresses import is_addressed, point_for, point_of, points_of
from accord.engine.desk import Statement, check, note
from accord.engine.overview import Incident, Overview, incidents, overview_of
from accord.engine.retention import Kept, keep
from accord.errors import SetupError
from accord.model import telephone, values
from accord.store.consent_rows import Objection
from accord.store.rows import EntityState

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.consent_rows import Decision, Revocation
    from accord.store.rows import Entity


@dataclass(frozen=True, slots=True)
class Proof:
    """How it is known that a person agreed: without one, a grant counts for nothing.

    Attributes:
        method: How it was given: web_form, pos_paper, phone_record, doi_click, sms_keyword, api or import.
        reference: Where the proof itself lies: a document, a recording, a form entry.
        notice: ``id@version`` of the text the person saw.
        parental: Reference to the consent of a parent, for somebody too young to give it alone.
        details: What the method leaves (form address, agent, shop); kept sealed.
    """

    method: str
    reference: str
    notice: str = ""
    parental: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnsubscribeLink:
    """The way out of a subscription that a message carries.

    Attributes:
        url: Where `accord serve` answers: a GET shows a page with a button, one POST unsubscribes.
        headers: The two header fields of the message (RFC 8058); its DKIM signature must cover both.
    """

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Audit:
    """What somebody who answers for consent must see.

    Attributes:
        decisions: Rows of the decision log.
        broken_at: The first row that does not fit the hash chain; None = the log is whole. Only told when
            the log was verified.
        verified: Whether the log was verified now.
        alerts: Revocations that are overdue, or that a person must carry out at the vendor.
        open_revocations: Destinations that have not confirmed yet.
        incidents: Sends made between a refusal and its arrival.
        overdue_reviews: Rules of the policy whose review date has passed.
        policy: The policy in force, ``name@version``.
    """

    decisions: int
    verified: bool
    broken_at: int | None
    alerts: Sequence[Revocation]
    open_revocations: int
    incidents: Sequence[Incident]
    overdue_reviews: Sequence[str]
    policy: str


class ConsentDesk:
    """Records what people say, shows where they stand, and gives account. Thread-safe."""

    def __init__(self, world: World) -> None:
        self._world = world

    def show(self, record: str) -> Overview:
        """Where a person stands: permissions, blocks, destinations, what is still to be told.

        Raises:
            SetupError: the record is unknown, or no person; says so if the address stands on the objection
                list although nobody is known by it.
        """
        with self._world.store.reading("consent") as tx:
            self._tell_objection(tx, record)
            return overview_of(tx, self._person(tx, record), self._world.store.key)

    def history(self, record: str) -> list[ConsentSignal]:
        """Everything that was said about a person, oldest first.

        Raises:
            SetupError: the record is unknown, or no person.
        """
        with self._world.store.reading("consent") as tx:
            person = self._person(tx, record)
            return tx.signals.of([person.id]).get(person.id, [])

    def explain(self, record: str, destination: str | None = None, limit: int = 100) -> list[Decision]:
        """Why a person was sent somewhere or kept back: from the decision log alone, newest first.

        Works for erased people too: their hub id is enough.

        Raises:
            SetupError: the record is unknown, or no person; nothing was ever decided about the destination,
                and no connection is called so.
        """
        with self._world.store.reading("consent") as tx:
            found = tx.decisions.of(self._person(tx, record).id, destination, limit)
        connections = sorted({one.connection for flow in self._world.flows for one in flow.members})
        if destination is not None and not found and destination not in connections:
            raise SetupError(
                f"no connection is called {destination!r}", hint=f"Connections are: {', '.join(connections)}."
            )
        return found

    def grant(
        self,
        record: str,
        purpose: str,
        channel: str,
        proof: Proof,
        *,
        at: datetime | None = None,
        brand: str = "",
    ) -> Overview:
        """Record that a person agreed, as somebody noted who was told so by them.

        Args:
            record: Who.
            purpose: One purpose.
            channel: One channel.
            proof: How it is known.
            at: When they said so; by default now.
            brand: The brand they said it to, as connections name it; it allows nothing for another.

        Raises:
            SetupError: the record, purpose or channel is unknown, or the proof names no method or reference.
        """
        if proof.method not in METHODS or not proof.reference.strip():
            raise SetupError(
                "a grant needs a proof: how it was given, and where the proof lies",
                hint=f"Name a method ({', '.join(METHODS)}) and a reference.",
            )
        said = Statement(
            Kind.GRANT,
            purpose,
            channel,
            _seconds(at),
            evidence=self._world.env.new_id(),
            notice=proof.notice,
            parental=proof.parental,
            brand=brand,
        )
        return self._say(record, said, proof)

    def withdraw(
        self,
        record: str,
        purpose: str = EVERY,
        channel: str = EVERY,
        *,
        at: datetime | None = None,
        reference: str = "",
        brand: str = "",
    ) -> Overview:
        """Record that a person refuses; when this returns, nothing more is sent against it.

        Every destination they were sent to is told by the next sync, ahead of everything else.

        Args:
            record: Who; where several people have this address, all of them. An e-mail address or telephone
                nobody is known by goes on the objection list.
            purpose: One purpose, a parent of purposes (``marketing``), or ``*`` for all that need a yes.
            channel: One channel, or ``*`` for all.
            at: When they said so; by default now.
            reference: Where it is noted: a ticket, a call.
            brand: The brand they refuse; empty = every brand.

        Raises:
            SetupError: the record, purpose or channel is unknown.
        """
        check(Statement(Kind.WITHDRAW, purpose, channel))
        if self._object_unknown(record, purpose, channel):
            return Overview("", (), (), (), (), ())
        proof = Proof("api", reference) if reference else None
        evidence = self._world.env.new_id() if reference else ""
        said = Statement(
            Kind.WITHDRAW, purpose, channel, _seconds(at), evidence=evidence, whole_person=True, brand=brand
        )
        return self._say(record, said, proof)

    def add_notice(self, notice: NoticeVersion) -> bool:
        """Keep a text that people are shown; a grant that names it reaches no further than it.

        Returns:
            False if this very text was known.

        Raises:
            SetupError: it names no purpose, or one that nobody can grant; the version is known with another
                content.
        """
        return notices.add(self._world, notice)

    def unsubscribe_link(
        self, record: str, purpose: str, channel: str = "email", *, base_url: str
    ) -> UnsubscribeLink:
        """The one-click link (RFC 8058) that ends one purpose on one channel for one person.

        The same person, address, purpose and channel always have the same link. It does not expire.

        Args:
            record: Who the message goes to.
            purpose: The purpose of the message, or a parent such as ``marketing``.
            channel: The channel.
            base_url: Under which address `accord serve` is reached from outside: https.

        Raises:
            SetupError: the record, purpose or channel is unknown, the person has no address on the channel,
                or ``base_url`` is not https.
        """
        base, world = _public(base_url), self._world
        check(Statement(Kind.WITHDRAW, purpose, channel))
        with world.store.reading("unsubscribe link") as tx:
            person = self._person(tx, record)
        point = point_for(channel, points_of(person.cells, world.store.key))
        if not point and is_addressed(channel):
            raise SetupError(
                f"record {person.id} has no address on the channel {channel}",
                hint="A message that cannot be addressed needs no link.",
            )
        what = unsubscribe.Subscription(person.id, point, purpose, channel)
        url = f"{base}/unsubscribe/{unsubscribe.token_of(what, world.store.key)}"
        post = "List-Unsubscribe=One-Click"
        return UnsubscribeLink(url, {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": post})

    def knows_link(self, token: str) -> bool:
        """Whether a token is of a link that this store made; nothing is changed."""
        return unsubscribe.subscription_of(token, self._world.store.key) is not None

    def unsubscribe(self, token: str) -> bool:
        """Carry out the click on a link; when this returns, nothing more is sent against it.

        Repeated, it is one withdrawal, until the person says yes again.

        Returns:
            False if this store did not make the token: nothing happened.

        Raises:
            StateError: the store cannot be used; nothing was recorded.
        """
        what = unsubscribe.subscription_of(token, self._world.store.key)
        if what is None:
            return False
        with self._world.store.transaction("unsubscribe") as tx:
            unsubscribe.end(self._world, tx, what)
        return True

    def retain(self) -> Kept:
        """Run the policy's retention rules once: who must be asked to renew, and what ended.

        A permission ends when the person has not been in touch for as long as the policy says. Run it daily.
        """
        return keep(self._world)

    def audit(self, *, verify: bool = False, limit: int = 1000) -> Audit:
        """Give account: alerts, incidents, overdue reviews; with ``verify`` the decision log's hash chain."""
        world = self._world
        with world.store.reading("audit") as tx:
            return Audit(
                tx.decisions.head()[0],
                verify,
                tx.decisions.verify() if verify else None,
                tx.revocations.alerts(),
                tx.revocations.open_count(),
                incidents(tx, limit),
                world.policy.overdue(world.env.now().date()),
                world.policy.reference,
            )

    def _object_unknown(self, text: str, purpose: str, channel: str) -> bool:
        """Put an address that belongs to nobody known on the objection list; False if it is somebody's."""
        world = self._world
        point = _point(text, world.store.key)
        if not point:
            return False
        with world.store.transaction("objection") as tx:
            if locate.known(world, tx, text):
                return False
            now = world.env.now().timestamp()
            until = now + world.policy.objections.keep_months * hearing.MONTH
            tx.objections.add([Objection(point, purpose, channel, now, until)])
        return True

    def _tell_objection(self, tx: Transaction, text: str) -> None:
        """An address of nobody that stands on the objection list is not unknown."""
        point = _point(text, self._world.store.key)
        noted = tx.objections.at([point]).get(point, ()) if point else ()
        if noted and not locate.known(self._world, tx, text):
            day = datetime.fromtimestamp(min(one.at for one in noted), UTC).date().isoformat()
            raise SetupError(
                f"nobody is known under this address; it stands on the objection list since {day}",
                hint="Whoever appears under it gets nothing they objected to, until they prove a later yes.",
            )

    def _people(self, tx: Transaction, record: str) -> list[Entity]:
        """Everybody whom a text names."""
        found = [one for one in naming.named(self._world, tx, record) if one.kind == "customer"]
        return found if len(found) > 1 else [self._person(tx, record)]

    def _person(self, tx: Transaction, record: str) -> Entity:
        found = naming.one_named(self._world, tx, record)
        if found.kind != "customer":
            raise SetupError(
                f"record {found.id} is a {found.kind}, not a person", hint="Name the customer it belongs to."
            )
        return found

    def _say(self, record: str, said: Statement, proof: Proof | None) -> Overview:
        world = self._world
        with world.store.transaction("consent") as tx:
            closing = said.kind in CLOSING
            people = self._people(tx, record) if closing else [self._person(tx, record)]
            if any(one.state is EntityState.ERASED for one in people):
                raise SetupError(
                    f"record {people[0].id} is erased: nothing is sent to them, whatever they say",
                    hint="Who has come back by their own act is let in by `accord erasures lift`.",
                )
            if proof is not None:
                now = world.env.now().timestamp()
                details = {**proof.details, "reference": proof.reference}
                tx.evidence.add(Evidence(said.evidence, proof.method, now, details=details))
            for person in people:
                note(world, tx, person, said)
            overview = overview_of(tx, people[0], world.store.key)
            return replace(overview, also=[one.id for one in people[1:]])


def _point(text: str, key: bytes) -> str:
    """The keyed hash of what is an e-mail address or a telephone number; empty for anything else."""
    for type_, normal in (("email", values.email), ("phone", telephone.phone)):
        try:
            if found := normal(text):
                return point_of(type_, found, key)
        except ValueError:
            continue
    return ""


def _public(base_url: str) -> str:
    """An address for links in messages. RFC 8058 demands https; http on loopback is for trying it out."""
    parts = urlsplit(base_url)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    plain = base_url.isascii() and base_url.isprintable() and not set(base_url) & set(" <>,")
    if not (parts.hostname and plain and (parts.scheme == "https" or local)) or parts.query or parts.fragment:
        raise SetupError(
            "the address of an unsubscribe link must be https, without query or fragment (RFC 8058)",
            hint="Give the public address under which `accord serve` is reached, such as https://news.example.com.",
        )
    return base_url.rstrip("/")


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()

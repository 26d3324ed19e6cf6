"""A shop, a newsletter tool, an SMS tool, an ad platform, a marketplace and one Accord between them.

Systems in memory on a virtual clock; everything between them is the real engine and store.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from accord.api import Accord, approval
from accord.config import Config
from accord.connector import Origin, batch
from accord.consent.fold import CellState
from accord.consent.signal import ConsentSignal, Kind
from accord.engine import desk, locate
from accord.engine.report import Report
from accord.errors import AccessError, AnswerShapeError
from accord.hookspecs import hookimpl
from accord.http import verify_hmac
from accord.mapping import Instant, both, read, reference
from accord.mapping import Mapping as FieldMapping
from accord.model import Customer, Order
from accord.model.record import (
    ConsentWrite,
    Outcome,
    PrivacyAsk,
    PrivacyRequest,
    Receipt,
    Result,
    Row,
)
from accord.plugins import Plugins
from accord.store.consent_rows import Decision, Revocation, Send
from accord.store.rows import Entity
from tests.integration.engine.vendors import Memory, MemoryStream, Table, TownEnv

__all__ = ["Stage", "build_stage", "stage"]

KEYS = {
    "marketing.direct:email": "mail_consent",
    "marketing.direct:sms": "sms_consent",
    "marketing.direct.similar_products:email": "similar_consent",
    "ads.audience_match:ad_platform:meta": "ads_consent",
    "ads.personalisation:ad_platform:meta": "ads_personal",
}
SUPPRESSED = ("email:hard_bounce", "email:complaint", "sms:carrier_stop")
PLAIN = (
    both("email", "mail"),
    both("given_name", "first"),
    both("phone", "tel"),
    both("birth_date", "born"),
    both("notes", "note"),
)
SHOWN = (
    *(read(f"consents[{key}]", column) for key, column in KEYS.items()),
    *(read(f"suppressions[{key}]", key.replace(":", "_")) for key in SUPPRESSED),
)


class People(MemoryStream):
    """People of a system that asks them itself."""

    name: ClassVar[str] = "contacts"
    model = Customer
    subject = "self"
    find_by: Sequence[str] = ("hub_id", "email")
    mapping = FieldMapping(*PLAIN, *SHOWN)


class Purchases(MemoryStream):
    """Orders."""

    name: ClassVar[str] = "orders"
    model = Order
    subject = "customer"
    find_by: Sequence[str] = ("hub_id", "number")
    mapping = FieldMapping(
        both("number", "number"),
        both("email", "mail"),
        both("custom.coupon_block", "coupon"),
        reference("customer", "contact_id", stream="contacts"),
        read("placed_at", "placed", as_=Instant()),
    )


class Readers(People):
    """A newsletter tool: it can be told a refusal, and asks people to confirm."""

    consent_channels = frozenset({"email"})
    confirms = True

    @batch(2)
    def unsubscribe(self, writes: Sequence[ConsentWrite]) -> Sequence[Outcome]:
        """Set the state to refused."""
        return [self._told("unsubscribe", write, {"state": "withdrawn"}) for write in writes]

    @batch(2)
    def subscribe(self, writes: Sequence[ConsentWrite]) -> Sequence[Outcome]:
        """Ask for the click; who complained is final."""
        return [self._told("subscribe", write, {"state": "pending_confirmation"}) for write in writes]

    def _told(self, verb: str, write: ConsentWrite, state: dict[str, Any]) -> Outcome:
        self.table.calls.append((verb, write))
        self.table.run(self.table.before, verb, [write])
        row = self.table.rows.get(write.external_id or "")
        if row is None:
            return Outcome(write.id, Result.GONE)
        if verb == "subscribe" and row.get("final"):
            return Outcome(write.id, Result.REJECTED, reason="compliance_state")
        self.table.put(row["id"], mail_consent=state)
        self.table.run(self.table.after, verb, [write])
        return Outcome(write.id, Result.DONE, row["id"], receipt=Receipt.CONFIRMED)


class Texters(People):
    """An SMS tool without operations of its own for consent."""


class Audience(MemoryStream):
    """An advertising audience: hashes in, hashes out, never read back."""

    name: ClassVar[str] = "contacts"
    model = Customer
    subject = "self"
    find_by: Sequence[str] = ("hub_id",)
    consent_channels = frozenset({"ad_platform:meta"})
    mapping = FieldMapping(both("email", "mail"), both("notes", "note"), both("birth_date", "born"))

    def identifiers(self, row: Row) -> Mapping[str, str]:
        """The hash, and how it was made."""
        return {"em": sha256(str(row.get("mail", "")).encode()).hexdigest(), "normaliser": "stage/em/1"}

    def remove(self, writes: Sequence[ConsentWrite]) -> Sequence[Outcome]:
        """Out of the audience, by hashes."""
        self.table.calls += [("remove", write) for write in writes]
        return [Outcome(write.id, Result.DONE, receipt=Receipt.ACCEPTED) for write in writes]


class Market(People):
    """A marketplace: its buyers are not ours."""

    origin = Origin.MARKETPLACE


class Sold(Purchases):
    """Its orders."""

    origin = Origin.MARKETPLACE


APP_SECRET = SecretStr("the shop signs with it")


class Shop(Memory):
    """A shop. It passes on what its customers ask, signed: ``{"asks": ..., "id": ..., "email": ...}``."""

    name = "stage_shop"
    streams: ClassVar[Any] = (People, Purchases)

    def privacy_request(self, body: bytes, headers: Mapping[str, str]) -> PrivacyRequest:
        """Believe the signature, then read."""
        if not verify_hmac(body, headers.get("x-signature"), APP_SECRET):
            raise AccessError("a webhook was refused: its signature is not the shop's")
        said = json.loads(body)
        if "asks" not in said:
            raise AnswerShapeError("a webhook does not say what is asked")
        asks, id_ = PrivacyAsk(said["asks"]), sha256(body).hexdigest()
        whose = (said.get("id"), said.get("email"), said.get("phone"))
        return PrivacyRequest(id_, asks, f"people/{asks}", "the shop", "contacts", *whose)


class Letter(Memory):
    """A newsletter tool."""

    name = "stage_letter"
    streams: ClassVar[Any] = (Readers, Purchases)


class Sms(Memory):
    """An SMS tool."""

    name = "stage_sms"
    streams: ClassVar[Any] = (Texters, Purchases)


class Ads(Memory):
    """An ad platform."""

    name = "stage_ads"
    streams: ClassVar[Any] = (Audience, Purchases)


class Bazaar(Memory):
    """A marketplace."""

    name = "stage_market"
    streams: ClassVar[Any] = (Market, Sold)


class Offer:
    """The plugin that brings them."""

    @hookimpl
    def accord_connectors(self) -> Any:
        return [Shop, Letter, Sms, Ads, Bazaar]


SYSTEMS = {
    "shop": "stage_shop",
    "crm": "stage_shop",
    "letter": "stage_letter",
    "sms": "stage_sms",
    "ads": "stage_ads",
}
PURPOSES = {
    "shop": "service.support",
    "crm": "service.support",
    "letter": "marketing.direct",
    "sms": "marketing.direct",
    "ads": "ads.audience_match",
    "market": "service.transactional",
}


class Stage:
    """All of them, and the people who use them.

    Args:
        folder: Where the store lies.
        purposes: Purposes that differ from :data:`PURPOSES`.
        systems: Further systems by connector.
        sources: Systems whose people are read and never written.
        channels: Channels of the orders' flow that differ from what its systems serve.
        keys: Further tables of the configuration.
    """

    def __init__(
        self,
        folder: Path,
        purposes: Mapping[str, str] | None = None,
        systems: Mapping[str, str] | None = None,
        sources: Sequence[str] = (),
        channels: Mapping[str, str] | None = None,
        **keys: Any,
    ) -> None:
        self.env = TownEnv()
        self.env.forward(400 * 86_400.0)
        systems = {**SYSTEMS, **(systems or {})}
        purpose = {name: p for name, p in {**PURPOSES, **(purposes or {})}.items() if name in systems}
        written = {name: p for name, p in purpose.items() if name not in sources}
        flow = {
            "model": "customer",
            "both": [
                name
                for name in ("shop", "crm", "letter", "market")
                if name in systems and name not in sources
            ],
            "from": list(sources),
            "to": ["sms", "ads"],
            "purpose": written,
            "channel": {"sms": "sms"},
            "match": ["email"],
        }
        told = {name: p for name, p in purpose.items() if name in ("shop", "letter", "ads")}
        orders = {
            "model": "order",
            "both": ["shop", "crm"],
            "from": ["market"] if "market" in systems else [],
            "to": ["letter", "ads"],
            "purpose": told | {"crm": "service.transactional"},
            "channel": dict(channels or {}),
            "match": ["number"],
        }
        document = {
            "accord": {"store": f"sqlite:///{folder}/accord.db"},
            "connections": {name: {"connector": connector} for name, connector in systems.items()},
            "flows": {"customers": flow, "orders": orders},
            **keys,
        }
        # Its folder is where the journal of erasures lies.
        config = Config(**document).read_from(folder / "accord.toml", "")
        self.accord = Accord(config, env=self.env, plugins=Plugins([Offer()]))
        for name in ("customers", "orders"):
            approval.granted(self.accord.store, name, self.env)

    def __getitem__(self, name: str) -> Table:
        """The people of a system, or ``system/stream``."""
        connection, _, stream = name.partition("/")
        connector = self.accord.connections.connectors[connection]
        assert isinstance(connector, Memory)
        return connector.tables[stream or "contacts"]

    def ago(self, **time: float) -> str:
        """An instant in the past, as systems write it."""
        return (self.env.now() - timedelta(**time)).isoformat()

    def yes(self, **time: float) -> dict[str, Any]:
        """A dated grant."""
        return {"state": "granted", "at": self.ago(**(time or {"hours": 1}))}

    def no(self, **time: float) -> dict[str, Any]:
        """A dated refusal."""
        return {"state": "withdrawn", "at": self.ago(**(time or {"hours": 1}))}

    def sync(self, flow: str = "customers", **options: Any) -> Report:
        """Sync, and expect no trouble."""
        self.env.forward(60)
        report = self.accord.sync(flow, **options)
        assert not report.problems, report.problems
        return report

    def settle(self, rounds: int = 3) -> None:
        """Sync until what one run told is heard by the next."""
        for _ in range(rounds):
            self.sync(full=True)

    def person(self, who: str = "ann@example.com") -> Entity:
        """The one hub record of an address."""
        ((entity, _),) = self.accord.find(who)
        return entity

    def state(
        self, purpose: str = "marketing.direct", channel: str = "email", who: str = "ann@example.com"
    ) -> str:
        """What the hub shows of a permission."""
        cell = self.person(who).cells.get(f"consents.{purpose}:{channel}") or {}
        return str(cell.get("state") or "unknown")

    def say(
        self, kind: Kind, purpose: str = "marketing.direct", channel: str = "email", **more: Any
    ) -> CellState | None:
        """A person tells a desk; what holds then."""
        who = more.pop("who", "ann@example.com")
        with self.accord.store.transaction("a person speaks") as tx:
            (entity,) = locate.locate(self.accord.world, tx, who)
            told = desk.note(self.accord.world, tx, entity, desk.Statement(kind, purpose, channel, **more))
            return None if told is None else told.state(purpose, channel)

    def withdraw(
        self, purpose: str = "marketing.direct", channel: str = "email", **more: Any
    ) -> CellState | None:
        """A person refuses."""
        return self.say(Kind.WITHDRAW, purpose, channel, **more)

    def mails(self, system: str) -> list[str]:
        """The addresses a system holds."""
        return sorted(str(row.get("mail")) for row in self[system].rows.values())

    def written(self, system: str) -> list[tuple[str, Any]]:
        """Ordinary writes and consent writes that arrived there."""
        return self[system].calls

    def signals(self, who: str = "ann@example.com") -> list[ConsentSignal]:
        """The log of a person."""
        person = self.person(who).id
        with self.accord.store.reading() as tx:
            return tx.signals.of([person]).get(person, [])

    def decisions(self, connection: str, who: str = "ann@example.com") -> list[Decision]:
        """The latest answers of the gate about a person, newest first."""
        person = self.person(who).id
        with self.accord.store.reading() as tx:
            return tx.decisions.of(person, connection)

    def sends(self, who: str = "ann@example.com") -> list[Send]:
        """The ledger of a person."""
        person = self.person(who).id
        with self.accord.store.reading() as tx:
            return tx.ledger.of([person]).get(person, [])

    def revocations(self, who: str = "ann@example.com") -> list[Revocation]:
        """What destinations were, or must be, told about a person."""
        person = self.person(who).id
        with self.accord.store.reading() as tx:
            return tx.revocations.of([person])

    def conflicts(self) -> list[str]:
        """Kinds of all conflicts."""
        return sorted(conflict.kind for conflict in self.accord.conflicts(None))


Build = Callable[..., Stage]


@pytest.fixture
def build_stage(tmp_path: Path) -> Iterator[Build]:
    """Makes stages."""
    made: list[Stage] = []

    def make(**keys: Any) -> Stage:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Stage(folder, **keys))
        return made[-1]

    yield make
    for one in made:
        one.accord.close()


@pytest.fixture
def stage(build_stage: Build) -> Stage:
    """The plain one."""
    return build_stage()

"""An invented connector, and engine objects as small as the facade needs them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pydantic

from accord.connector import Connector, Creates, Deletes, Origin, Settings, Stream
from accord.hookspecs import hookimpl
from accord.mapping import Mapping, both
from accord.model import Canonical, Customer, Order
from accord.model.record import Outcome, Page, Probe, ReadRequest, Row, Write


class Contacts(Stream):
    name = "contacts"
    model: ClassVar[type[Canonical]] = Customer
    mapping = Mapping(both("email", "email"), both("given_name", "first"))
    subject = "self"
    origin = Origin.OWN
    deletes = Deletes.SCAN
    creates = Creates.REFERENCE
    find_by = ("email",)

    def read(self, request: ReadRequest) -> Iterator[Page]:
        return iter([Page([])])

    def find(self, probes: Sequence[Probe]) -> Sequence[Sequence[Row]]:
        return [[] for _ in probes]

    def upsert(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        return []


class Leads(Contacts):
    name = "leads"


class Orders(Contacts):
    name = "orders"
    model = Order
    mapping = Mapping(both("number", "no"))
    subject = "customer"


class Subscribers(Contacts):
    name = "subscribers"
    read = None  # type: ignore[assignment]


class ShopSettings(Settings):
    token: pydantic.SecretStr
    shop: str = "acme"
    rate: int = 1


class Shop(Connector[ShopSettings]):
    name = "shop"
    title = "A shop"
    settings = ShopSettings
    streams = (Contacts, Orders)


class Crm(Connector[Settings]):
    name = "crm"
    streams = (Contacts, Leads)


class Letter(Connector[Settings]):
    name = "letter"
    streams = (Subscribers,)


class Offering:
    """A plugin with connectors."""

    def __init__(self, *connectors: Any) -> None:
        self.connectors = connectors

    @hookimpl
    def accord_connectors(self) -> Any:
        return self.connectors


@dataclass(frozen=True)
class FlowStub:
    name: str = "customers"
    model: type[Canonical] = Customer
    kind: str = "customer"


@dataclass(frozen=True)
class MemberStub:
    stream: Stream
    connection: str = "shop"
    purpose: str = "marketing.direct"
    channel: str = "email"


@dataclass
class Seen:
    """An observation or a hub record."""

    id: str = "e1"
    external_id: str = "x1"
    cells: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StampStub:
    time: float = 0.0


@dataclass(frozen=True)
class ClaimStub:
    value: Any = None
    stamp: StampStub = field(default_factory=StampStub)


@dataclass
class RunStub:
    id: str = "r1"
    flow: str = "customers"
    kind: str = "sync"
    started_at: float = 1.0
    state: str = "done"
    finished_at: float | None = 2.0
    counters: dict[str, Any] = field(default_factory=dict)
    error: str = ""

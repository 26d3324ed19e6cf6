"""What the HTTP tests stand on: simulated time, a routed vendor, a small stream."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import pytest
import respx

from accord.env import SystemEnv
from accord.http import Auth, Http, MemoryBudget, MemoryTokens, NoAuth
from accord.model.record import Operation, Row, Write, none_refused

BASE = "https://api.example.com/v3"
START = datetime(2026, 1, 1, tzinfo=UTC)
T = TypeVar("T")


class FakeEnv(SystemEnv):
    """Time passes only by sleeping; chance is seeded; requests go to a router."""

    def __init__(self, router: respx.MockRouter) -> None:
        super().__init__()
        self.random = random.Random(7)
        self.clock = 0.0
        self.slept: list[float] = []
        self.router = router

    def now(self) -> datetime:
        return START + timedelta(seconds=self.clock)

    def monotonic(self) -> float:
        return self.clock

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock += seconds

    def transport(self, base_url: str) -> httpx.BaseTransport | None:
        return httpx.MockTransport(self.router.handler)


@dataclass
class Surroundings:
    """A context as the engine would hand it over."""

    env: FakeEnv
    connection: str = "crm"
    budget: MemoryBudget = field(init=False)
    tokens: MemoryTokens = field(init=False)

    def __post_init__(self) -> None:
        self.budget = MemoryBudget(self.env)
        self.tokens = MemoryTokens(self.env)


class Vendor:
    """A routed vendor and the clients that talk to it."""

    def __init__(self) -> None:
        self.router = respx.MockRouter(assert_all_called=False)
        self.env = FakeEnv(self.router)
        self.context = Surroundings(self.env)

    def http(self, auth: Auth | None = None, base_url: str = BASE, **options: Any) -> Http:
        return Http(base_url, context=self.context, auth=auth or NoAuth(), **options)

    def answers(self, method: str, path: str, *answers: Any) -> respx.Route:
        """Answer one after another; a number is a status, an exception is raised, the rest is JSON."""
        effects = [_answer(each) for each in answers]
        url = path if "://" in path else f"{BASE}{path}"
        route = self.router.request(method, url__regex=rf"^{url}(\?.*)?$")
        return route.mock(side_effect=effects)

    def stream(self, **operations: Any) -> Any:
        """A stream of a class that declares these operations."""
        plain = {name: operations.pop(name) for name in list(operations) if name in _FACTS}
        kind = type("Contacts", (FakeStream,), operations)
        stream = kind(self.http())
        for name, value in plain.items():
            setattr(stream, name, value)
        return stream


_FACTS = ("read_back", "etag", "key", "merged", "reference")


@dataclass
class FakeSettings:
    list_id: str = "L1"


class FakeConnector:
    settings_value = FakeSettings()


class FakeStream:
    """What operations need of a stream."""

    name = "contacts"
    key = "id"
    etag: str | None = None
    merged: str | None = None
    reference: str | None = None
    read_back = False
    connector = FakeConnector()

    def __init__(self, http: Http) -> None:
        self.http = http

    def external_id(self, row: Row) -> str:
        return str(row[self.key])

    def merged_ids(self, row: Row) -> list[str]:
        return list(row.get(self.merged, ())) if self.merged else []

    def version(self, row: Row) -> str | None:
        return row.get(self.etag) if self.etag else None

    def stamp(self, row: Row, hub_id: str) -> Row:
        return {**row, self.reference: hub_id} if self.reference else row


def write(name: str = "w1", operation: Operation = Operation.UPDATE, **more: Any) -> Write:
    """An update of the contact with the key ``k-<name>``, or what the arguments say."""
    facts: dict[str, Any] = {
        "row": {"email": f"{name}@example.com"},
        "document": {},
        "hub_id": f"hub-{name}",
        "idempotency_key": f"key-{name}",
        "external_id": None if operation is Operation.CREATE else f"k-{name}",
        "recheck": none_refused,
    }
    return Write(id=name, operation=operation, **{**facts, **more})


def create(name: str = "w1", **more: Any) -> Write:
    return write(name, Operation.CREATE, **more)


def delete(name: str = "w1", **more: Any) -> Write:
    return write(name, Operation.DELETE, row={}, **more)


def _answer(each: Any) -> Any:
    if isinstance(each, (httpx.Response, Exception, type)):
        return each
    if isinstance(each, int):
        return httpx.Response(each)
    if callable(each):
        return each
    return httpx.Response(200, json=each)


def caught(kind: type[Exception], call: Callable[[], object]) -> Any:
    """The error of this class that the call raises."""
    with pytest.raises(kind) as raised:
        call()
    return raised.value

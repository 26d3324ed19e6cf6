"""A shop in the same process, and a connection to it in virtual time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr

import accord
from accord.connector import Context
from accord.http import MemoryBudget, MemoryTokens
from accord.sandbox import SandboxOptions
from accord.testing import Recorder, VirtualEnv
from accord_shopify import Shopify
from accord_shopify.connector import ShopifySettings
from accord_shopify.sandbox.shop import ShopifySandbox


class Exchange(NamedTuple):
    """One document and its answer."""

    query: str
    variables: dict[str, Any]
    answer: dict[str, Any]


@dataclass
class Shop:
    """The vendor's side of a test, and what was said."""

    sandbox: ShopifySandbox
    recorder: Recorder
    env: VirtualEnv = field(repr=False)

    def connect(self, **settings: Any) -> Shopify:
        context = Context(self.env, "shop", MemoryBudget(self.env), MemoryTokens(self.env), Path())
        given = {"shop": "acme", "token": SecretStr("shpat_x"), **settings}
        return Shopify(ShopifySettings.model_validate(given), context)

    def stream(self, name: str) -> Any:
        """A stream of a new connection; Any, because what it offers depends on its noun."""
        return next(stream for stream in self.connect().open_streams() if stream.name == name)

    @property
    def said(self) -> list[Exchange]:
        """Everything asked so far, with its answer."""
        exchanges = self.recorder.exchanges
        bodies = [(json.loads(request.content), response.json()) for request, response in exchanges]
        return [Exchange(body["query"], body["variables"], answer) for body, answer in bodies]

    def customer(self, **values: Any) -> str:
        """A person types a customer; the global id."""
        return f"gid://shopify/Customer/{self.sandbox.person_creates('customers', values).id}"


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop with two locations and nothing else."""
    yield from _open(0)


@pytest.fixture
def busy() -> Iterator[Shop]:
    """A shop with customers, products, stock and orders."""
    yield from _open(25)


def _open(size: int) -> Iterator[Shop]:
    env = VirtualEnv()
    sandbox = ShopifySandbox(SandboxOptions(size=size, l_max=0, env=env))
    env.wire = recorder = Recorder(sandbox.transport())
    yield Shop(sandbox, recorder, env)
    sandbox.close()


def rows_of(stream: Any, **request: Any) -> list[accord.Row]:
    """Everything that a read brings."""
    return [row for page in stream.read(accord.ReadRequest(**request)) for row in page.rows]

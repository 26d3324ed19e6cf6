"""Stores to test against: one matrix over SQLite and a private PostgreSQL.

A conftest that wants them says ``from tests.stores import *``. ``store_url`` gives a fresh, empty place for
each test, once for each database; the PostgreSQL server is started once per session and stopped at its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from accord.env import SystemEnv
from accord.store import FernetSealer, Sealer, Store
from accord.store.rows import Entity, Intent, Link, Stamp
from accord.testing.postgres import fresh_schema, private_server

__all__ = ["database", "env", "postgres", "sealer", "store", "store_url"]
"""The fixtures; :class:`StepEnv` and the rows below are imported by name."""

DATABASES = ("sqlite", "postgresql")
_SERVER = pytest.StashKey[str]()


@pytest.fixture(scope="session", params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    return str(request.param)


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> str:
    """The address of the session's PostgreSQL, as libpq takes it."""
    config = request.config
    if _SERVER not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        config.stash[_SERVER] = stack.enter_context(private_server())
    return config.stash[_SERVER]


@pytest.fixture
def store_url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a store that does not exist yet."""
    if database == "sqlite":
        yield f"sqlite:///{tmp_path}/accord.db"
        return
    server: str = request.getfixturevalue("postgres")
    with fresh_schema(server) as address:
        yield address


class Crash(BaseException):
    """The process dies here."""


class StepEnv(SystemEnv):
    """The real world with a clock that stands still, and a trace of the store's calls.

    Attributes:
        clock: The present instant, seconds since 1970.
        trace: Labels of switch points; those of commits begin with ``!``.
        crash_at: The label at which the process dies.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = 1_700_000_000.0
        self.trace: list[str] = []
        self.crash_at = ""

    def now(self) -> datetime:
        """The standing clock."""
        return datetime.fromtimestamp(self.clock, UTC)

    def monotonic(self) -> float:
        """The same clock."""
        return self.clock

    def sleep(self, seconds: float) -> None:
        """Move the clock instead of waiting."""
        self.clock += seconds

    def switch(self, label: str) -> None:
        """Note the label, or die."""
        self._step(label)

    def committing(self, label: str) -> None:
        """Note the label, or die."""
        self._step(f"!{label}")

    def _step(self, label: str) -> None:
        self.trace.append(label)
        if label == self.crash_at:
            raise Crash


@pytest.fixture
def env() -> StepEnv:
    """A world whose clock the test moves."""
    return StepEnv()


@pytest.fixture
def sealer() -> Sealer:
    """A sealer with a fresh key."""
    return FernetSealer(FernetSealer.new_key())


@pytest.fixture
def store(store_url: str, env: StepEnv, sealer: Sealer) -> Iterator[Store]:
    """An empty store."""
    with Store.open(store_url, env, sealer=sealer) as opened:
        yield opened


def hub_record(number: int = 1, **cells: Any) -> Entity:
    """An invented customer."""
    every = {"email": f"person{number}@example.com", "given_name": "Ann"} | cells
    return Entity(f"{number:032x}", "customer", every, Stamp(1, "shop/customers", 5.0), 1, created_at=5.0)


def link_of(entity: Entity, external_id: str = "", **columns: Any) -> Link:
    """A live link of it in ``shop/customers``."""
    place = {"connection": "shop", "stream": "customers", "external_id": external_id or f"c{entity.id}"}
    return Link(**(place | {"entity": entity.id} | columns))


def intent_of(entity: Entity, **columns: Any) -> Intent:
    """A planned update of it in ``crm/contacts``."""
    place = {"connection": "crm", "stream": "contacts", "entity": entity.id, "operation": "update"}
    id_ = f"i{columns.get('connection', '')}{entity.id}"
    return Intent(**({"id": id_, "cells": {"email": (1, None)}} | place | columns))

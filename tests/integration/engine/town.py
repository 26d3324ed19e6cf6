"""A town: systems in memory, one Accord over them. ``build`` makes one to measure, ``town`` a plain one.

The databases must not make a difference, and each test on each of them would cost minutes. So a module
whose tests go through every table says ``pytestmark = BOTH``; the others use SQLite, unless the variable
ACCORD_EVERY_STORE is set: then everything runs on both.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from accord.api import Accord, approval
from accord.config import Config
from accord.connector import Connector
from accord.consent.fold import CellState
from accord.consent.signal import Kind
from accord.engine import desk, locate
from accord.engine.report import Plan, Report
from accord.hookspecs import hookimpl
from accord.model.record import Row
from accord.plugins import Plugins
from accord.store import Store
from accord.store.rows import Entity, Link
from tests.integration.engine.vendors import Memory, Table, TownEnv

__all__ = ["build", "database", "town"]

DATABASES = ("sqlite", "postgresql")
BOTH = pytest.mark.parametrize("database", DATABASES)
TWO, THREE = ("shop", "crm"), ("shop", "crm", "till")
RAM = Path("/dev/shm")


class Offer:
    """The plugin that offers the connector in memory."""

    @hookimpl
    def accord_connectors(self) -> Any:
        return [Memory]


class Town:
    """Accord and the systems it keeps in agreement.

    Args:
        url: The store's address.
        plugins: Further plugins.
        names: The systems, in the order of the flows.
        flow: Keys of the flow of customers, over the defaults below.
        orders: The same for orders.
        connections: Keys of the connections, by name.
        first: Whether the flows still wait for their first plan.
        systems: Attributes of streams to change, by connection.
    """

    def __init__(
        self,
        url: str,
        plugins: tuple[object, ...] = (),
        *,
        names: Sequence[str] = TWO,
        flow: Mapping[str, Any] | None = None,
        orders: Mapping[str, Any] | None = None,
        connections: Mapping[str, Mapping[str, Any]] | None = None,
        first: bool = False,
        progress: Any = None,
        env: TownEnv | None = None,
        **systems: Mapping[str, Any],
    ) -> None:
        self.env, self.names = env or TownEnv(), names
        every = {"both": list(names), "purpose": "service.support"}
        tables = {
            "customers": every | {"model": "customer", "match": ["email"]} | dict(flow or {}),
            "orders": every | {"model": "order", "match": ["number"]} | dict(orders or {}),
        }
        document = {
            "accord": {"store": url},
            "connections": {
                name: {"connector": "memory", **dict((connections or {}).get(name, {}))} for name in names
            },
            "flows": tables,
        }
        plugged = Plugins([Offer(), *plugins])
        self.accord = Accord(Config(**document), env=self.env, plugins=plugged, progress=progress)
        for name, changes in systems.items():
            self.change(name, **changes)
        if not first:
            for name in tables:
                approval.granted(self.accord.store, name, self.env)

    @property
    def connectors(self) -> dict[str, Connector[Any]]:
        return self.accord.connections.connectors

    def system(self, name: str) -> Memory:
        """A system."""
        found = self.connectors[name]
        assert isinstance(found, Memory)
        return found

    def __getitem__(self, name: str) -> Table:
        """The people of a system, or ``system/stream``."""
        connection, _, stream = name.partition("/")
        return self.system(connection).tables[stream or "contacts"]

    @property
    def tables(self) -> list[Table]:
        """The people of all systems."""
        return [self[name] for name in self.names]

    def change(self, connection: str, stream: str = "contacts", **attributes: Any) -> None:
        """Make another vendor of a system: change its stream's declaration."""
        found = self.accord.connections.streams[connection][stream]
        for name, value in attributes.items():
            setattr(found, name, value)
        vars(found).pop("operations", None)
        for flow in self.accord.world.flows:
            for member in flow.members:
                vars(member).pop("covers", None)  # what a mapping covers is asked once per process

    def run(self, flow: str = "customers", **options: Any) -> Report:
        """Sync; whatever happens, the counters balance."""
        report = self.accord.sync(flow, **options)
        for scope, counts in report.members.items():
            assert counts.balanced, (scope, counts)
        return report

    def sync(self, flow: str = "customers", **options: Any) -> Report:
        """Sync, and expect no trouble."""
        report = self.run(flow, **options)
        assert not report.problems, report.problems
        assert str(report.state) == "done"
        return report

    def settle(self, flow: str = "customers") -> None:
        """Sync until a complete read finds nothing to write."""
        self.sync(flow)
        for _ in range(3):
            if self.sync(flow, full=True).writes == 0:
                return
        raise AssertionError("the town does not come to rest")

    def plan(self, flow: str = "customers", **options: Any) -> Plan:
        return self.accord.plan(flow, **options)

    def everywhere(self, *names: str) -> list[Row]:
        """What all systems show alike of these columns."""
        first, *others = [table.shown(*names) for table in self.tables]
        assert all(other == first for other in others), (first, others)
        return first

    def person(self, **row: Any) -> tuple[str, ...]:
        """A person known to all systems; their ids there."""
        mail = row.setdefault("mail", "ann@example.com")
        self["shop"].put(**row)
        self.sync()
        return tuple(table.row(mail=mail)["id"] for table in self.tables)

    def hub(self, text: str = "ann@example.com") -> Entity:
        """The one hub record of this name."""
        ((entity, _),) = self.accord.find(text)
        return entity

    def say(
        self, kind: Kind, purpose: str = "marketing.direct", channel: str = "email", **more: Any
    ) -> CellState | None:
        """A person tells a desk; what holds then."""
        who = more.pop("who", "ann@example.com")
        with self.accord.store.transaction("a person speaks") as tx:
            (entity,) = locate.locate(self.accord.world, tx, who)
            told = desk.note(self.accord.world, tx, entity, desk.Statement(kind, purpose, channel, **more))
            return None if told is None else told.state(purpose, channel)

    def links(self, text: str = "ann@example.com") -> dict[str, str]:
        """The states of its links by ``connection:id``."""
        ((_, links),) = self.accord.find(text)
        return {f"{link.connection}:{link.external_id}": str(link.state) for link in links}

    def link(self, name: str) -> Link:
        """One link by ``connection:id``."""
        connection, _, external_id = name.partition(":")
        with self.accord.store.reading() as tx:
            return tx.links.get(connection, "contacts", [external_id])[external_id]

    def kinds(self, state: str | None = None) -> list[str]:
        """The kinds of all conflicts, sorted."""
        return sorted(conflict.kind for conflict in self.accord.conflicts(state))

    def rows(self, but: tuple[str, ...] = ()) -> dict[str, int]:
        """The number of rows of each table of the store."""
        return {name: size for name, size in self.accord.store.size().items() if name not in but}


Build = Callable[..., Town]


@pytest.fixture(params=DATABASES if os.environ.get("ACCORD_EVERY_STORE") else DATABASES[:1])
def database(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    return str(request.param)


@cache
def empty_store() -> bytes:
    """A store that was just made: copying one is quicker than making another."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "accord.db")
        Store.open(f"sqlite:///{file}", TownEnv()).close()
        return file.read_bytes()


@pytest.fixture
def build(store_url: str) -> Iterator[Build]:
    """Makes towns over one store; SQLite's lies in memory, where that can be had."""
    made: list[Town] = []
    with TemporaryDirectory(dir=RAM if RAM.is_dir() else None) as folder:
        url = store_url
        if store_url.startswith("sqlite"):
            file = Path(folder, "accord.db")
            file.write_bytes(empty_store())
            url = f"sqlite:///{file}"

        def make(*plugins: object, **changes: Any) -> Town:
            made.append(Town(url, plugins, **changes))
            return made[-1]

        yield make
        for town in made:
            town.accord.close()


@pytest.fixture
def town(build: Build) -> Town:
    """Two plain systems."""
    return build()

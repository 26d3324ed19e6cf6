"""An opened configuration: its store, its connections, its flows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from accord.api import journal
from accord.api.modes import readable_by_all
from accord.config import Config, check, load
from accord.deadline import within
from accord.engine.progress import Progress, silent
from accord.engine.stop import Budget
from accord.env import Env, SystemEnv
from accord.errors import SetupError
from accord.plugins import Plugins
from accord.secrets import StoreSecrets, find_sealer
from accord.store import Store

if TYPE_CHECKING:
    from accord.api.compose import Connections
    from accord.engine.flow import Flow
    from accord.engine.world import World


class Opened:
    """What the front door holds open, and how it is closed; see :class:`accord.api.Accord`."""

    def __init__(
        self,
        config: Config,
        *,
        env: Env | None = None,
        plugins: Plugins | None = None,
        progress: Callable[[Progress], None] | None = None,
        migrate: bool = True,
        trace: str = "",
    ) -> None:
        self.env = env or SystemEnv()
        self.plugins = plugins or Plugins.load()
        self.config = config
        check(config, self.plugins)
        address = config.accord.store
        referred = address.startswith(("env:", "keyring:"))
        url = config.store_url(self.plugins.secret(address) if referred else None)
        self.policy = config.consent_policy()
        self.store = Store.open(url, self.env, sealer=find_sealer(url), migrate=migrate)
        self._journal = journal.place(url, config.root)
        self.plugins.register(StoreSecrets(self.store), "store-secrets")
        self._progress = progress or silent
        self._trace = trace
        self._budgets: set[Budget] = set()
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls,
        path: str | Path = "accord.toml",
        *,
        env: Env | None = None,
        plugins: Plugins | None = None,
        progress: Callable[[Progress], None] | None = None,
        migrate: bool = True,
        trace: str = "",
    ) -> Self:
        """Open the configuration of a file.

        Raises:
            ConfigError: the file is missing or wrong.
            StateError: the store cannot be opened.
        """
        loaded = plugins or Plugins.load()
        config = load(Path(path), loaded)
        return cls(config, env=env, plugins=loaded, progress=progress, migrate=migrate, trace=trace)

    @property
    def exposed_files(self) -> list[str]:
        """The store's files, and its journal of erasures, that every user of this machine may read."""
        return readable_by_all(self.store.url_safe(), self._journal)

    @cached_property
    def connections(self) -> Connections:
        """The open connections; the first use resolves their secrets."""
        from accord.api.compose import Connections

        return Connections(self.config, self.plugins, self.env, self.store)

    @cached_property
    def world(self) -> World:
        """What the engine works in."""
        from accord.api.compose import closed, flows
        from accord.engine.world import World

        built = flows(self.config, self.connections)
        left_out = closed(self.config, self.connections)
        seen = (self._progress, self._trace, left_out, self.policy)
        return World(self.store, self.env, self.plugins, built, *seen)

    def flow(self, name: str) -> Flow:
        """A flow of the configuration.

        Raises:
            SetupError: there is none of this name, or one of its connections cannot be opened.
        """
        found = self.world.flow(name)
        if found is None and name in self.config.flows:
            from accord.api.compose import trouble_of

            trouble = trouble_of(self.config.flows[name], self.connections)
            if trouble is not None:
                raise trouble
        if found is None:
            names = ", ".join(self.config.flows) or "none"
            raise SetupError(f"there is no flow {name!r}", hint=f"Flows of the configuration: {names}.")
        return found

    def interrupt(self) -> None:
        """Have running work finish its batches, save and return; callable from a signal handler."""
        for budget in list(self._budgets):
            budget.interrupt()

    def close(self) -> None:
        """Close connections and store."""
        if "connections" in self.__dict__:
            self.connections.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _only(self, connections: Iterable[str] | None) -> frozenset[str] | None:
        if connections is None:
            return None
        chosen = frozenset(connections)
        unknown = sorted(chosen - set(self.config.connections))
        if unknown:
            known = ", ".join(self.config.connections)
            raise SetupError(f"there is no connection {unknown[0]!r}", hint=f"Connections: {known}.")
        return chosen

    @contextmanager
    def _budget(self, max_seconds: float | None) -> Iterator[Budget]:
        budget = Budget(self.env, max_seconds)
        with self._lock:
            self._budgets.add(budget)
        try:
            with within(budget.left):
                yield budget
        finally:
            with self._lock:
                self._budgets.discard(budget)

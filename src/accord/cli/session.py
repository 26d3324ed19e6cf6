"""One invocation of the command: its common options, its output, its opened configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from accord.cli.output import Output
from accord.env import Env, SystemEnv

if TYPE_CHECKING:
    from accord.api import Accord
    from accord.config import Config
    from accord.engine.progress import Progress
    from accord.plugins import Plugins


@dataclass
class Session:
    """What every command is given.

    Attributes:
        config: The configuration's file.
        json: Print one JSON document.
        log_json: Log lines as JSON on standard error.
        verbose: Log more.
        debug: Show tracebacks.
    """

    config: Path = Path("accord.toml")
    json: bool = False
    log_json: bool = False
    verbose: bool = False
    debug: bool = False
    env: Env = field(default_factory=SystemEnv)

    @cached_property
    def output(self) -> Output:
        """Standard output."""
        return Output(json=self.json)

    def plugins(self) -> Plugins:
        """The plugins of this installation, and one that logs runs."""
        from accord.cli.logs import listeners
        from accord.plugins import Plugins

        return Plugins.load(listeners(self))

    def loaded(self) -> Config:
        """The checked configuration alone; no store is opened."""
        from accord.config import load

        return load(self.config, self.plugins())

    @contextmanager
    def open(
        self, *, progress: Callable[[Progress], None] | None = None, migrate: bool = True
    ) -> Iterator[Accord]:
        """The configuration with its store."""
        from accord.api import Accord
        from accord.cli.logs import present_trace

        with Accord.open(
            self.config,
            env=self.env,
            plugins=self.plugins(),
            progress=progress,
            migrate=migrate,
            trace=present_trace(),
        ) as accord:
            yield accord

"""The stage: five systems, one configuration, and what the claims may do with them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accord.api import Accord
from accord.demo import census, configuration, systems
from accord.demo.loyalty import Loyalty
from accord.demo.till import Till

if TYPE_CHECKING:
    from accord.demo.census import Census
    from accord.demo.systems import Vendor
    from accord.engine.progress import Progress
    from accord.engine.report import Report

FLOWS = ("customers", "orders")


@dataclass
class Stage:
    """Everything that takes part.

    Attributes:
        folder: Where the till, the loyalty database, accord.toml and Accord's own store are.
        start: Who was where before Accord ran.
        reports: Of every run, in order.
    """

    folder: Path
    seed: int
    size: int
    vendors: Mapping[str, Vendor]
    till: Till
    loyalty: Loyalty
    accord: Accord
    start: Census
    reports: list[Report] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The configuration's path."""
        return self.folder / configuration.FILE

    def sync(self, flow: str, *, full: bool = False) -> Report:
        """One run of one flow."""
        report = self.accord.sync(flow, full=full)
        self.reports.append(report)
        return report

    def settle(self, most: int) -> int:
        """Run the customers' flow until a run writes nothing; how many runs had something to do.

        ``most`` + 1 when even so many were not enough.
        """
        for number in range(most + 1):
            report = self.sync("customers")
            if not report.writes and not report.problems and not report.total.unknown:
                return number
        return most + 1

    def census(self) -> Census:
        """Who is where now."""
        return census.take(self.vendors, self.till, self.loyalty)

    def written(self) -> dict[str, int]:
        """How much each system has been changed through its own door; files and databases as a whole."""
        counts = {name: vendor.written() for name, vendor in self.vendors.items()}
        return {
            **counts,
            "till": hash(self.till.file.read_bytes()),
            "loyalty": hash(str(self.loyalty.rows())),
        }

    def set_aside(self) -> dict[str, set[str]]:
        """Whom Accord could not bring to a system and has listed for a person, by connection."""
        found: dict[str, set[str]] = {name: set() for name in census.SERVED}
        for letter in self.accord.dead_letters(limit=100_000):
            if letter.entity is not None and letter.direction == "write":
                found.setdefault(letter.connection, set()).update(self.keys_of(letter.entity))
        return found

    def keys_of(self, record: str) -> set[str]:
        """Address and telephone number of a hub record."""
        ((entity, _),) = self.accord.find(record)
        return {str(entity.cells[name]) for name in ("email", "phone") if entity.cells.get(name)}

    def start_sync(self) -> subprocess.Popen[bytes]:
        """``accord sync`` as an operator would start it: a process of its own."""
        command = [
            sys.executable,
            "-m",
            "accord",
            "sync",
            "--config",
            str(self.config),
            "--flow",
            "customers",
        ]
        quiet = subprocess.DEVNULL
        return subprocess.Popen([*command, "--json"], stdin=quiet, stdout=quiet, stderr=quiet)


def kill(process: subprocess.Popen[bytes]) -> bool:
    """``kill -9``; False when the process had ended by itself."""
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


@contextmanager
def set_up(
    folder: Path, seed: int, size: int, *, keep: bool, progress: Callable[[Progress], None]
) -> Iterator[Stage]:
    """Start the vendors, fill the till and the database, write accord.toml and open it."""
    sizes = {"shop": size, "crm": size, "letter": max(1, size // 4)}
    with ExitStack() as stack:
        stack.enter_context(_environment(systems.credentials()))
        states = folder / "sandboxes" if keep else None
        processes = stack.enter_context(systems.started(seed, sizes, states))
        till, loyalty = Till(folder / "till"), Loyalty(folder)
        till.fill(seed, max(25, size // 5))
        loyalty.fill(seed, max(25, size // 2))
        vendors = stack.enter_context(systems.reached(processes))
        again = systems.commands(vendors, seed, sizes, states) if states else []
        file = configuration.write(folder, vendors, systems.credentials(), again)
        accord = stack.enter_context(Accord.open(file, progress=progress))
        yield Stage(folder, seed, size, vendors, till, loyalty, accord, census.take(vendors, till, loyalty))


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """The variables that accord.toml refers to, for as long as the demo runs."""
    before: dict[str, Any] = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = old

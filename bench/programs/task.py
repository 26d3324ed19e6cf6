"""What a program is told, and what it tells in the end."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Task:
    """One run.

    Attributes:
        url: The vendor.
        state: A folder that is kept between the runs of one session.
        stream: ``customers``, ``people`` or ``orders``.
        full: Read everything, whatever is known.
        append: Write through the create-only door.
        options: Whatever else a workload says, for programs that know it.
    """

    url: str
    state: Path
    stream: str
    full: bool
    append: bool
    options: dict[str, str] = field(default_factory=dict)
    started: float = 0.0

    def begin(self) -> None:
        """Everything is loaded and opened: the work starts now."""
        self.started = time.perf_counter()

    def end(self, **told: object) -> None:
        """The work is done and saved."""
        print(json.dumps({"seconds": time.perf_counter() - self.started, **told}), flush=True)

    @property
    def source(self) -> str:
        """Where to read."""
        stream = "customers" if self.stream == "people" else self.stream
        return f"{self.url}/source/{stream}"

    @property
    def sink(self) -> str:
        """Where to write."""
        return f"{self.url}/sink/{self.stream}/{'append' if self.append else 'batch'}"


def told() -> Task:
    """The task on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--stream", default="customers")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--append", action="store_true")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
    given = parser.parse_args()
    options = dict(option.split("=", 1) for option in given.option)
    given.state.mkdir(parents=True, exist_ok=True)
    return Task(given.url, given.state, given.stream, given.full, given.append, options)

"""Who is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import environments


@dataclass(frozen=True)
class Entrant:
    """A program of bench/programs with its environment."""

    name: str
    environment: str
    module: str

    def command(self, url: str, state: Path, *arguments: str) -> list[str]:
        """Its command line."""
        interpreter = str(environments.python(self.environment))
        return [
            interpreter,
            "-m",
            f"bench.programs.{self.module}",
            "--url",
            url,
            "--state",
            str(state),
            *arguments,
        ]


FLOOR = Entrant("floor", "floor", "floor")
THREADS = Entrant("floor-threads", "floor", "floor_threads")
ACCORD = Entrant("accord", "accord", "with_accord")
DLT = Entrant("dlt", "dlt", "with_dlt")
DIFFSYNC = Entrant("diffsync", "diffsync", "with_diffsync")
ENTRANTS: Sequence[Entrant] = (FLOOR, THREADS, ACCORD, DLT, DIFFSYNC)

"""``python3 dev.py bench``: all workloads, or some, and one table."""

from __future__ import annotations

import argparse
import json
import platform
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import environments, growth
from bench.entrants import ENTRANTS, Entrant
from bench.figures import Figure, summaries
from bench.hosting import Vendor
from bench.table import line, table, verdicts
from bench.track import Errand, Track
from bench.workloads import WORKLOADS, Workload
from dev import SetupFailedError

WARM = 300
"""Records of the run that warms up byte code and file cache before anything is measured."""


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and keep the figures; 1 when a program failed."""
    told = choice(arguments)
    try:
        with Vendor() as vendor:
            track = Track(vendor, told.size, lambda figure: print(line(figure), flush=True))
            _measure(track, told)
    except SetupFailedError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    found = summaries(track.figures)
    print(f"\n{table(found)}\n\n{verdicts(found)}")
    if told.json is not None:
        told.json.parent.mkdir(parents=True, exist_ok=True)
        told.json.write_text(json.dumps(_document(track.figures, told), indent=1), encoding="utf-8")
    return int(any(figure.failed for figure in track.figures))


def _measure(track: Track, told: argparse.Namespace) -> None:
    entrants = [entrant for entrant in ENTRANTS if entrant.name in told.programs]
    _warm(track, entrants)
    track.profile = told.profile.resolve() if told.profile is not None else None
    for track.round in range(told.rounds):
        for workload in WORKLOADS:
            wanted = frozenset(told.workloads) & frozenset(workload.names)
            if wanted:
                _side_by_side(track, workload, entrants, wanted)
    track.round = 0
    growth.measure(track, entrants, told)


def _warm(track: Track, entrants: Sequence[Entrant]) -> None:
    for entrant in entrants:
        with track.session(customers=WARM) as folder:
            cost, _ = track.run(entrant, Errand(), folder)
        if cost.code:
            print(f"bench: {entrant.name} does not run:\n{cost.output}", file=sys.stderr)


def _side_by_side(
    track: Track, workload: Workload, entrants: Sequence[Entrant], wanted: frozenset[str]
) -> None:
    names = {entrant.name for entrant in entrants}
    for entrant in workload.entrants:
        if entrant.name in names:
            workload.run(track, entrant, wanted)


def _document(figures: Sequence[Figure], told: argparse.Namespace) -> dict[str, Any]:
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "packages": {name: list(packages) for name, packages in environments.PACKAGES.items()},
        "size": told.size,
        "rounds": told.rounds,
        "summaries": [asdict(summary) for summary in summaries(figures)],
        "figures": [asdict(figure) for figure in figures],
    }


def choice(arguments: Sequence[str]) -> argparse.Namespace:
    """What a person asked to be measured, of whom, and at which sizes."""
    known = [name for workload in WORKLOADS for name in workload.names] + list(growth.NAMES)
    programs = [entrant.name for entrant in ENTRANTS]
    listed = "\n".join(f"  {', '.join(each.names):<24} {each.title}" for each in WORKLOADS)
    parser = argparse.ArgumentParser(
        prog="python3 dev.py bench",
        description="Accord beside a plain script and its peers, on this machine.",
        epilog=f"workloads:\n{listed}\n{growth.LISTED}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--workloads", type=_names(known), default=_names(known)("all"), metavar="W1,W2,…")
    parser.add_argument("--programs", type=_names(programs), default=programs, metavar="accord,floor,…")
    parser.add_argument("--size", type=int, default=50_000, help="records (default 50,000)")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default 3)")
    parser.add_argument("--sizes", type=_numbers, default=[10_000, 100_000], help="sizes of W7 and S1")
    parser.add_argument("--connections", type=_numbers, default=[2, 10, 50], help="connections of S2")
    parser.add_argument("--profile", type=Path, help="append where Accord's CPU went to a file (slow)")
    parser.add_argument("--json", type=Path, help="a file for all figures")
    return parser.parse_args(arguments)


def _names(known: Sequence[str]) -> Any:
    def names(text: str) -> list[str]:
        """Chosen names; W6 chooses all that begin with ``W6-`` or ``W6c-``."""
        if text == "all":
            return list(known)
        words = text.split(",")
        patterns = [re.escape(word) + ("" if word in known else "c?-.+") for word in words]
        chosen = [each for each in known if any(re.fullmatch(pattern, each) for pattern in patterns)]
        unknown = [word for word in words if not any(each.startswith(word) for each in known)]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: known are {', '.join(known)}")
        return chosen

    return names


def _numbers(text: str) -> list[int]:
    return [int(word.replace("_", "")) for word in text.split(",")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

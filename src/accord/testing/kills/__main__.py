"""``python -m accord.testing.kills --kills 1000 --store sqlite``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from accord.testing.kills.campaign import Campaign, Tally

STEP = 50
"""Kills between two lines of progress."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill, and say what came of it; 1 if anything was lost, doubled or left behind."""
    parser = argparse.ArgumentParser(prog="python -m accord.testing.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--store", default="sqlite", help="sqlite, postgresql (private), or libpq's address")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cold", action="store_true", help="a fresh interpreter per run: slower")
    chosen = parser.parse_args(arguments)
    told = 0

    def progress(tally: Tally) -> None:
        nonlocal told
        if tally.killed >= told + STEP:
            told = tally.killed
            _say(f"{tally.killed} of {chosen.kills} killed, {tally.spared} had ended before")

    tally = Campaign(chosen.kills, chosen.store, chosen.seed, cold=chosen.cold, tell=progress).run()
    kinds = ", ".join(f"{name} {number}" for name, number in sorted(tally.kills.items()))
    _say(
        f"{tally.killed} processes killed in {tally.seconds:.0f} s ({kinds}), {tally.spared} had ended before"
    )
    _say(f"{tally.people} people and {tally.orders} orders were entered")
    runs = ", ".join(f"{number} runs: {often}" for number, often in sorted(tally.calm.items()))
    _say(f"undisturbed runs until nothing was left to do: {runs}")
    for kind, text in tally.faults:
        _say(f"{kind}: {text}")
    _say(
        f"{len(tally.faults)} faults" if tally.faults else "nothing lost, doubled, resurrected or left behind"
    )
    return 1 if tally.faults else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

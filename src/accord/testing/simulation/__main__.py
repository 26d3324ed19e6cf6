"""``python -m accord.testing.simulation run --seeds 0:2000 --jobs 2 | replay SEED | ablate NAME``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing import get_context

from accord.testing.simulation.ablation import ABLATIONS, directed
from accord.testing.simulation.schedule import Verdict, simulate
from accord.testing.simulation.town import general

CHUNK = 4
PROGRESS = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Run seeds, replay one with its story, or show that a safeguard would be missed."""
    parser = argparse.ArgumentParser(prog="python -m accord.testing.simulation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="play many seeds and sum up")
    run.add_argument("--seeds", default="0:200", help="first:last+1")
    run.add_argument("--jobs", type=int, default=1)
    run.add_argument(
        "--weather", choices=sorted(ABLATIONS), help="the weather directed at this safeguard, which stays on"
    )
    run.add_argument("--quiet", action="store_true", help="only the summary")
    replay = commands.add_parser("replay", help="play one seed and tell its story")
    replay.add_argument("seed", type=int)
    replay.add_argument(
        "--weather", choices=sorted(ABLATIONS), help="in the weather directed at this safeguard"
    )
    replay.add_argument(
        "--without", choices=sorted(ABLATIONS), help="with this safeguard off, in its directed weather"
    )
    ablate = commands.add_parser("ablate", help="switch a safeguard off until an invariant breaks")
    ablate.add_argument("name", choices=sorted(ABLATIONS))
    ablate.add_argument("--seeds", default="0:2000")
    chosen = parser.parse_args(arguments)
    if chosen.command == "run":
        return _run(chosen.seeds, chosen.jobs, chosen.weather, quiet=chosen.quiet)
    if chosen.command == "replay":
        return _replay(chosen.seed, chosen.weather, chosen.without)
    return _ablate(chosen.name, chosen.seeds)


def _seeds(text: str) -> range:
    first, _, last = text.partition(":")
    return range(int(first), int(last)) if last else range(int(first), int(first) + 1)


def _played(seeds: range, jobs: int, weather: str | None) -> Iterator[Verdict]:
    play = partial(simulate, climate=ABLATIONS[weather] if weather else general)
    if jobs < 2:  # noqa: PLR2004
        yield from map(play, seeds)
        return
    with get_context("fork").Pool(jobs) as pool:
        yield from pool.imap_unordered(play, seeds, CHUNK)


def _run(text: str, jobs: int, weather: str | None, *, quiet: bool) -> int:
    seeds, started = _seeds(text), time.monotonic()
    broken: dict[str, list[int]] = {}
    counts: dict[str, int] = {}
    switches = 0
    for number, verdict in enumerate(_played(seeds, jobs, weather), start=1):
        switches += verdict.switches
        if number % PROGRESS == 0 and not quiet:
            _say(f"{number} of {len(seeds)} schedules, {sum(map(len, broken.values()))} violations")
        for name, often in verdict.counts.items():
            counts[name] = counts.get(name, 0) + often
        for violation in verdict.violations:
            broken.setdefault(violation.name, []).append(verdict.seed)
            if not quiet:
                _say(f"seed {verdict.seed}: {violation.name}: {violation.text}")
    seconds = time.monotonic() - started
    _say(f"{len(seeds)} schedules, {switches} switch points, {len(seeds) / seconds:.2f} schedules/s")
    _say("weather: " + ", ".join(f"{name} {number}" for name, number in sorted(counts.items())))
    for name, found in sorted(broken.items()):
        _say(f"{name}: {len(set(found))} schedules, first {min(found)}: replay {min(found)}")
    _say("no invariant was broken" if not broken else f"{len(broken)} invariants were broken")
    return 1 if broken else 0


def _replay(seed: int, weather: str | None, without: str | None) -> int:
    climate = ABLATIONS[without or weather or ""] if without or weather else general
    ablations = frozenset({without} if without else ())
    told, again = simulate(seed, climate, ablations, tell=True), simulate(seed, climate, ablations)
    for line in told.story:
        _say(line)
    _say(f"trace {told.trace}, {told.switches} switch points, {told.rounds} rounds")
    for violation in told.violations:
        _say(f"{violation.name}: {violation.text}")
    if told.trace != again.trace:
        _say(f"the same seed gave another trace ({again.trace}): the harness itself is faulty")
        return 2
    return 1 if told.violations else 0


def _ablate(name: str, text: str) -> int:
    climate, ablations = directed(name)
    for seed in _seeds(text):
        verdict = simulate(seed, climate, ablations)
        if verdict.violations:
            first = verdict.violations[0]
            _say(f"without {name!r} seed {seed} breaks {first.name}: {first.text}")
            return 0
    _say(f"without {name!r} nothing broke: either it is not needed or the suite is blind to it")
    return 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

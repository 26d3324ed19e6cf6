"""The doors of the simulation: run, replay, shrink, ablate, crash-everywhere."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from multiprocessing import get_context

from accord.testing import postgres
from accord.testing.simulation import everywhere
from accord.testing.simulation.ablation import ABLATIONS, WEATHERS, directed
from accord.testing.simulation.schedule import Verdict, simulate, simulate_on_both
from accord.testing.simulation.shrink import Case, Shrinker, words
from accord.testing.simulation.summary import Summary
from accord.testing.simulation.town import general
from accord.testing.simulation.weather import Omission

CHUNK = 4
PROGRESS_SECONDS = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what a person asked; 1 if an invariant broke (for ``ablate``: if none did)."""
    chosen = _parser().parse_args(arguments)
    logging.disable(logging.WARNING)  # that a vendor does not answer is no news here
    code: int = chosen.do(chosen)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m accord.testing.simulation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="play many seeds and sum up")
    run.set_defaults(do=_run)
    run.add_argument("--seeds", type=_seeds, default=range(200), help="first:last+1")
    run.add_argument("--jobs", type=int, default=1)
    run.add_argument("--quiet", action="store_true", help="only the summary")
    run.add_argument(
        "--store", default="sqlite", help="sqlite; postgresql (private) or libpq's address: plays both"
    )
    run.add_argument("--census", action="store_true", help="tell how often everything occurred, too")
    replay = commands.add_parser("replay", help="play one seed and tell its story")
    replay.set_defaults(do=_replay)
    shrink = commands.add_parser("shrink", help="leave out of a failing seed what it fails without")
    shrink.set_defaults(do=_shrink)
    for each in (replay, shrink):
        each.add_argument("seed", type=int)
        each.add_argument("--without", choices=sorted(ABLATIONS), help="a safeguard off, in its weather")
    for each in (run, replay, shrink):
        each.add_argument("--weather", choices=sorted(WEATHERS), help="the weather directed at something")
    for name in ("faults", "acts", "runs"):
        replay.add_argument(
            f"--no-{name}", type=_numbers, default=frozenset(), help=f"leave these {name} out"
        )
    ablate = commands.add_parser("ablate", help="switch a safeguard off until an invariant breaks")
    ablate.set_defaults(do=_ablate)
    ablate.add_argument("name", choices=sorted(ABLATIONS))
    ablate.add_argument("--seeds", type=_seeds, default=range(2000))
    crash = commands.add_parser("crash-everywhere", help="crash a reference run at each of its points")
    crash.set_defaults(do=_crash)
    crash.add_argument("--every", type=int, default=1, help="only each n-th point")
    crash.add_argument("--seed", type=int, default=everywhere.SEED)
    crash.add_argument("--jobs", type=int, default=1)
    crash.add_argument("--quiet", action="store_true", help="only the summary")
    return parser


def _seeds(text: str) -> range:
    first, _, last = text.partition(":")
    return range(int(first), int(last)) if last else range(int(first), int(first) + 1)


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(number) for number in text.split(",") if number)


def _played(play: Callable[[int], Verdict], numbers: Sequence[int], jobs: int) -> Iterator[Verdict]:
    if jobs < 2:  # noqa: PLR2004
        yield from map(play, numbers)
        return
    with get_context("fork").Pool(jobs) as pool:
        yield from pool.imap(play, numbers, CHUNK)


def _sum_up(
    play: Callable[[int], Verdict], numbers: Sequence[int], chosen: argparse.Namespace, what: str
) -> Summary:
    """Play all, tell of failures and progress as they come, and print the table."""
    summary, started = Summary(), time.monotonic()
    told = started
    for number, verdict in zip(numbers, _played(play, numbers, chosen.jobs), strict=True):
        summary.add(verdict, number)
        for violation in () if chosen.quiet else verdict.violations:
            _say(f"{what} {number}: {violation.name}: {violation.text}")
        if not chosen.quiet and time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            rate = summary.schedules / (told - started)
            _say(f"{summary.schedules} of {len(numbers)} played, {rate:.2f}/s, {summary.failed} failed")
    for line in summary.lines(time.monotonic() - started, what):
        _say(line)
    return summary


def _run(chosen: argparse.Namespace) -> int:
    climate = WEATHERS[chosen.weather] if chosen.weather else general
    with _server(chosen.store) as server:
        play = partial(simulate_on_both, climate=climate, server=server)
        summary = _sum_up(
            play if server else partial(simulate, climate=climate), chosen.seeds, chosen, "seed"
        )
    for line in summary.occurrences() if chosen.census else ():
        _say(line)
    for numbers in summary.broken.values():
        weather = f" --weather {chosen.weather}" if chosen.weather else ""
        _say(f"python -m accord.testing.simulation replay {min(numbers)}{weather}")
    return 1 if summary.broken else 0


def _server(store: str) -> AbstractContextManager[str]:
    """The PostgreSQL server that holds the stores; "" where they are files."""
    if store == "postgresql":
        return postgres.private_server()
    return nullcontext("" if store == "sqlite" else store)


def _crash(chosen: argparse.Namespace) -> int:
    total = everywhere.points(chosen.seed)
    numbers = range(1, total + 1, chosen.every)
    _say(f"the reference run has {total} points; crashing at {len(numbers)} of them")
    play = partial(everywhere.crashed, seed=chosen.seed)
    summary = _sum_up(play, numbers, chosen, "point")
    return 1 if summary.broken else 0


def _case(chosen: argparse.Namespace) -> Case:
    weather = chosen.without or chosen.weather
    climate = WEATHERS[weather] if weather else general
    return Case(chosen.seed, climate, frozenset({chosen.without} if chosen.without else ()))


def _replay(chosen: argparse.Namespace) -> int:
    case = _case(chosen)
    omission = Omission(chosen.no_faults, chosen.no_acts, chosen.no_runs)
    told, again = case.play(omission, tell=True), case.play(omission)
    for line in told.story:
        _say(line)
    _say(f"trace {told.trace}, {told.switches} switch points, {told.rounds} rounds")
    for violation in told.violations:
        _say(f"{violation.name}: {violation.text}")
    if told.trace != again.trace:
        _say(f"the same seed gave another trace ({again.trace}): the harness itself is faulty")
        return 2
    return 1 if told.violations else 0


def _shrink(chosen: argparse.Namespace) -> int:
    case = _case(chosen)
    shrinker = Shrinker(case)
    omission = shrinker.run()
    if not shrinker.verdict.violations:
        _say(f"seed {chosen.seed} breaks nothing")
        return 0
    verdict, climate = case.play(omission, tell=True), case.climate(chosen.seed)
    for line in verdict.story:
        _say(line)
    faults = sum(verdict.counts.values())
    acts, runs = climate.acts - len(omission.acts), climate.runs - len(omission.runs)
    _say(f"left: {faults} faults, {acts} acts and {runs} runs; {verdict.switches} switch points")
    for violation in verdict.violations:
        _say(f"{violation.name}: {violation.text}")
    given = [f"--without {chosen.without}"] if chosen.without else []
    given += [f"--weather {chosen.weather}"] if chosen.weather and not chosen.without else []
    _say(" ".join(["python -m accord.testing.simulation replay", str(chosen.seed), *given, *words(omission)]))
    return 1


def _ablate(chosen: argparse.Namespace) -> int:
    climate, ablations = directed(chosen.name)
    for seed in chosen.seeds:
        verdict = simulate(seed, climate, ablations)
        if verdict.violations:
            first = verdict.violations[0]
            _say(f"without {chosen.name!r} seed {seed} breaks {first.name}: {first.text}")
            return 0
    _say(f"without {chosen.name!r} nothing broke: either it is not needed or the suite is blind to it")
    return 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

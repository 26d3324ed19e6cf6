"""Workloads that only Accord can do, or that need more than a source and a sink."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import dev
from bench import environments
from bench.entrants import ACCORD, Entrant
from bench.figures import Figure
from bench.process import measure
from bench.track import MOST_RERUNS, Errand, Track

SYSTEMS = 3
CONNECTIONS, SMALL = 100, 200
"""W12: so many connections, each with a stream of at most so many records."""
STARTS = 5
"""Start-up is the least of so many: the byte code is warm."""
STORE = "ACCORD_BENCH_STORE"
STARTERS = (
    ACCORD,
    Entrant("floor", "floor", "httpx, orjson, sqlite3"),
    Entrant("dlt", "dlt", "dlt"),
    Entrant("diffsync", "diffsync", "diffsync"),
)
"""What is started: the command, or the imports that a script begins with."""


def both_ways(track: Track, entrant: Entrant, wanted: frozenset[str]) -> None:
    """W8: three systems with the same people; 1 % is edited on each side, half of it the same people."""
    names = ",".join("abcdefgh"[:SYSTEMS])
    errand = Errand(options={"systems": names})
    with track.session(customers=0) as folder:
        track.vendor.tell("found", systems=SYSTEMS, size=track.size)
        first = track.run(entrant, errand, folder)
        if "W8-first" in wanted:
            track.keep(track.account("W8-first", entrant, errand, [first], agree=int(first[1]["agree"])))
        if "W8" not in wanted:
            return
        edited = track.vendor.tell("edit", share=0.01)["edited"]
        runs = [track.run(entrant, errand, folder)]
        while not runs[-1][1]["agree"] and len(runs) <= MOST_RERUNS:
            runs.append(track.run(entrant, errand, folder))
        figure = track.account("W8", entrant, errand, runs, agree=int(runs[-1][1]["agree"]), edited=edited)
        # Between the first page and the last commit, as the run itself counts, and with everything around it.
        ran = sum(cost.told.get("ran", cost.wall) for cost, _ in runs)
        figure.facts["decided_per_second"] = edited / ran
        figure.facts["decided_per_second_whole_process"] = edited / sum(cost.wall for cost, _ in runs)
        figure.facts["decided_per_cpu_second_whole_process"] = edited / figure.cpu
        people = runs[-1][1]["people"]
        figure.facts["duplicate_people"] = sum(people) - SYSTEMS * track.size
        track.keep(figure)


def on_postgres(track: Track, entrant: Entrant, wanted: frozenset[str]) -> None:  # noqa: ARG001
    """W10: W1 with the store on PostgreSQL, beside the same on SQLite."""
    with track.session() as folder:
        sqlite = track.figure("W10", entrant, Errand(), folder)
    with _postgres() as address, track.session() as folder:
        errand = Errand(options={"store": f"env:{STORE}"}, variables={STORE: address})
        figure = track.figure("W10", entrant, errand, folder)
    figure.facts.update(sqlite_seconds=sqlite.seconds, times_sqlite=figure.seconds / sqlite.seconds)
    track.keep(figure)


@contextmanager
def _postgres() -> Iterator[str]:
    """A private PostgreSQL; its address."""
    command = [str(environments.python("accord")), "-m", "bench.programs.postgres"]
    with subprocess.Popen(
        command, cwd=dev.ROOT, env=dev.clean(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            yield address
        finally:
            process.communicate()


def start_up(track: Track, entrant: Entrant, wanted: frozenset[str]) -> None:
    """W11: how long until the first word, with a store that is not small."""
    if entrant is not ACCORD:
        command = [str(environments.python(entrant.environment)), "-c", f"import {entrant.module}"]
        track.keep(_started("W11-version", entrant, command, track))
        return
    accord = str(environments.python("accord").with_name("accord"))
    with track.session() as folder:
        track.run(entrant, Errand(), folder)
        commands = {
            "W11-version": [accord, "--version"],
            "W11-status": [accord, "status", "--config", str(folder / "accord.toml")],
        }
        for workload, command in commands.items():
            if workload in wanted:
                track.keep(_started(workload, entrant, command, track))


def _started(workload: str, entrant: Entrant, command: list[str], track: Track) -> Figure:
    runs = [measure(command) for _ in range(STARTS)]
    best = min(runs, key=lambda cost: cost.cpu)
    failed = "" if best.code == 0 else best.output[-400:]
    return Figure(
        workload, entrant.name, track.round, track.size, best.wall, best.cpu, best.peak, failed=failed
    )


def many_connections(track: Track, entrant: Entrant, wanted: frozenset[str]) -> None:  # noqa: ARG001
    """W12: a hundred small sources into one sink; how much longer the last one takes than the first.

    Once until the last page of each is read, which shows whether they take turns, and once until the last
    record of each is at the sink, which is what its owner waits for.
    """
    each = max(1, min(SMALL, track.size // CONNECTIONS))
    with track.session(customers=CONNECTIONS * each, slices=CONNECTIONS) as folder:
        errand = Errand(options={"many": str(CONNECTIONS)})
        cost, report = track.run(entrant, errand, folder)
        figure = track.compared("W12", entrant, errand, [(cost, report)], records_each=each)
        arrived = track.vendor.tell("arrivals", stream=errand.stream)
    began = cost.told.get("began", 0.0)
    read = [at for place, at in report["finished"].items() if place.startswith("many/")]
    for name, ends in (("slowest_to_fastest", read), ("slowest_to_fastest_arrived", arrived)):
        if len(ends) == CONNECTIONS:
            figure.facts[name] = (max(ends) - began) / (min(ends) - began)
    track.keep(figure)

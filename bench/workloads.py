"""The workloads. Each is run by every program that can, one program after the other, round by round."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench import prices, special
from bench.entrants import ACCORD, ENTRANTS, FLOOR, THREADS, Entrant
from bench.process import kill
from bench.track import Errand, Track

CHANGED = 0.01
"""The share of records that changes before an incremental run."""
LATENCY = 0.020
FAULTS = {"2": 0.02, "10": 0.10}
KILL_AT, KILL_PATIENCE = 0.4, 120.0
"""W9 ends the program when this share of the records is there, or gives up after so many seconds."""


@dataclass(frozen=True)
class Workload:
    """What is measured together.

    Attributes:
        names: The workloads that one session brings, in order; the first ones are run even if only later
            ones are wanted.
        entrants: Who can.
    """

    names: Sequence[str]
    title: str
    run: Callable[[Track, Entrant, frozenset[str]], None]
    entrants: Sequence[Entrant] = ENTRANTS


def first_again_changed(track: Track, entrant: Entrant, wanted: frozenset[str]) -> None:
    """W1: everything is new. W2: read again in full, nothing changed. W3: one in a hundred changed."""
    errand = Errand()
    with track.session() as folder:
        figure = track.figure("W1", entrant, errand, folder)
        if "W1" in wanted:
            track.keep(figure)
        if "W2" in wanted:
            track.keep(track.figure("W2", entrant, replace(errand, full=True), folder))
        if "W3" in wanted:
            track.vendor.tell("change", stream="customers", share=CHANGED)
            track.keep(track.figure("W3", entrant, errand, folder))


def everything_on(track: Track, entrant: Entrant, wanted: frozenset[str]) -> None:  # noqa: ARG001
    """W1+: addresses and numbers checked, people matched, their permission kept and asked for."""
    with track.session() as folder:
        track.keep(track.figure("W1+", entrant, Errand("people"), folder))


def orders(track: Track, entrant: Entrant, wanted: frozenset[str]) -> None:  # noqa: ARG001
    """W4: orders with their lines."""
    with track.session(customers=0, orders=track.size) as folder:
        track.keep(track.figure("W4", entrant, Errand("orders"), folder))


def far_away(track: Track, entrant: Entrant, wanted: frozenset[str]) -> None:  # noqa: ARG001
    """W5: every answer takes 20 ms."""
    with track.session(latency=LATENCY) as folder:
        track.keep(track.figure("W5", entrant, Errand(), folder))


def faults(track: Track, entrant: Entrant, wanted: frozenset[str]) -> None:
    """W6: requests fail, are refused, or are done and their answer is lost; create-only is W6c."""
    for name, append in (("W6", False), ("W6c", True)):
        for percent, share in FAULTS.items():
            workload = f"{name}-{percent}"
            if workload in wanted:
                with track.session(share=share, seed=7 + track.round) as folder:
                    track.keep(track.until_done(workload, entrant, Errand(append=append), folder))


def killed(track: Track, entrant: Entrant, wanted: frozenset[str]) -> None:  # noqa: ARG001
    """W9: ended by kill -9 in the middle of W1 on the create-only door, then run again."""
    errand = Errand(append=True)
    with track.session() as folder:
        began = time.monotonic()

        def watch(pid: int) -> None:
            while time.monotonic() - began < KILL_PATIENCE:
                sink = track.vendor.tell("report")["sinks"]["customers"]
                if sink.get("records", 0) >= KILL_AT * track.size:
                    kill(pid)
                    return
                time.sleep(0.005)

        ended, _ = track.run(entrant, errand, folder, watch)
        figure = track.until_done("W9", entrant, errand, folder, killed=int(ended.code == -9))  # noqa: PLR2004
        track.keep(figure)


FAULTY = [f"{name}-{percent}" for name in ("W6", "W6c") for percent in FAULTS]
PLAIN = (FLOOR, THREADS, ACCORD)
WORKLOADS: Sequence[Workload] = (
    Workload(
        ("W1", "W2", "W3"), "first sync; full re-read, nothing changed; 1 % changed", first_again_changed
    ),
    Workload(("W1+",), "first sync with everything switched on", everything_on, PLAIN),
    Workload(("W4",), "first sync of orders with lines", orders),
    Workload(("W5",), "first sync, 20 ms latency", far_away),
    Workload(FAULTY, "first sync with 2 % and 10 % faults: upsert (W6), create-only (W6c)", faults),
    Workload(("W8-first", "W8"), "three systems both ways", special.both_ways, (ACCORD,)),
    Workload(("W9",), "kill -9 in the middle, then run again (create-only)", killed),
    Workload(("W10",), "first sync with the store on PostgreSQL", special.on_postgres, (ACCORD,)),
    Workload(("W11-version", "W11-status"), "start-up", special.start_up, special.STARTERS),
    Workload(("W12",), "100 connections at once", special.many_connections, (ACCORD,)),
    Workload(
        prices.NAMES, "first sync without one of its promises: what each costs", prices.priced, (ACCORD,)
    ),
)

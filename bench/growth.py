"""How cost grows: with the records (W7 memory, S1 time) and with the connections (S2)."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from bench.entrants import ACCORD, Entrant
from bench.figures import Figure
from bench.track import Errand, Track

NAMES = ("W7", "S1", "S2")
LISTED = """\
  W7                       peak memory of the first sync at --sizes
  S1                       Accord's CPU at --sizes: first sync, re-read; with the exponent
  S2                       Accord's CPU with --connections of 1,000 records each; with the exponent"""
EACH = 1000
"""Records of each connection in S2."""


def measure(track: Track, entrants: Sequence[Entrant], told: argparse.Namespace) -> None:
    """Whichever of them is wanted; one run at each size."""
    names = {entrant.name for entrant in entrants}
    size = track.size
    if "W7" in told.workloads:
        for entrant in entrants:
            _memory(track, entrant, told.sizes)
    if "S1" in told.workloads and ACCORD.name in names:
        _records(track, told.sizes)
    if "S2" in told.workloads and ACCORD.name in names:
        _connections(track, told.connections)
    track.size = size


def exponent(figures: Sequence[Figure], of: Callable[[Figure], float]) -> float:
    """The slope in a doubly logarithmic plot, by least squares: 1 = as the size, 2 = as its square."""
    points = [(math.log(figure.size), math.log(of(figure))) for figure in figures]
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else 0.0


def _memory(track: Track, entrant: Entrant, sizes: Sequence[int]) -> None:
    """W7: peak memory, and from the first to each later size the bytes per further record."""
    first: Figure | None = None
    for track.size in sizes:
        with track.session() as folder:
            figure = track.figure("W7", entrant, Errand(), folder)
        if first is not None:
            further = track.size - first.size
            figure.facts["bytes_per_record"] = max(0.0, (figure.peak - first.peak) * 2**20 / further)
            figure.facts["cpu_us_per_record"] = (figure.cpu - first.cpu) * 1e6 / further
        first = first or figure
        track.keep(figure)


def _records(track: Track, sizes: Sequence[int]) -> None:
    """S1: first sync and re-read at each size."""
    grown: dict[str, list[Figure]] = {"S1-first": [], "S1-again": []}
    for track.size in sizes:
        with track.session() as folder:
            grown["S1-first"].append(track.figure("S1-first", ACCORD, Errand(), folder))
            grown["S1-again"].append(track.figure("S1-again", ACCORD, Errand(full=True), folder))
    for figures in grown.values():
        _keep(track, figures)


def _connections(track: Track, counts: Sequence[int]) -> None:
    """S2: so many sources of 1,000 records each; the size in the table is the number of connections."""
    found = []
    for count in counts:
        with track.session(customers=count * EACH, slices=count) as folder:
            errand = Errand(options={"many": str(count)})
            figure = track.figure("S2", ACCORD, errand, folder, records=count * EACH)
            found.append(replace(figure, size=count))
    _keep(track, found)


def _keep(track: Track, figures: Sequence[Figure]) -> None:
    """Note them, each with the exponent of CPU from the smallest on."""
    for place, figure in enumerate(figures):
        if place:
            figure.facts["exponent"] = exponent(figures[: place + 1], lambda each: each.cpu)
        track.keep(figure)

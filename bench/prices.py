"""What each promise costs: the first sync again, with one of them left out."""

from __future__ import annotations

from dataclasses import replace

from bench.entrants import Entrant
from bench.track import Errand, Track

OMITTED = ("nothing", "ledger", "digests", "marks", "intents", "assertions", "disk", "everything")
"""What bench/programs/without.py can leave out."""
NAMES = tuple(f"P-{name}" for name in OMITTED)


def priced(track: Track, entrant: Entrant, wanted: frozenset[str]) -> None:
    """P: W1 without one promise; ``of_all`` is its CPU as a share of that of the whole."""
    whole = 0.0
    for name in OMITTED:
        if name != "nothing" and f"P-{name}" not in wanted:
            continue
        with track.session() as folder:
            errand = Errand(options={"without": name})
            figure = track.figure(f"P-{name}", replace(entrant, module="without"), errand, folder)
        whole = whole or figure.cpu
        figure.facts["of_all"] = figure.cpu / whole
        track.keep(figure)

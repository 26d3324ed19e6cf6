"""Deterministic simulation of the whole engine: real code, real SQLite, all else by seed (sync.md A12).

Time, randomness, ids, threads, vendors and people are driven by one seeded scheduler, so that a seed that
breaks an invariant can be replayed exactly: ``python -m accord.testing.simulation replay SEED``.
"""

from accord.testing.simulation.oracle import Violation
from accord.testing.simulation.schedule import Verdict, simulate

__all__ = ["Verdict", "Violation", "simulate"]

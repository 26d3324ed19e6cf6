"""What a run tells while it works, for progress bars and embedding programs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One step forward.

    Attributes:
        flow: The flow that runs.
        phase: ``pull`` or ``push``.
        connection: Whose records these are.
        stream: Which of its streams.
        done: Records finished in this phase so far.
        total: How many there will be, if the vendor told; None = unknown.
    """

    flow: str
    phase: str
    connection: str
    stream: str
    done: int
    total: int | None = None


def silent(progress: Progress) -> None:
    """Tell nobody."""

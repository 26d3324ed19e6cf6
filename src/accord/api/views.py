"""What the front door answers: typed, frozen, printable as JSON with ``dataclasses.asdict``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from accord.model.record import Account


@dataclass(frozen=True, slots=True)
class AccountCheck:
    """Whether one connection works, and whose account it is."""

    connection: str
    connector: str
    account: Account | None
    streams: Sequence[str] = ()
    error: str = ""
    message: str = ""
    hint: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """How far one stream is. Instants are seconds since 1970.

    Attributes:
        linked: External records linked to hub records.
        dirty: Hub records to be looked at for this stream.
        intents: Open writes by state.
    """

    connection: str
    stream: str
    linked: int
    dirty: int
    intents: Mapping[str, int]
    cursor: float | None
    read_through_at: float | None


@dataclass(frozen=True, slots=True)
class FlowStatus:
    """One flow: its streams, its last run, when it is due."""

    flow: str
    model: str
    records: int
    streams: Sequence[StreamStatus]
    schedule: str | None
    last_run: str | None
    last_state: str | None
    last_finished_at: float | None
    next_due_at: float | None
    approved: bool


@dataclass(frozen=True, slots=True)
class Status:
    """The whole store at a glance."""

    store: str
    schema: str
    flows: Sequence[FlowStatus]
    open_conflicts: int
    open_dead_letters: int
    running: Sequence[str] = field(default_factory=tuple)
    untold: int = 0
    """Refusals some system was not told in time, or cannot be told: `accord consent audit` names them."""

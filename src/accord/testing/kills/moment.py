"""When a process is killed."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING

from accord.sandbox.message import ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from accord.sandbox import Sandbox
    from accord.sandbox.message import Request, Response

LONGEST = 1.5
"""Seconds after its start at which a process is killed at the latest, where the clock decides."""
MOST_REQUESTS, MOST_WRITES = 16, 6
"""Of a run's requests (of its writes) the last one at which it is killed."""


class Kind(StrEnum):
    """What decides the moment."""

    CLOCK = "clock"
    """So many seconds after the start."""
    ARRIVES = "request arrives"
    """The n-th request reaches its vendor, which does nothing any more."""
    WRITE_ARRIVES = "write arrives"
    APPLIED = "write applied"
    """The vendor has applied the n-th write; its answer finds nobody."""


@dataclass(frozen=True, slots=True)
class Moment:
    """``number``: seconds for the clock, else which request."""

    kind: Kind
    number: float

    @classmethod
    def draw(cls, random: Random) -> Moment:
        """Any moment; unanswered writes are the ones that matter most."""
        kind = random.choice((Kind.CLOCK, Kind.CLOCK, Kind.ARRIVES, Kind.WRITE_ARRIVES, Kind.APPLIED))
        if kind is Kind.CLOCK:
            return cls(kind, random.uniform(0.0, LONGEST))
        return cls(kind, random.randint(1, MOST_REQUESTS if kind is Kind.ARRIVES else MOST_WRITES))


class Ambush:
    """Watches what reaches the vendors and strikes at the moment it was laid for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moment: Moment | None = None
        self._strike: Callable[[], None] = lambda: None
        self._seen = 0.0

    def lay(self, moment: Moment | None, strike: Callable[[], None]) -> None:
        """Count from now on; None lets everybody pass."""
        with self._lock:
            self._moment, self._strike, self._seen = moment, strike, 0.0

    def watch(self, sandbox: Sandbox) -> None:
        """Stand in front of a vendor."""
        handle = sandbox.handle

        def watched(request: Request) -> Response:
            sandbox.router.find(request)  # tells whether it only reads
            if self._falls(request, Kind.ARRIVES) or (
                not request.reads and self._falls(request, Kind.WRITE_ARRIVES)
            ):
                raise ConnectionLost("killed")
            response = handle(request)
            if not request.reads and self._falls(request, Kind.APPLIED):
                raise ConnectionLost("killed")
            return response

        # The server asks for ``sandbox.handle`` at each request: what lies on the object is what it gets.
        sandbox.__dict__["handle"] = watched

    def _falls(self, _request: Request, kind: Kind) -> bool:
        with self._lock:
            if self._moment is None or self._moment.kind is not kind:
                return False
            self._seen += 1
            if self._seen < self._moment.number:
                return False
            self._moment = None
            self._strike()
            return True

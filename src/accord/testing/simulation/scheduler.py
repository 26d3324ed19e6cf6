"""A cooperative scheduler on a virtual clock: the seed decides who runs next at every switch point."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped,unused-ignore]

if TYPE_CHECKING:
    from accord.testing.simulation.process import Process

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = 0.02
"""Seconds of virtual time that pass at most between two switch points."""


class CrashError(BaseException):
    """The simulated process is gone. No handler may outlive it."""


class StuckError(Exception):
    """Nothing can run any more although something waits: a deadlock, in the engine or in the harness."""


class Strand:
    """One simulated thread: a greenlet with what it waits for."""

    def __init__(
        self, number: int, name: str, process: Process | None, work: Callable[[], Any], hub: greenlet
    ) -> None:
        self.number, self.name, self.process = number, name, process
        self.ready: Callable[[], bool] | None = None
        self.wake_at = 0.0
        self.ended = False
        self.value: Any = None
        self.error: BaseException | None = None
        self._work = work
        self.greenlet = greenlet(self._body, hub)  # when it ends the hub goes on, not whoever started it

    def _body(self) -> None:
        try:
            self.value = self._work()
        except BaseException as error:  # noqa: BLE001  handed to whoever asks for the result
            self.error = error
        self.ended = True

    def runnable(self, now: float) -> bool:
        """Whether it could go on at this moment."""
        frozen = self.process is not None and self.process.frozen_until > now
        return not frozen and self.wake_at <= now and (self.ready is None or self.ready())

    def wakes(self) -> float | None:
        """When it would go on if only time passed; None if something else must happen first."""
        if self.ready is not None and not self.ready():
            return None
        frozen = self.process.frozen_until if self.process is not None else 0.0
        return max(self.wake_at, frozen)


class Scheduler:
    """Runs strands one at a time. The trace of its choices is the identity of an execution."""

    def __init__(self, seed: int) -> None:
        self.random = Random(f"scheduler {seed}")
        self.seconds = 0.0
        self.strands: list[Strand] = []
        self.switches = 0
        self.hub = getcurrent()
        self.current: Strand | None = None
        self.story: list[str] | None = None
        self._count = 0
        self._trace = blake2b(digest_size=16)

    def now(self) -> datetime:
        """The virtual instant."""
        return START + timedelta(seconds=self.seconds)

    def timestamp(self) -> float:
        """The virtual instant in seconds since 1970."""
        return START.timestamp() + self.seconds

    def note(self, text: str) -> None:
        """Add an event to the trace, and to the story if one is told."""
        self._trace.update(f"{self.seconds:.6f} {text}\n".encode())
        if self.story is not None:
            who = self.current.name if self.current is not None else "-"
            self.story.append(f"{self.seconds:9.3f} {who:28} {text}")

    def trace(self) -> str:
        """The digest of everything that happened so far."""
        return self._trace.hexdigest()

    def spawn(self, name: str, work: Callable[[], Any], process: Process | None = None) -> Strand:
        """Start a strand; it begins when it is chosen."""
        self._count += 1
        strand = Strand(self._count, name, process, work, self.hub)
        self.strands.append(strand)
        return strand

    def processes(self) -> list[Process]:
        """The processes of which a strand has begun and not ended."""
        found = (strand.process for strand in self.strands if strand.greenlet)
        return list(dict.fromkeys(process for process in found if process is not None))

    def pause(
        self, *, seconds: float = 0.0, ready: Callable[[], bool] | None = None, label: str = ""
    ) -> None:
        """Let others run; called by a strand. Outside any strand time just passes."""
        strand = self.current
        if strand is None or getcurrent() is not strand.greenlet:
            self.seconds += seconds
            return
        strand.wake_at = self.seconds + seconds
        strand.ready = ready
        if label:
            self.note(f"{strand.number} {label}")
        self.hub.switch()
        strand.ready, strand.wake_at = None, 0.0

    def run(self, until: Callable[[], bool]) -> None:
        """Run strands until the condition holds.

        Raises:
            StuckError: nobody can go on.
        """
        while True:
            self._reap()
            if until():
                return
            able = [strand for strand in self.strands if strand.runnable(self.seconds)]
            if not able:
                self._pass_time()
                continue
            strand = able[0] if len(able) == 1 else self.random.choice(able)
            self.seconds += self.random.random() * STEP
            self._resume(strand)

    def _resume(self, strand: Strand) -> None:
        self.current = strand
        self.switches += 1
        strand.greenlet.switch()
        self.current = None
        if strand.ended:
            self.strands.remove(strand)

    def _pass_time(self) -> None:
        times = [at for strand in self.strands if (at := strand.wakes()) is not None]
        if not times:
            waiting = ", ".join(sorted(strand.name for strand in self.strands)) or "nobody"
            raise StuckError(f"nobody can go on; waiting: {waiting}")
        self.seconds = max(self.seconds, min(times))

    def _reap(self) -> None:
        """End the strands of crashed processes: whatever they try on the way out fails."""
        for strand in [s for s in self.strands if s.process is not None and s.process.dead]:
            if strand.greenlet:  # begun
                self.current = strand
                strand.greenlet.throw(CrashError("the process is gone"))
                self.current = None
            self.strands.remove(strand)

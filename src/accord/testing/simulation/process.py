"""A simulated process: the :class:`~accord.env.Env` of one run, which may crash, freeze and be a zombie."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from accord.errors import StoreBusyError
from accord.store.store import BUSY_TIMEOUT
from accord.testing.simulation.scheduler import CrashError, Scheduler, Strand

if TYPE_CHECKING:
    import httpx

    from accord.testing.simulation.weather import Weather

T = TypeVar("T")
Watch = Callable[["Process", str], None]


class SimulatedTask(Generic[T]):
    """A task whose end is waited for by pausing."""

    def __init__(self, process: Process, strand: Strand) -> None:
        self._process, self._strand = process, strand

    def result(self) -> T:
        """Wait for the end and return the value, or raise what the work raised."""
        self._process.wait(lambda: self._strand.ended, f"result of {self._strand.name}")
        if self._strand.error is not None:
            raise self._strand.error
        value: T = self._strand.value
        return value

    def done(self) -> bool:
        """Whether the work has ended."""
        return self._strand.ended


class SimulatedChannel(Generic[T]):
    """A bounded queue between strands."""

    def __init__(self, process: Process, size: int) -> None:
        self._process, self._size = process, size
        self._items: deque[T] = deque()
        self._closed = False

    def put(self, item: T) -> None:
        """Add an item; wait while the channel is full and open."""
        self._process.wait(lambda: self._closed or len(self._items) < self._size, "put")
        if not self._closed:
            self._items.append(item)

    def get(self) -> T:
        """Take the oldest item; wait while there is none."""
        self._process.wait(lambda: bool(self._items), "get")
        return self._items.popleft()

    def close(self) -> None:
        """Drop what is here and what comes."""
        self._closed = True
        self._items.clear()


class Process:
    """One process under the scheduler. After a crash its every call raises, so nothing tidies up."""

    def __init__(
        self,
        number: int,
        host: str,
        scheduler: Scheduler,
        weather: Weather,
        alive: Callable[[str], bool],
        watch: Watch,
    ) -> None:
        self.number, self.name, self.host = number, f"p{number}", host
        self.scheduler, self.weather = scheduler, weather
        self.random = Random(f"process {number} {weather.seed}")
        self.dead = self.crashed = False
        self.frozen_until = 0.0
        self.ablations = weather.ablations
        self.lines: dict[str, httpx.BaseTransport] = {}
        """Where requests to an address arrive, of vendors that are called by HTTP."""
        self.power_fails: Callable[[], None] = self.end
        """Called when the power of the store's machine fails: this process ends, and whatever else does."""
        self._alive, self._watch = alive, watch
        self._ids = 0

    @property
    def holder(self) -> str:
        """Host and name."""
        return f"{self.host}:{self.name}"

    def process_alive(self, holder: str) -> bool:
        """Processes of another host may always be alive; those of this one are known."""
        host, _, name = holder.partition(":")
        return host != self.host or self._alive(name)

    def now(self) -> datetime:
        """The virtual instant."""
        self._breathe()
        return self.scheduler.now()

    def monotonic(self) -> float:
        """Virtual seconds."""
        self._breathe()
        return self.scheduler.seconds

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass."""
        self._breathe()
        self.scheduler.pause(seconds=seconds)
        self._breathe()

    def new_id(self) -> str:
        """Rises with time; no two processes share one."""
        self._breathe()
        self._ids += 1
        millis = int(self.scheduler.timestamp() * 1000)
        return f"{millis:012x}{self.number:08x}{self._ids:012x}"

    def spawn(self, name: str, work: Callable[[], T]) -> SimulatedTask[T]:
        """Start a strand of this process."""
        self._breathe()
        return SimulatedTask(self, self.scheduler.spawn(f"{self.name} {name}", work, self))

    def channel(self, size: int) -> SimulatedChannel[Any]:
        """A bounded queue between strands."""
        self._breathe()
        return SimulatedChannel(self, size)

    def transport(self, base_url: str) -> httpx.BaseTransport | None:
        """The line to a vendor that is called by HTTP."""
        return self.lines[base_url]

    def switch(self, label: str) -> None:
        """A point before or after a transaction: anybody else may run, and the database may be busy.

        Raises:
            StoreBusyError: the transaction that would begin now cannot: somebody else writes for too long.
        """
        self.pause(label)
        if not label.endswith(":committed") and self.weather.busy():
            self.scheduler.note(f"{self.name} finds the database busy at {label}")
            self.scheduler.pause(seconds=BUSY_TIMEOUT)
            self._breathe()
            raise StoreBusyError("the store was busy for longer than the busy timeout", hint="Run again.")

    def pause(self, label: str) -> None:
        """A point where anybody else may run, or this process may end or freeze."""
        self._breathe()
        self._watch(self, label)
        self._maybe_crash(label)
        if self.weather.power_fails():
            self.scheduler.note(f"the power fails at {self.name} {label}")
            self.power_fails()
            self._breathe()
        pause = self.weather.freeze()
        if pause:
            self.scheduler.note(f"{self.name} freezes for {pause:.0f} s")
            self.frozen_until = self.scheduler.seconds + pause
        self.scheduler.pause(label=label)
        self._breathe()

    def committing(self, label: str) -> None:
        """Inside a transaction, just before its commit: the process may end here."""
        self._breathe()
        self._watch(self, f"{label}:committing")
        self._maybe_crash(f"{label}:committing")

    def wait(self, ready: Callable[[], bool], label: str) -> None:
        """Pause until a condition holds."""
        self._breathe()
        if not ready():
            self.scheduler.pause(ready=ready, label=label)
        self._breathe()

    def crash(self, label: str) -> None:
        """End this process here and now.

        Raises:
            CrashError: always.
        """
        self.scheduler.note(f"{self.name} crashes at {label}")
        self.end()
        raise CrashError(label)

    def end(self) -> None:
        """From now on every call raises, so nothing tidies up."""
        self.dead = self.crashed = True

    def _maybe_crash(self, label: str) -> None:
        if self.weather.crashes():
            self.crash(label)

    def _breathe(self) -> None:
        if self.dead:
            raise CrashError("the process is gone")

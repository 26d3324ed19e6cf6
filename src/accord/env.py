"""The one door to time, randomness, ids, sleep, threads, HTTP transports and commits.

Everything that makes two executions differ goes through an :class:`Env`. Production uses
:class:`SystemEnv`; the simulation (``accord.testing``) passes another one and runs the very same
code under a seeded scheduler. Nothing else in Accord may call ``time``, ``random``, ``uuid`` or
``threading`` for these purposes.
"""

from __future__ import annotations

import contextvars
import os
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class Task(Protocol[T]):  # type: ignore[misc]  # T is only returned, mypy wants it covariant
    """A unit of work started with :meth:`Env.spawn`."""

    def result(self) -> T:
        """Wait for the end and return the value, or raise what the work raised."""

    def done(self) -> bool:
        """Whether the work has ended."""


class Channel(Protocol[T]):
    """A bounded queue between tasks: the back-pressure of the engine."""

    def put(self, item: T) -> None:
        """Add an item; wait while the channel is full."""

    def get(self) -> T:
        """Take the oldest item; wait while there is none."""

    def close(self) -> None:
        """Nobody takes any more: what is put from now on, or waits to be put, is dropped."""


class Env(Protocol):
    """What differs between the real world and a simulated one."""

    def now(self) -> datetime:
        """The present instant, timezone-aware UTC."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    @property
    def random(self) -> random.Random:
        """The source of every random choice."""

    def new_id(self) -> str:
        """A fresh identifier that nobody else has: 32 hexadecimal digits, rising with time."""

    def spawn(self, name: str, work: Callable[[], T]) -> Task[T]:
        """Start work beside the caller (a thread, or a simulated one)."""

    def channel(self, size: int) -> Channel[T]:
        """A bounded channel between tasks started by :meth:`spawn`."""

    def transport(self, base_url: str) -> httpx.BaseTransport | None:
        """The transport for a vendor's address; ``None`` means the network."""

    def switch(self, label: str) -> None:
        """A point outside any transaction where a simulation may switch, fail or crash.

        The store calls it just before it begins a transaction and just after it commits.
        """

    def committing(self, label: str) -> None:
        """Called inside a transaction just before it commits; a simulation may crash here."""

    @property
    def ablations(self) -> frozenset[str]:
        """Safeguards a test switched off to prove that it would be missed; empty in production."""

    def process_alive(self, holder: str) -> bool:
        """Whether the process that wrote this lease holder string may still run."""

    @property
    def holder(self) -> str:
        """This process, as written into leases: host, process id and start."""


class ThreadChannel(Generic[T]):
    """A :class:`Channel` between real threads."""

    def __init__(self, size: int) -> None:
        self._items: deque[T] = deque()
        self._size = size
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        """Add an item; wait while the channel is full and open."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._items) < self._size)
            if not self._closed:
                self._items.append(item)
                self._changed.notify_all()

    def get(self) -> T:
        """Take the oldest item; wait while there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._items)
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def close(self) -> None:
        """Drop what is here and what comes."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()


class SystemEnv:
    """The real world: system clock, operating-system threads, the network."""

    ablations: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.random = random.Random()
        self._holder = _this_process()
        self._naming = threading.Lock()
        self._named_at, self._tail = 0, 0

    def now(self) -> datetime:
        """The system clock in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of the system's monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let this thread wait."""
        time.sleep(seconds)

    def new_id(self) -> str:
        """In the order of their making, so that indexes grow at one end (RFC 9562, UUIDv7, method 2)."""
        with self._naming:
            now = time.time_ns() // 1_000_000
            if now > self._named_at:
                self._named_at, self._tail = now, int.from_bytes(os.urandom(10)) >> 1
            else:
                self._tail += self.random.getrandbits(32) + 1
            return f"{self._named_at:012x}{self._tail:020x}"

    def spawn(self, name: str, work: Callable[[], T]) -> Future[T]:
        """Run the work in a daemon thread; a daemon never keeps a dead run's process alive."""
        future: Future[T] = Future()
        context = contextvars.copy_context()  # what is told to whoever starts it holds for it too

        def body() -> None:
            try:
                future.set_result(context.run(work))
            except BaseException as error:  # noqa: BLE001  handed to whoever asks for the result
                future.set_exception(error)

        threading.Thread(target=body, name=name, daemon=True).start()
        return future

    def channel(self, size: int) -> Channel[T]:
        """A thread-safe bounded queue."""
        return ThreadChannel(size)

    def transport(self, base_url: str) -> httpx.BaseTransport | None:  # noqa: ARG002
        """The network."""
        return None

    def switch(self, label: str) -> None:
        """Nothing: real processes are interrupted by real events."""

    def committing(self, label: str) -> None:
        """Nothing."""

    @property
    def holder(self) -> str:
        """Host, boot, process id and the process's start time."""
        return self._holder

    def process_alive(self, holder: str) -> bool:
        """A process of this host can be looked up; one of another host may always be alive."""
        return _may_be_alive(holder, self._holder)


def _this_process() -> str:
    import socket

    pid = os.getpid()
    return f"{socket.gethostname()}:{_boot()}:{pid}:{_started(pid)}"


def _boot() -> str:
    """Identifies this boot of this machine, so that a process id of an earlier boot is dead."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "boot"


def _started(pid: int) -> str:
    """The start time of a process in kernel ticks (proc(5), field 22), '' when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _may_be_alive(holder: str, me: str) -> bool:
    parts, mine = holder.split(":"), me.split(":")
    if len(parts) != 4 or parts[0] != mine[0]:  # noqa: PLR2004  another host: cannot be known
        return True
    if parts[1] != mine[1]:
        return False
    pid = int(parts[2])
    if parts[3]:
        return _started(pid) == parts[3]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

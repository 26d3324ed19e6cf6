"""The worlds of a conformance schedule: that of the vendor, and those of processes that may die."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING

import httpx

from accord.errors import OutcomeUnknownError, RetryableError
from accord.testing.simulation.process import Process
from accord.testing.simulation.scheduler import START
from accord.testing.virtual import VirtualEnv

if TYPE_CHECKING:
    from accord.connector import Send, Stream
    from accord.model.record import Outcome, Write
    from accord.testing.simulation.scheduler import Scheduler
    from accord.testing.simulation.weather import Weather

DEADLY = 0.03
"""Chance to die just before a request, and just before its answer."""


class VendorEnv(VirtualEnv):
    """The clock of the scheduler, for those who never die."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(START)
        self._scheduler = scheduler

    def now(self) -> datetime:
        """The virtual instant."""
        return self._scheduler.now()

    def monotonic(self) -> float:
        """Virtual seconds."""
        return self._scheduler.seconds

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass, and others run."""
        self._scheduler.pause(seconds=seconds)


class Wire(httpx.BaseTransport):
    """The network of one process: it may die just before a request, or just before its answer."""

    def __init__(self, process: Worker, inner: httpx.BaseTransport) -> None:
        self._process, self._inner = process, inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        self._process.risk("request")
        response = self._inner.handle_request(request)
        response.read()
        self._process.risk("answer")
        return response


class Worker(Process):
    """A process that reaches the vendor."""

    def __init__(
        self, number: int, scheduler: Scheduler, weather: Weather, wire: httpx.BaseTransport | None
    ) -> None:
        super().__init__(number, "here", scheduler, weather, lambda _name: False, lambda *_: None)
        self._wire = wire

    def transport(self, base_url: str) -> httpx.BaseTransport | None:  # noqa: ARG002  one vendor
        """The vendor's wire; None where the vendor is a file or a database."""
        return None if self._wire is None else Wire(self, self._wire)

    def risk(self, label: str) -> None:
        """A switch point at which dying is worth more: nobody knows what the vendor has done."""
        self.switch(label)
        if self.weather.storming and self.random.random() < DEADLY:
            self.crash(label)


def unreliable(stream: Stream, process: Worker, weather: Weather, random: Random) -> Stream:
    """A stream whose writes fail as those of an HTTP vendor do: for systems without a sandbox."""
    operations = stream.operations

    def weak(send: Send) -> Send:
        def sent(writes: Sequence[Write]) -> Sequence[Outcome]:
            process.risk("request")
            fate = random.random() if weather.storming else 1.0
            if fate < weather.faulty / 2:
                raise RetryableError("not reached", retry_after=1.0)
            said = send(writes)
            process.risk("answer")
            if fate < weather.faulty:
                raise OutcomeUnknownError("no answer")
            return said

        return sent

    create = operations.create and weak(operations.create)
    update = operations.update and weak(operations.update)
    # The operations are a cached property: what lies in the cache is what the engine gets.
    stream.__dict__["operations"] = replace(operations, create=create, update=update)
    return stream

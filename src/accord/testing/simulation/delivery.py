"""How a writing request travels: lost, late, doubled, refused, all or nothing, or as a job that runs on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from accord.connector import Creates
from accord.errors import AnswerShapeError, OutcomeUnknownError, RecordRejectedError, VendorError
from accord.model.record import Operation, Outcome, Result, Write
from accord.testing.simulation.weather import Fate

if TYPE_CHECKING:
    from accord.testing.simulation.systems import SimulatedStream, System

POLLS = 40
"""Questions after which nobody asks any more how a job goes on."""
TOO_LONG = 422
GONE = 404
"""Status codes of a batch that is refused as a whole."""


class Delivery:
    """One writing request of one process to one vendor."""

    def __init__(self, system: System, stream: SimulatedStream, verb: str, writes: Sequence[Write]) -> None:
        self.system, self.stream, self.verb, self.writes = system, stream, verb, writes
        self.vendor, self.weather, self.scheduler = system.vendor, system.weather, system.process.scheduler
        sent = ",".join(f"{w.hub_id[18:]}:{w.external_id or '-'}" for w in writes)
        self.label = f"{self.vendor.name} {verb} {stream.name} {sent}"

    def send(self) -> Sequence[Outcome]:
        """Deliver it, as the weather has it.

        Raises:
            OutcomeUnknownError, RetryableError, AccessError, AnswerShapeError: as the weather has it.
            RecordRejectedError: the vendor takes all or nothing, and one item is bad.
        """
        if self.vendor.traits.jobs:
            return self._job()
        return self.system.call(self._request, self._begin, safe=False)

    def _request(self) -> Sequence[Outcome]:
        fate = self._fate()
        label = f"{self.label} {fate}"
        outcomes: list[Outcome] = []
        refused: RecordRejectedError | None = None
        late = self.weather.random.uniform(0.0, self.vendor.traits.effective_after)
        if fate in (Fate.FINE, Fate.UNANSWERED, Fate.TWICE, Fate.GARBLED):
            self._arrive(label)
            try:
                outcomes = self._applied()
            except RecordRejectedError as error:
                refused = error
        if fate in (Fate.LATE, Fate.TWICE):
            self._later(late, again=fate is Fate.TWICE)
        self.system.travel(f"{label} answers")
        self.system.refuse(fate)
        if fate in (Fate.LOST, Fate.UNANSWERED, Fate.LATE, Fate.DOWN):
            raise OutcomeUnknownError(f"{self.vendor.name} did not answer")
        if fate is Fate.GARBLED:
            raise AnswerShapeError(f"{self.vendor.name} answered with noise")
        if refused is not None:
            raise refused
        return outcomes

    def _fate(self) -> Fate:
        fate = self.weather.write()
        doubles = fate is Fate.TWICE and self.verb == "create"
        if doubles and self.stream.creates not in (Creates.IDEMPOTENCY_KEY, Creates.UPSERT):
            return Fate.FINE  # no client can help it if the network doubles such a request
        return fate

    def _begin(self) -> None:
        self.stream.table.attempts += len(self.writes)
        self.system.begins(self.system.process, self.vendor.name, self.stream.name, self.writes)

    def _arrive(self, label: str) -> None:
        """The way to the vendor: whoever freezes on it for longer than T_max never gets there (V1)."""
        began = self.scheduler.seconds
        self.scheduler.pause(seconds=self.weather.random.uniform(0.01, 0.2), label=label)
        if self.scheduler.seconds - began > self.vendor.traits.effective_after:
            raise OutcomeUnknownError(f"{self.vendor.name} did not answer")

    def _applied(self) -> list[Outcome]:
        """What the vendor does with the items.

        Raises:
            RecordRejectedError: with one of them it does none.
        """
        if self.vendor.traits.together:
            bad = next(filter(None, map(self._fault, self.writes)), 0)
            if bad:
                self.weather.note("batch refused")
                self.stream.table.refused += len(self.writes)
                raise RecordRejectedError(f"{self.vendor.name} refuses the batch", facts={"status": bad})
        return [self._item(write) for write in self.writes]

    def _fault(self, write: Write) -> int:
        """Why the vendor does not take an item; 0 = it takes it."""
        if write.operation is not Operation.CREATE and not self.stream.exists(write):
            return GONE
        return TOO_LONG if self._is_too_long(write) else 0

    def _is_too_long(self, write: Write) -> bool:
        longest = self.vendor.traits.longest
        return bool(longest) and len(str(write.row.get("first") or "")) > longest

    def _item(self, write: Write) -> Outcome:
        if self._is_too_long(write):
            self.weather.note("record refused")
            self.stream.table.refused += 1
            return Outcome(write.id, Result.REJECTED, write.external_id, reason="first: too long")
        if self.weather.refuses_item():
            if self.weather.random.random() < 0.5:  # noqa: PLR2004  a half
                return Outcome(write.id, Result.RETRY, write.external_id, retry_after=1.0)
            self.stream.apply(self.verb, write)
            return Outcome(write.id, Result.UNKNOWN, write.external_id, reason="no answer for this item")
        return self.stream.apply(self.verb, write)

    def _later(self, late: float, *, again: bool) -> None:
        """The request takes effect on its own, whatever becomes of the process that sent it."""

        def land() -> None:
            self.scheduler.pause(seconds=late)
            self.scheduler.note(f"{self.vendor.name} {self.verb} takes effect late")
            before = set(self.stream.table.rows)
            if not self._is_refused_whole():
                for write in self.writes:
                    if not self._is_too_long(write):
                        reached = self.stream.apply(self.verb, write).external_id
                        if again and reached is not None:
                            self.stream.table.redeliver(reached, write.row)
            self.stream.table.repeated |= set(self.stream.table.rows) - before if again else set()

        self.scheduler.spawn(f"late {self.verb}", land)

    def _is_refused_whole(self) -> bool:
        return self.vendor.traits.together and any(map(self._fault, self.writes))

    def _job(self) -> Sequence[Outcome]:
        """Prepare, ask once more who may still be in it, run, and ask until it has ended."""
        self.system.ask(self.weather.read(), f"job {self.verb} {self.stream.name}")
        refused = self._ended_meanwhile()
        if refused:
            self.weather.note("job abandoned")
            return [Outcome(write.id, Result.ABANDONED, write.external_id) for write in self.writes]
        self._begin()
        fate = self._fate()
        if fate in (Fate.THROTTLED, Fate.FORBIDDEN):
            self.system.travel(f"{self.label} {fate}")
            self.system.refuse(fate)
        outcomes: list[Outcome] = []
        if fate not in (Fate.LOST, Fate.DOWN):
            self._arrive(f"{self.label} job runs")
            self.weather.note("job run")
            self._run(outcomes)
        if fate is not Fate.FINE:
            self.system.travel(f"{self.label} {fate}")
            raise OutcomeUnknownError(f"{self.vendor.name} did not say whether the job runs")
        return self._followed(outcomes)

    def _ended_meanwhile(self) -> set[str]:
        refused: set[str] = set()
        for recheck in {write.recheck for write in self.writes if write.recheck is not None}:
            refused |= recheck([write for write in self.writes if write.recheck == recheck])
        return refused

    def _run(self, outcomes: list[Outcome]) -> None:
        """The vendor works off the job on its own, within T_max."""
        late = self.weather.random.uniform(0.0, self.vendor.traits.effective_after / 2)

        def work() -> None:
            self.scheduler.pause(seconds=late)
            self.scheduler.note(f"{self.vendor.name} works off a job")
            outcomes.extend(self._item(write) for write in self.writes)

        self.scheduler.spawn(f"job {self.verb}", work)

    def _followed(self, outcomes: list[Outcome]) -> Sequence[Outcome]:
        for _ in range(POLLS):
            with suppress(VendorError):  # it is asked again
                self.system.ask(self.weather.read(), "how the job goes on")
            if outcomes:
                return outcomes
            self.system.process.sleep(1.0)
        return [Outcome(write.id, Result.UNKNOWN, write.external_id) for write in self.writes]

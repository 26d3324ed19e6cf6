"""Declared writes that the vendor works off later: submit, ask until done, read the outcomes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from accord.errors import VendorError
from accord.http import places
from accord.http.answer import Answer
from accord.http.operations import StreamLike
from accord.http.outcomes import Sent
from accord.http.writes import Batch, BatchOf
from accord.model.record import Outcome, Result, Write


@dataclass(eq=False, kw_only=True)
class Job(Batch):
    """Write many records through an asynchronous job of the vendor.

    Once a job is submitted its writes may be applied: whatever fails afterwards leaves them unknown. Takes
    what :class:`accord.http.writes.Batch` takes, and:

    Attributes:
        poll: The path that tells how the job goes, with ``{job}``.
        job: Where the answer to the submission names the job.
        state: Where the answer of ``poll`` tells the state.
        done: States that mean it has ended well.
        failed: States that mean it has ended badly.
        failed_means: What a failed job did to its writes; ``REJECTED`` or ``RETRY`` if the vendor promises
            that nothing was applied.
        results: The path that lists the outcomes, with ``{job}``; None = they stand in the last answer.
        every: Seconds between questions.
        deadline: Seconds after which the outcomes count as unknown.
    """

    size: int = 1000
    poll: str = "/jobs/{job}"
    job: str = "id"
    state: str = "status"
    done: Collection[str] = ("completed",)
    failed: Collection[str] = ("failed",)
    failed_means: Result = Result.UNKNOWN
    results: str | None = None
    every: float = 2.0
    deadline: float = 600.0

    def bind(self, stream: StreamLike) -> JobOf:
        """The write of one stream."""
        return JobOf(self, stream)


class JobOf(BatchOf):
    """``Job`` of a stream."""

    def __init__(self, declared: Job, stream: StreamLike) -> None:
        super().__init__(declared, stream)
        self.job = declared

    def __call__(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """One outcome per write, after the job has ended or its deadline has passed.

        Raises:
            VendorError: the job could not be submitted, or may have been.
        """
        return super().__call__(writes)

    def _part(self, writes: Sequence[Write]) -> list[Outcome]:
        sent = self._items(writes)
        submitted = self._submit(sent)
        try:
            return self._outcomes(submitted, sent)
        except VendorError as error:
            reason = str(error.facts.get("code") or f"the job could not be followed: {type(error).__name__}")
            return [Outcome(write.id, Result.UNKNOWN, write.external_id, reason=reason) for write in writes]

    def _outcomes(self, submitted: Answer, sent: Sent) -> list[Outcome]:
        name = places.at(submitted.json(), self.job.job)
        if name in (None, ""):
            raise submitted.malformed(f"no job at {self.job.job!r}")
        scope = self.scope(job=name)
        ended = self.stream.http.poll(
            self.path(self.job.poll, scope),
            done=self._has_ended,
            every=self.job.every,
            deadline=self.job.deadline,
            template=self.job.poll,
        )
        if ended is None:
            return _all(sent, Result.UNKNOWN, "the job did not end in time")
        if self._state(ended) in self.job.failed:
            return _all(sent, self.job.failed_means, "the job failed")
        if self.job.results is not None:
            ended = self.stream.http.get(self.path(self.job.results, scope), template=self.job.results)
        return self.job.outcomes.read(ended, sent, self.stream)

    def _has_ended(self, answer: Answer) -> bool:
        return self._state(answer) in {*self.job.done, *self.job.failed}

    def _state(self, answer: Answer) -> str:
        return str(places.at(answer.json(), self.job.state))


def _all(sent: Sent, result: Result, reason: str) -> list[Outcome]:
    return [Outcome(write.id, result, write.external_id, reason=reason) for write, _ in sent]

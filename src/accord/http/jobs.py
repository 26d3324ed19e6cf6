"""Declared writes that the vendor works off later: submit, ask until done, read the outcomes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accord.errors import (
    AnswerShapeError,
    OutcomeUnknownError,
    PluginError,
    RetryableError,
    VendorError,
)
from accord.http import places, templates
from accord.http.answer import Answer
from accord.http.operations import StreamLike
from accord.http.outcomes import Sent
from accord.http.writes import Batch, BatchOf
from accord.model.record import Outcome, Result, Write

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """One request of a job besides the one that carries its items.

    Attributes:
        method: The HTTP method.
        path: Its path, with ``{job}`` once the job has a name.
        body: A template; None = no body.
    """

    method: str
    path: str
    body: Any = None


@dataclass(eq=False, kw_only=True)
class Job(Batch):
    """Write many records through an asynchronous job of the vendor.

    Once a job is submitted its writes may be applied: whatever fails afterwards leaves them unknown. With
    ``run`` that is so once it is run; immediately before, every item is asked about again, and the job is
    abandoned if permission ended for any (consent.md 2.7, K4). Takes what :class:`accord.http.writes.Batch`
    takes, and:

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
        create: Makes an empty job, which the items are then added to: ``path`` has ``{job}``. Needs ``run``.
        run: Starts the prepared job; None = it starts when it is submitted.
        abandon: Discards a prepared job that will not be run; None = the vendor lets it expire.

    Raises:
        PluginError: ``create`` or ``abandon`` is given without ``run``.
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
    create: Step | None = None
    run: Step | None = None
    abandon: Step | None = None

    def __post_init__(self) -> None:
        """Refuse steps that nothing could be asked between."""
        if self.run is None and (self.create or self.abandon):
            raise PluginError(
                f"The job at {self.path} is prepared in steps, and does not say what starts it",
                hint="Give Job `run`: the request that starts the prepared job.",
            )

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
        if self.job.run is not None:
            return self._in_steps(self.job.run, sent)
        submitted = self._submit(sent, self.scope())
        return self._followed(sent, lambda: self._named(submitted))

    def _in_steps(self, run: Step, sent: Sent) -> list[Outcome]:
        """Prepare, ask again, run. Until it runs, whatever fails certainly changed nothing."""
        scope = self._prepared(sent)
        try:
            # The wait for the budget comes first: nothing may stand between the answer and the last step.
            self.stream.http.ready(**self.budget)
            refused = _refused([write for write, _ in sent])
            if refused:
                self._discard(scope)
                return _abandoned(sent, refused)
            self._step(run, scope)
        except (OutcomeUnknownError, AnswerShapeError):
            raise
        except VendorError:
            self._discard(scope)
            raise
        return self._followed(sent, lambda: scope)

    def _prepared(self, sent: Sent) -> Mapping[str, Any]:
        """The job with all its items, not running; what names it in paths.

        Raises:
            RetryableError: it could not be prepared, or perhaps was and will never run.
        """
        scope: Mapping[str, Any] | None = None
        try:
            if self.job.create is None:
                return self._named(self._submit(sent, self.scope()))
            scope = self._named(self._step(self.job.create, self.scope()))
            self._submit(sent, scope)
        except VendorError as error:
            if scope is not None:
                self._discard(scope)
            if isinstance(error, OutcomeUnknownError):
                raise RetryableError(
                    f"{self.stream.name}: a job could not be prepared for certain; it was not run",
                    facts=error.facts,
                ) from error
            raise
        return scope

    def _step(self, step: Step, scope: Mapping[str, Any]) -> Answer:
        body = {} if step.body is None else {"json": templates.fill(step.body, scope)}
        return self.stream.http.request(
            step.method, self.path(step.path, scope), safe=False, template=step.path, **body, **self.budget
        )

    def _discard(self, scope: Mapping[str, Any]) -> None:
        """Take a prepared job back. If that fails it is still not run, which is what matters."""
        if self.job.abandon is None:
            return
        try:
            self._step(self.job.abandon, scope)
        except VendorError as error:
            _log.warning(
                "%s: an abandoned job could not be discarded (%s); it was not run and stays at the vendor",
                self.stream.name,
                type(error).__name__,
            )

    def _named(self, answer: Answer) -> Mapping[str, Any]:
        name = places.at(answer.json(), self.job.job)
        if name in (None, ""):
            raise answer.malformed(f"no job at {self.job.job!r}")
        return self.scope(job=name)

    def _followed(self, sent: Sent, named: Callable[[], Mapping[str, Any]]) -> list[Outcome]:
        """What became of a job that runs; not to know is an outcome too."""
        try:
            return self._outcomes(named(), sent)
        except VendorError as error:
            reason = str(error.facts.get("code") or f"the job could not be followed: {type(error).__name__}")
            return _all(sent, Result.UNKNOWN, reason)

    def _outcomes(self, scope: Mapping[str, Any], sent: Sent) -> list[Outcome]:
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


def _refused(writes: Sequence[Write]) -> frozenset[str]:
    """The ids that may not be carried out any more; those nobody can be asked about are among them."""
    refused = {write.id for write in writes if write.recheck is None}
    for recheck in {write.recheck for write in writes if write.recheck is not None}:
        refused |= recheck([write for write in writes if write.recheck == recheck])
    return frozenset(refused)


def _abandoned(sent: Sent, refused: Collection[str]) -> list[Outcome]:
    own, other = "permission ended before the last step", "the job was abandoned for another record"
    return [
        Outcome(write.id, Result.ABANDONED, write.external_id, reason=own if write.id in refused else other)
        for write, _ in sent
    ]


def _all(sent: Sent, result: Result, reason: str) -> list[Outcome]:
    return [Outcome(write.id, result, write.external_id, reason=reason) for write, _ in sent]

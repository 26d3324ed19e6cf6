"""Repeating safe requests: full jitter, a cap, and a total deadline. Writes never come here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from accord.deadline import seconds_left
from accord.errors import RetryableError

if TYPE_CHECKING:
    from tenacity import RetryCallState

    from accord.env import Env

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long and how often a safe request is repeated.

    Attributes:
        attempts: Requests in all.
        deadline: Seconds after which no further attempt begins, waits included.
        base: The first wait is random between 0 and this many seconds, the next up to twice that ...
        cap: ... but never more than this, unless the vendor asks for more and the deadline allows it.
    """

    attempts: int = 8
    deadline: float = 120.0
    base: float = 0.5
    cap: float = 30.0


def repeat(env: Env, policy: RetryPolicy, attempt: Callable[[], T]) -> T:
    """Call until it succeeds, fails for good, or the policy is spent; then the last error stands.

    So it does when a wait would last longer than the run that waits for it (:mod:`accord.deadline`).
    A wait that the vendor asks for and that would pass the deadline is not slept: its error is raised
    at once and carries ``retry_after``, so that the engine can do something else meanwhile.
    """
    started = env.monotonic()
    try:
        return attempt()
    except RetryableError as error:
        first = error
    return _repeat(env, policy, attempt, first, started)


def _repeat(
    env: Env, policy: RetryPolicy, attempt: Callable[[], T], first: RetryableError, started: float
) -> T:
    # Loaded only here: most runs meet no failure and should not pay for the import.
    import tenacity

    failed = [first]

    def next_attempt() -> T:
        if failed:
            raise failed.pop()
        return attempt()

    def wait(state: RetryCallState) -> float:
        most = min(policy.cap, policy.base * 2 ** (state.attempt_number - 1))
        return _asked(state) + env.random.uniform(0, most)

    def stop(state: RetryCallState) -> bool:
        spent, left = env.monotonic() - started, seconds_left()
        if left is not None and state.upcoming_sleep >= left:
            return True
        return state.attempt_number >= policy.attempts or spent + state.upcoming_sleep > policy.deadline

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(RetryableError),
        wait=wait,
        stop=stop,
        sleep=env.sleep,
        reraise=True,
    )
    return retrying(next_attempt)


def _asked(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    return (error.retry_after or 0.0) if isinstance(error, RetryableError) else 0.0

"""From a vendor's status to the error class that says what happens next (architecture.md, section 10)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from accord.errors import (
    AccessError,
    AnswerShapeError,
    OutcomeUnknownError,
    RateLimitedError,
    RecordRejectedError,
    RetryableError,
    VendorError,
)
from accord.http import limits, places
from accord.http.answer import Answer
from accord.http.redaction import short_code

_CODE_PATHS = (
    "error.code",
    "errors.0.extensions.code",
    "errors.0.code",
    "error.type",
    "errorCode",
    "error_code",
    "0.errorCode",
    "code",
    "category",
    "error",
    "title",
)
_NO_SERVER_CHANCE = frozenset({501, 505, 506, 510})

_HINTS: dict[type[VendorError], str] = {
    RateLimitedError: "Accord waits and tries again; lower the flow's rate if this is frequent.",
    OutcomeUnknownError: "The write may have been applied: the next run looks before it writes again.",
    RetryableError: "Accord tries again later; see the vendor's status page if it lasts.",
    AccessError: "Check the credentials and their scopes, then run `accord check`.",
    RecordRejectedError: "The record is set aside as a dead letter; correct it and replay it.",
    AnswerShapeError: "Check base_url and the vendor's API version, then run again.",
}


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """What one answer of a vendor means, where it differs from the usual.

    Attributes:
        status: A status, several, or a range of them. A 2xx status makes successes be looked at too, for
            vendors that answer 200 to everything.
        error: The class to raise.
        code: The vendor's own error code that must stand in the answer, or several.
        when: A further test on the answer.
        hint: What the operator should do.
    """

    status: int | Collection[int]
    error: type[VendorError]
    code: str | Collection[str] | None = None
    when: Callable[[Answer], bool] | None = None
    hint: str = ""

    def statuses(self) -> Collection[int]:
        """The statuses as a collection."""
        return (self.status,) if isinstance(self.status, int) else self.status

    def fits(self, answer: Answer, code: str) -> bool:
        """Whether this rule is about the answer."""
        if answer.status not in self.statuses():
            return False
        if self.code is not None and code not in ((self.code,) if isinstance(self.code, str) else self.code):
            return False
        return self.when is None or self.when(answer)


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """A vendor's deviations from the usual meaning of statuses, as data.

    Attributes:
        rules: Looked at first, in order.
        code: Paths of the vendor's short error code in the body, besides the usual ones.
        unprocessed: Statuses (such as 503) that promise that nothing was done, so that a write may be
            repeated.
        retry_after: Headers that tell a wait, besides Retry-After.
    """

    rules: Sequence[ErrorRule] = ()
    code: Sequence[str] = ()
    unprocessed: Collection[int] = ()
    retry_after: tuple[str, ...] = ()
    _looks_at_success: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        among = any(200 <= status < 300 for rule in self.rules for status in rule.statuses())  # noqa: PLR2004
        object.__setattr__(self, "_looks_at_success", among)

    def judge(self, answer: Answer, now: datetime) -> VendorError | None:
        """The error that an answer means, None for success.

        Args:
            answer: The answer; whether the request was safe decides between repeating and doubting.
            now: Our clock, for Retry-After dates of vendors without a Date header.
        """
        fine = 200 <= answer.status < 300 or answer.status == 304  # noqa: PLR2004
        if fine and not self._looks_at_success:
            return None
        code = self.code_of(answer)
        rule = next((rule for rule in self.rules if rule.fits(answer, code)), None)
        if rule is not None:
            return self.error(answer, rule.error, code, now, hint=rule.hint)
        return None if fine else self.error(answer, self._usual(answer), code, now)

    def code_of(self, answer: Answer) -> str:
        """The vendor's short error code, empty when there is none that is safe to show."""
        try:
            body = answer.json()
        except VendorError:
            return ""
        found = (short_code(places.at(body, path)) for path in (*self.code, *_CODE_PATHS))
        return next((code for code in found if code), "")

    def _usual(self, answer: Answer) -> type[VendorError]:
        status = answer.status
        if status == 429:  # noqa: PLR2004
            return RateLimitedError
        if status in self.unprocessed or status == 425:  # noqa: PLR2004
            return RateLimitedError if "retry-after" in answer.headers else RetryableError
        if status in (401, 403, 407):
            return AccessError
        if status == 408 or (status >= 500 and status not in _NO_SERVER_CHANCE):  # noqa: PLR2004
            return RetryableError if answer.safe else OutcomeUnknownError
        if status == 303 and not answer.safe:  # noqa: PLR2004  "see other": the request was taken
            return OutcomeUnknownError
        return RecordRejectedError if 400 <= status < 500 else AnswerShapeError  # noqa: PLR2004

    def error(
        self, answer: Answer, kind: type[VendorError], code: str, now: datetime, *, hint: str = ""
    ) -> VendorError:
        """Build an error of this class about an answer."""
        said = f" ({code})" if code else ""
        message = (
            f"Connection {answer.connection!r}: {answer.operation} was answered with {answer.status}{said}"
        )
        facts = {**answer.facts, **({"code": code} if code else {})}
        hint = hint or _HINTS.get(kind, "")
        if issubclass(kind, RetryableError):
            wait = self.wait(answer, now)
            return kind(message, retry_after=wait, hint=hint, facts=facts)
        return kind(message, hint=hint, facts=facts)

    def wait(self, answer: Answer, now: datetime) -> float | None:
        """Seconds the vendor asks us to wait, from its headers; None when it does not say."""
        clock = answer.server_time or now
        asked = limits.retry_after(answer.headers, clock, self.retry_after)
        if asked is not None:
            return asked
        spent = [quota.reset for quota in limits.quotas(answer.headers, clock) if quota.remaining < 1]
        return max((reset for reset in spent if reset is not None), default=None)

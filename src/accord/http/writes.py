"""Declared writes: ``Call`` and ``Upsert`` one record at a time, ``Batch`` many.

None of them repeats a request. What a write may have done is told by its outcome or its error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import KW_ONLY, dataclass, field
from hashlib import blake2b
from typing import Any, Literal, TypeVar

from accord.errors import OutcomeUnknownError, RecordRejectedError, RetryableError, VendorError
from accord.http import places, templates
from accord.http.answer import Answer
from accord.http.operations import Bound, Operation, StreamLike, record_at
from accord.http.outcomes import Match, Outcomes, PerItem, Sent, done
from accord.http.templates import scope_of
from accord.model.record import Operation as Kind
from accord.model.record import Outcome, Result, Row, Write

Item = Any
"""What is sent for a write: None for its row, a template, or a function of the :class:`Write`."""

Encoding = Literal["json", "form"]
D = TypeVar("D")
_CONFLICT, _PRECONDITION_FAILED = 409, 412
_NOT_THERE = (404, 410)


@dataclass(eq=False)
class Call(Operation["CallOf"]):
    """Write one record with one request.

    Attributes:
        method: The HTTP method.
        path: Its path; ``{key}`` is the external id.
        wrap: Where the row goes in the body; empty = the row is the body.
        body: A template or function instead of the row. Deletes send nothing unless it is given.
        record: Where the answer shows the record.
        key: Where the id stands in that record; None = the stream's key.
        params: Query parameters (templates).
        headers: Headers (templates).
        if_match: The header of a conditional write (``If-Match``), sent when the write has a precondition.
        idempotency: Whether the vendor honours the client's idempotency header here.
        names_key: Whether the answer to a create names the new id; if it should and does not, the
            outcome is unknown.
        encoding: How the body is written.
        limit_class: Which rate limits count it.
        cost: What it costs.
    """

    method: str
    path: str
    _: KW_ONLY
    wrap: str = ""
    body: Item = None
    record: str = ""
    key: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    if_match: str | None = None
    idempotency: bool = False
    names_key: bool = True
    encoding: Encoding = "json"
    limit_class: str = "default"
    cost: float = 1.0

    def bind(self, stream: StreamLike) -> CallOf:
        """The write of one stream."""
        return CallOf(self, stream)


class Upsert(Call):
    """A :class:`Call` that creates the record or changes it, whichever it takes; repeating it is harmless."""


class CallOf(Bound[Call]):
    """``Call`` of a stream."""

    def __call__(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """One outcome per write.

        Raises:
            VendorError: the first of the writes could not be sent or may have been applied.
        """
        return in_turn([[write] for write in writes], lambda part: [self._one(part[0])])

    def _one(self, write: Write) -> Outcome:
        try:
            answer = self._send(write)
        except RecordRejectedError as error:
            reason = str(error.facts.get("code") or f"status {error.facts.get('status', 'refused')}")
            return Outcome(write.id, Result.REJECTED, write.external_id, reason=reason)
        if answer.status in _NOT_THERE:
            return Outcome(write.id, Result.GONE, write.external_id, reason=f"status {answer.status}")
        if answer.status in (_CONFLICT, _PRECONDITION_FAILED):
            return Outcome(write.id, Result.PRECONDITION, write.external_id, reason=f"status {answer.status}")
        return self._taken(write, answer)

    def _send(self, write: Write) -> Answer:
        declared = self.declared
        scope = self.scope(**scope_of(write))
        body: dict[str, Any] = {declared.encoding: self._body(write, scope)}
        return self.stream.http.request(
            declared.method,
            self.path(declared.path, scope),
            params=templates.fill(declared.params, scope),
            headers=self._headers(write, scope),
            idempotency_key=write.idempotency_key if declared.idempotency else None,
            safe=False,
            template=declared.path,
            accept=_accepted(write),
            **body,
            **self.budget,
        )

    def _headers(self, write: Write, scope: Mapping[str, Any]) -> dict[str, str]:
        headers = {name: str(value) for name, value in templates.fill(self.declared.headers, scope).items()}
        if self.declared.if_match is not None and write.precondition is not None:
            headers[self.declared.if_match] = write.precondition
        return headers

    def _body(self, write: Write, scope: Mapping[str, Any]) -> Any:
        declared = self.declared
        if declared.body is None and write.operation is Kind.DELETE:
            return None
        item = item_of(declared.body, write, scope, self.stream)
        if not declared.wrap:
            return item
        wrapped: dict[str, Any] = {}
        places.put(wrapped, declared.wrap, item)
        return wrapped

    def _taken(self, write: Write, answer: Answer) -> Outcome:
        if write.operation is Kind.DELETE:
            return Outcome(write.id, Result.DONE, write.external_id)
        row = record_at(answer, self.declared.record)
        key = self.stream.key if self.declared.key is None else self.declared.key
        named = None if row is None else places.at(row, key)
        external_id = write.external_id if named in (None, "") else str(named)
        return done(write, external_id, row, self.stream, names_key=self.declared.names_key)


@dataclass(eq=False)
class Batch(Operation["BatchOf"]):
    """Write many records with one request.

    Attributes:
        method: The HTTP method.
        path: Its path.
        items: Where the list of items goes in the body; empty = the body is the list.
        size: How many items one request takes.
        item: What is sent for each write: its row, a template (``{"id": "{key}", "*": "{row}"}``) or a
            function.
        extra: Further fields of the body (templates).
        outcome: How the vendor answers; by default per item, in a list at ``items``.
        match: How answered items are told apart, if ``outcome`` does not say: the path of a value that is
            the same in the sent and the answered item.
        params: Query parameters (templates).
        headers: Headers (templates).
        idempotency: Whether the vendor honours the client's idempotency header here.
        limit_class: Which rate limits count it.
        cost: What it costs.
    """

    method: str
    path: str
    _: KW_ONLY
    items: str = ""
    size: int = 100
    item: Item = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcomes | None = None
    match: Match | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    idempotency: bool = False
    limit_class: str = "default"
    cost: float = 1.0

    @property
    def outcomes(self) -> Outcomes:
        """How the answer is read, with the match that was declared beside it."""
        told = self.outcome or PerItem(self.items)
        return told if self.match is None else told.matching(self.match)

    def bind(self, stream: StreamLike) -> BatchOf:
        """The write of one stream."""
        return BatchOf(self, stream)


class BatchOf(Bound[Batch]):
    """``Batch`` of a stream."""

    def __call__(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """One outcome per write.

        Raises:
            RecordRejectedError: the whole batch is refused; the engine halves it to find the culprit.
            VendorError: it could not be sent, or may have been applied.
        """
        parts = [writes[start : start + self.size] for start in range(0, len(writes), self.size)]
        return in_turn(parts, self._part)

    def _part(self, writes: Sequence[Write]) -> list[Outcome]:
        sent = self._items(writes)
        return self.declared.outcomes.read(self._submit(sent, self.scope()), sent, self.stream)

    def _items(self, writes: Sequence[Write]) -> Sent:
        item, stream = self.declared.item, self.stream
        if callable(item):
            return [(write, item(write)) for write in writes]
        return [(write, item_of(item, write, self.scope(**scope_of(write)), stream)) for write in writes]

    def _submit(self, sent: Sent, scope: Mapping[str, Any]) -> Answer:
        declared = self.declared
        body: Any = [item for _, item in sent]
        if declared.items:
            filled: dict[str, Any] = templates.fill(declared.extra, scope)
            places.put(filled, declared.items, body)
            body = filled
        return self.stream.http.request(
            declared.method,
            self.path(declared.path, scope),
            params=templates.fill(declared.params, scope),
            json=body,
            headers=templates.fill(declared.headers, scope),
            idempotency_key=batch_key([write for write, _ in sent]) if declared.idempotency else None,
            safe=False,
            template=declared.path,
            **self.budget,
        )


def item_of(item: Item, write: Write, scope: Mapping[str, Any], stream: StreamLike) -> Any:
    """What is sent for a write; creates carry our reference where the stream has room for one."""
    if callable(item):
        return item(write)
    row = _stamped(write, stream)
    return row if item is None else templates.fill(item, {**scope, "row": row})


def _stamped(write: Write, stream: StreamLike) -> Row:
    if write.operation is not Kind.CREATE or stream.reference is None:
        return write.row
    return stream.stamp(deepcopy(write.row), write.hub_id)


def batch_key(writes: Iterable[Write]) -> str:
    """The idempotency key of a batch: that of its group, else the same for the same writes, in any order.

    What is left of a group keeps its key: the vendor then repeats what it said to the whole, or refuses.
    """
    keys = sorted(write.idempotency_key for write in writes)
    groups = {key.rpartition(".")[0] for key in keys}
    if len(groups) == 1 and "" not in groups:
        keys = sorted(groups)
    return blake2b("\n".join(keys).encode(), digest_size=16).hexdigest()


def _accepted(write: Write) -> tuple[int, ...]:
    """Statuses that are an outcome rather than an error."""
    gone = () if write.operation is Kind.CREATE else _NOT_THERE
    conflict = () if write.precondition is None else (_CONFLICT,)
    return (*gone, _PRECONDITION_FAILED, *conflict)


def in_turn(
    parts: Sequence[Sequence[Write]], send: Callable[[Sequence[Write]], list[Outcome]]
) -> list[Outcome]:
    """Send part after part. Once one was sent, an error of a later one may not hide its outcomes."""
    outcomes: list[Outcome] = []
    for place, part in enumerate(parts):
        try:
            outcomes += send(part)
        except VendorError as error:
            if not outcomes:
                raise
            outcomes += [_failed(write, error) for write in part]
            unsent = [write for rest in parts[place + 1 :] for write in rest]
            return outcomes + [Outcome(write.id, Result.RETRY, write.external_id) for write in unsent]
    return outcomes


def _failed(write: Write, error: VendorError) -> Outcome:
    result = Result.RETRY
    if isinstance(error, OutcomeUnknownError):
        result = Result.UNKNOWN
    wait = error.retry_after if isinstance(error, RetryableError) else None
    code = str(error.facts.get("code") or type(error).__name__)
    return Outcome(write.id, result, write.external_id, reason=code, retry_after=wait)

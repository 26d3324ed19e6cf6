"""From the vendor's answer to a batch to one outcome per write, matched by correlation and never by position.

An item that the answer does not account for is unknown: nothing says that it was not applied.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from accord.http import places
from accord.http.answer import Answer
from accord.http.operations import StreamLike
from accord.http.redaction import short_code
from accord.model.record import Operation, Outcome, Result, Row, Write

Sent = Sequence[tuple[Write, Any]]
"""The writes of a batch, each with the item that was sent for it."""

Match = str | tuple[str, str]
"""A path that holds the same value in the sent and in the answered item; a pair if the paths differ."""


class Outcomes(ABC):
    """How a vendor answers a batch."""

    @abstractmethod
    def read(self, answer: Answer, sent: Sent, stream: StreamLike) -> list[Outcome]:
        """One outcome per write, in their order."""

    def matching(self, match: Match) -> Outcomes:  # noqa: ARG002
        """The same with a correlation that the batch declares for it."""
        return self


@dataclass(frozen=True, slots=True)
class PerItem(Outcomes):
    """Each item has its own outcome.

    Attributes:
        path: Where the answered items stand; several paths for vendors that sort them (created, updated).
            Null or missing lists count as empty, as long as one of the lists is there.
        key: Path of the external id in an answered item; empty = the vendor names none.
        echo: Path of our write id in an answered item (the sent item held ``{id}``).
        match: Path of a value that is the same in the sent and the answered item.
        ok: Path of a flag that says whether the item was taken.
        status: Path of the item's own HTTP status.
        error: Path of the item's error code; something there means that it was refused.
        errors: Path of a further list, of failures only.
        error_key: Path of the external id in a failure.
        error_echo: Path of our write id in a failure.
        error_match: Like ``match``, for failures; None = ``match``.
        error_code: Path of the code in a failure; None = ``error``.
        record: Where the record stands inside an answered item.
        results: What certain codes mean, where it is not "refused for good".
        silent_is_done: The vendor lists failures only: who is not listed was taken.
        ordered: The vendor promises one answered item per sent item, in the order sent.
    """

    path: str | Sequence[str] = ""
    key: str = "id"
    echo: str | None = None
    match: Match | None = None
    ok: str | None = None
    status: str | None = None
    error: str | None = None
    errors: str | None = None
    error_key: str | None = None
    error_echo: str | None = None
    error_match: Match | None = None
    error_code: str | None = None
    record: str = ""
    results: Mapping[str, Result] = field(default_factory=dict)
    silent_is_done: bool = False
    ordered: bool = False

    def matching(self, match: Match) -> Outcomes:
        """With this match, unless it has a correlation of its own."""
        if self.match is not None or self.echo is not None or self.ordered:
            return self
        return replace(self, match=match)

    def read(self, answer: Answer, sent: Sent, stream: StreamLike) -> list[Outcome]:
        """One outcome per write; unaccounted ones are unknown.

        Raises:
            OutcomeUnknownError: the answer has none of the documented lists.
        """
        answered = self._answered(answer)
        if self.ordered:
            return self._by_order(answered, sent, stream)
        found: dict[str, Outcome] = {}
        ours = _Index(sent, self.key, self.echo, self.match)
        for item in answered:
            write = ours.of(item)
            if write is not None:
                found[write.id] = _once(found.get(write.id), self._outcome(write, item, stream))
        self._add_failures(answer, sent, found)
        return [found.get(write.id) or self._unaccounted(write) for write, _ in sent]

    def _answered(self, answer: Answer) -> list[Any]:
        paths = (self.path,) if isinstance(self.path, str) else self.path
        lists = [places.at(answer.json(), path) for path in paths]
        failures = places.at(answer.json(), self.errors) if self.errors else None
        if not any(isinstance(found, list) for found in (*lists, failures)) and not self.silent_is_done:
            raise answer.malformed("none of the documented lists of outcomes")
        return [item for found in lists if isinstance(found, list) for item in found]

    def _by_order(self, answered: list[Any], sent: Sent, stream: StreamLike) -> list[Outcome]:
        if len(answered) != len(sent):
            return [_unknown(write, "the vendor answered another number of items") for write, _ in sent]
        return [self._outcome(write, item, stream) for (write, _), item in zip(sent, answered, strict=True)]

    def _add_failures(self, answer: Answer, sent: Sent, found: dict[str, Outcome]) -> None:
        if self.errors is None:
            return
        key = self.error_key if self.error_key is not None else self.key
        ours = _Index(sent, key, self.error_echo or self.echo, self.error_match or self.match)
        code_at = self.error_code if self.error_code is not None else self.error or "code"
        for item in places.objects(places.at(answer.json(), self.errors)):
            write = ours.of(item)
            if write is not None:
                found[write.id] = self._refused(write, places.at(item, code_at), None)

    def _outcome(self, write: Write, item: Any, stream: StreamLike) -> Outcome:
        code = places.at(item, self.error) if self.error is not None else None
        status = _status(places.at(item, self.status)) if self.status is not None else None
        taken = bool(places.at(item, self.ok)) if self.ok is not None else code in (None, "", [], {}, False)
        if not taken or (status is not None and not 200 <= status < 300):  # noqa: PLR2004
            return self._refused(write, code, status)
        shown = places.at(item, self.record)
        row = shown if isinstance(shown, dict) else None
        named = places.at(item, self.key) if self.key else None
        external_id = write.external_id if named in (None, "") else str(named)
        return done(write, external_id, row, stream, names_key=bool(self.key))

    def _refused(self, write: Write, code: Any, status: int | None) -> Outcome:
        reason = short_code(_first(code))
        result = self.results.get(reason) or _result_of(status, write)
        return Outcome(write.id, result, write.external_id, reason=reason or f"status {status or 'refused'}")

    def _unaccounted(self, write: Write) -> Outcome:
        if self.silent_is_done:
            return Outcome(write.id, Result.DONE, write.external_id)
        return _unknown(write, "the answer does not account for it")


@dataclass(frozen=True, slots=True)
class AllOrNothing(Outcomes):
    """A success means that every item was taken; one bad item fails the whole request.

    Attributes:
        path: Where the answered items stand, if the answer names the new ids; None = it does not.
        key: As in :class:`PerItem`.
        echo: As in :class:`PerItem`.
        match: As in :class:`PerItem`.
        record: As in :class:`PerItem`.
        ordered: As in :class:`PerItem`.
    """

    path: str | None = None
    key: str = "id"
    echo: str | None = None
    match: Match | None = None
    record: str = ""
    ordered: bool = False

    def matching(self, match: Match) -> Outcomes:
        """With this match, unless it has a correlation of its own."""
        if self.match is not None or self.echo is not None or self.ordered:
            return self
        return replace(self, match=match)

    def read(self, answer: Answer, sent: Sent, stream: StreamLike) -> list[Outcome]:
        """Done, all of them; a create whose id the answer should name and does not is unknown."""
        if self.path is None:
            return [Outcome(write.id, Result.DONE, write.external_id) for write, _ in sent]
        items = PerItem(
            self.path,
            key=self.key,
            echo=self.echo,
            match=self.match,
            record=self.record,
            ordered=self.ordered,
        )
        found = items.read(answer, sent, stream)
        return [self._taken(write, outcome) for (write, _), outcome in zip(sent, found, strict=True)]

    def _taken(self, write: Write, outcome: Outcome) -> Outcome:
        if outcome.result is Result.UNKNOWN and write.external_id is not None:
            return Outcome(write.id, Result.DONE, write.external_id)
        return outcome


class _Index:
    """Finds the write that an answered item is about: by our id, by the vendor's, by a shared value."""

    def __init__(self, sent: Sent, key: str, echo: str | None, match: Match | None) -> None:
        self._key = key
        self._echo = echo
        self._sent_at, self._answered_at = (match, match) if isinstance(match, str) else match or ("", "")
        self._by_id = {write.id: write for write, _ in sent}
        self._by_key = _unique((str(write.external_id), write) for write, _ in sent if write.external_id)
        self._by_value = _unique(
            (value, write)
            for write, item in sent
            for value in [_comparable(places.at(item, self._sent_at))]
            if match is not None and value is not None
        )

    def of(self, item: Any) -> Write | None:
        """The write, or None when nothing tells."""
        if self._echo is not None:
            echoed = self._by_id.get(str(places.at(item, self._echo)))
            if echoed is not None:
                return echoed
        key = places.at(item, self._key) if self._key else None
        known = self._by_key.get(str(key)) if key is not None else None
        if known is not None or not self._answered_at:
            return known
        value = _comparable(places.at(item, self._answered_at))
        return None if value is None else self._by_value.get(value)


def done(
    write: Write, external_id: str | None, row: Row | None, stream: StreamLike, *, names_key: bool
) -> Outcome:
    """The outcome of a write that was taken; a create without the id it should have is unknown."""
    if external_id is None and names_key and write.operation is Operation.CREATE:
        return _unknown(write, "the vendor named no id")
    shown = row if stream.read_back and write.operation is not Operation.DELETE else None
    etag = stream.version(row) if row is not None and stream.etag else None
    return Outcome(write.id, Result.DONE, external_id, row=shown, etag=etag)


def _unique(pairs: Iterator[tuple[str, Write]]) -> dict[str, Write]:
    """By value; a value that two writes share tells nothing and is left out."""
    found: dict[str, Write] = {}
    twice: set[str] = set()
    for value, write in pairs:
        if value in found:
            twice.add(value)
        found[value] = write
    return {value: write for value, write in found.items() if value not in twice}


def _once(before: Outcome | None, now: Outcome) -> Outcome:
    """An item answered twice with different results proves neither."""
    if before is None or before.result is now.result:
        return now
    return Outcome(now.write_id, Result.UNKNOWN, reason="the vendor answered it twice, differently")


def _result_of(status: int | None, write: Write) -> Result:
    if status in (404, 410) and write.operation is not Operation.CREATE:
        return Result.GONE
    if status == 412 or (status == 409 and write.precondition is not None):  # noqa: PLR2004
        return Result.PRECONDITION
    if status == 429:  # noqa: PLR2004
        return Result.RETRY
    return Result.UNKNOWN if status is not None and status >= 500 else Result.REJECTED  # noqa: PLR2004


def _unknown(write: Write, reason: str) -> Outcome:
    return Outcome(write.id, Result.UNKNOWN, write.external_id, reason=reason)


def _comparable(value: Any) -> str | None:
    if value is None or isinstance(value, (dict, list)):
        return None
    return str(value).strip().casefold() or None


def _status(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isdecimal() else None


def _first(value: Any) -> Any:
    """The first code of a list; of an object its ``code``."""
    while isinstance(value, (list, dict)):
        value = places.at(value, "0") if isinstance(value, list) else value.get("code")
    return value

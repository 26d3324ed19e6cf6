"""What a connector's operations answer, checked where it comes in.

A wrong shape is a mistake of the connector's author: it is named with connection, stream, operation and the
type that came. The content is never named: it may be somebody's data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from accord.consent.guard import declared_like
from accord.errors import AnswerShapeError
from accord.model.record import Account, ConsentWrite, Outcome, Page, Probe, ReadRequest, Row, Write

if TYPE_CHECKING:
    from accord.connector.stream import Connector, Stream


def pages(stream: Stream, read: Callable[[ReadRequest], Iterable[Page]]) -> Callable[..., Iterator[Page]]:
    """``read`` that yields nothing but pages of rows."""

    def checked(request: ReadRequest) -> Iterator[Page]:
        answer: Any = read(request)
        if not isinstance(answer, Iterable):
            raise _wrong(stream, "read", _kind(answer), "pages, one after the other")
        for page in answer:
            if not isinstance(page, Page):
                raise _wrong(stream, "read", _kind(page), "an accord.Page")
            yield _rows(stream, page)

    return declared_like(read, checked)


def _rows(stream: Stream, page: Page) -> Page:
    rows: Any = page.rows
    if not _listed(rows):
        raise _wrong(stream, "read", f"{_kind(rows)} as the rows of a page", "a list")
    _dicts(stream, "read", rows)
    return page


def found(
    stream: Stream, find: Callable[[Sequence[Probe]], Sequence[Sequence[Row]]]
) -> Callable[..., Sequence[Sequence[Row]]]:
    """``find`` that answers each probe, in their order, with a list of rows."""

    def checked(probes: Sequence[Probe]) -> Sequence[Sequence[Row]]:
        answer: Any = find(probes)
        for one in (answer, *(answer if _listed(answer) else ())):
            if not _listed(one):
                raise _wrong(stream, "find", _kind(one), "a list with a list of rows for each probe")
        if len(answer) != len(probes):
            told = f"{len(answer)} lists for {len(probes)} probes"
            raise _wrong(stream, "find", told, "one for each, in their order")
        for rows in answer:
            _dicts(stream, "find", rows)
        return list(answer)

    return declared_like(find, checked)


def records(
    stream: Stream, get: Callable[[Sequence[str]], Mapping[str, Row | None]]
) -> Callable[..., Mapping[str, Row | None]]:
    """``get`` that answers with rows by id."""

    def checked(ids: Sequence[str]) -> Mapping[str, Row | None]:
        answer: Any = get(ids)
        if not isinstance(answer, Mapping):
            raise _wrong(stream, "get", _kind(answer), "a dict of rows by id (None: gone)")
        _dicts(stream, "get", [row for row in answer.values() if row is not None])
        return answer

    return declared_like(get, checked)


def outcomes(
    stream: Stream, verb: str, send: Callable[[Sequence[Any]], Iterable[Outcome]]
) -> Callable[..., list[Outcome]]:
    """An operation that writes and answers with outcomes of these writes and no others."""

    def checked(writes: Sequence[Write] | Sequence[ConsentWrite]) -> list[Outcome]:
        answer: Any = send(writes)
        if not isinstance(answer, Iterable) or isinstance(answer, (str, bytes, Mapping)):
            raise _wrong(stream, verb, _kind(answer), "a list of outcomes")
        told = list(answer)
        for one in told:
            if not isinstance(one, Outcome):
                raise _wrong(stream, verb, f"{_kind(one)} for a write", "an accord.Outcome")
        if {one.write_id for one in told} - {write.id for write in writes}:
            raise _wrong(stream, verb, "an outcome of no write", "one whose write_id is that of a write")
        return told

    return declared_like(send, checked)


def account(connector: Connector[Any], told: Any) -> Account:
    """What a connector's ``check`` told, if it is an account.

    Raises:
        AnswerShapeError: it is something else.
    """
    if not isinstance(told, Account):
        raise _refusal(connector, "check", _kind(told), "an accord.Account")
    return told


def _dicts(stream: Stream, verb: str, rows: Sequence[Any]) -> None:
    if not all(issubclass(kind, dict) for kind in set(map(type, rows))):
        row = next(row for row in rows if not isinstance(row, dict))
        raise _wrong(stream, verb, f"{_kind(row)} as a row", "a dict")


def _listed(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _kind(came: Any) -> str:
    return "nothing (None)" if came is None else f"a value of type {type(came).__name__}"


def _wrong(stream: Stream, verb: str, came: str, wanted: str) -> AnswerShapeError:
    return _refusal(stream.connector, f"{stream.name}.{verb}", came, wanted)


def _refusal(connector: Connector[Any], operation: str, came: str, wanted: str) -> AnswerShapeError:
    connection = connector.context.connection
    return AnswerShapeError(
        f"Connection {connection!r}: {operation} of the connector {connector.name!r} answered {came}"
        f" instead of {wanted}",
        hint="This is a bug in the connector: report it to its author. Nothing was advanced; what may have "
        "been written is looked up before it is written again.",
        facts={"connection": connection, "connector": connector.name, "operation": operation},
    )

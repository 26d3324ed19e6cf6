"""Which streams a flow keeps in agreement: its connections' names resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from accord.config.problems import suggestion
from accord.model.schema import model_named

if TYPE_CHECKING:
    from accord.config.models import FlowConfig
    from accord.model.record import Document

T = TypeVar("T")
Complaint = Callable[[tuple[str | int, ...], str], None]

ROLES = {"both": (True, True), "from": (True, False), "to": (False, True)}
"""The lists of a flow and whether their members are read and written."""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What is known of a stream before its connection is open. None = not known yet."""

    model: str
    reads: bool | None = None
    writes: bool | None = None


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """What is known of a connection's streams.

    Attributes:
        streams: By name, without those that are disabled.
        complete: Whether there are no others.
    """

    streams: Mapping[str, StreamFacts]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class MemberConfig:
    """One stream's part in a flow.

    Attributes:
        path: Where it stands in the flow's table: the list and the position in it.
        stream: None while only the open connection can tell which it is.
        channel: Empty = the one the stream serves.
        priority: Position in the flow; the lower wins an exact tie.
    """

    path: tuple[str, int]
    connection: str
    stream: str | None
    reads: bool
    writes: bool
    priority: int
    purpose: str
    channel: str
    guests: bool
    filter: str | None

    def accepts(self, model: str) -> Callable[[Document], bool] | None:
        """The member's filter, ready to use."""
        from accord.config.filters import Filter

        return None if self.filter is None else Filter(self.filter, model_named(model))


def members(
    flow: FlowConfig, known: Mapping[str, ConnectionFacts], complain: Complaint
) -> list[MemberConfig]:
    """The members of a flow, in its order.

    Args:
        flow: The flow.
        known: The streams of each connection, as far as they are known.
        complain: Hears of names that lead nowhere: their path in the flow's table, and why.
    """
    found: list[MemberConfig] = []
    for path, name, (reads, writes) in _named(flow):
        connection, dot, asked = name.partition(".")
        facts = known.get(connection)
        if facts is None:
            complain(path, f"there is no connection {connection!r}, {suggestion(connection, known)}")
            continue
        try:
            stream = _stream(flow, connection, asked if dot else None, facts)
        except LookupError as error:
            complain(path, str(error.args[0]))
        else:
            found.append(_member(flow, path, (connection, stream), (reads, writes), len(found)))
    return found


def _named(flow: FlowConfig) -> Iterator[tuple[tuple[str, int], str, tuple[bool, bool]]]:
    for role, does in ROLES.items():
        names = flow.from_ if role == "from" else getattr(flow, role)
        for position, name in enumerate(names):
            yield (role, position), name, does


def _stream(flow: FlowConfig, connection: str, asked: str | None, facts: ConnectionFacts) -> str | None:
    """The name of the stream that is meant; None when only the open connection can tell.

    Raises:
        LookupError: there is none, or there are several; says so to a person.
    """
    if asked is None:
        return _only(flow, connection, facts)
    stream = facts.streams.get(asked)
    if stream is None and facts.complete:
        raise LookupError(
            f"connection {connection!r} has no stream {asked!r}, {suggestion(asked, facts.streams)}"
        )
    if stream is not None and stream.model != flow.model:
        raise LookupError(f"stream {asked!r} holds {stream.model} records, the flow {flow.model} records")
    return asked


def _only(flow: FlowConfig, connection: str, facts: ConnectionFacts) -> str | None:
    fitting = sorted(name for name, stream in facts.streams.items() if stream.model == flow.model)
    if not facts.complete:
        return None
    if len(fitting) > 1:
        named = ", ".join(f'"{connection}.{name}"' for name in fitting)
        raise LookupError(
            f"connection {connection!r} has several streams of {flow.model} records; name one: {named}"
        )
    if not fitting:
        raise LookupError(f"connection {connection!r} has no stream of {flow.model} records")
    return fitting[0]


def _member(
    flow: FlowConfig,
    path: tuple[str, int],
    key: tuple[str, str | None],
    does: tuple[bool, bool],
    priority: int,
) -> MemberConfig:
    connection, stream = key
    full = f"{connection}.{stream}"
    reads, writes = does
    return MemberConfig(
        path,
        connection,
        stream,
        reads,
        writes,
        priority,
        purpose=(_of(flow.purpose, full, connection) or "") if writes else "",
        channel=_of(flow.channel, full, connection) or "",
        guests=_of(flow.guests, full, connection) is not False,
        filter=flow.filter.get(full, flow.filter.get(connection)),
    )


def _of(table: T | Mapping[str, T] | None, full: str, connection: str) -> T | None:
    """What holds for a member: its stream's own, its connection's, or what holds for all."""
    if isinstance(table, Mapping):
        return table.get(full, table.get(connection))
    return table

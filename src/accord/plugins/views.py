"""What the facade needs to know of the engine's objects, and how they become the objects of hooks.

The engine stands above this floor, so its objects are described, not imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import orjson

from accord.connector import Stream
from accord.hookspecs import HookRecord, HookTarget, LetterNotice, RunNotice, RunReport
from accord.model import Canonical
from accord.model.cells import implode
from accord.model.record import Document


class FlowView(Protocol):
    """A flow."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def model(self) -> type[Canonical]: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102


class MemberView(Protocol):
    """A stream's part in a flow."""

    @property
    def connection(self) -> str: ...  # noqa: D102
    @property
    def stream(self) -> Stream: ...  # noqa: D102
    @property
    def purpose(self) -> str: ...  # noqa: D102
    @property
    def channel(self) -> str: ...  # noqa: D102


class ObservationView(Protocol):
    """A record as its system showed it."""

    external_id: str
    cells: dict[str, Any]


class EntityView(Protocol):
    """A hub record."""

    id: str
    cells: dict[str, Any]


class StampView(Protocol):
    """When a value was set."""

    @property
    def time(self) -> float: ...  # noqa: D102


class ClaimView(Protocol):
    """A value and where it comes from."""

    @property
    def value(self) -> Any: ...  # noqa: D102
    @property
    def stamp(self) -> StampView: ...  # noqa: D102


class LetterView(Protocol):
    """A dead letter."""

    id: str
    direction: str
    model: str
    connection: str
    stream: str
    external_id: str | None
    entity: str | None
    error: str
    reason: str
    run: str


class RunView(Protocol):
    """A run."""

    id: str
    flow: str
    kind: str
    started_at: float
    state: str
    finished_at: float | None
    counters: dict[str, Any]
    error: str


def target(flow: FlowView, member: MemberView) -> HookTarget:
    """A member of a flow, as hooks see it."""
    return HookTarget(
        flow.name, flow.kind, member.connection, member.stream.name, member.purpose, member.channel
    )


def copied(document: Document) -> Document:
    """A copy that a plugin may change without changing the hub. JSON is quicker than deepcopy."""
    found: Document = orjson.loads(orjson.dumps(document))
    return found


def document(flow: FlowView, cells: Mapping[str, Any]) -> Document:
    """The canonical document of some cells, a copy."""
    return copied(implode(flow.model, {cell: value for cell, value in cells.items() if value is not None}))


def records(flow: FlowView, entities: Iterable[EntityView]) -> list[HookRecord]:
    """Hub records, as hooks see them."""
    return [HookRecord(entity.id, document(flow, entity.cells)) for entity in entities]


def letter(given: LetterView) -> LetterNotice:
    """A dead letter without its payload."""
    return LetterNotice(
        given.id,
        given.direction,
        given.model,
        given.connection,
        given.stream,
        given.external_id,
        given.entity,
        given.error,
        given.reason,
        given.run,
    )


def run(given: RunView) -> RunNotice:
    """A run as it began."""
    return RunNotice(given.id, given.flow, given.kind, given.started_at)


def report(given: RunView) -> RunReport:
    """How a run ended."""
    return RunReport(given.state, given.finished_at, copied(given.counters), given.error)

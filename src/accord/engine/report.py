"""What a run did, what a plan would do: typed, printable, stable as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from accord.engine.counts import Counts
from accord.errors import AccessError, AccordError


class RunState(StrEnum):
    """How a run ended."""

    DONE = "done"
    INTERRUPTED = "interrupted"
    """Time was up or a person stopped it; everything is saved and the next run goes on."""
    WAITING = "waiting"
    """A limit would be exceeded, or it is the flow's first run: a plan waits for approval."""
    FAILED = "failed"
    """At least one connection could not be synced; the others were."""
    BUSY = "busy"
    """Another run holds the flow's streams."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that kept one connection from being synced."""

    connection: str
    error: str
    message: str
    hint: str
    exit_code: int

    @classmethod
    def of(cls, connection: str, error: AccordError) -> Problem:
        """The problem behind an error."""
        return cls(connection, type(error).__name__, str(error), error.hint, error.exit_code)


@dataclass
class Report:
    """The account of one run (or, for a plan, of what a run would do) of one flow.

    Attributes:
        members: Counters by ``connection/stream``.
        problems: What went wrong, by connection; the rest of the flow went on.
        notices: Things an operator should know that stopped nothing.
    """

    flow: str
    run: str
    state: RunState = RunState.DONE
    members: dict[str, Counts] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    started_at: float = 0.0
    finished_at: float = 0.0

    @property
    def total(self) -> Counts:
        """All members together."""
        total = Counts()
        for counts in self.members.values():
            total.add(counts)
        return total

    def tell(self, told: Mapping[str, Counts]) -> None:
        """Count consent writes, by ``connection/stream``."""
        for scope, counts in told.items():
            self.members.setdefault(scope, Counts()).add(counts)

    @property
    def writes(self) -> int:
        """Writes confirmed by vendors."""
        return self.total.writes

    @property
    def exit_code(self) -> int:
        """What a command line should return (architecture.md 8)."""
        if any(problem.exit_code == AccessError.exit_code for problem in self.problems):
            return AccessError.exit_code
        if self.state is RunState.WAITING:
            return 4
        if self.problems:
            return max(problem.exit_code for problem in self.problems)
        if self.state is RunState.INTERRUPTED:
            return 130
        total = self.total
        return 3 if total.dead_letters or total.open_conflicts else 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``; documented in docs/reference/json.md."""
        return {
            "flow": self.flow,
            "run": self.run,
            "state": str(self.state),
            "exit_code": self.exit_code,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "members": {scope: counts.as_dict() for scope, counts in self.members.items()},
            "total": self.total.as_dict(),
            "problems": [
                {"connection": p.connection, "error": p.error, "message": p.message, "hint": p.hint}
                for p in self.problems
            ],
            "notices": list(self.notices),
        }


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """One write that a run would make: which record, which fields; never values.

    Attributes:
        entity: The hub record; None = the run will make it.
        external_id: The record in the system that is written; None = the run will make it.
        blocked: It waits for another record.
        source: Which record something new comes from: ``connection/stream:external id``, or without the id
            where that is an address or another personal value.
    """

    connection: str
    stream: str
    operation: str
    entity: str | None
    external_id: str | None
    fields: Sequence[str]
    blocked: bool = False
    source: str | None = None


@dataclass
class Plan(Report):
    """What a run would do now, computed on a throw-away copy of the store.

    Attributes:
        writes_planned: Every planned write, up to :data:`accord.engine.decider.MOST_SAMPLES` per member.
        first: Whether the flow never ran before.
        changed: Streams whose mapping changed, where that alone makes a difference: the first plan of that.
        joined: Streams that never took part in a run of the flow, which ran before: the first plan with them.
        mappings: The version of each stream's mapping, by ``connection/stream``.
        limits: Those of the problems that an approval lifts: limits that a run would exceed.
        full, only: As it was asked for: everything was read again; only these connections (None = all).
    """

    writes_planned: list[PlannedWrite] = field(default_factory=list)
    first: bool = False
    changed: Sequence[str] = ()
    joined: Sequence[str] = ()
    mappings: dict[str, str] = field(default_factory=dict)
    limits: list[Problem] = field(default_factory=list)
    full: bool = False
    only: frozenset[str] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it shows all that an approved run would do; one that met trouble shows too little."""
        return all(problem in self.limits for problem in self.problems)

    def limit(self, *problems: Problem) -> None:
        """Note limits that a run would exceed: it waits for a person."""
        if problems:
            self.limits += problems
            self.problems += problems
            self.state = RunState.WAITING

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Creates, updates and deletes by ``connection/stream``."""
        return {
            scope: {"create": c.planned_creates, "update": c.planned_updates, "delete": c.planned_deletes}
            for scope, c in self.members.items()
        }

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        values = super().as_dict()
        values["first"], values["changed"] = self.first, list(self.changed)
        values["joined"] = list(self.joined)
        values["counts"] = {scope: dict(counts) for scope, counts in self.counts.items()}
        values["writes"] = [
            {
                "connection": w.connection,
                "stream": w.stream,
                "operation": w.operation,
                "record": w.entity,
                "external_id": w.external_id,
                "fields": list(w.fields),
                "blocked": w.blocked,
                "source": w.source,
            }
            for w in self.writes_planned
        ]
        return values

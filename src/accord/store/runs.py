"""Runs and what happened in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accord.errors import StateError
from accord.store.bulk import Bulk
from accord.store.codec import Found, from_json, to_json
from accord.store.rows import Run
from accord.store.statement import Statement
from accord.store.tables import run, run_event

_FINISH = run.update(run.names, "WHERE id = :id")
_BY_ID = run.select("WHERE id = :id")
_RECENT = run.select("ORDER BY started_at DESC, id DESC LIMIT :most")
_RECENT_OF = run.select("WHERE flow = :flow ORDER BY started_at DESC, id DESC LIMIT :most")
_LAST = Statement("SELECT max(seq) FROM run_event WHERE run = :run")
_EVENTS = run_event.select("WHERE run = :run ORDER BY seq")


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Something noteworthy in a run; ``at`` in seconds since 1970, ``facts`` safe to log."""

    run: str
    seq: int
    at: float
    kind: str
    facts: dict[str, Any]


class Runs:
    """The account of every execution of a flow."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def start(self, started: Run) -> None:
        """Record a new run."""
        self._bulk.insert(run, [_pack(started)])

    def finish(self, finished: Run) -> None:
        """Save how a run ended (also in between, to show its progress).

        Raises:
            StateError: the run was never started.
        """
        if self._bulk.change(_FINISH, **_pack(finished)) != 1:
            raise StateError(
                f"run {finished.id} is not in the store",
                hint="This is a bug in Accord, please report it.",
            )

    def get(self, id: str) -> Run | None:  # noqa: A002
        """The run of this id."""
        row = self._bulk.first(_BY_ID, id=id)
        return None if row is None else _unpack(row)

    def recent(self, flow: str | None = None, limit: int = 20) -> list[Run]:
        """The newest runs (of one flow), newest first."""
        if flow is None:
            return [_unpack(row) for row in self._bulk.ask(_RECENT, most=limit)]
        return [_unpack(row) for row in self._bulk.ask(_RECENT_OF, flow=flow, most=limit)]

    def event(self, run_id: str, at: float, kind: str, facts: Mapping[str, Any]) -> None:
        """Note an event of a run."""
        seq = (self._bulk.value(_LAST, run=run_id) or 0) + 1
        row = {"run": run_id, "seq": seq, "at": at, "kind": kind, "facts": to_json(dict(facts))}
        self._bulk.insert(run_event, [row])

    def events(self, run_id: str) -> list[RunEvent]:
        """The events of a run in their order."""
        found = self._bulk.ask(_EVENTS, run=run_id)
        return [RunEvent(**{**row, "facts": from_json(row["facts"])}) for row in found]


def _pack(each: Run) -> dict[str, Any]:
    row = {name: getattr(each, name) for name in run.names}
    row["counters"] = to_json(each.counters)
    return row


def _unpack(row: Found) -> Run:
    return Run(**{**row, "counters": from_json(row["counters"])})

"""Runs and what happened in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from accord.errors import StateError
from accord.store.bulk import Bulk
from accord.store.codec import Found, from_json, to_json
from accord.store.rows import Run
from accord.store.tables import run, run_event


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
        row = _pack(finished)
        if self._bulk.changed(run.update().where(run.c.id == finished.id).values(**row)) != 1:
            raise StateError(
                f"run {finished.id} is not in the store",
                hint="this is a bug in Accord, please report it",
            )

    def get(self, id: str) -> Run | None:  # noqa: A002
        """The run of this id."""
        row = self._bulk.one(select(run).where(run.c.id == id))
        return None if row is None else _unpack(row)

    def recent(self, flow: str | None = None, limit: int = 20) -> list[Run]:
        """The newest runs (of one flow), newest first."""
        query = select(run).order_by(run.c.started_at.desc(), run.c.id.desc()).limit(limit)
        rows = self._bulk.rows(query if flow is None else query.where(run.c.flow == flow))
        return [_unpack(row) for row in rows]

    def event(self, run_id: str, at: float, kind: str, facts: Mapping[str, Any]) -> None:
        """Note an event of a run."""
        last = select(func.coalesce(func.max(run_event.c.seq), 0)).where(run_event.c.run == run_id)
        seq = self._bulk.number(last) + 1
        row = {"run": run_id, "seq": seq, "at": at, "kind": kind, "facts": to_json(dict(facts))}
        self._bulk.insert(run_event, [row])

    def events(self, run_id: str) -> list[RunEvent]:
        """The events of a run in their order."""
        query = select(run_event).where(run_event.c.run == run_id).order_by(run_event.c.seq)
        return [RunEvent(**{**row, "facts": from_json(row["facts"])}) for row in self._bulk.rows(query)]


def _pack(each: Run) -> dict[str, Any]:
    row = {column.name: getattr(each, column.name) for column in run.c}
    row["counters"] = to_json(each.counters)
    return row


def _unpack(row: Found) -> Run:
    return Run(**{**row, "counters": from_json(row["counters"])})

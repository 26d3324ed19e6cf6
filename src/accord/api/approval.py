"""A flow's first run, and one under a changed mapping, wait until a person could look at their plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from accord.engine.joining import joining
from accord.engine.rebase import pending
from accord.engine.report import Plan, Report, RunState

if TYPE_CHECKING:
    from accord.engine.flow import Flow
    from accord.engine.world import World
    from accord.env import Env
    from accord.store import Store
    from accord.store.rows import FlowState


class Asks(StrEnum):
    """Why a run asks for a plan that a person could look at."""

    FIRST = "never ran"
    MAPPING = "has a changed mapping"
    JOINED = "has a system that is new to it"


@dataclass(frozen=True)
class Turn:
    """What is new since a flow ran last, by ``connection/stream``, with the versions of mappings.

    Attributes:
        changed: Streams whose mapping changed since they were in agreement.
        joined: Streams that were never written in a run of the flow.
    """

    changed: Mapping[str, str]
    joined: Mapping[str, str]

    @classmethod
    def of(cls, world: World, flow: Flow, only: frozenset[str] | None) -> Turn:
        """As the store knows it."""
        return cls(pending(world, flow, only), joining(world, flow, only))

    def concerned(self, plan: Plan) -> tuple[list[str], list[str]]:
        """The changed mappings and the joined streams if they make a difference, or may make one untold."""
        untold = {p.connection for p in plan.problems}
        rebased = bool(plan.total.rebased) or any(_connection(scope) in untold for scope in self.changed)
        joined = [
            scope
            for scope in sorted(self.joined)
            if _connection(scope) in untold or any(plan.counts.get(scope, {}).values())
        ]
        return sorted(self.changed) if rebased else [], joined


def _connection(scope: str) -> str:
    return scope.partition("/")[0]


def asks(state: FlowState, mappings: Mapping[str, str], turn: Turn) -> Asks | None:
    """Whether a run without approval needs a plan first, and why.

    A plan counts for the streams that it showed, under the mappings that they had.

    Args:
        state: What is known of the flow: whether it ran, and the plan that was made of it.
        mappings: The streams that take part, by ``connection/stream``, and the versions of their mappings.
        turn: What is new.
    """
    planned = None if state.waiting_plan is None else state.waiting_plan.get("mappings", {})
    if state.approved_at is None and (planned is None or _unseen(planned, mappings)):
        return Asks.FIRST
    if _unseen(planned or {}, turn.changed):
        return Asks.MAPPING
    return Asks.JOINED if _unseen(planned or {}, turn.joined) else None


def _unseen(planned: Mapping[str, str], mappings: Mapping[str, str]) -> bool:
    return any(planned.get(scope) != version for scope, version in mappings.items())


def wanted(
    store: Store,
    flow: str,
    mappings: Mapping[str, str],
    turn: Turn,
    rehearse: Callable[[], Plan],
) -> tuple[Asks, Plan] | None:
    """Why a run without approval waits, and the plan that it waits with; None: it may go ahead."""
    with store.reading() as tx:
        why = asks(tx.flows.load(flow), mappings, turn)
    if why is None:
        return None
    plan = rehearse()
    if why is Asks.FIRST:
        return why, plan
    changed, joined = turn.concerned(plan)
    if changed:
        return Asks.MAPPING, plan
    return (Asks.JOINED, plan) if joined else None


def ran(store: Store, flow: str) -> bool:
    """Whether the flow ran before."""
    with store.reading() as tx:
        return tx.flows.load(flow).approved_at is not None


def remember(store: Store, plan: Plan, turn: Turn) -> None:
    """Note that a plan was made, with its counts. One that met trouble shows too little to count."""
    with store.transaction("plan made") as tx:
        state = tx.flows.load(plan.flow)
        plan.first = state.approved_at is None
        if not plan.first:
            plan.changed, plan.joined = turn.concerned(plan)
        if plan.is_whole:
            counts = {scope: dict(counts) for scope, counts in plan.counts.items()}
            state.waiting_plan = {"counts": counts, "mappings": plan.mappings}
            tx.flows.save(state)


def waiting(store: Store, plan: Plan, why: Asks, turn: Turn, *, unattended: bool) -> Plan:
    """The plan as the answer of a run that did nothing yet."""
    if unattended:
        plan.first = why is Asks.FIRST
        if not plan.first:
            plan.changed, plan.joined = turn.concerned(plan)
        told = "look at `accord plan`, then sync it once by hand"
    else:
        remember(store, plan, turn)
        again = "run again with --approve" if plan.limits else "run again"
        told = f"this is its plan; {again} to carry it out"
    if plan.is_whole:
        plan.state = RunState.WAITING
        plan.notices.append(f"flow {plan.flow!r} {why}: {told}")
    return plan


def early(flow: str, env: Env) -> Report:
    """The answer of a record's run that did nothing: the flow's first run has not been approved."""
    now = env.now().timestamp()
    report = Report(flow, env.new_id(), RunState.WAITING, started_at=now, finished_at=now)
    report.notices.append(
        f"flow {flow!r} {Asks.FIRST}, so no record of it is synced alone: "
        f"look at `accord plan --flow {flow}`, then run `accord sync --flow {flow}`"
    )
    return report


def granted(store: Store, flow: str, env: Env, pending: Mapping[str, str] | None = None) -> None:
    """The flow has run: later runs need no plan before them.

    ``pending``: versions of mappings whose approved re-baseline did not come to its end.
    """
    with store.transaction("approved") as tx:
        state = tx.flows.load(flow)
        now = env.now().timestamp()
        state.approved_at = state.approved_at or now
        state.waiting_plan = {"counts": {}, "mappings": dict(pending)} if pending else None
        state.last_finished_at = now
        tx.flows.save(state)

"""A flow's first run, and one under a changed mapping, wait until a person could look at their plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from accord.engine.report import Plan, RunState

if TYPE_CHECKING:
    from accord.env import Env
    from accord.store import Store


def given(store: Store, flow: str) -> bool:
    """Whether the flow ran before, or a plan of it was made."""
    with store.reading() as tx:
        state = tx.flows.load(flow)
    return state.approved_at is not None or state.waiting_plan is not None


def ran(store: Store, flow: str) -> bool:
    """Whether the flow ran before."""
    with store.reading() as tx:
        return tx.flows.load(flow).approved_at is not None


def remember(store: Store, plan: Plan) -> None:
    """Note that a plan was made, with its counts. One that met trouble shows too little to count."""
    with store.transaction("plan made") as tx:
        state = tx.flows.load(plan.flow)
        plan.first = state.approved_at is None
        if plan.is_whole:
            counts = {scope: dict(counts) for scope, counts in plan.counts.items()}
            state.waiting_plan = {"counts": counts, "mappings": plan.mappings}
            tx.flows.save(state)


def seen(store: Store, flow: str, mappings: Mapping[str, str]) -> bool:
    """Whether a plan was made under these versions of the mappings, by ``connection/stream``."""
    with store.reading() as tx:
        plan = tx.flows.load(flow).waiting_plan or {}
    planned = plan.get("mappings", {})
    return all(planned.get(scope) == version for scope, version in mappings.items())


def waiting(store: Store, plan: Plan, *, unattended: bool, first: bool = True) -> Plan:
    """The plan as the answer of a run that did nothing yet: the first one, or one under a new mapping."""
    if not plan.is_whole:
        return plan
    plan.state, plan.first = RunState.WAITING, first
    why = "never ran" if first else "has a changed mapping"
    if unattended:
        plan.notices.append(f"flow {plan.flow!r} {why}: look at `accord plan`, then sync it once by hand")
    else:
        remember(store, plan)
        again = "run again with --approve" if plan.limits else "run again"
        plan.notices.append(f"flow {plan.flow!r} {why}: this is its plan; {again} to carry it out")
    return plan


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

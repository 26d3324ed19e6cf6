"""A flow's first run waits until its plan was made for a person to look at."""

from __future__ import annotations

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


def remember(store: Store, plan: Plan) -> None:
    """Note that a plan was made, with its counts. One that met trouble shows too little to count."""
    with store.transaction("plan made") as tx:
        state = tx.flows.load(plan.flow)
        plan.first = state.approved_at is None
        if not plan.problems:
            state.waiting_plan = {scope: dict(counts) for scope, counts in plan.counts.items()}
            tx.flows.save(state)


def waiting(store: Store, plan: Plan, *, unattended: bool) -> Plan:
    """The plan as the answer of a first run that did nothing yet."""
    if plan.problems:
        return plan
    plan.state, plan.first = RunState.WAITING, True
    if unattended:
        plan.notices.append(f"flow {plan.flow!r} never ran: look at `accord plan`, then sync it once by hand")
    else:
        remember(store, plan)
        plan.notices.append(f"first run of flow {plan.flow!r}: this is its plan; run again to carry it out")
    return plan


def granted(store: Store, flow: str, env: Env) -> None:
    """The flow has run: later runs need no plan before them."""
    with store.transaction("approved") as tx:
        state = tx.flows.load(flow)
        now = env.now().timestamp()
        state.approved_at = state.approved_at or now
        state.waiting_plan = None
        state.last_finished_at = now
        tx.flows.save(state)

"""Rehearse: what a run would do now, by the same reading, merging and deciding, on a copy of the store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from accord.engine.decider import Decider
from accord.engine.report import Plan, PlannedWrite
from accord.engine.retire import notices, retire
from accord.engine.run import FlowRun, Options
from accord.engine.scope import Scope

if TYPE_CHECKING:
    from accord.engine.flow import Flow
    from accord.engine.stop import Budget
    from accord.engine.world import World


def plan(world: World, flow: Flow, options: Options, budget: Budget) -> Plan:
    """Plan a flow. Vendors are only read; the store stays as it is."""
    with world.store.copy_for_plan() as copy:
        return _plan(replace(world, store=copy), flow, options, budget)


def _plan(world: World, flow: Flow, options: Options, budget: Budget) -> Plan:
    run = FlowRun(world, flow, options, budget)
    report = Plan(flow.name, run.id, started_at=run.report.started_at)
    run.report = report
    report.mappings = {m.scope: m.stream.mapping.version for m in flow.members if m.key in run.scopes}
    with world.store.transaction("retire") as tx:
        retire(world, tx)
        report.notices += notices(tx)
    run.rebase_unread()
    run.pull_all()
    for scope in run.working(flow.targets):
        decider = Decider(scope, run.counts[scope.member.key], (), approved=True, explain=True)
        run.guard(scope, lambda decider=decider: decider.run() >= 0)  # type: ignore[misc]
        report.writes_planned += _samples(scope, decider)
    run.settle_state()
    report.members = {scope.member.scope: run.counts[key] for key, scope in run.scopes.items()}
    report.finished_at = world.env.now().timestamp()
    return report


def _samples(scope: Scope, decider: Decider) -> list[PlannedWrite]:
    return [
        PlannedWrite(
            scope.member.connection,
            scope.member.stream.name,
            str(derived.operation),
            entity.id,
            derived.external_id,
            sorted(derived.cells),
            derived.waits_for is not None,
        )
        for entity, derived in decider.samples or []
    ]

"""Rehearse: what a run would do now, by the same reading, merging and deciding, on a copy of the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from accord.engine import apart
from accord.engine.brake import Brake
from accord.engine.decider import Decider
from accord.engine.report import Plan, PlannedWrite, Problem, RunState
from accord.engine.retire import notices, retire
from accord.engine.run import FlowRun, Options
from accord.engine.scope import Scope
from accord.engine.stop import BrakeError
from accord.store.rows import LinkState

if TYPE_CHECKING:
    from accord.engine.flow import Flow
    from accord.engine.stop import Budget
    from accord.engine.world import World
    from accord.store import Store
    from accord.store.rows import Entity, Link


def plan(world: World, flow: Flow, options: Options, budget: Budget) -> Plan:
    """Plan a flow. Vendors are only read; the store stays as it is.

    A limit that stops a read would hide what a person is asked to approve: then it is read as if approved.
    """
    with world.store.copy_for_plan() as copy:
        rehearsal = Rehearsal(world, copy, flow, options, budget)
        rehearsal.read()
        if not rehearsal.stopped:
            return rehearsal.decide()
    with world.store.copy_for_plan() as copy:
        approved = Rehearsal(world, copy, flow, replace(options, approved=True), budget)
        approved.read()
        approved.lift(rehearsal.plan.problems)
        return approved.decide()


class Rehearsal:
    """A run on a copy of the store, which decides and sends nothing."""

    def __init__(self, world: World, copy: Store, flow: Flow, options: Options, budget: Budget) -> None:
        self.real, self.world = world.store, replace(world, store=copy)
        self.run = FlowRun(self.world, flow, options, budget)
        self.plan = Plan(flow.name, self.run.id, started_at=self.run.report.started_at)
        self.plan.full, self.plan.only = options.full, options.only
        self.run.report = self.plan

    @property
    def stopped(self) -> bool:
        """Whether a limit has stopped something."""
        return self.plan.state is RunState.WAITING

    def read(self) -> None:
        """Read every source, and merge what changed."""
        self.plan.mappings = self.run.flow.mappings(self.plan.only)
        with self.world.store.transaction("retire") as tx:
            retire(self.world, tx)
            apart.reconsider(tx, self.run.flow)
            self.plan.notices += notices(tx)
        self.run.leave_unreached()
        self.run.rebase_unread()
        self.run.join()
        self.run.pull_all()

    def lift(self, stopped: list[Problem]) -> None:
        """Note the limits that stopped a read without approval, and stop it no more."""
        lifted = [one for one in stopped if one.exit_code == BrakeError.exit_code]
        self.plan.limit(*(one for one in lifted if one not in self.plan.problems))

    def decide(self) -> Plan:
        """Decide what every target would get, and see whether a limit would stop that."""
        plan, run = self.plan, self.run
        for scope in run.working(run.flow.targets):
            decider = Decider(scope, run.counts[scope.member.key], (), approved=True, explain=True)
            run.guard(scope, lambda decider=decider: decider.run() >= 0)  # type: ignore[misc]
            plan.writes_planned += _planned(scope, decider, self.real)
            plan.limit(*_limits(scope, decider))
        run.settle_state()
        plan.members = {scope.member.scope: run.counts[key] for key, scope in run.scopes.items()}
        plan.finished_at = self.world.env.now().timestamp()
        return plan


def _limits(scope: Scope, decider: Decider) -> list[Problem]:
    """The limit that a run would exceed which writes all this."""
    try:
        with scope.world.store.reading() as tx:
            Brake(scope, decider.counts).check(tx)
    except BrakeError as error:
        return [Problem.of(scope.member.connection, error)]
    return []


def _planned(scope: Scope, decider: Decider, real: Store) -> list[PlannedWrite]:
    """The writes one by one. The hub id of what the store does not hold yet belongs to the copy: left out."""
    samples = decider.samples or []
    ids = [entity.id for entity, _ in samples]
    with real.reading() as tx:
        known = tx.entities.get(ids)
    with scope.world.store.reading() as tx:
        links = tx.links.of_entities([e.id for e, derived in samples if derived.external_id is None])
    return [
        PlannedWrite(
            scope.member.connection,
            scope.member.stream.name,
            str(derived.operation),
            entity.id if entity.id in known else None,
            derived.external_id,
            sorted(derived.cells),
            derived.waits_for is not None,
            _source(scope.world, entity, links.get(entity.id, ())),
        )
        for entity, derived in samples
    ]


def _source(world: World, entity: Entity, links: Sequence[Link]) -> str | None:
    """Which record something new comes from, as a person looks it up; without an id that is an address."""
    live = [link for link in links if link.state is LinkState.LIVE]
    live.sort(key=lambda link: f"{link.connection}/{link.stream}" != entity.origin.source)
    for link in live[:1]:
        owner = world.member((link.connection, link.stream))
        told = owner is not None and not owner.member.is_personal(link.external_id)
        place = f"{link.connection}/{link.stream}"
        return f"{place}:{link.external_id}" if told else place
    return None

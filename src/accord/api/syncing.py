"""Checking, planning and syncing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from accord.api import accounts, due
from accord.api.opened import Opened
from accord.api.views import AccountCheck
from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.engine.counts import Counts
    from accord.engine.report import Plan, Report


class Syncing(Opened):
    """The main job."""

    def check(self, connections: Iterable[str] | None = None) -> list[AccountCheck]:
        """Prove that connections work: credentials, account, rights."""
        return accounts.check_all(self.connections, self.store, self.env, connections)

    def plan(
        self,
        flow: str,
        *,
        connections: Iterable[str] | None = None,
        full: bool = False,
        max_seconds: float | None = None,
    ) -> Plan:
        """What :meth:`sync` would do now, computed on a throw-away copy of the store; nothing is written.

        The plan is remembered: the first run of a flow needs one that a person could look at.
        """
        from accord.api import approval

        found = self._rehearsed(flow, connections, full=full, max_seconds=max_seconds)
        turn = approval.Turn.of(self.world, self.flow(flow), self._only(connections))
        approval.remember(self.store, found, turn)
        return found

    def _rehearsed(
        self, flow: str, connections: Iterable[str] | None, *, full: bool, max_seconds: float | None
    ) -> Plan:
        from accord.api import erasures
        from accord.engine import rehearse
        from accord.engine.run import Options

        chosen = self.flow(flow)
        erasures.reapply(self.world, self._journal)
        options = Options(full=full, only=self._only(connections), kind="plan")
        with self._budget(max_seconds) as budget:
            unreached = accounts.refuse_changed(self.connections, self.world, chosen, options.only)
            plan = rehearse.plan(self.world, chosen, replace(options, unreached=unreached), budget)
        plan.notices += self._notices_of_a_first_run(flow)
        return plan

    def _notices_of_a_first_run(self, flow: str) -> list[str]:
        """What a person should know before a flow runs for the first time."""
        from accord.api import approval, erasures

        return [] if approval.ran(self.store, flow) else erasures.unknown_here(self.world, self._journal)

    def sync(
        self,
        flow: str,
        *,
        full: bool = False,
        approve: bool = False,
        connections: Iterable[str] | None = None,
        max_seconds: float | None = None,
        unattended: bool = False,
    ) -> Report:
        """Bring a flow's systems into agreement.

        Args:
            flow: The flow's name.
            full: Read everything again, not only what changed.
            approve: You have seen the plan: limits do not stop this run, nor does its being the first.
            connections: Only these connections; others keep what is due to them for later.
            max_seconds: Stop after the batch in hand when so long has passed; the next run goes on.
            unattended: Nobody looks at the answer (a timer): a first run's plan then counts for nothing.

        Returns:
            What happened. ``report.exit_code`` says how it ended; a flow's first run without a plan and
            without ``approve`` returns the plan itself, with state ``waiting``. So does the first run under a
            changed mapping, where that alone makes a difference, and the first one with a system that is new.

        Raises:
            StateError: the store cannot be used; nothing was advanced.
        """
        from accord.api import approval, erasures
        from accord.engine import rebase
        from accord.engine.report import RunState
        from accord.engine.run import FlowRun, Options

        chosen = self.flow(flow)
        erasures.reapply(self.world, self._journal)
        only = self._only(connections)
        mappings, turn = chosen.mappings(only), approval.Turn.of(self.world, chosen, only)
        rehearse = partial(self._rehearsed, flow, only, full=full, max_seconds=max_seconds)
        if not approve and (found := approval.wanted(self.store, flow, mappings, turn, rehearse)):
            why, plan = found
            plan.tell(self._tell_what_is_due(max_seconds))
            return approval.waiting(self.store, plan, why, turn, unattended=unattended)
        options, notices = Options(full=full, approved=approve, only=only), self._notices_of_a_first_run(flow)
        with self._budget(max_seconds) as budget:
            unreached = accounts.refuse_changed(self.connections, self.world, chosen, only)
            due.started(self.store, self.env, chosen.name, self._schedule(flow))
            report = FlowRun(self.world, chosen, replace(options, unreached=unreached), budget).sync()
        report.notices += notices
        if report.state is not RunState.BUSY:  # it did nothing: whoever holds the flow says that it ran
            approval.granted(self.store, flow, self.env, rebase.pending(self.world, chosen, only))
        self.store.analyze_if_grown()
        return report

    def _tell_what_is_due(self, max_seconds: float | None) -> dict[str, Counts]:
        """Withdrawals and erasures do not wait for the person who looks at a plan."""
        from accord.api import erasures

        with self._budget(max_seconds) as budget:
            return erasures.deliver(self.world, budget)

    def _schedule(self, flow: str) -> str | None:
        return self.config.flows[flow].schedule

    def sync_all(self, *, only_due: bool = False, **options: Any) -> list[Report]:
        """Sync every flow (or every flow whose schedule is due), records before those that refer to them.

        Ends after a flow that was interrupted; the next call goes on there.

        Args:
            only_due: Only flows whose schedule is due; as nobody looks then, ``unattended`` is on by default.
            options: For :meth:`sync`.

        Raises:
            AccordError: a flow could not be started. It is raised when the others had their turn; their
                reports are among :meth:`runs`.
        """
        from accord.api import several

        options.setdefault("unattended", only_due)
        names = several.in_order(self.config, self.world)
        ready = set(due.flows_due(self.config, self.store, self.env)) if only_due else set(names)
        todo = [(name, partial(self.sync, name, **options)) for name in names if name in ready]
        results = several.run(todo)
        for _, error in results.failed:
            raise error
        return results.done

    def sync_record(self, record: str, *, max_seconds: float | None = None) -> Report:
        """Sync one record now. ``record`` is ``CONNECTION:ID`` or ``CONNECTION/STREAM:ID``.

        In a flow that never ran it does nothing: the report then has the state ``waiting``.

        Raises:
            SetupError: the name leads to no stream of a flow, or the system has no such record.
        """
        from accord.api import approval, erasures
        from accord.engine import locate
        from accord.engine.run import Options
        from accord.engine.single import RecordRun

        key, external_id = locate.place(self.world, record)
        owner = self.world.member(key)
        if owner is None:
            raise SetupError(f"{key[0]}/{key[1]} belongs to no flow", hint="Add it to a flow in accord.toml.")
        erasures.reapply(self.world, self._journal)
        if not approval.ran(self.store, owner.flow.name):
            report = approval.early(owner.flow.name, self.env)
            report.tell(self._tell_what_is_due(max_seconds))
            return report
        with self._budget(max_seconds) as budget:
            unreached = accounts.refuse_changed(self.connections, self.world, owner.flow, None)
            run = RecordRun(self.world, owner.flow, Options(kind="record", unreached=unreached), budget)
            report = run.record(key, external_id)
        if run.unheard_of:
            raise SetupError(
                f"{'/'.join(key)} has no record {external_id!r}",
                hint=f"Give the id that {key[0]} itself shows.",
            )
        return report

"""Sync one record now: read it at its system, absorb it, push what it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.engine.absorb import Absorber
from accord.engine.joining import joining
from accord.engine.observe import Observer, Seen
from accord.engine.rebase import baseline_of
from accord.engine.run import FlowRun
from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.engine.flow import Key
    from accord.engine.report import Report


class RecordRun(FlowRun):
    """A flow's run for a single record."""

    unheard_of = False
    """Whether the system has no such record, and had none that Accord knew."""

    def record(self, key: Key, external_id: str) -> Report:
        """Read one record of one member and bring every other side up to it.

        Raises:
            SetupError: the stream cannot read single records.
        """
        scope = self.scopes[key]
        if scope.member.stream.operations.get is None:
            raise SetupError(
                f"{scope.member.scope} cannot read a single record",
                hint=f"Run `accord sync --flow {self.flow.name}` instead.",
            )
        with self._recorded():
            if self._lease():
                self.leave_unreached()
                self._inherit()
                self._leave_rebased()
                self._leave_joining()
                if key not in self.failed:
                    self.guard(scope, lambda: self._absorb(key, external_id))
                self.complete.update(self.scopes)
                self._push_rounds()
                self.settle_state()
        return self.report

    def _leave_rebased(self) -> None:
        """A stream whose mapping changed is compared as a whole first: nobody knows yet what stands there.

        One that was never read notes the mapping: what is written there now is in its terms.
        """
        for scope in self.working(self.flow.members):
            with self.world.store.reading() as tx:
                state, rebase = tx.streams.load(*scope.member.key), scope.rebase(tx)
            if not state.mapping_version and state.baseline is None:
                state.baseline = baseline_of(scope.member.stream.mapping)
                with self.world.store.transaction("mapping", self.fences) as tx:
                    tx.streams.save(state)
            if rebase is not None:
                self.leave(
                    scope, f"{scope.member.scope}: its mapping changed; it waits for a run of the flow"
                )

    def _leave_joining(self) -> None:
        """A system that is new to the flow waits for a run that brings it all the flow holds."""
        new = joining(self.world, self.flow, self.options.only)
        for scope in self.working(self.flow.targets):
            if scope.member.scope in new:
                self.leave(
                    scope, f"{scope.member.scope}: it is new to the flow; it waits for a run of the flow"
                )

    def _absorb(self, key: Key, external_id: str) -> bool:
        scope = self.scopes[key]
        get = scope.member.stream.operations.get
        row = get([external_id]).get(external_id) if get is not None else None
        observer = Observer(scope.flow, scope.member, scope.key)
        if row is None:
            seen = [Seen(external_id, b"", {}, deleted=True)]
        else:
            seen = observer.look([row])
            observer.map(seen[0], scope.now(), 0.0)
        with self.world.store.transaction("record", self.fences) as tx:
            self.unheard_of = row is None and not tx.links.get(*key, [external_id])
            touched = Absorber(scope, self.counts[key]).page(tx, seen)
            scope.wake(tx, [touched.entities[id_] for id_ in touched.changed], but=[key])
            tx.dirty.add([(*key, id_) for id_ in sorted(touched.behind)])
        return True

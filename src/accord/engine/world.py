"""The world a run works in: store, environment, plugins, and all flows with their members."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING

from accord.connector import Origin
from accord.consent.policy import Policy, shipped
from accord.engine.digests import Digests
from accord.engine.flow import Flow, Key, Member
from accord.engine.progress import Progress, silent
from accord.model.cells import Kept
from accord.model.recurring import Recurring

if TYPE_CHECKING:
    from accord.env import Env
    from accord.plugins import Plugins
    from accord.store import Store


@dataclass(frozen=True, slots=True)
class Owner:
    """Which flow a stream of a connection belongs to."""

    flow: Flow
    member: Member


@dataclass(frozen=True)
class World:
    """Everything that outlives one flow's run. Built by the composition root (``accord.api``)."""

    store: Store
    env: Env
    plugins: Plugins
    flows: Sequence[Flow]
    progress: Callable[[Progress], None] = field(default=silent)
    trace: str = ""
    closed: frozenset[str] = frozenset()
    """Connections of flows that are left out because one of them could not be opened."""
    policy: Policy = field(default_factory=shipped)

    @cached_property
    def digest(self) -> Digests:
        """The digest of cell values under the store's key, shared by all runs and members."""
        return Digests(self.store.key)

    @cached_property
    def _members(self) -> Mapping[Key, Owner]:
        return {member.key: Owner(flow, member) for flow in self.flows for member in flow.members}

    @cached_property
    def _written(self) -> Mapping[str, Sequence[Key]]:
        kinds = {flow.kind for flow in self.flows}
        return {
            kind: [member.key for flow in self.flows if flow.kind == kind for member in flow.targets]
            for kind in kinds
        }

    def member(self, key: Key) -> Owner | None:
        """The flow and member of (connection, stream); each stream belongs to one flow at most."""
        return self._members.get(key)

    def written(self, kind: str) -> Sequence[Key]:
        """All (connection, stream) that records of this kind are written to."""
        return self._written.get(kind, ())

    @cached_property
    def blocked(self) -> Callable[[Mapping[str, object]], Sequence[str]]:
        """Which of a record's cells are custom fields that the policy takes for marketing."""
        blocks = self.policy.transactional.blocks
        each = Kept(
            lambda cell: cell.startswith("custom.") and any(fnmatchcase(cell, block) for block in blocks)
        ).__getitem__
        known = Recurring(lambda names: tuple(filter(each, names)))

        def blocked(cells: Mapping[str, object]) -> Sequence[str]:
            found = known[tuple(cells)]
            return tuple(filter(each, cells)) if found is None else found

        return blocked

    @cached_property
    def asks_people(self) -> bool:
        """Whether anything is written anywhere for a purpose that needs a person's own yes."""
        return any(member.needs_grant for flow in self.flows for member in flow.targets)

    @cached_property
    def lenders(self) -> frozenset[str]:
        """The scopes of members whose records are a marketplace's."""
        members = [member for flow in self.flows for member in flow.members]
        return frozenset(m.scope for m in members if m.stream.origin is Origin.MARKETPLACE)

    @cached_property
    def people(self) -> Flow | None:
        """The first flow about people: the rules by which they are known."""
        return next((flow for flow in self.flows if flow.kind == "customer"), None)

    def flow(self, name: str) -> Flow | None:
        """The flow of this name."""
        return next((flow for flow in self.flows if flow.name == name), None)

"""What a flow is, as the engine needs it: its members, its rules, its limits. Data only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from accord.consent.purposes import Use, needs_grant
from accord.model.cells import Kept, field_of
from accord.model.schema import Merge, lattice, merge_kinds, personal_fields

if TYPE_CHECKING:
    from accord.connector import Stream
    from accord.model import Canonical
    from accord.model.record import Document

Key = tuple[str, str]
"""(connection, stream)."""


class PolicyKind(StrEnum):
    """Who wins when two sides changed the same cell."""

    LATEST = "latest"
    PREFER = "prefer"
    MANUAL = "manual"
    LATTICE = "lattice"
    MOST_RESTRICTIVE = "most_restrictive"
    EARLIEST = "earliest"


@dataclass(frozen=True, slots=True)
class Policy:
    """A conflict policy. ``order``: connections, best first (prefer); states, strongest first (lattice)."""

    kind: PolicyKind
    order: Sequence[str] = ()

    def __str__(self) -> str:
        return f"{self.kind}:{','.join(self.order)}" if self.kind is PolicyKind.PREFER else str(self.kind)


class ForeignEdit(StrEnum):
    """What happens when a connection changes a field that another one owns."""

    REVERT = "revert"
    ACCEPT = "accept"
    CONFLICT = "conflict"


class DeletePolicy(StrEnum):
    """What a deletion in one system does to the others."""

    DETACH = "detach"
    ARCHIVE = "archive"
    PROPAGATE = "propagate"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """The rule of one canonical field: its policy, and its owner if only one side may set it."""

    policy: Policy
    owner: str | None = None
    on_foreign_edit: ForeignEdit = ForeignEdit.REVERT


@dataclass(frozen=True, slots=True)
class Limits:
    """A run that would exceed one of these stops with a plan for a person to approve.

    Attributes:
        max_deletes: Share of a stream's live links that one run may delete.
        least_deletes: This many are always allowed.
        max_creates: Creates per connection in one run; None = no limit.
    """

    max_deletes: float = 0.05
    least_deletes: int = 20
    max_creates: int | None = None

    def deletes_allowed(self, live: int) -> int:
        """How many deletions one run may make in a stream with so many live links."""
        return max(self.least_deletes, int(live * self.max_deletes))


PERMISSIONS = frozenset({"consents", "suppressions"})
"""Fields that no system sets by an ordinary value: they are heard as signals, and derived."""
NEVER_TO_ADS = frozenset({"notes", "birth_date"})
"""What no advertising platform gets, whatever its connector declares: free text, birth dates."""


@dataclass(frozen=True)
class Member:
    """One stream's part in a flow.

    Attributes:
        priority: Position in the flow; the lower wins an exact tie of times.
        canary: External id of a record without which the stream is not believed; "" = none.
        guests: Whether a record may be written without the person it refers to.
        brand: The controller that people said their permissions to; "" = the one there is.
    """

    connection: str
    stream: Stream
    reads: bool
    writes: bool
    priority: int
    purpose: str = ""
    channel: str = "email"
    accepts: Callable[[Document], bool] | None = None
    guests: bool = True
    canary: str = ""
    brand: str = ""

    @cached_property
    def use(self) -> Use:
        """What its data is used for there."""
        return Use(self.connection, self.purpose, self.channel, self.brand)

    @cached_property
    def covers(self) -> Callable[[str], bool]:
        """Whether ordinary writes to this member may carry a cell.

        Never a permission or a suppression: those go out by consent operations only. And nothing beyond what
        the stream may get for the member's purpose (data minimisation, consent.md 2.2).
        """
        return Kept(
            lambda cell: self._may_carry(field_of(cell)) and self.stream.mapping.covers(cell)
        ).__getitem__

    def _may_carry(self, name: str) -> bool:
        if name in PERMISSIONS or (self.purpose.startswith("ads.") and name in NEVER_TO_ADS):
            return False
        allowed = self.stream.allows.get(self.purpose)
        return allowed is None or name in allowed

    @cached_property
    def hears(self) -> bool:
        """Whether its records tell of permissions or suppressions at all."""
        return bool(self.stream.mapping.readable_fields & PERMISSIONS)

    @cached_property
    def narrows(self) -> bool:
        """Whether ordinary writes carry less than the mapping could write."""
        limited = self.purpose.startswith("ads.") or self.purpose in self.stream.allows
        return limited or bool(self.stream.mapping.writable_fields & PERMISSIONS)

    def is_personal(self, external_id: str) -> bool:
        """Whether an id of its records is an address, or another value that tells who somebody is.

        A customer's number tells that only to the system that gave it.
        """
        personal = personal_fields(self.stream.model) - {"number"}
        return "@" in external_id or any(
            names[0] in personal
            for declaration in self.stream.mapping.declarations
            if self.stream.key in declaration.needed
            for names in declaration.canonical
        )

    @property
    def needs_grant(self) -> bool:
        """Whether the person behind each record is asked."""
        return bool(self.purpose) and self.stream.subject is not None and needs_grant(self.purpose)

    @cached_property
    def key(self) -> Key:
        """(connection, stream name)."""
        return (self.connection, self.stream.name)

    @cached_property
    def scope(self) -> str:
        """``connection/stream``: the lease's scope and the source written into stamps."""
        return f"{self.connection}/{self.stream.name}"


@dataclass(frozen=True)
class Flow:
    """One canonical model kept in agreement among members."""

    name: str
    model: type[Canonical]
    kind: str
    members: Sequence[Member]
    match: Sequence[str] = ()
    default: Policy = Policy(PolicyKind.LATEST)
    rules: Mapping[str, FieldRule] = field(default_factory=dict)
    delete: DeletePolicy = DeletePolicy.DETACH
    limits: Limits = field(default_factory=Limits)

    def mappings(self, only: frozenset[str] | None) -> dict[str, str]:
        """The version of each stream's mapping, by ``connection/stream``; of these connections, or of all."""
        members = [member for member in self.members if only is None or member.connection in only]
        return {member.scope: member.stream.mapping.version for member in members}

    @cached_property
    def sources(self) -> Sequence[Member]:
        """Members that are read."""
        return [member for member in self.members if member.reads]

    @cached_property
    def targets(self) -> Sequence[Member]:
        """Members that are written."""
        return [member for member in self.members if member.writes]

    @cached_property
    def priorities(self) -> Mapping[str, int]:
        """Priority by scope, for the order of simultaneous changes."""
        return {member.scope: member.priority for member in self.members}

    @cached_property
    def streams(self) -> Mapping[Key, Member]:
        """Members by (connection, stream)."""
        return {member.key: member for member in self.members}

    @cached_property
    def key_fields(self) -> frozenset[str]:
        """The fields by which records are matched."""
        return frozenset(field_of(part) for name in self.match for part in name.split("+"))

    @cached_property
    def has_owners(self) -> bool:
        """Whether any field may be set by one connection only."""
        return any(rule.owner is not None for rule in self.rules.values())

    def rule(self, cell: str) -> FieldRule:
        """The rule for a cell: its own, its field's, or the flow's default."""
        # Members of collections are without number (an order's lines): all but a few share their field's.
        name = cell if cell in self.rules else field_of(cell)
        found = self._rules.get(name)
        if found is None:
            told = self.rules.get(name)
            found = self._kind_rule(name) if told is None else self._lawful(name, told)
            self._rules[name] = found
        return found

    @cached_property
    def _rules(self) -> dict[str, FieldRule]:
        return {}

    def _lawful(self, cell: str, rule: FieldRule) -> FieldRule:
        """What a rule may say about this cell: a withdrawal wins, whoever owns or is preferred (I8).

        A rule that names no policy of its own (an owner only) leaves a status its one direction.
        """
        natural = self._kind_rule(cell).policy
        if natural.kind is PolicyKind.MOST_RESTRICTIVE:
            return FieldRule(natural)
        return replace(rule, policy=natural) if rule.policy == self.default else rule

    def _kind_rule(self, cell: str) -> FieldRule:
        name = field_of(cell)
        kind = merge_kinds(self.model).get(name)
        if kind is Merge.LATTICE:
            strongest_first = tuple(reversed(lattice(self.model, name)))
            return FieldRule(Policy(PolicyKind.LATTICE, strongest_first))
        if name == "created_at":
            # Each system notes when it first heard of somebody: the first of all is the truth of the hub.
            return FieldRule(Policy(PolicyKind.EARLIEST))
        if kind is Merge.MOST_RESTRICTIVE:
            return FieldRule(Policy(PolicyKind.MOST_RESTRICTIVE))
        return FieldRule(self.default)

"""The three-way merge: what a record shows, what we last saw of it, what the hub holds.

A pure computation: it works on the loaded entity and link and returns what else must be written.
``vendor changed`` = the shown value differs from the shadow; ``hub changed`` = the hub's version is newer
than the version the shadow stands for (sync.md A4, A5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from accord.engine.digests import Digests
from accord.engine.echoes import Echo, Echoes
from accord.engine.flow import PERMISSIONS, Flow, ForeignEdit, Member, PolicyKind
from accord.engine.policies import Claim, Winner, decide, disagree
from accord.model.cells import field_of, overlay, pruned
from accord.store.rows import Cells, Change, Entity, Intent, Link, LinkState, Stamp

MISSING: Any = object()


@dataclass(slots=True)
class Observation:
    """A record as its system showed it, mapped.

    Attributes:
        cells: Canonical value per observed cell; None = empty there. Unobserved cells are absent.
        shown: The value in the vendor's own terms where that differs (references: the external id).
        time: When it changed, by the vendor's clock corrected to ours, seconds since 1970.
        changed_at: The vendor's own updated_at, uncorrected; None if it has none.
        rebased: Whether a difference in a cell is the changed mapping's; None = the mapping is the old one.
        pending: References to records that are not known yet: cell -> (stream, external id).
    """

    external_id: str
    cells: Cells
    time: float
    changed_at: float | None = None
    etag: str | None = None
    row_digest: bytes | None = None
    hub_reference: str | None = None
    merged_ids: tuple[str, ...] = ()
    shown: Cells = field(default_factory=dict)
    pending: dict[str, tuple[str, str]] = field(default_factory=dict)
    rebased: Callable[[str], bool] | None = None

    def shows(self, cell: str) -> Any:
        """The cell's value in the vendor's terms."""
        return self.shown.get(cell, self.cells[cell])

    def shows_all(self) -> Cells:
        """Every observed cell's value in the vendor's terms."""
        shown = self.shown
        return {cell: shown.get(cell, value) for cell, value in self.cells.items()} if shown else self.cells


Arbiter = Callable[[str, str, Claim, Claim, str], str | None]
"""A plugin's word on a conflict: (record, cell, hub's claim, vendor's claim, policy) -> the winner."""


@dataclass(frozen=True, slots=True)
class Side:
    """One member's view in a merge.

    Attributes:
        digest: Keyed digests of values in the vendor's terms.
        project: The hub record as this vendor would show it (cells in the vendor's terms).
        t_max: Seconds within which a request takes effect or never does; with the clock skew allowed for.
        skew: Seconds by which clocks may differ.
        past: What a cell of a hub record held at an earlier version; MISSING if nobody knows any more.
        former: Everything that a cell of a hub record held before what it holds now, as far as it is known.
        repeatable: How many writes of a cell to a link of a hub record, begun since an instant, would change
            it once more if they were delivered twice.
    """

    flow: Flow
    member: Member
    digest: Digests
    project: Callable[[Entity], Cells]
    t_max: float
    skew: float = 5.0
    echo: bool = True
    arbiter: Arbiter | None = None
    past: Callable[[str, str, int], Any] = lambda _entity, _cell, _version: MISSING
    former: Callable[[str, str], Sequence[Any]] = lambda _entity, _cell: ()
    repeatable: Callable[[Entity, Link, str, float], int] = lambda _entity, _link, _cell, _since: 0

    def owned_by_another(self, cell: str) -> bool:
        """Whether only another connection may set this cell; an edit that is accepted is like any other."""
        rule = self.flow.rule(cell)
        owned = rule.owner is not None and rule.owner != self.member.connection
        return owned and rule.on_foreign_edit is not ForeignEdit.ACCEPT

    def keeps_out(self, cell: str) -> bool:
        """Whether a first value from here does not become the hub's: keys are needed, to find the person."""
        return self.owned_by_another(cell) and field_of(cell) not in self.flow.key_fields


@dataclass(slots=True)
class Clash:
    """A disagreement to be recorded; ``open`` when a person must decide."""

    kind: str
    cell: str
    hub_value: Any
    vendor_value: Any
    policy: str
    winner: str
    agreed: int
    open: bool = False


@dataclass(slots=True)
class Merged:
    """What a merge did to the hub record."""

    changes: list[Change] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    """Cells that tell of permissions: they are signals, never merged."""
    behind: bool = False
    """This side now holds something else than the hub: it must be written."""
    rebased: bool = False
    """A changed mapping, no person, made a difference."""


def absorb(
    side: Side,
    entity: Entity,
    link: Link,
    seen: Observation,
    *,
    intent: Intent | None = None,
    frozen: frozenset[str] = frozenset(),
    run: str = "",
) -> Merged:
    """Merge an observation into the hub record and move the link's shadow to it.

    ``frozen`` cells wait for a person: they are only looked at.
    """
    digests, held = side.digest.of(seen.shows_all()), link.shadow.seen
    echoes = Echoes(side, entity, link, seen, intent, digests)
    merge, back = _Merge(echoes, frozen, run), echoes.changed_back()
    for cell in seen.cells:
        digest = digests.get(cell)
        if held.get(cell) != digest:
            merge.cell(cell, digest)
    for cell, sent in back.items():
        merge.changed_back(cell, digests.get(cell), sent)
    link.changed_at = seen.changed_at if seen.changed_at is not None else link.changed_at
    link.etag = seen.etag
    link.row_digest = seen.row_digest
    return merge.merged


def observe_new(side: Side, entity: Entity, link: Link, seen: Observation) -> list[str]:
    """Fill a fresh hub record from its first observation: everything agrees, no history.

    What another connection owns is only noted as seen here. Returns the cells that tell of permissions.
    """
    cells, digests = seen.cells, side.digest.of(seen.shows_all())
    if not seen.shown and len(digests) == len(cells):  # nothing is empty
        held = dict(cells)
    else:
        held = {cell: value for cell, value in cells.items() if value is not None}
    heard = [cell for cell in held if field_of(cell) in PERMISSIONS] if side.member.hears else []
    kept = {cell: v for cell, v in held.items() if cell not in heard} if heard else held
    owned = side.flow.has_owners
    entity.cells = {cell: v for cell, v in kept.items() if not side.keeps_out(cell)} if owned else kept
    entity.origin, entity.rev = Stamp(1, side.member.scope, seen.time, seen.external_id), 1
    link.shadow.seen, link.shadow.base = digests, 1
    if not seen.shown:
        entity.digests = dict(digests)
    link.changed_at, link.etag, link.row_digest = seen.changed_at, seen.etag, seen.row_digest
    return heard


class _Merge:
    """The state of one merge; one small method per row of the decision table."""

    def __init__(self, echoes: Echoes, frozen: frozenset[str], run: str) -> None:
        self.side, self.entity, self.link, self.seen = echoes.side, echoes.entity, echoes.link, echoes.seen
        self.echoes, self.frozen, self.run = echoes, frozen, run
        self.merged = Merged()
        self.projected: Mapping[str, Any] | None = None
        self.bumped = False

    def cell(self, cell: str, digest: bytes | None) -> None:
        """Look at one observed cell that does not show what it was last seen to hold."""
        version = self.entity.version(cell)
        if self.side.member.hears and field_of(cell) in PERMISSIONS:
            self._agree(cell, digest, version)
            self.merged.heard.append(cell)
            return
        echo = self.echoes.of(cell, digest)
        rebased = self.seen.rebased is not None and self.seen.rebased(cell)
        if echo is None and not self._projects_to(cell, digest):
            # What another mapping wrote is compared in the new one's terms: its form tells nothing here.
            echo = None if rebased else self.echoes.form_of(cell, version)
        elif echo is None:
            echo = Echo(version)
        if echo is not None:
            self._agree(cell, digest, echo.version)
            if version > echo.version or echo.doubtful:
                self._clash("ambiguous_echo", cell, "hub")
        elif cell in self.frozen:
            self._agree(cell, digest, version)
            self._clash("both_changed", cell, "nobody", is_open=True)
        elif self.link.state is LinkState.SHADOWED:
            self._fill(cell, digest, version)
        elif rebased:
            self._rebase(cell, digest, version)
        elif self.echoes.is_repeated(cell, digest):
            self._clash("ambiguous_echo", cell, Winner.HUB.value)
            self._keep_hub(cell, digest, version)
        elif self.side.owned_by_another(cell):
            self._foreign_edit(cell, digest, version)
        elif version <= self.link.shadow.agreed_version(cell) and not self._guarded(cell):
            self._take(cell, digest)
        else:
            self._both_changed(cell, digest, version)

    def changed_back(self, cell: str, digest: bytes | None, sent: int) -> None:
        """Take an edit back to what stood there before an unanswered write of ours; always told."""
        live, side = self.link.state is LinkState.LIVE, self.side
        heard = side.member.hears and field_of(cell) in PERMISSIONS
        if not live or heard or cell in self.frozen or side.owned_by_another(cell):
            return  # decided anew, as if the write had never arrived
        version = self.entity.version(cell)
        self._agree(cell, digest, sent)
        if version <= sent and not self._guarded(cell):
            self._clash("ambiguous_echo", cell, Winner.VENDOR.value)
            self._take(cell, digest)
        else:
            self._both_changed(cell, digest, version)

    def _projects_to(self, cell: str, digest: bytes | None) -> bool:
        """Whether this is just how the vendor shows the hub's value."""
        if self.projected is None:
            self.projected = self.side.project(self.entity)
        return self.side.digest(self.projected.get(cell)) == digest

    def _guarded(self, cell: str) -> bool:
        """Where even a one-sided change may lose: consent, first dates, a status another system set."""
        kind = self.side.flow.rule(cell).policy.kind
        if kind in (PolicyKind.MOST_RESTRICTIVE, PolicyKind.EARLIEST):
            return True
        stamp = self.entity.stamp(cell)
        return kind is PolicyKind.LATTICE and stamp.version > 0 and stamp.source != self.side.member.scope

    def _foreign_edit(self, cell: str, digest: bytes | None, version: int) -> None:
        if self.side.flow.rule(cell).on_foreign_edit is ForeignEdit.CONFLICT and version > 0:
            self._clash("foreign_edit", cell, "hub")
        self._keep_hub(cell, digest, version)

    def _rebase(self, cell: str, digest: bytes | None, version: int) -> None:
        """The mapping shows another value of a record that nobody edited: no edit, a first meeting.

        An empty value blanks nothing and an owner's value stands. What the hub has from this very record was
        read by the old mapping, and the new one knows better. Where another system's value stands for a cell
        that was known, ``latest`` has no time to go by (our own write moved the record's); it stays.
        """
        rule, stamp = self.side.flow.rule(cell), self.entity.stamp(cell)
        owned = self.side.owned_by_another(cell)
        mine = stamp.source == self.side.member.scope and stamp.link == self.seen.external_id
        self.merged.rebased = True
        if self.seen.cells[cell] is None or self.side.keeps_out(cell) or (owned and version > 0):
            self._keep_hub(cell, digest, version)
        elif version == 0 or (mine and not self._guarded(cell)):
            self._take(cell, digest)
        elif rule.policy.kind is PolicyKind.LATEST and cell in self.link.shadow.seen:
            self._clash("both_changed", cell, Winner.HUB.value)
            self._keep_hub(cell, digest, version)
        else:
            self.link.shadow.seen.pop(cell, None)
            self.link.shadow.agreed[cell] = 0
            self._both_changed(cell, digest, version)

    def _fill(self, cell: str, digest: bytes | None, version: int) -> None:
        """A shadowed link may fill blanks, and its withdrawals always count."""
        blank = self.entity.cells.get(cell) is None and version == 0
        if (blank and not self.side.owned_by_another(cell) and self.seen.cells[cell] is not None) or (
            self._guarded(cell) and self._winner(cell) is Winner.VENDOR
        ):
            self._take(cell, digest)
        else:
            self._agree(cell, digest, version)

    def _both_changed(self, cell: str, digest: bytes | None, version: int) -> None:
        if self.seen.cells[cell] is None and self.link.shadow.seen.get(cell) is None:
            return
        hub, vendor = self.entity.cells.get(cell), self.seen.cells[cell]
        policy = self.side.flow.rule(cell).policy
        plain = policy.kind not in (PolicyKind.MOST_RESTRICTIVE, PolicyKind.EARLIEST)
        known = self.link.shadow.seen.get(cell) is not None
        # Between two that agreed before, emptying a value is an edit too: it loses what the other set.
        worth_telling = disagree(policy, hub, vendor) or (
            plain and known and (hub is None) != (vendor is None)
        )
        if plain and not known and isinstance(hub, dict) and not worth_telling:
            self._complete(cell, digest, vendor)
            return
        winner = self._winner(cell)
        # So is a value that comes too late: an emptied cell must not swallow it in silence. And whatever is
        # left to a person, somebody must be told of.
        swallowed = plain and hub is None and winner is Winner.HUB
        worth_telling = worth_telling or swallowed or winner is Winner.NOBODY
        if worth_telling and (version > self.link.shadow.agreed_version(cell) or winner is Winner.HUB):
            self._clash("both_changed", cell, winner.value, is_open=winner is Winner.NOBODY)
        if winner is Winner.VENDOR:
            self._take(cell, digest)
        elif winner is Winner.HUB:
            self._keep_hub(cell, digest, version)
        else:
            self._agree(cell, digest, version)

    def _complete(self, cell: str, digest: bytes | None, vendor: Any) -> None:
        """First meeting of two structures without contradiction: each fills the other's blanks."""
        self._take(cell, digest, pruned(vendor) or {})
        self._keep_hub(cell, digest, self.entity.version(cell))

    def _is_usurped(self, cell: str) -> bool:
        """Whether this side owns the cell and the hub holds, until now, what another connection brought."""
        rule, source = self.side.flow.rule(cell), self.entity.stamp(cell).source
        mine = rule.owner == self.side.member.connection and rule.on_foreign_edit is not ForeignEdit.ACCEPT
        connection, slash, _ = source.partition("/")
        return mine and bool(slash) and connection != rule.owner and self.seen.cells[cell] is not None

    def _winner(self, cell: str) -> Winner:
        flow, member = self.side.flow, self.side.member
        hub = Claim(self.entity.cells.get(cell), self.entity.stamp(cell))
        stamp = Stamp(self.entity.rev + 1, member.scope, self.seen.time, self.seen.external_id)
        vendor = Claim(self.seen.cells[cell], stamp)
        if self._is_usurped(cell):
            return Winner.VENDOR
        policy = flow.rule(cell).policy
        if self.side.arbiter is not None and policy.kind is not PolicyKind.MOST_RESTRICTIVE:
            answer = self.side.arbiter(self.entity.id, cell, hub, vendor, str(policy))
            if answer is not None:
                return Winner(answer)
        return decide(policy, hub, vendor, flow.priorities)

    def _take(self, cell: str, digest: bytes | None, value: Any = MISSING) -> None:
        """The vendor's value (or the part of it given) becomes the hub's."""
        entity, seen = self.entity, self.seen
        self.projected = None
        if not self.bumped:
            entity.rev += 1
            self.bumped = True
        old = entity.cells.get(cell)
        rule = "latest" if old is None else str(self.side.flow.rule(cell).policy)
        known = cell in entity.cells
        entity.cells[cell] = new = overlay(old, seen.cells[cell] if value is MISSING else value)
        entity.stamps[cell] = Stamp(entity.rev, self.side.member.scope, seen.time, seen.external_id)
        if known:
            self.merged.changes.append(
                Change(
                    entity.id, cell, old, new, entity.rev, self.side.member.scope, self.run, seen.time, rule
                )
            )
        self._agree(cell, digest, entity.rev)

    def _keep_hub(self, cell: str, digest: bytes | None, version: int) -> None:
        """The hub's value stands; this side is behind and will be written."""
        self._agree(cell, digest, max(0, version - 1))
        self.merged.behind = self.merged.behind or version > 0

    def _agree(self, cell: str, digest: bytes | None, version: int) -> None:
        shadow = self.link.shadow
        if digest is None:
            shadow.seen.pop(cell, None)
        else:
            shadow.seen[cell] = digest
        shadow.agreed[cell] = version

    def _clash(self, kind: str, cell: str, winner: str, *, is_open: bool = False) -> None:
        self.merged.clashes.append(
            Clash(
                kind,
                cell,
                self.entity.cells.get(cell),
                self.seen.cells[cell],
                str(self.side.flow.rule(cell).policy),
                winner,
                self.link.shadow.agreed_version(cell),
                is_open,
            )
        )

"""Rows for the queues a person works through: conflicts and dead letters. One disagreement, one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from accord.consent.scope import key_of
from accord.engine.fingerprints import fingerprint
from accord.engine.merge import Clash, Observation
from accord.engine.observe import Seen, json_of
from accord.store.rows import Change, Conflict, DeadLetter, Entity, Intent, Link

if TYPE_CHECKING:
    from accord.consent.signal import ConsentSignal
    from accord.engine.scope import Scope
    from accord.store import Transaction
    from accord.store.consent_rows import Revocation


def of_cells(scope: Scope, entity: Entity, seen: Observation, clash: Clash) -> Conflict:
    """Two sides set the same cell; a policy decided, or a person must."""
    digest = scope.digest(clash.vendor_value)
    return Conflict(
        id=fingerprint(
            clash.kind, entity.id, clash.cell, scope.member.scope, seen.external_id, digest, clash.agreed
        ),
        kind=clash.kind,
        model=scope.flow.kind,
        entity=entity.id,
        cell=clash.cell,
        connection=scope.member.connection,
        stream=scope.member.stream.name,
        external_id=seen.external_id,
        base=clash.agreed,
        hub_value=clash.hub_value,
        vendor_value=clash.vendor_value,
        policy=clash.policy,
        winner=clash.winner,
        state="open" if clash.open else "settled",
        run=scope.run,
        created_at=scope.now(),
    )


def ambiguous(scope: Scope, seen: Observation, candidates: Sequence[str]) -> Conflict:
    """A new external record could be any of several hub records: it is parked for a person."""
    return _identity(scope, "identity", seen.external_id, list(candidates), "open")


def ambiguity(scope: str, external_id: str) -> str:
    """The id of the conflict that asks whose an external record is; ``scope`` names its stream."""
    return fingerprint("identity", scope, external_id)


def duplicate(scope: Scope, seen: Observation, entity: Entity, live: str) -> Conflict:
    """The system holds the same person twice: the second record is shadowed and listed for review."""
    conflict = _identity(scope, "duplicate", seen.external_id, [live], "review")
    conflict.entity = entity.id
    return conflict


def erased(scope: Scope, seen: Observation) -> Conflict:
    """A record of somebody who was erased is back: it is not taken in, and a person sees that it is there."""
    return _identity(scope, "erased", seen.external_id, [], "review")


def _identity(scope: Scope, kind: str, external_id: str, candidates: list[str], state: str) -> Conflict:
    return Conflict(
        id=fingerprint(kind, scope.member.scope, external_id),
        kind=kind,
        model=scope.flow.kind,
        entity=None,
        cell=None,
        connection=scope.member.connection,
        stream=scope.member.stream.name,
        external_id=external_id,
        policy="match",
        winner="nobody",
        candidates=candidates,
        state=state,
        run=scope.run,
        created_at=scope.now(),
    )


def edit_over_delete(scope: Scope, entity: Entity, external_id: str) -> Conflict:
    """A record was deleted in one system and edited in another: the edit stands, the row tells."""
    conflict = _identity(scope, "delete_vs_edit", external_id, [], "settled")
    conflict.id = fingerprint("delete_vs_edit", entity.id, scope.member.scope, external_id, entity.rev)
    conflict.entity, conflict.policy, conflict.winner = entity.id, "edit_wins", "hub"
    return conflict


def unreadable(scope: Scope, seen: Seen) -> DeadLetter:
    """A row that could not be mapped, kept (sealed) with its reason."""
    error = seen.error
    return DeadLetter(
        id=fingerprint("read", scope.member.scope, seen.external_id),
        direction="read",
        model=scope.flow.kind,
        connection=scope.member.connection,
        stream=scope.member.stream.name,
        external_id=seen.external_id,
        entity=None,
        error=type(error).__name__,
        reason=str(error),
        payload=orjson.loads(json_of(seen.row)),  # as digested: a value of a strange type is told as text
        first_at=scope.now(),
        last_at=scope.now(),
        run=scope.run,
    )


def refused(scope: Scope, intent: Intent, error: str, reason: str, rev: int) -> DeadLetter:
    """A write the vendor refused for good; tried again once the hub record changes or on replay."""
    return DeadLetter(
        id=fingerprint("write", scope.member.scope, intent.entity, intent.operation),
        direction="write",
        model=scope.flow.kind,
        connection=scope.member.connection,
        stream=scope.member.stream.name,
        external_id=intent.external_id,
        entity=intent.entity,
        error=error,
        reason=reason,
        rev=rev,
        attempts=intent.attempt or 1,
        first_at=scope.now(),
        last_at=scope.now(),
        run=scope.run,
    )


def record(tx: Transaction, conflicts: Sequence[Conflict]) -> int:
    """Store conflicts with their base values; how many new ones wait for a person."""
    if not conflicts:
        return 0
    for conflict in conflicts:
        if conflict.entity is not None and conflict.cell is not None:
            agreed = conflict.base if isinstance(conflict.base, int) else 0
            conflict.base = _base_value(tx, conflict.entity, conflict.cell, agreed, conflict.hub_value)
    tx.conflicts.add([conflict for conflict in conflicts if conflict.state != "open"])
    return tx.conflicts.add([conflict for conflict in conflicts if conflict.state == "open"])


def _base_value(tx: Transaction, entity: str, cell: str, agreed: int, present: Any) -> Any:
    """The value both sides last agreed on, from the field history; None when there never was one."""
    if agreed <= 0:
        return None
    later = [change for change in tx.history.of(entity, cell) if change.version > agreed]
    return min(later, key=lambda change: change.version).old if later else present


def belongs_to_another(
    scope: Scope, external_id: str, entity: Entity, known: Link, create: str = ""
) -> Conflict:
    """A vendor takes one hub record for another (in an answer, or by a merge): a person decides.

    ``create``: the intent that was answered so. Each is asked about anew: it went out because a person had
    said that they are two.
    """
    conflict = _identity(scope, "identity", external_id, [known.entity], "open")
    told = [create] if create else []
    conflict.id = fingerprint("identity", scope.member.scope, external_id, entity.id, *told)
    conflict.entity = entity.id
    return conflict


def ignored(scope: Scope, entity: str, cell: str, external_id: str, shown: Any) -> Conflict:
    """The vendor took a write and kept its old value: noted once, not sent again until the hub changes."""
    conflict = _identity(scope, "lossy", external_id, [], "settled")
    conflict.id = fingerprint("lossy", entity, cell, scope.member.scope, external_id)
    conflict.entity, conflict.cell, conflict.vendor_value = entity, cell, shown
    conflict.policy, conflict.winner = "vendor_keeps", "nobody"
    return conflict


def oscillating(scope: Scope, change: Change) -> Conflict:
    """Two systems overwrite each other's value of a cell: it is frozen until a person decides."""
    conflict = _identity(scope, "oscillation", "", [], "open")
    conflict.id = fingerprint("oscillation", change.entity, change.cell, change.version)
    conflict.entity, conflict.cell = change.entity, change.cell
    conflict.hub_value, conflict.vendor_value = change.old, change.new
    conflict.policy = "freeze"
    return conflict


def twins(scope: Scope, entity: Entity, external_id: str, others: Sequence[str]) -> Conflict:
    """Hub records with the same natural key that came about on their own: `accord link merge`, or `keep`."""
    conflict = _identity(scope, "identity", external_id, list(others), "open")
    conflict.id = fingerprint("twins", entity.id, *others)
    conflict.entity = entity.id
    return conflict


def overruled(scope: Scope, entity: Entity, signal: ConsentSignal, purpose: str, channel: str) -> Conflict:
    """A system shows a yes where the person said no: the no stands, and a person may look why."""
    conflict = _identity(scope, "consent", signal.origin.rpartition(":")[2], [], "review")
    conflict.id = fingerprint("consent", entity.id, signal.id, purpose, channel)
    conflict.entity, conflict.cell = entity.id, f"consents.{key_of(purpose, channel)}"
    conflict.policy, conflict.winner = "withdrawn", "hub"
    return conflict


def of_revocation(due: Revocation) -> str:
    """The id of the conflict that tells of a revocation somebody must carry out."""
    return fingerprint("revocation", due.id)


def not_revoked(due: Revocation, run: str, at: float) -> Conflict:
    """A destination was not told a refusal in time, or cannot be told at all: somebody must act there."""
    return Conflict(
        id=of_revocation(due),
        kind="revocation",
        model="customer",
        entity=due.subject,
        cell=None,
        connection=due.connection,
        stream=due.stream,
        external_id=due.external_id or "",
        policy=due.reason or due.verb,
        winner="nobody",
        run=run,
        created_at=at,
    )

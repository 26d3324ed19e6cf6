"""Erase people through the front door: the plan, the journal, the request, its receipts, its end."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from accord.api import journal, naming
from accord.api.journal import Entry
from accord.engine import erase
from accord.engine.counts import Counts
from accord.engine.revoke import Revoker
from accord.engine.scope import Scope
from accord.errors import SetupError, StateError
from accord.store.rows import EntityState

if TYPE_CHECKING:
    from accord.engine.erase import Doomed, ErasurePlan
    from accord.engine.stop import Budget
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.consent_rows import Erasure, Revocation

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ErasureReceipt:
    """What one system answered.

    Attributes:
        state: ``pending``, ``sent``, ``done``, ``gone`` or ``impossible`` (a person must act there).
        receipt: ``confirmed``, ``accepted``, ``retained`` or ``impossible``; empty while it is open.
        reason: The ground for what stays, or what stands in the way.
    """

    connection: str
    stream: str
    external_id: str | None
    state: str
    receipt: str
    reason: str
    finished_at: float | None


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """How far an erasure is.

    Attributes:
        request: Its id.
        subject: The hub record, empty since the erasure began.
        counts: What was removed in Accord itself.
        kept: (model, hub id, legal ground) of records that stay without the person.
        receipts: One per system.
        open: How many systems have not answered yet; the next sync goes on.
        by_hand: How many systems wait for a person.
    """

    request: str
    subject: str
    identity: str
    requested_at: float
    due_at: float
    closed_at: float | None
    lifted_at: float | None
    counts: dict[str, int]
    kept: Sequence[tuple[str, str, str]]
    receipts: Sequence[ErasureReceipt]

    @property
    def open(self) -> int:
        """Systems that have not answered yet."""
        return sum(one.finished_at is None for one in self.receipts)

    @property
    def by_hand(self) -> int:
        """Systems where somebody must act."""
        return sum(one.state == "impossible" for one in self.receipts)


def plan(world: World, record: str) -> ErasurePlan:
    """What erasing a person would do.

    Raises:
        SetupError: the record is unknown, no person, or erased already.
    """
    with world.store.reading("erasure plan") as tx:
        return erase.plan(world, tx, naming.one_named(world, tx, record))


def begin(world: World, path: Path, record: str, identity: str) -> str:
    """Erase a person here and queue what other systems must do; returns the request's id.

    Raises:
        SetupError: the record is unknown, no person, or erased; or nobody checked who asks.
        StateError: the journal or the store cannot be written; nothing was erased.
    """
    if not identity.strip():
        raise SetupError(
            "an erasure needs to know how the identity of the person who asks was checked",
            hint="Give --identity REFERENCE: a ticket, a file number; no personal data.",
        )
    request, now = world.env.new_id(), world.env.now().timestamp()
    with world.store.transaction("erase") as tx:
        found = erase.doomed(tx, naming.one_named(world, tx, record))
        note(world, tx, path, found, Entry(request, found.person.id, identity, now, ()))
        erase.begin(world, tx, found, request, identity, now)
    world.store.scrub()
    return request


def note(world: World, tx: Transaction, path: Path, found: Doomed, entry: Entry) -> None:
    """Put an erasure in the journal with everything by which the person could come back.

    Raises:
        StateError: the journal cannot be written.
    """
    links = [link for some in tx.links.of_entities(found.ids).values() for link in some]
    hmacs = list(dict.fromkeys([*entry.hmacs, *erase.digests(world, found, links)]))
    entry = Entry(entry.request, entry.subject, entry.identity, entry.at, hmacs)
    journal.append(path, entry, world.store.key)


def reapply(world: World, path: Path) -> list[str]:
    """Carry out erasures of the journal that this store does not know: it was restored from a backup.

    Returns:
        The requests that were carried out again.
    """
    entries = journal.read(path)
    if not entries:
        return []
    with world.store.reading("erasures") as tx:
        known = tx.erasures.get(entry.request for entry in entries)
    # A request that a crash cut off between journal and store was perhaps delivered, and noted, again.
    missing = list({entry.request: entry for entry in entries if entry.request not in known}.values())
    for entry in missing:
        with world.store.transaction("erase again") as tx:
            _again(world, tx, entry)
    if missing:
        world.store.scrub()
    return [entry.request for entry in missing]


def unknown_here(world: World, path: Path) -> list[str]:
    """What a flow's first plan says of erasures by another store, whose people this one cannot recognise."""
    number = journal.foreign(path, world.store.key)
    said = (
        f"{path.name} tells of erasures by another store ({number}): this one cannot recognise these people, "
        "and takes them for new. Restore that store; or find out by the references in the file who they "
        "were, and see that no system holds them before you sync"
    )
    return [said] if number else []


def _again(world: World, tx: Transaction, entry: Entry) -> None:
    tx.tombstones.add(entry.hmacs, entry.request, entry.at)
    person = tx.entities.resolve([entry.subject]).get(entry.subject)
    if person is not None and person.state is not EntityState.ERASED:
        erase.begin(world, tx, erase.doomed(tx, person), entry.request, entry.identity, entry.at)
    else:
        tx.erasures.save(erase.bare(entry.request, entry.subject, entry.identity, entry.at))


def deliver(world: World, budget: Budget) -> dict[str, Counts]:
    """Tell every system what it is due, as far as time allows; what fails stays due for the next sync.

    Returns:
        By ``connection/stream`` how much was told.

    Raises:
        StateError: the store cannot be used. No system's trouble, nor a connector's bug, stops the others.
    """
    told: dict[str, Counts] = {}
    with world.store.reading("due") as tx:
        places = tx.revocations.places()
    for place in places:
        owner = world.member(place)
        if owner is None or budget.spent():
            continue
        try:
            Revoker(Scope(world, owner.flow, owner.member), told.setdefault("/".join(place), Counts())).run()
        except StateError:
            raise
        except Exception as error:  # noqa: BLE001  a connector's bug must not stop the other connections
            _log.warning("%s/%s was not told (%s); the next sync tries again", *place, type(error).__name__)
    return {scope: counts for scope, counts in told.items() if counts.told}


def report(world: World, request: str) -> ErasureReport:
    """How far an erasure is; one that every system has answered is closed, and forgets how it was addressed.

    Raises:
        SetupError: there is no such request.
    """
    with world.store.transaction("erasure report") as tx:
        found = _one(tx, request)
        told = _told(tx, found)
        if found.closed_at is None and all(one.finished_at is not None for one in told):
            found.closed_at = world.env.now().timestamp()
            erase.close(tx, found)
        return _report(found, told)


def every(world: World, limit: int) -> list[ErasureReport]:
    """The latest erasures, newest first."""
    with world.store.reading("erasures") as tx:
        return [_report(one, _told(tx, one)) for one in tx.erasures.every(limit)]


def lift(world: World, request: str) -> int:
    """Let a person come back who does so by their own act: takes the tombstones away; how many.

    A record that a system shows again under the id it had before is theirs again, too.

    Raises:
        SetupError: there is no such request.
    """
    with world.store.transaction("lift erasure") as tx:
        found = _one(tx, request)
        found.lifted_at = world.env.now().timestamp()
        tx.erasures.save(found)
        tx.links.release(found.subject)
        return tx.tombstones.lift(request)


def _one(tx: Transaction, request: str) -> Erasure:
    found = tx.erasures.get([request]).get(request)
    if found is None:
        raise SetupError(f"there is no erasure {request!r}", hint="See `accord erasures`.")
    return found


def _told(tx: Transaction, erasure: Erasure) -> list[Revocation]:
    return [one for one in tx.revocations.of([erasure.subject]) if one.cause == erasure.id]


def _report(found: Erasure, told: Sequence[Revocation]) -> ErasureReport:
    return ErasureReport(
        found.id,
        found.subject,
        found.identity,
        found.requested_at,
        found.due_at,
        found.closed_at,
        found.lifted_at,
        found.counts,
        found.kept,
        [
            ErasureReceipt(
                one.connection,
                one.stream,
                one.external_id,
                str(one.state),
                one.receipt,
                one.reason,
                one.finished_at,
            )
            for one in told
        ],
    )

"""Tell a person what is known of them, from where, and who got it (GDPR art. 15): from the store and live.

A system that cannot be read is named as missing, never shown as empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from accord.engine.erase import doomed
from accord.errors import AccordError
from accord.model.cells import implode
from accord.model.schema import model_named

if TYPE_CHECKING:
    from accord.consent.signal import ConsentSignal
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.consent_rows import Decision, Send
    from accord.store.rows import Entity, Link

MOST_DECISIONS = 1_000
"""Decisions that an export lists; all are counted."""


@dataclass(frozen=True, slots=True)
class Source:
    """What one system holds of the person, or why that could not be told.

    Attributes:
        record: The record as the system shows it now, in the system's own words; None = not read.
        missing: Why it could not be read; empty = it was.
    """

    connection: str
    stream: str
    external_id: str
    state: str
    record: Mapping[str, Any] | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One system that was sent the person's data, for one purpose.

    Attributes:
        fields: Names of everything that was ever sent there.
        first_at, last_at: Seconds since 1970.
        sends: How often.
        revoked: Whether all of it was called back.
    """

    connection: str
    stream: str
    purpose: str
    channel: str
    fields: tuple[str, ...]
    first_at: float
    last_at: float
    sends: int
    revoked: bool


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The answer to a request for access.

    Attributes:
        profile: The canonical record.
        provenance: Per cell where it came from and when.
        records: What refers to the person: orders, touchpoints.
        permissions: The present state of each permission, with who said so.
        signals: Everything that was said about them.
        evidence: What is kept as proof of these: how and when, and how long it stays.
        decisions: The latest answers of the gate; ``decision_count`` is the number of all.
        recipients: Who got the data.
        sources: What each system holds now.
        complete: Whether every system could be read.
    """

    subject: str
    generated_at: float
    profile: Mapping[str, Any]
    provenance: Mapping[str, Mapping[str, Any]]
    records: Sequence[Mapping[str, Any]]
    permissions: Sequence[Mapping[str, Any]]
    signals: Sequence[Mapping[str, Any]]
    evidence: Sequence[Mapping[str, Any]]
    suppressions: Sequence[Mapping[str, Any]]
    decisions: Sequence[Mapping[str, Any]]
    decision_count: int
    recipients: Sequence[Recipient]
    sources: Sequence[Source]
    retention: Sequence[Mapping[str, Any]]
    complete: bool


def disclose(world: World, person: Entity) -> Disclosure:
    """Gather everything about a person; every linked system is asked for its record.

    Raises:
        SetupError: the record is no person, or erased.
    """
    with world.store.reading("disclose") as tx:
        found = doomed(tx, person)
        links = [link for some in tx.links.of_entities(found.ids).values() for link in some]
        stored = _stored(world, tx, found.ids, person, found.children)
    sources = list(_sources(world, links))
    return Disclosure(
        subject=person.id,
        generated_at=world.env.now().timestamp(),
        sources=sources,
        complete=not any(one.missing for one in sources),
        **stored,
    )


def _stored(
    world: World, tx: Transaction, ids: Sequence[str], person: Entity, children: Sequence[Entity]
) -> dict[str, Any]:
    log = [one for some in tx.signals.of(ids).values() for one in some]
    decisions = [one for id_ in ids for one in tx.decisions.of(id_, limit=MOST_DECISIONS)]
    return {
        "profile": implode(model_named(person.kind), person.cells),
        "provenance": {cell: _origin(person, cell) for cell in sorted(person.cells)},
        "records": [_child(one) for one in children],
        "permissions": list(_permissions(tx, ids)),
        "signals": [_signal(one) for one in log],
        "evidence": list(_evidence(tx, log)),
        "suppressions": [_without(asdict(one), "contact_point") for one in tx.suppressions.of(ids)],
        "decisions": [_decision(one) for one in decisions],
        "decision_count": sum(tx.decisions.count(id_) for id_ in ids),
        "recipients": _recipients(tx.ledger.of(ids)),
        "retention": [one.model_dump(mode="json") for one in world.policy.retention],
    }


def _origin(person: Entity, cell: str) -> dict[str, Any]:
    stamp = person.stamp(cell)
    return {"source": stamp.source, "at": stamp.time, "record": stamp.link}


def _child(one: Entity) -> dict[str, Any]:
    return {"model": one.kind, "id": one.id, "record": implode(model_named(one.kind), one.cells)}


def _permissions(tx: Transaction, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    for states in tx.permissions.of(ids).values():
        for cell, known in states.items():
            what = {"purpose": cell.purpose, "channel": cell.channel, "topic": cell.topic}
            about = {"state": known.state, "basis": known.basis, "since": known.since}
            yield what | about | {"signal": known.signal, "expires_at": known.expires_at}


def _signal(one: ConsentSignal) -> dict[str, Any]:
    """Everything of a signal but the hash of the address and our own bookkeeping."""
    return _without(asdict(one), "contact_point", "digest", "recorded_for", "subject")


def _evidence(tx: Transaction, log: Iterable[ConsentSignal]) -> Iterator[dict[str, Any]]:
    for proof in tx.evidence.get({one.evidence for one in log if one.evidence}).values():
        yield {"id": proof.id, "method": proof.method, "at": proof.at, "retain_until": proof.retain_until}


def _decision(one: Decision) -> dict[str, Any]:
    return _without(asdict(one), "previous", "hash", "seq", "subject")


def _without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def _recipients(sends: Mapping[str, Iterable[Send]]) -> list[Recipient]:
    found: dict[tuple[str, str, str, str], list[Send]] = {}
    for one in (send for some in sends.values() for send in some):
        found.setdefault((one.connection, one.stream, one.purpose, one.channel), []).append(one)
    return [
        Recipient(
            *key,
            tuple(sorted({name for one in some for name in one.fields})),
            min(one.at for one in some),
            max(one.at for one in some),
            len(some),
            all(one.status == "revoked" for one in some),
        )
        for key, some in sorted(found.items())
    ]


def _sources(world: World, links: Iterable[Link]) -> Iterator[Source]:
    for link in links:
        place = (link.connection, link.stream, link.external_id, str(link.state))
        try:
            yield Source(*place, **_read(world, link))
        except AccordError as error:
            # A system that cannot be read must be named, and must not hide what the others hold.
            yield Source(*place, missing=f"{type(error).__name__}: {error}")


def _read(world: World, link: Link) -> dict[str, Any]:
    owner = world.member((link.connection, link.stream))
    if owner is None:
        return {"missing": "it is in no flow any more: ask that system"}
    get = owner.member.stream.operations.get
    if get is None:
        return {"missing": "it cannot read single records: ask that system"}
    row = get([link.external_id]).get(link.external_id)
    return {"record": row} if row is not None else {"missing": "the record is not there any more"}

"""Erase a person (GDPR art. 17): tombstones first, then everything here, then every other system.

What other systems are told stands in revocations with the verb ``erase``; they carry it out, or a person
does. Orders stay where the law wants them kept, without telling whose they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accord.engine.fingerprints import fingerprint
from accord.engine.match import identifying_digests, place_digest, reference_digest
from accord.errors import SetupError
from accord.model.cells import field_of
from accord.model.schema import REFERENCES, model_named, personal_fields
from accord.store.consent_rows import Decision, Erasure, Objection, Revocation, RevocationState, SendState
from accord.store.rows import Entity, EntityState, IntentState, Link, Shadow, Stamp

if TYPE_CHECKING:
    from accord.engine.flow import Flow, Member
    from accord.engine.merge import Observation
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.consent_rows import Send

MONTH = 30 * 86_400.0
"""The law gives one month (art. 12(3)); thirty days never exceed it."""
KEPT = frozenset({"order"})
"""Kinds that accounting law keeps (art. 17(3)(b)): they lose who it was, nothing else."""
GROUND = "accounting law (GDPR art. 17(3)(b)): amounts, country and taxes stay, the person does not"
PERSON = "customer"


@dataclass(frozen=True, slots=True)
class ErasurePlace:
    """What will be done in one system.

    Attributes:
        action: ``erase`` (the system is told) or ``person`` (it has no such operation: somebody must act).
    """

    connection: str
    stream: str
    external_id: str | None
    action: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What erasing a person would do.

    Attributes:
        subject: The hub record.
        merged: Records that were merged into it, erased with it.
        kept: (model, hub id) of records that stay without telling who it was.
        removed: (model, hub id) of records that go with the person.
        places: Every system that holds the person, or was sent them.
    """

    subject: str
    merged: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]
    removed: tuple[tuple[str, str], ...]
    places: tuple[ErasurePlace, ...]


@dataclass(slots=True)
class Doomed:
    """The hub records that an erasure touches."""

    person: Entity
    merged: list[Entity]
    children: list[Entity]

    @property
    def selves(self) -> list[Entity]:
        """The person under all hub ids."""
        return [self.person, *self.merged]

    @property
    def ids(self) -> list[str]:
        """The hub ids of the person."""
        return [one.id for one in self.selves]


def doomed(tx: Transaction, person: Entity) -> Doomed:
    """Find what belongs to a person. Reads every record that may refer to one: linear in their number.

    Raises:
        SetupError: the record is no person, or erased already.
    """
    if person.kind != PERSON:
        raise SetupError(
            f"record {person.id} is a {person.kind}, not a person",
            hint="Erase the customer it belongs to: its hub id stands in `accord show`.",
        )
    if person.state is EntityState.ERASED:
        raise SetupError(f"record {person.id} is erased already", hint="See `accord erasures`.")
    merged = list(tx.entities.get(selves(tx, person.id)[1:]).values())
    ids = {person.id, *(one.id for one in merged)}
    return Doomed(person, merged, list(_children(tx, ids)))


def selves(tx: Transaction, person: str) -> list[str]:
    """A person's hub ids: their own, then those of the records that were merged into it."""
    found, wave = [person], [person]
    while wave:
        wave = [loser for losers in tx.entities.merged_into(wave).values() for loser in losers]
        found += wave
    return found


def _children(tx: Transaction, ids: set[str]) -> Iterator[Entity]:
    """Records of other kinds that refer to the person."""
    for kind, names in REFERENCES.items():
        fields = [name for name, model in names.items() if model == PERSON]
        after: str | None = None
        while fields and (page := tx.entities.by_kind(kind, after, state=None)):
            yield from (one for one in page if any(one.cells.get(name) in ids for name in fields))
            after = page[-1].id


def plan(world: World, tx: Transaction, person: Entity) -> ErasurePlan:
    """What erasing this person would do; nothing is changed.

    Raises:
        SetupError: the record is no person, or erased already.
    """
    found = doomed(tx, person)
    return ErasurePlan(
        person.id,
        tuple(one.id for one in found.merged),
        tuple((one.kind, one.id) for one in found.children if one.kind in KEPT),
        tuple((one.kind, one.id) for one in found.children if one.kind not in KEPT),
        tuple(_places(world, tx, found)),
    )


def _places(world: World, tx: Transaction, found: Doomed) -> Iterator[ErasurePlace]:
    links = [link for some in tx.links.of_entities(found.ids).values() for link in some]
    linked = {(link.connection, link.stream) for link in links}
    for link in links:
        yield _place(world, link.connection, link.stream, link.external_id)
    sends = _sends(tx, found)
    sent = {(one.connection, one.stream) for one in sends}
    # A create without an answer may have made a record beside the one that is linked.
    unanswered = {(one.connection, one.stream) for one in sends if _is_unanswered(one)}
    for connection, stream in sorted((sent - linked) | unanswered):
        yield _place(world, connection, stream, None)


def _is_unanswered(send: Send) -> bool:
    return send.external_id is None and send.status in (SendState.STARTED, SendState.UNKNOWN)


def _sends(tx: Transaction, found: Doomed) -> list[Send]:
    return [one for some in tx.ledger.of(found.ids).values() for one in some]


def _place(world: World, connection: str, stream: str, external_id: str | None) -> ErasurePlace:
    owner = world.member((connection, stream))
    if owner is None:
        return ErasurePlace(connection, stream, external_id, "person", "it is in no flow any more")
    if owner.member.stream.operations.erase is None:
        return ErasurePlace(connection, stream, external_id, "person", "it has no operation that erases")
    return ErasurePlace(connection, stream, external_id, "erase")


def begin(world: World, tx: Transaction, found: Doomed, request: str, identity: str, now: float) -> Erasure:
    """Erase a person here and queue the rest: one transaction, tombstones first.

    Args:
        world: The flows.
        tx: The writing transaction.
        found: What :func:`doomed` found in this transaction.
        request: The id of the request.
        identity: How the person's identity was checked, as a reference.
        now: Seconds since 1970.
    """
    links = [link for some in tx.links.of_entities(found.ids).values() for link in some]
    tx.tombstones.add(digests(world, found, links), request, now)
    erasure = bare(request, found.person.id, identity, now)
    tx.revocations.save([_revocation(each, found, erasure, now) for each in _places_with(world, tx, found)])
    _keep_objections(tx, found, world, now)
    erasure.counts = _forget(world, tx, found, links)
    erasure.kept = [(one.kind, one.id, GROUND) for one in found.children if one.kind in KEPT]
    for one in found.children:
        _anonymise(one, now)
    tx.entities.update(found.children)
    _tell_of(world, tx, found.children)
    for one in found.selves:
        one.cells, one.stamps = {}, {}
        one.rev += 1
    found.person.state = EntityState.ERASED
    tx.entities.update(found.selves)
    tx.erasures.save(erasure)
    tx.decisions.append([_decision(erasure, len(links))])
    return erasure


def bare(request: str, subject: str, identity: str, at: float) -> Erasure:
    """A request of which nothing is done yet, with the month that the law gives."""
    return Erasure(request, subject, identity, at, at + MONTH)


def digests(world: World, found: Doomed, links: Sequence[Link]) -> list[bytes]:
    """Keyed hashes of everything by which the person could come back."""
    key, model = world.store.key, model_named(PERSON)
    wanted = [digest for one in found.selves for digest in identifying_digests(model, one.cells, key)]
    wanted += [reference_digest(one.id, key) for one in found.selves]
    wanted += [place_digest(link.connection, link.stream, link.external_id, key) for link in links]
    return list(dict.fromkeys(wanted))


def _places_with(
    world: World, tx: Transaction, found: Doomed
) -> Iterator[tuple[ErasurePlace, Mapping[str, str]]]:
    """The places, each with the identifiers the person was last sent under there."""
    sent = {(one.connection, one.stream): one.identifiers for one in _sends(tx, found)}
    for place in _places(world, tx, found):
        yield place, sent.get((place.connection, place.stream), {})


def _revocation(
    each: tuple[ErasurePlace, Mapping[str, str]], found: Doomed, erasure: Erasure, now: float
) -> Revocation:
    place, identifiers = each
    by_hand = place.action == "person"
    person = found.person
    return Revocation(
        id=fingerprint("erase", erasure.id, place.connection, place.stream, place.external_id),
        subject=person.id,
        connection=place.connection,
        stream=place.stream,
        verb="erase",
        purpose="",
        channel="",
        external_id=place.external_id,
        at=now,
        cause=erasure.id,
        identifiers=identifiers,
        document={} if by_hand else _contact(person.cells),
        state=RevocationState.IMPOSSIBLE if by_hand else RevocationState.PENDING,
        created_at=now,
        due_at=erasure.due_at,
        finished_at=now if by_hand else None,
        alerted_at=now if by_hand else None,
        receipt="impossible" if by_hand else "",
        reason=place.reason,
    )


def _contact(cells: Mapping[str, Any]) -> dict[str, Any]:
    return {name: cells[name] for name in ("email", "phone") if cells.get(name)}


def _keep_objections(tx: Transaction, found: Doomed, world: World, now: float) -> None:
    """Whoever refused stays refused: the hash of the address survives, for that alone."""
    until = now + world.policy.objections.keep_months * MONTH
    closed = [
        (cell, state)
        for states in tx.permissions.of(found.ids).values()
        for cell, state in states.items()
        if state.state == "withdrawn" and cell.contact_point
    ]
    tx.objections.add(
        Objection(cell.contact_point, cell.purpose, cell.channel, state.since or now, until)
        for cell, state in closed
    )


def _forget(world: World, tx: Transaction, found: Doomed, links: Sequence[Link]) -> dict[str, int]:
    """Remove what is known of the person; what was counted, by table."""
    all_ids = [*found.ids, *(one.id for one in found.children)]
    for link in links:
        link.shadow, link.etag, link.row_digest = Shadow(), None, None
    tx.links.upsert(links)
    _drop_unsent(world, tx, all_ids)
    _release_holds(tx, found.ids)
    tx.keys.put_many([(PERSON, id_, []) for id_ in found.ids])
    records = {(link.connection, link.stream, link.external_id) for link in links}
    return {
        "history": tx.history.forget(all_ids),
        "conflicts": tx.conflicts.forget(all_ids),
        "dead_letters": tx.letters.forget(all_ids) + tx.letters.forget_records(records),
        "merges": tx.merges.forget(found.ids),
        "pending_references": tx.references.forget(found.ids),
        "origins": tx.origins.forget(all_ids),
        "contact_points": tx.points.forget(found.ids),
        "permissions": tx.permissions.forget(found.ids),
    }


def _drop_unsent(world: World, tx: Transaction, ids: Sequence[str]) -> None:
    """Writes that did not begin never will; one under way is settled first and then erased there too."""
    for flow in world.flows:
        for member in flow.targets:
            waiting = tx.intents.open_of(*member.key, ids).values()
            unsent = [one.id for one in waiting if one.state in (IntentState.PLANNED, IntentState.BLOCKED)]
            tx.intents.close(unsent)


def _release_holds(tx: Transaction, ids: Iterable[str]) -> None:
    for hold in tx.holds.of(ids):
        tx.holds.release(hold.connection, hold.stream, [hold.entity])


def _anonymise(record: Entity, now: float) -> None:
    """An order without the person; whatever else referred to them goes altogether."""
    if record.kind not in KEPT:
        record.cells, record.stamps, record.state = {}, {}, EntityState.ERASED
        record.rev += 1
        return
    for cell, value in anonymous(record.kind, record.cells).items():
        record.rev += 1
        record.cells[cell] = value
        record.stamps[cell] = Stamp(record.rev, "erasure", now)


def anonymous(kind: str, cells: Mapping[str, Any]) -> dict[str, Any]:
    """The personal cells of a record, as they are kept when nobody may be told by them any more.

    Of an address the country stays: taxes depend on it. The reference to the (now empty) person stays, so
    that a later read of the same order is recognised.
    """
    personal = personal_fields(model_named(kind)) - set(REFERENCES.get(kind, {}))
    return {
        cell: _country_of(value) if field_of(cell) == "addresses" else None
        for cell, value in cells.items()
        if field_of(cell) in personal and value is not None
    }


def _country_of(address: Any) -> Any:
    country = address.get("country") if isinstance(address, dict) else None
    return {"country": country} if country else None


def _tell_of(world: World, tx: Transaction, children: Sequence[Entity]) -> None:
    """Systems that hold these records are brought to the same: without the person, or without the record."""
    links = tx.links.of_entities([one.id for one in children])
    written = {key for one in children for key in world.written(one.kind)}
    tx.dirty.add(
        (link.connection, link.stream, id_)
        for id_, some in links.items()
        for link in some
        if (link.connection, link.stream) in written
    )


def withhold(tx: Transaction, flow: Flow, member: Member, observations: Sequence[Observation]) -> None:
    """Records of erased people are read without them: what a source still shows does not come back."""
    subject = member.stream.subject
    if subject in (None, "self") or not tx.tombstones.exist():
        return
    known = tx.links.get(*member.key, [seen.external_id for seen in observations])
    records = tx.entities.resolve({link.entity for link in known.values()})
    whose = {
        seen.external_id: seen.cells.get(subject) or _held(records, known.get(seen.external_id), subject)
        for seen in observations
    }
    people = tx.entities.resolve({person for person in whose.values() if person})
    for seen in observations:
        person = people.get(whose[seen.external_id] or "")
        if person is not None and person.state is EntityState.ERASED:
            for cell in anonymous(flow.kind, seen.cells):
                del seen.cells[cell]


def _held(records: Mapping[str, Entity], link: Link | None, subject: str) -> str | None:
    record = records.get(link.entity) if link is not None else None
    return str(record.cells[subject]) if record is not None and record.cells.get(subject) else None


def close(tx: Transaction, erasure: Erasure) -> None:
    """Every system has answered: what was needed to address them is forgotten.

    Who was sent what, and when, stays; under which identifiers does not. A place where somebody must act by
    hand keeps its id there, or nobody could.
    """
    ids = selves(tx, erasure.subject)
    tx.ledger.forget(ids)
    told = [one for one in tx.revocations.of(ids) if one.finished_at is not None]
    for one in told:
        one.document, one.identifiers = {}, {}
        if one.state is not RevocationState.IMPOSSIBLE:
            one.external_id = None
    tx.revocations.save(told)
    tx.erasures.save(erasure)


def _decision(erasure: Erasure, places: int) -> Decision:
    facts = {"reason": "erased", "places": places, "kept": len(erasure.kept), "counts": erasure.counts}
    return Decision(erasure.id, erasure.requested_at, erasure.subject, "*", "*", "erase", facts)

"""Requests of people that a vendor passes on (privacy webhooks): carried out, or put before a person."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accord.api import erasures, journal
from accord.api.journal import Entry
from accord.engine import erase
from accord.engine.fingerprints import fingerprint
from accord.engine.match import identifying_digests, key_digest, place_digest
from accord.errors import AnswerShapeError
from accord.model.record import PrivacyAsk, PrivacyRequest
from accord.model.schema import model_named, natural_keys
from accord.store.rows import Conflict, Entity, EntityState

if TYPE_CHECKING:
    from accord.connector import Connector
    from accord.engine.world import World
    from accord.store import Transaction

KIND = "privacy_request"
"""The kind of conflict that a request becomes which a person must answer."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a request that a vendor passed on.

    Attributes:
        erasure: The erasure that was begun, or had been; empty if none.
        conflict: The open conflict that puts the request before a person; empty if none.
    """

    erasure: str = ""
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class _Desk:
    """One request being dealt with."""

    world: World
    path: Path
    connection: str
    connector: str
    asked: PrivacyRequest

    @property
    def now(self) -> float:
        return self.world.env.now().timestamp()

    @property
    def identity(self) -> str:
        """How it is known who asks: the vendor's signature, and which request of theirs it is."""
        return f"{self.connector} webhook {self.asked.topic} {self.asked.id[:12]}"


def receive(
    world: World,
    path: Path,
    connection: str,
    connector: Connector[Any],
    body: bytes,
    headers: Mapping[str, str],
) -> Received:
    """Deal with a privacy webhook; when this returns, what it asks is on disk.

    Raises:
        AccessError: it is forged; nothing happened.
        StateError: the journal or the store cannot be written; nothing happened.
    """
    try:
        asked = connector.privacy_request(body, headers)
    except AnswerShapeError as error:
        _log.warning("%s: %s", connection, error)
        odd = PrivacyRequest(sha256(body).hexdigest()[:32], PrivacyAsk.ACCOUNT, "not understood", connection)
        with world.store.transaction("privacy request") as tx:
            return _ask_person(_Desk(world, path, connection, connector.name, odd), tx, [])
    desk = _Desk(world, path, connection, connector.name, asked)
    if asked.asks is PrivacyAsk.ERASURE:
        return _erase(desk)
    with world.store.transaction("privacy request") as tx:
        return _ask_person(desk, tx, _people(desk, tx))


def _erase(desk: _Desk) -> Received:
    request = fingerprint(KIND, desk.connection, desk.asked.id)
    with desk.world.store.transaction("privacy request") as tx:
        known = tx.erasures.get([request]).get(request)
        if known is not None and known.lifted_at is None:
            return Received(erasure=request)
        people = _people(desk, tx)
        if known is not None or _is_doubtful(desk, tx, people):
            # They came back by their own act and ask again, or it may be somebody else.
            return _ask_person(desk, tx, people)
        if people:
            hmacs = _hmacs(desk, tx)
            found = erase.doomed(tx, people[0])
            erasures.note(desk.world, tx, desk.path, found, _entry(desk, request, found.person.id, hmacs))
            erase.begin(desk.world, tx, found, request, desk.identity, desk.now)
            tx.tombstones.add(hmacs, request, desk.now)
        else:
            _bar(desk, tx, request)
    desk.world.store.scrub()
    return Received(erasure=request)


def _bar(desk: _Desk, tx: Transaction, request: str) -> None:
    """Nobody here is known by it: what they are known by elsewhere is barred all the same."""
    entry = _entry(desk, request, "", _hmacs(desk, tx))
    journal.append(desk.path, entry, desk.world.store.key)
    tx.tombstones.add(entry.hmacs, request, entry.at)
    done = erase.bare(request, "", desk.identity, entry.at)
    done.closed_at = entry.at
    tx.erasures.save(done)


def _entry(desk: _Desk, request: str, subject: str, hmacs: list[bytes]) -> Entry:
    return Entry(request, subject, desk.identity, desk.now, hmacs)


def _is_doubtful(desk: _Desk, tx: Transaction, people: list[Entity]) -> bool:
    """Whether it may be somebody else: several people, or one of whom only the telephone is the same."""
    return len(people) > 1 or (bool(people) and not desk.asked.email and not _linked(desk, tx))


def _linked(desk: _Desk, tx: Transaction) -> set[str]:
    asked = desk.asked
    wanted = [asked.external_id] if asked.external_id else []
    return {link.entity for link in tx.links.get(desk.connection, asked.stream, wanted).values()}


def _people(desk: _Desk, tx: Transaction) -> list[Entity]:
    """Whom it is about: by the id at the vendor, else by what identifies them; erased ones are nobody."""
    asked, ids = desk.asked, _linked(desk, tx)
    if not ids:
        keys = [(name, key_digest(name, value, desk.world.store.key)) for name, value in _natural(asked)]
        ids = {id_ for found in tx.keys.find(erase.PERSON, keys).values() for id_ in found}
    people = {one.id: one for one in tx.entities.resolve(sorted(ids)).values()}
    return [one for one in people.values() if one.state is not EntityState.ERASED]


def _natural(asked: PrivacyRequest) -> list[tuple[str, str]]:
    """What identifies the person: the e-mail address, and the telephone number only without one."""
    model = model_named(erase.PERSON)
    shown = {"email": asked.email} if asked.email else {"phone": asked.phone} if asked.phone else {}
    return natural_keys(model, dict(shown))


def _hmacs(desk: _Desk, tx: Transaction) -> list[bytes]:
    """Keyed hashes of what the request names, but for what other people are known by as well."""
    asked, key = desk.asked, desk.world.store.key
    cells = {name: shown for name, shown in (("email", asked.email), ("phone", asked.phone)) if shown}
    hmacs = identifying_digests(model_named(erase.PERSON), cells, key)
    ours = {one.id for one in _people(desk, tx)}
    known = tx.keys.find(erase.PERSON, [(name, hmac) for name in cells for hmac in hmacs])
    theirs = {hmac for (_, hmac), ids in known.items() if set(ids) - ours}
    free = [hmac for hmac in hmacs if hmac not in theirs]
    if asked.external_id:
        free.append(place_digest(desk.connection, asked.stream, asked.external_id, key))
    return free


def _ask_person(desk: _Desk, tx: Transaction, people: list[Entity]) -> Received:
    """Put the request before a person, as an open conflict; repeated, it is the same."""
    asked, now = desk.asked, desk.now
    one = people[0].id if len(people) == 1 else None
    conflict = Conflict(
        id=fingerprint(KIND, desk.connection, asked.id),
        kind=KIND,
        model=erase.PERSON,
        entity=one,
        cell=None,
        connection=desk.connection,
        stream=asked.stream,
        external_id=asked.external_id or "",
        vendor_value={"asks": str(asked.asks), "account": asked.account, "due_at": now + erase.MONTH},
        policy=asked.topic,
        winner="a person must answer",
        candidates=[] if one else sorted(each.id for each in people),
        created_at=now,
    )
    tx.conflicts.add([conflict])
    return Received(conflict=conflict.id)

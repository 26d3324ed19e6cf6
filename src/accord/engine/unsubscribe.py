"""One-click List-Unsubscribe (RFC 8058): links that end one subscription, and what a click on one does.

A link's token says what it ends and is authenticated under the store's key. It holds a hub id and a keyed
hash, nothing that tells who it is about, and does not expire: old mail must keep its way out.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Undecodable
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from accord.consent.signal import OPENING, Actor, Kind
from accord.engine.desk import Statement, note
from accord.engine.fingerprints import fingerprint
from accord.engine.hearing import MONTH, SOFT
from accord.store.consent_rows import Objection
from accord.store.rows import Entity, EntityState

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.store import Transaction

SOURCE = "list-unsubscribe"
VERSION = "accord/unsubscribe/1"
"""Stands first in what is authenticated: no other keyed hash of the store is ever a token."""
_SEPARATOR = "\x1f"
_MAC = sha256().digest_size
LONGEST = 512
"""Characters of a token; what is longer is none."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a link ends.

    Attributes:
        subject: The hub record of the person when the link was made.
        point: Keyed hash (hexadecimal) of the address it was made for; empty where the channel has none.
        purpose: The purpose, or a parent of purposes.
        channel: The channel.
    """

    subject: str
    point: str
    purpose: str
    channel: str


def token_of(what: Subscription, key: bytes) -> str:
    """The token of a link: base64url text, the same for the same subscription."""
    payload = _SEPARATOR.join((VERSION, *astuple(what))).encode()
    return urlsafe_b64encode(payload + _mac(payload, key)).rstrip(b"=").decode("ascii")


def subscription_of(token: str, key: bytes) -> Subscription | None:
    """What a token ends; None if this store did not make it. Compares in constant time."""
    if len(token) > LONGEST:
        return None
    try:
        whole = b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (Undecodable, ValueError):
        return None
    payload, mac = whole[:-_MAC], whole[-_MAC:]
    if not hmac.compare_digest(mac, _mac(payload, key)):
        return None
    version, *rest = payload.decode().split(_SEPARATOR)
    return Subscription(*rest) if version == VERSION else None


def _mac(payload: bytes, key: bytes) -> bytes:
    return hmac.new(key, payload, sha256).digest()


def end(world: World, tx: Transaction, what: Subscription) -> int:
    """Record that the person refuses; when the transaction commits, nothing is sent against it.

    Repeated, it is the same event, until the person says yes again. A subscription of nobody who is known any
    more (erased, or the store was restored) puts the address on the objection list.

    Returns:
        How many people's logs have a new withdrawal.
    """
    people = _whose(tx, what)
    if not people and what.point:
        now = world.env.now().timestamp()
        until = now + world.policy.objections.keep_months * MONTH
        tx.objections.add([Objection(what.point, what.purpose, what.channel, now, until)])
    return sum(note(world, tx, person, _said(tx, person, what)) is not None for person in people)


def _whose(tx: Transaction, what: Subscription) -> list[Entity]:
    """The person, and whoever else has the address if they have it no more (a split gave it away)."""
    found = tx.entities.resolve([what.subject]).get(what.subject)
    people = {found.id: found} if found is not None else {}
    if what.point and what.point not in tx.points.of(people).get(found.id if found else "", {}).values():
        people |= tx.entities.resolve(sorted(tx.points.owners([what.point]).get(what.point, ())))
    return [one for one in people.values() if one.state is not EntityState.ERASED]


def _said(tx: Transaction, person: Entity, what: Subscription) -> Statement:
    """The event's id counts what opened so far: a click after a new yes is a new act, not a repetition."""
    log = tx.signals.of([person.id]).get(person.id, [])
    opened = sum(one.kind in OPENING or one.kind is Kind.PURCHASE for one in log)
    return Statement(
        Kind.OBJECT if what.purpose == SOFT else Kind.WITHDRAW,
        what.purpose,
        what.channel,
        actor=Actor.PERSON,
        source=SOURCE,
        event=fingerprint(*astuple(what), person.id, opened),
        point=what.point,
    )

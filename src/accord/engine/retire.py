"""Streams that left their flow: their links are retired until the stream returns (sync.md A9)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from accord.engine.joining import catch_up
from accord.errors import SetupError
from accord.model.record import Receipt
from accord.store.consent_rows import Revocation, RevocationState

if TYPE_CHECKING:
    from accord.engine.flow import Key
    from accord.engine.world import World
    from accord.store import Transaction

RETURNED = "stream_returned"
"""The mark that a stream came back: whatever people said meanwhile, nobody told it."""
ALL = 1_000_000
"""As many duties as anybody may have."""
MANY = 5
"""People that an error names."""


def retire(world: World, tx: Transaction) -> None:
    """Retire the live links of every stream that is in no flow any more; restore those of one that is again.

    A retired link is not compared, not written and never deleted; its record is not created anew. Streams of
    a flow that cannot be opened now are left as they are: they are configured.
    """
    now = world.env.now().timestamp()
    for state in tx.streams.all():
        key = (state.connection, state.stream)
        here = world.member(key) is not None
        if here and state.retired_at is not None:
            tx.links.restore(*key)
            tx.marks.put(RETURNED, 1)
            owner = world.member(key)
            if owner is not None and owner.member.writes:
                catch_up(tx, key, owner.flow.kind)  # nobody marked for it what changed meanwhile
            state.retired_at = None
        elif not here and state.retired_at is None and state.connection not in world.closed:
            tx.links.retire(*key)
            state.retired_at = now
        else:
            continue
        tx.streams.save(state)


@dataclass(frozen=True, slots=True)
class RetiredStream:
    """A stream that is in no flow any more. Instants are seconds since 1970.

    Attributes:
        links: Retired links.
        writes: Open writes to it, which nobody carries out.
        duties: Hub ids of the people of whose withdrawal or erasure it was not told.
    """

    connection: str
    stream: str
    retired_at: float
    links: int
    writes: int
    duties: tuple[str, ...]

    @property
    def name(self) -> str:
        """As commands name it."""
        return f"{self.connection}/{self.stream}"


def retired(tx: Transaction) -> list[RetiredStream]:
    """The streams that left and still have something of theirs here."""
    states = [(state, state.retired_at) for state in tx.streams.all()]
    found = [_account(tx, state.connection, state.stream, at) for state, at in states if at is not None]
    return [one for one in found if one.links or one.writes or one.duties]


def _account(tx: Transaction, connection: str, stream: str, at: float) -> RetiredStream:
    key = (connection, stream)
    writes = sum(tx.intents.count(*key).values())
    people = tuple(sorted({one.subject for one in _duties(tx, key)}))
    return RetiredStream(*key, at, tx.links.retired_count(*key), writes, people)


def _duties(tx: Transaction, key: Key) -> list[Revocation]:
    return tx.revocations.ready(*key, math.inf, ALL)


def notices(tx: Transaction) -> list[str]:
    """What a plan says of retired streams."""
    return [
        f"{one.name} is in no flow any more; retired links: {one.links}, writes that stay open: "
        f"{one.writes}; nothing there is changed. If it was renamed, give it its old name back; "
        f"if it is gone for good: `accord link release {one.name}`"
        for one in retired(tx)
    ]


def release(world: World, tx: Transaction, name: str, *, told: bool) -> RetiredStream:
    """Forget the links of a stream that left for good, and what it was still to be sent; what that was.

    The send ledger keeps what was sent there: a later erasure and an access request still name it. Should the
    stream return to a flow, it is read and matched like a new one.

    Args:
        world: The flows.
        tx: The writing transaction.
        name: ``CONNECTION/STREAM``.
        told: A person told the system themselves what it has not been told.

    Raises:
        SetupError: the stream has not left, or withdrawals or erasures are due there and nobody told it.
    """
    retire(world, tx)
    found = next((one for one in retired(tx) if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in retired(tx)) or "none"
        raise SetupError(
            f"{name!r} is no stream that left its flow",
            hint=f"Retired streams: {known}. A stream leaves when accord.toml names it in no flow any more.",
        )
    key, now = (found.connection, found.stream), world.env.now().timestamp()
    if found.duties and not told:
        people = "person" if len(found.duties) == 1 else "people"
        some = ", ".join(found.duties[:MANY]) + (" …" if len(found.duties) > MANY else "")
        raise SetupError(
            f"{name} was not told of the withdrawal or erasure of {len(found.duties)} {people}",
            hint="Put it back into a flow and sync; or tell it yourself (`accord consent show` says of what, "
            f"`accord link retired --json` lists all) and add --told: {some}",
            facts={"people": found.duties},
        )
    tx.revocations.save([_by_hand(one, now) for one in _duties(tx, key)])
    _drop(tx, key)
    tx.links.forget(*key)
    state = tx.streams.load(*key)
    state.cursor, state.token, state.full_at = None, None, None
    tx.streams.save(state)
    return found


def _by_hand(duty: Revocation, now: float) -> Revocation:
    """A duty that a person has taken over."""
    done = RevocationState.IMPOSSIBLE
    return replace(duty, state=done, finished_at=now, receipt=Receipt.IMPOSSIBLE.value, reason="released")


def _drop(tx: Transaction, key: Key) -> None:
    """Close the open writes and clear the marks."""
    while intents := [
        *tx.intents.ready(*key, math.inf),
        *tx.intents.blocked(*key),
        *tx.intents.unsettled(*key),
    ]:
        tx.intents.close([one.id for one in intents])
    while marks := tx.dirty.take(*key):
        tx.dirty.clear(*key, marks)

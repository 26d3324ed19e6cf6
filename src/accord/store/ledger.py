"""What was sent, what is due back, what is kept back, and the account of every decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import bindparam, func, literal_column, select, update

from accord.consent.log import GENESIS, first_break, link
from accord.store.bulk import Bulk
from accord.store.codec import Columns, Found, from_json, to_json
from accord.store.consent_rows import LEFT, Decision, Hold, Send, SendState
from accord.store.consent_tables import consent_decision, consent_hold, send_ledger

_PACKED = frozenset({"fields", "identifiers", "points", "status"})
_PLAIN = tuple(each.name for each in fields(Send) if each.name not in _PACKED)
_SETTLE = (
    update(send_ledger)
    .where(
        send_ledger.c.id == bindparam("asked"),
        # What is to be revoked meanwhile stays so.
        send_ledger.c.status.in_([literal_column("'started'"), literal_column("'unknown'")]),
    )
    .values(
        status=bindparam("status"), external_id=bindparam("external_id"), finished_at=bindparam("finished_at")
    )
)
PAGE = 1000


class Ledger:
    """Every attempt to send a person's data, written before the request begins."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def start(self, sends: Sequence[Send]) -> None:
        """Note sends in the transaction that marks them."""
        self._bulk.upsert(send_ledger, [_pack(one) for one in sends])

    def settle(self, outcomes: Iterable[tuple[str, SendState, str | None]], now: float) -> None:
        """Note what became of sends: (id, state, external id) each."""
        self._bulk.each(
            _SETTLE,
            [
                {"asked": id_, "status": state.value, "external_id": external_id, "finished_at": now}
                for id_, state, external_id in outcomes
            ],
        )

    def of(self, subjects: Iterable[str]) -> dict[str, list[Send]]:
        """All sends of these people, oldest first."""
        found: dict[str, list[Send]] = {}
        for row in self._bulk.select_among(
            select(send_ledger), send_ledger.c.subject, dict.fromkeys(subjects)
        ):
            found.setdefault(row["subject"], []).append(_unpack(row))
        for sends in found.values():
            sends.sort(key=lambda one: (one.at, one.id))
        return found

    def get(self, ids: Iterable[str]) -> list[Send]:
        """Sends by id."""
        rows = self._bulk.select_among(select(send_ledger), send_ledger.c.id, dict.fromkeys(ids))
        return [_unpack(row) for row in rows]

    def started(self, connection: str, stream: str) -> list[Send]:
        """Sends whose outcome is not known yet."""
        query = select(send_ledger).where(
            send_ledger.c.connection == connection,
            send_ledger.c.stream == stream,
            send_ledger.c.status == SendState.STARTED.value,
        )
        return [_unpack(row) for row in self._bulk.rows(query)]

    def mark(self, ids: Iterable[str], state: SendState, *, only: SendState | None = None) -> int:
        """Note that sends are to be revoked, or were; ``only`` those of this state."""
        change = update(send_ledger).values(status=state.value)
        if only is not None:
            change = change.where(send_ledger.c.status == only.value)
        return self._bulk.change_among(change, send_ledger.c.id, dict.fromkeys(ids))

    def subjects(self, after: str = "", limit: int = 500) -> list[str]:
        """A page of the people who were sent anywhere and not called back, by id."""
        query = select(send_ledger.c.subject).where(
            send_ledger.c.subject > after, send_ledger.c.status.in_([state.value for state in LEFT])
        )
        rows = self._bulk.rows(query.distinct().order_by(send_ledger.c.subject).limit(limit))
        return [row["subject"] for row in rows]

    def forget(self, subjects: Iterable[str]) -> int:
        """Remove under what these people were sent (erasure); that it was sent, and when, stays."""
        change = update(send_ledger).values(identifiers=to_json({}), points=None, external_id=None)
        return self._bulk.change_among(change, send_ledger.c.subject, dict.fromkeys(subjects))

    def move(self, loser: str, survivor: str) -> None:
        """The sends of a merged record belong to the survivor."""
        change = update(send_ledger).where(send_ledger.c.subject == loser)
        self._bulk.run(change.values(subject=survivor))


def _pack(one: Send) -> Columns:
    row: Columns = {name: getattr(one, name) for name in _PLAIN}
    row["status"] = one.status.value
    row["fields"], row["identifiers"] = to_json(one.fields), to_json(dict(one.identifiers))
    row["points"] = to_json(list(one.points)) if one.points else None
    return row


def _unpack(row: Found) -> Send:
    plain: dict[str, Any] = {name: row[name] for name in _PLAIN}
    return Send(
        **plain,
        status=SendState(row["status"]),
        fields=from_json(row["fields"]),
        identifiers=from_json(row["identifiers"]),
        points=from_json(row["points"]) if row["points"] else (),
    )


class Decisions:
    """The decision log: append-only, each row proving all before it (``accord.consent.log``)."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def append(self, decisions: Sequence[Decision]) -> None:
        """Add decisions at the end of the chain; one writer at a time, as every writing transaction is."""
        if not decisions:
            return
        seq, previous = self.head()
        rows = []
        for one in decisions:
            seq += 1
            one.seq, one.previous = seq, previous
            one.hash = previous = link(one.previous, one.content())
            row = {**one.content(), "previous": one.previous, "hash": one.hash}
            row["body"] = to_json(row.pop("facts"))
            rows.append(row)
        self._bulk.insert(consent_decision, rows)

    def head(self) -> tuple[int, str]:
        """Number and hash of the last row."""
        columns = select(consent_decision.c.seq, consent_decision.c.hash)
        row = self._bulk.one(columns.order_by(consent_decision.c.seq.desc()).limit(1))
        return (0, GENESIS) if row is None else (row["seq"], row["hash"])

    def of(self, subject: str, connection: str | None = None, limit: int = 100) -> list[Decision]:
        """The latest decisions about a person, newest first."""
        query = select(consent_decision).where(consent_decision.c.subject == subject)
        if connection is not None:
            query = query.where(consent_decision.c.connection == connection)
        rows = self._bulk.rows(query.order_by(consent_decision.c.seq.desc()).limit(limit))
        return [_decision(row) for row in rows]

    def count(self, subject: str) -> int:
        """How many decisions about a person there are."""
        query = select(func.count()).select_from(consent_decision)
        return self._bulk.number(query.where(consent_decision.c.subject == subject))

    def since(self, seq: int, limit: int = PAGE) -> list[Decision]:
        """A page of the log after a row."""
        query = select(consent_decision).where(consent_decision.c.seq > seq)
        return [
            _decision(row) for row in self._bulk.rows(query.order_by(consent_decision.c.seq).limit(limit))
        ]

    def verify(self) -> int | None:
        """The number of the first row that does not fit the chain, None when the log is whole.

        A log that lost its first rows, or was cut at its end and written on, does not fit.
        """
        previous, last = GENESIS, 0
        for page in self._pages():
            if page[0].seq != last + 1:
                return page[0].seq
            broken = first_break(((d.seq, d.previous, d.hash, d.content()) for d in page), previous)
            if broken is not None:
                return broken
            previous, last = page[-1].hash, page[-1].seq
        return None

    def _pages(self) -> Iterator[list[Decision]]:
        last = 0
        while page := self.since(last):
            yield page
            last = page[-1].seq


def _decision(row: Found) -> Decision:
    plain = {name: row[name] for name in row if name != "body"}
    return Decision(**plain, facts=from_json(row["body"]))


class Holds:
    """Records the gate keeps back, so that a later grant can wake them."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def put(self, holds: Sequence[Hold]) -> None:
        """Note records that were kept back."""
        names = Hold.__slots__
        self._bulk.upsert(consent_hold, [{name: getattr(one, name) for name in names} for one in holds])

    def release(self, connection: str, stream: str, entities: Iterable[str]) -> int:
        """These went, or have nothing to send any more."""
        change = consent_hold.delete().where(
            consent_hold.c.connection == connection, consent_hold.c.stream == stream
        )
        return self._bulk.change_among(change, consent_hold.c.entity, dict.fromkeys(entities))

    def of(self, subjects: Iterable[str]) -> list[Hold]:
        """What is kept back for these people."""
        rows = self._bulk.select_among(select(consent_hold), consent_hold.c.subject, dict.fromkeys(subjects))
        return [Hold(**row) for row in rows]

    def move(self, loser: str, survivor: str) -> None:
        """What is kept back for a merged person waits for the survivor's grant."""
        change = consent_hold.update().where(consent_hold.c.subject == loser)
        self._bulk.run(change.values(subject=survivor))

    def because(self, reason: str, limit: int = 10_000) -> list[Hold]:
        """What is kept back for one reason."""
        query = select(consent_hold).where(consent_hold.c.reason == reason).limit(limit)
        return [Hold(**row) for row in self._bulk.rows(query)]

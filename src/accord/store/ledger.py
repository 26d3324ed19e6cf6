"""What was sent, what is due back, what is kept back, and the account of every decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

from accord.consent.log import GENESIS, first_break, link
from accord.store.bulk import Bulk
from accord.store.codec import Found, from_json, to_json
from accord.store.consent_rows import LEFT, Decision, Hold, Send, SendState
from accord.store.consent_tables import consent_decision, consent_hold, send_ledger
from accord.store.marks import Marks
from accord.store.statement import Statement

_PACKED = frozenset({"fields", "identifiers", "points", "status"})
_PLAIN = tuple(each.name for each in fields(Send) if each.name not in _PACKED)
_SENDS = send_ledger.select("WHERE subject IN :subjects ORDER BY subject, id")
# What is to be revoked meanwhile stays so.
_SETTLE = send_ledger.update(
    ("status", "external_id", "finished_at"), "WHERE id = :id AND status IN ('started', 'unknown')"
)
_BY_ID = send_ledger.select("WHERE id IN :ids ORDER BY id")
_MARK = Statement("UPDATE send_ledger SET status = :status WHERE id IN :ids")
_MARK_ONLY = Statement("UPDATE send_ledger SET status = :status WHERE id IN :ids AND status = :only")
_LEFT_TO = Statement(
    "SELECT DISTINCT subject FROM send_ledger WHERE subject > :after AND status IN :states"
    " ORDER BY subject LIMIT :most"
)
_FORGET_SENDS = Statement(
    "UPDATE send_ledger SET identifiers = :nothing, points = NULL, external_id = NULL"
    " WHERE subject IN :subjects"
)
_MOVE_SENDS = Statement("UPDATE send_ledger SET subject = :survivor WHERE subject = :loser")
_HEAD = Statement("SELECT seq, hash FROM consent_decision ORDER BY seq DESC LIMIT 1")
_DECISIONS = consent_decision.select("WHERE subject = :subject ORDER BY seq DESC LIMIT :most")
_DECISIONS_THERE = consent_decision.select(
    "WHERE subject = :subject AND connection = :connection ORDER BY seq DESC LIMIT :most"
)
_DECIDED = Statement("SELECT count(*) FROM consent_decision WHERE subject = :subject")
_SINCE = consent_decision.select("WHERE seq > :seq ORDER BY seq LIMIT :most")
_RELEASE = Statement(
    "DELETE FROM consent_hold WHERE connection = :connection AND stream = :stream AND entity IN :entities"
)
_HOLDS = consent_hold.select(
    "WHERE subject IN :subjects ORDER BY subject, connection, stream, entity",
    rare="SELECT entity FROM consent_hold",
)
_MOVE_HOLDS = Statement("UPDATE consent_hold SET subject = :survivor WHERE subject = :loser")
_BECAUSE = consent_hold.select("WHERE reason = :reason ORDER BY connection, stream, entity LIMIT :most")
WRITTEN = "decisions"
"""Names the mark of how many rows the decision log ever had: a row cut off its end is missed by it."""
PAGE = 1000
_NOTHING = to_json({})


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
            _SETTLE, [(state._value_, external_id, now, id_) for id_, state, external_id in outcomes]
        )

    def of(self, subjects: Iterable[str]) -> dict[str, list[Send]]:
        """All sends of these people, oldest first."""
        found: dict[str, list[Send]] = {}
        for row in self._bulk.ask(_SENDS, subjects=dict.fromkeys(subjects)):
            found.setdefault(row["subject"], []).append(_unpack(row))
        for sends in found.values():
            sends.sort(key=lambda one: (one.at, one.id))
        return found

    def get(self, ids: Iterable[str]) -> list[Send]:
        """Sends by id."""
        return [_unpack(row) for row in self._bulk.ask(_BY_ID, ids=dict.fromkeys(ids))]

    def mark(self, ids: Iterable[str], state: SendState, *, only: SendState | None = None) -> int:
        """Note that sends are to be revoked, or were; ``only`` those of this state."""
        asked = {"status": state.value, "ids": dict.fromkeys(ids)}
        if only is None:
            return self._bulk.change(_MARK, **asked)
        return self._bulk.change(_MARK_ONLY, **asked, only=only.value)

    def subjects(self, after: str = "", limit: int = 500) -> list[str]:
        """A page of the people who were sent anywhere and not called back, by id."""
        states = [state.value for state in LEFT]
        return [row["subject"] for row in self._bulk.ask(_LEFT_TO, after=after, states=states, most=limit)]

    def forget(self, subjects: Iterable[str]) -> int:
        """Remove under what these people were sent (erasure); that it was sent, and when, stays."""
        asked = dict.fromkeys(subjects)
        return self._bulk.change(_FORGET_SENDS, nothing=_NOTHING, subjects=asked)

    def move(self, loser: str, survivor: str) -> None:
        """The sends of a merged record belong to the survivor."""
        self._bulk.change(_MOVE_SENDS, loser=loser, survivor=survivor)


def _pack(one: Send) -> tuple[Any, ...]:
    """The columns of a send, in their order."""
    return (
        one.id,
        one.subject,
        one.record,
        one.connection,
        one.stream,
        one.purpose,
        one.channel,
        to_json(one.fields),
        to_json(dict(one.identifiers)) if one.identifiers else _NOTHING,
        one.epoch,
        one.signal,
        one.external_id,
        one.status._value_,
        one.at,
        one.finished_at,
        to_json(list(one.points)) if one.points else None,
    )


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

    __slots__ = ("_bulk", "_marks")

    def __init__(self, bulk: Bulk) -> None:
        self._bulk, self._marks = bulk, Marks(bulk)

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
        self._marks.put(WRITTEN, seq)

    def head(self) -> tuple[int, str]:
        """Number of the last row that was ever written, and hash of the last one that is there."""
        row, written = self._bulk.first(_HEAD), self._marks.get(WRITTEN) or 0
        return (written, GENESIS) if row is None else (max(row["seq"], written), row["hash"])

    def of(self, subject: str, connection: str | None = None, limit: int = 100) -> list[Decision]:
        """The latest decisions about a person, newest first."""
        if connection is None:
            rows = self._bulk.ask(_DECISIONS, subject=subject, most=limit)
        else:
            rows = self._bulk.ask(_DECISIONS_THERE, subject=subject, connection=connection, most=limit)
        return [_decision(row) for row in rows]

    def count(self, subject: str) -> int:
        """How many decisions about a person there are."""
        return int(self._bulk.value(_DECIDED, subject=subject))

    def since(self, seq: int, limit: int = PAGE) -> list[Decision]:
        """A page of the log after a row."""
        return [_decision(row) for row in self._bulk.ask(_SINCE, seq=seq, most=limit)]

    def verify(self) -> int | None:
        """The number of the first row that does not fit the chain, None when the log is whole.

        A log that lost rows, wherever they stood, does not fit: how many there were is known besides.
        """
        previous, last = GENESIS, 0
        for page in self._pages():
            if page[0].seq != last + 1:
                return page[0].seq
            broken = first_break(((d.seq, d.previous, d.hash, d.content()) for d in page), previous)
            if broken is not None:
                return broken
            previous, last = page[-1].hash, page[-1].seq
        return None if last >= (self._marks.get(WRITTEN) or 0) else last + 1

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
        asked = dict.fromkeys(entities)
        return self._bulk.change(_RELEASE, connection=connection, stream=stream, entities=asked)

    def of(self, subjects: Iterable[str]) -> list[Hold]:
        """What is kept back for these people."""
        return [Hold(**row) for row in self._bulk.ask(_HOLDS, subjects=dict.fromkeys(subjects))]

    def move(self, loser: str, survivor: str) -> None:
        """What is kept back for a merged person waits for the survivor's grant."""
        self._bulk.change(_MOVE_HOLDS, loser=loser, survivor=survivor)

    def because(self, reason: str, limit: int = 10_000) -> list[Hold]:
        """What is kept back for one reason."""
        return [Hold(**row) for row in self._bulk.ask(_BECAUSE, reason=reason, most=limit)]

"""Intents: writes that were decided and recorded before they are sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accord.errors import StateError
from accord.store.batches import Batches, is_batch
from accord.store.bulk import Bulk
from accord.store.codec import pack_intent, unpack_intent
from accord.store.rows import Intent, IntentState
from accord.store.statement import Statement, Values
from accord.store.tables import intent

_HERE = "WHERE connection = :connection AND stream = :stream"
_TURN = "ORDER BY created_at, id"
_LATER = "AND (created_at, id) > (:after_at, :after_id)"
_IN_DOUBT = "state IN ('sent', 'unknown')"
_OPEN = intent.select(f"{_HERE} AND entity IN :entities ORDER BY entity", rare="SELECT id FROM intent")
_OF_ENTITIES = intent.select("WHERE entity IN :entities ORDER BY entity, connection, stream")
_BY_ID = intent.select("WHERE id IN :ids ORDER BY id")
_SENT_AT = Statement("SELECT id, sent_at FROM intent WHERE id IN :ids ORDER BY id")
_WAITING = intent.select(
    "WHERE waits_for IN :entities ORDER BY waits_for, id",
    rare="SELECT waits_for FROM intent WHERE waits_for IS NOT NULL ORDER BY waits_for",
)
_CLOSE = Statement("DELETE FROM intent WHERE id IN :ids")
_READY = f"{_HERE} AND state = 'planned' AND not_before <= :now"
_FIRST_READY = intent.select(f"{_READY} {_TURN} LIMIT :most")
_NEXT_READY = intent.select(f"{_READY} {_LATER} {_TURN} LIMIT :most")
_BLOCKED = f"{_HERE} AND state = 'blocked'"
_FIRST_BLOCKED = intent.select(f"{_BLOCKED} {_TURN} LIMIT :most")
_NEXT_BLOCKED = intent.select(f"{_BLOCKED} {_LATER} {_TURN} LIMIT :most")
_UNSETTLED = intent.select(f"{_HERE} AND {_IN_DOUBT} {_TURN}")
_REPEATED = intent.select(f"{_HERE} AND state = 'planned' AND body IS NOT NULL {_TURN}")
_DOUBT = Statement(f"UPDATE intent SET state = 'unknown' {_HERE} AND state = 'sent'")
_COUNT = Statement(f"SELECT state, count(*) AS number FROM intent {_HERE} GROUP BY state ORDER BY state")
_INHERITED = Statement(
    f"SELECT count(*) FROM intent {_HERE} AND state <> 'blocked' AND operation = :operation AND run <> :run"
)
_EARLIEST = Statement(
    "SELECT min(CASE WHEN state = 'planned' THEN not_before END) AS go,"
    f" min(CASE WHEN {_IN_DOUBT} THEN settle_until END) AS settle FROM intent {_HERE}"
)
_CHANGE = intent.update((name for name in intent.names if name != "id"), "WHERE id = :id")
# What was sent already stays: its outcome must be settled first.
_REPLACE = intent.upsert_by(
    ("entity", "connection", "stream"), "WHERE intent.state IN ('planned', 'blocked')"
)


class Intents:
    """Open intents: at most one per hub record and stream. Closing one removes its row."""

    __slots__ = ("_batches", "_bulk")

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk
        self._batches = Batches(bulk)

    def open_of(self, connection: str, stream: str, entities: Iterable[str]) -> dict[str, Intent]:
        """The open intent of each of these hub records that has one here."""
        asked = dict.fromkeys(entities)
        found = self._bulk.ask(_OPEN, connection=connection, stream=stream, entities=asked)
        together = {each.entity: each for each in self._batches.of(connection, stream, asked)}
        return together | {row["entity"]: unpack_intent(row) for row in found}

    def of_entities(self, entities: Iterable[str]) -> list[Intent]:
        """The open intents of these hub records in every stream, oldest first."""
        asked = dict.fromkeys(entities)
        found = [unpack_intent(row) for row in self._bulk.ask(_OF_ENTITIES, entities=asked)]
        return _in_turn([*found, *self._batches.anywhere(asked)])

    def get(self, ids: Iterable[str]) -> dict[str, Intent]:
        """The intents of these ids that are still open."""
        asked = dict.fromkeys(ids)
        together = {each.id: each for each in self._batches.get(asked)}
        return together | {row["id"]: unpack_intent(row) for row in self._bulk.ask(_BY_ID, ids=asked)}

    def sent_at(self, ids: Iterable[str]) -> dict[str, float | None]:
        """When those of these intents that are still open were marked as sent; None = they are not."""
        asked = dict.fromkeys(ids)
        found: dict[str, float | None] = {**self._batches.sent_at(asked)}
        left = asked.keys() - found.keys()
        return found | {row["id"]: row["sent_at"] for row in self._bulk.ask(_SENT_AT, ids=left)}

    def insert(self, intents: Sequence[Intent]) -> None:
        """Add new intents.

        Raises:
            StateError: a hub record has an open intent in the stream already.
        """
        self._bulk.insert(intent, [pack_intent(each) for each in intents])

    def insert_sent(self, intents: Sequence[Intent]) -> None:
        """Add new intents that were marked as sent together: one row, where they are alike.

        No hub record may have an open intent in the stream already: ask :meth:`open_of` in this transaction.
        """
        if intents and is_batch(intents):
            self._batches.insert(intents)
        else:
            self.insert(intents)

    def replace(self, intents: Sequence[Intent]) -> None:
        """Put intents in the place of the unsent ones of the same hub record and stream, if any.

        Raises:
            StateError: one of those was sent already: its outcome must be settled first.
        """
        rows = [pack_intent(each) for each in intents]
        together = self._together(intents)
        if together or self._bulk.each(_REPLACE, rows) != len(rows):
            raise StateError(
                f"one of {len(rows)} intents would replace one that was sent already",
                hint="Run again: nothing of this batch was saved.",
            )

    def _together(self, intents: Sequence[Intent]) -> list[Intent]:
        """Intents in batches that stand where these would."""
        entities = [each.entity for each in intents]
        places = {(each.connection, each.stream) for each in intents}
        return [each for place in sorted(places) for each in self._batches.of(*place, entities)]

    def update(self, intents: Sequence[Intent]) -> None:
        """Save changed intents.

        Raises:
            StateError: one was closed by another run meanwhile.
        """
        self.insert(self._batches.take(each.id for each in intents))
        rows = [pack_intent(each) for each in intents]
        if self._bulk.each(_CHANGE, rows) != len(rows):
            raise StateError(
                f"one of {len(rows)} intents was closed by another run",
                hint="Run again: nothing of this batch was saved.",
            )

    def close(self, ids: Iterable[str]) -> int:
        """Remove intents that reached their end; tells how many there were."""
        asked = dict.fromkeys(ids)
        left = self._batches.close(asked)
        self.insert(self._batches.take(left))
        return len(asked) - len(left) + self._bulk.change(_CLOSE, ids=left)

    def ready(
        self, connection: str, stream: str, now: float, limit: int = 500, after: Intent | None = None
    ) -> list[Intent]:
        """Planned intents whose time has come, oldest first, after the last one of the page before."""
        place = {"connection": connection, "stream": stream, "now": now, "most": limit}
        return self._page(_FIRST_READY, _NEXT_READY, place, after)

    def blocked(
        self, connection: str, stream: str, limit: int = 500, after: Intent | None = None
    ) -> list[Intent]:
        """Intents that wait for another hub record's link, oldest first."""
        place = {"connection": connection, "stream": stream, "most": limit}
        return self._page(_FIRST_BLOCKED, _NEXT_BLOCKED, place, after)

    def unsettled(self, connection: str, stream: str) -> list[Intent]:
        """Intents whose outcome is not known, oldest first."""
        found = self._bulk.ask(_UNSETTLED, connection=connection, stream=stream)
        together = self._batches.of_stream(connection, stream)
        return _in_turn([*together, *(unpack_intent(row) for row in found)])

    def repeated(self, connection: str, stream: str) -> list[Intent]:
        """Planned intents that must be sent again exactly as before, oldest first."""
        return [unpack_intent(row) for row in self._bulk.ask(_REPEATED, connection=connection, stream=stream)]

    def waiting_for(self, entities: Iterable[str]) -> list[Intent]:
        """Intents of any stream that wait for one of these hub records, oldest first."""
        found = self._bulk.ask(_WAITING, entities=dict.fromkeys(entities))
        return _in_turn(unpack_intent(row) for row in found)

    def sent_to_unknown(self, connection: str, stream: str) -> int:
        """Doubt every sent intent (its sender is gone); tells how many there were."""
        self.insert(self._batches.take_stream(connection, stream))
        return self._bulk.change(_DOUBT, connection=connection, stream=stream)

    def count(self, connection: str, stream: str) -> dict[IntentState, int]:
        """How many intents are open, by state; every state is named."""
        rows = self._bulk.ask(_COUNT, connection=connection, stream=stream)
        found = {row["state"]: row["number"] for row in rows}
        numbers = {state: found.get(state.value, 0) for state in IntentState}
        numbers[IntentState.SENT] += self._batches.count(connection, stream)
        return numbers

    def inherited(self, connection: str, stream: str, operation: str, run: str) -> int:
        """How many open intents of an operation other runs than this one decided."""
        place = {"connection": connection, "stream": stream, "operation": operation, "run": run}
        return int(self._bulk.value(_INHERITED, **place))

    def earliest(self, connection: str, stream: str) -> float | None:
        """When the next planned intent may go or the next doubt is settled; None if neither is open."""
        (row,) = self._bulk.ask(_EARLIEST, connection=connection, stream=stream)
        times = [*row.values(), self._batches.earliest(connection, stream)]
        return min((at for at in times if at is not None), default=None)

    def _page(self, first: Statement, later: Statement, place: Values, after: Intent | None) -> list[Intent]:
        if after is None:
            return [unpack_intent(row) for row in self._bulk.ask(first, **place)]
        found = self._bulk.ask(later, **place, after_at=after.created_at, after_id=after.id)
        return [unpack_intent(row) for row in found]


def _in_turn(intents: Iterable[Intent]) -> list[Intent]:
    return sorted(intents, key=lambda each: (each.created_at, each.id))

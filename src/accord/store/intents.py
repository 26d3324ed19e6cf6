"""Intents: writes that were decided and recorded before they are sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Double, Insert, Select, Text, bindparam, delete, func, or_, select, tuple_, update

from accord.errors import StateError
from accord.store.bulk import Bulk, dialect_insert
from accord.store.codec import pack_intent, unpack_intent
from accord.store.query import Query
from accord.store.rows import Intent, IntentState
from accord.store.tables import intent

_ALL = select(intent)
_HERE = (intent.c.connection == bindparam("connection"), intent.c.stream == bindparam("stream"))
_OPEN = Query(_ALL.where(*_HERE), among=intent.c.entity)
_OF_ENTITIES = Query(_ALL, among=intent.c.entity)
_BY_ID = Query(_ALL, among=intent.c.id)
_SENT_AT = Query(select(intent.c.id, intent.c.sent_at), among=intent.c.id)
_WAITING = Query(_ALL.where(intent.c.waits_for.is_not(None)), among=intent.c.waits_for)
_CLOSE = Query(delete(intent), among=intent.c.id)
_READY = _ALL.where(
    *_HERE, intent.c.state == IntentState.PLANNED.value, intent.c.not_before <= bindparam("now")
)
_TURN = (intent.c.created_at, intent.c.id)
_FIRST_READY = Query(_READY.order_by(*_TURN).limit(bindparam("most")))
_NEXT_READY = Query(
    _READY.where(
        tuple_(*_TURN) > tuple_(bindparam("after_at", type_=Double), bindparam("after_id", type_=Text))
    )
    .order_by(*_TURN)
    .limit(bindparam("most"))
)
_UNSENT = (IntentState.PLANNED.value, IntentState.BLOCKED.value)
_IN_DOUBT = (IntentState.SENT.value, IntentState.UNKNOWN.value)
_CHANGE = (
    update(intent)
    .where(intent.c.id == bindparam("asked_id"))
    .values({column.name: bindparam(column.name) for column in intent.c if column.name != "id"})
)


class Intents:
    """Open intents: at most one per hub record and stream. Closing one removes its row."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def open_of(self, connection: str, stream: str, entities: Iterable[str]) -> dict[str, Intent]:
        """The open intent of each of these hub records that has one here."""
        asked = dict.fromkeys(entities)
        found = self._bulk.ask_among(_OPEN, asked, connection=connection, stream=stream)
        return {row["entity"]: unpack_intent(row) for row in found}

    def of_entities(self, entities: Iterable[str]) -> list[Intent]:
        """The open intents of these hub records in every stream, oldest first."""
        found = self._bulk.ask_among(_OF_ENTITIES, dict.fromkeys(entities))
        return _in_turn(unpack_intent(row) for row in found)

    def get(self, ids: Iterable[str]) -> dict[str, Intent]:
        """The intents of these ids that are still open."""
        found = self._bulk.ask_among(_BY_ID, dict.fromkeys(ids))
        return {row["id"]: unpack_intent(row) for row in found}

    def sent_at(self, ids: Iterable[str]) -> dict[str, float | None]:
        """When those of these intents that are still open were marked as sent; None = they are not."""
        return {row["id"]: row["sent_at"] for row in self._bulk.ask_among(_SENT_AT, ids)}

    def insert(self, intents: Sequence[Intent]) -> None:
        """Add new intents.

        Raises:
            StateError: a hub record has an open intent in the stream already.
        """
        self._bulk.insert(intent, [pack_intent(each) for each in intents])

    def replace(self, intents: Sequence[Intent]) -> None:
        """Put intents in the place of the unsent ones of the same hub record and stream, if any.

        Raises:
            StateError: one of those was sent already: its outcome must be settled first.
        """
        rows = [pack_intent(each) for each in intents]
        if self._bulk.each(_replacement(self._bulk.dialect), rows) != len(rows):
            raise StateError(
                f"one of {len(rows)} intents would replace one that was sent already",
                hint="run again: nothing of this batch was saved",
            )

    def update(self, intents: Sequence[Intent]) -> None:
        """Save changed intents.

        Raises:
            StateError: one was closed by another run meanwhile.
        """
        rows = [pack_intent(each) for each in intents]
        for row in rows:
            row["asked_id"] = row.pop("id")
        if self._bulk.each(_CHANGE, rows) != len(rows):
            raise StateError(
                f"one of {len(rows)} intents was closed by another run",
                hint="run again: nothing of this batch was saved",
            )

    def close(self, ids: Iterable[str]) -> int:
        """Remove intents that reached their end; tells how many there were."""
        return self._bulk.change(_CLOSE, dict.fromkeys(ids))

    def ready(
        self, connection: str, stream: str, now: float, limit: int = 500, after: Intent | None = None
    ) -> list[Intent]:
        """Planned intents whose time has come, oldest first, after the last one of the page before."""
        place: dict[str, Any] = {"connection": connection, "stream": stream, "now": now, "most": limit}
        if after is None:
            return [unpack_intent(row) for row in self._bulk.ask(_FIRST_READY, **place)]
        place |= {"after_at": after.created_at, "after_id": after.id}
        return [unpack_intent(row) for row in self._bulk.ask(_NEXT_READY, **place)]

    def blocked(
        self, connection: str, stream: str, limit: int = 500, after: Intent | None = None
    ) -> list[Intent]:
        """Intents that wait for another hub record's link, oldest first."""
        query = self._of_stream(connection, stream).where(intent.c.state == IntentState.BLOCKED.value)
        return self._turn(query, limit, after)

    def unsettled(self, connection: str, stream: str) -> list[Intent]:
        """Intents whose outcome is not known, oldest first."""
        query = self._of_stream(connection, stream).where(intent.c.state.in_(_IN_DOUBT))
        return [unpack_intent(row) for row in self._bulk.rows(query.order_by(*_TURN))]

    def waiting_for(self, entities: Iterable[str]) -> list[Intent]:
        """Intents of any stream that wait for one of these hub records, oldest first."""
        found = self._bulk.ask_among(_WAITING, dict.fromkeys(entities))
        return _in_turn(unpack_intent(row) for row in found)

    def sent_to_unknown(self, connection: str, stream: str) -> int:
        """Doubt every sent intent (its sender is gone); tells how many there were."""
        change = update(intent).values(state=IntentState.UNKNOWN.value)
        return self._bulk.changed(
            change.where(
                intent.c.connection == connection,
                intent.c.stream == stream,
                intent.c.state == IntentState.SENT.value,
            )
        )

    def count(self, connection: str, stream: str) -> dict[IntentState, int]:
        """How many intents are open, by state; every state is named."""
        query = select(intent.c.state, func.count().label("number"))
        query = query.where(intent.c.connection == connection, intent.c.stream == stream)
        found = {row["state"]: row["number"] for row in self._bulk.rows(query.group_by(intent.c.state))}
        return {state: found.get(state.value, 0) for state in IntentState}

    def earliest(self, connection: str, stream: str) -> float | None:
        """When the next planned intent may go or the next doubt is settled; None if neither is open."""
        query = self._bulk.one(
            select(
                func.min(intent.c.not_before).filter(intent.c.state == IntentState.PLANNED.value).label("go"),
                func.min(intent.c.settle_until).filter(intent.c.state.in_(_IN_DOUBT)).label("settle"),
            ).where(intent.c.connection == connection, intent.c.stream == stream)
        )
        assert query is not None
        return min((at for at in (query["go"], query["settle"]) if at is not None), default=None)

    @staticmethod
    def _of_stream(connection: str, stream: str) -> Select[Any]:
        return _ALL.where(intent.c.connection == connection, intent.c.stream == stream)

    def _turn(self, query: Select[Any], limit: int, after: Intent | None) -> list[Intent]:
        if after is not None:
            query = query.where(tuple_(*_TURN) > (after.created_at, after.id))
        return [unpack_intent(row) for row in self._bulk.rows(query.order_by(*_TURN).limit(limit))]


def _in_turn(intents: Iterable[Intent]) -> list[Intent]:
    return sorted(intents, key=lambda each: (each.created_at, each.id))


@lru_cache
def _replacement(dialect: str) -> Insert:
    statement = dialect_insert(intent, dialect)
    return statement.on_conflict_do_update(
        index_elements=["entity", "connection", "stream"],
        set_={column.name: statement.excluded[column.name] for column in intent.c},
        where=or_(*(intent.c.state == state for state in _UNSENT)),
    )

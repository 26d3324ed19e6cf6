"""Links: which external id of which connection belongs to which hub record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, select, update

from accord.store.bulk import Bulk
from accord.store.codec import Found, pack_link, unpack_link
from accord.store.query import Query
from accord.store.rows import Link, LinkState
from accord.store.tables import LIVE, NOT_LIVE, link

_ALL = select(link)
_HERE = (link.c.connection == bindparam("connection"), link.c.stream == bindparam("stream"))
_BY_RECORD = Query(_ALL.where(*_HERE), among=link.c.external_id)
_DIGESTS = Query(
    select(link.c.external_id, link.c.row_digest, link.c.state).where(*_HERE), among=link.c.external_id
)
# Two halves, because each half has an index of its own.
_LIVE_ONES = Query(_ALL.where(LIVE), among=link.c.entity)
_OTHERS = Query(_ALL.where(NOT_LIVE), among=link.c.entity)
# Expressions, so that no database reads the whole stream by the primary key's first columns instead.
_PLACED = (
    link.c.connection.concat("") == bindparam("connection"),
    link.c.stream.concat("") == bindparam("stream"),
)
_LIVE_HERE = Query(_ALL.where(LIVE, *_PLACED), among=link.c.entity)
_OTHERS_HERE = Query(_ALL.where(NOT_LIVE, *_PLACED), among=link.c.entity)
_SEEN = Query(
    update(link).where(*_HERE).values(generation=bindparam("now_generation")), among=link.c.external_id
)
_STATES = {state.value: state for state in LinkState}


class Links:
    """Links with their shadows."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def get(self, connection: str, stream: str, external_ids: Iterable[str]) -> dict[str, Link]:
        """The links of these records, in any state, by external id."""
        asked = dict.fromkeys(external_ids)
        found = self._bulk.ask_among(_BY_RECORD, asked, connection=connection, stream=stream)
        return {row["external_id"]: unpack_link(row) for row in found}

    def digests(
        self, connection: str, stream: str, external_ids: Iterable[str]
    ) -> dict[str, tuple[bytes | None, LinkState]]:
        """Digest and state of these records' links: all that is needed to skip what has not changed."""
        rows = self._bulk.ask_among(_DIGESTS, external_ids, connection=connection, stream=stream)
        return {row["external_id"]: (row["row_digest"], _STATES[row["state"]]) for row in rows}

    def of_entities(
        self, entities: Iterable[str], targets: Iterable[tuple[str, str]] | None = None
    ) -> dict[str, list[Link]]:
        """All links of these hub records, in any state.

        Args:
            entities: Ids of hub records; each is a key of the answer, also without links.
            targets: Only links of these (connection, stream) pairs.
        """
        asked = dict.fromkeys(entities)
        found: dict[str, list[Link]] = {each: [] for each in asked}
        wanted = None if targets is None else set(targets)
        for row in self._of(asked, wanted):
            if wanted is None or (row["connection"], row["stream"]) in wanted:
                found[row["entity"]].append(unpack_link(row))
        for links in found.values():
            if len(links) > 1:
                links.sort(key=lambda each: (each.connection, each.stream, each.external_id))
        return found

    def _of(self, entities: Iterable[str], wanted: set[tuple[str, str]] | None) -> list[Found]:
        if wanted is None or len(wanted) != 1:
            return [row for query in (_LIVE_ONES, _OTHERS) for row in self._bulk.ask_among(query, entities)]
        ((connection, stream),) = wanted
        place = {"connection": connection, "stream": stream}
        asked = [self._bulk.ask_among(query, entities, **place) for query in (_LIVE_HERE, _OTHERS_HERE)]
        return [row for rows in asked for row in rows]

    def upsert(self, links: Sequence[Link]) -> None:
        """Save links, new or known.

        Raises:
            StateError: a hub record would get a second live link in one stream.
        """
        # Links that stop being live go first: the live place must be free for its successor.
        ordered = sorted(links, key=lambda each: each.state is LinkState.LIVE)
        self._bulk.upsert(link, [pack_link(each) for each in ordered])

    def live_count(self, connection: str, stream: str) -> int:
        """How many live links a stream has."""
        query = select(func.count()).select_from(link)
        return self._bulk.number(query.where(link.c.connection == connection, link.c.stream == stream, LIVE))

    def retired_count(self, connection: str, stream: str) -> int:
        """How many retired links a stream has."""
        query = select(func.count()).select_from(link)
        query = query.where(link.c.connection == connection, link.c.stream == stream)
        return self._bulk.number(query.where(link.c.state == LinkState.RETIRED.value))

    def retire(self, connection: str, stream: str) -> int:
        """The stream left its flow: its live links are retired; tells how many."""
        return self._restate(connection, stream, LinkState.LIVE, LinkState.RETIRED)

    def restore(self, connection: str, stream: str) -> int:
        """The stream is in a flow again: its retired links live; tells how many."""
        return self._restate(connection, stream, LinkState.RETIRED, LinkState.LIVE)

    def forget(self, connection: str, stream: str) -> int:
        """Remove all links of a stream, in any state; tells how many there were."""
        return self._bulk.changed(
            delete(link).where(link.c.connection == connection, link.c.stream == stream)
        )

    def _restate(self, connection: str, stream: str, old: LinkState, new: LinkState) -> int:
        change = update(link).where(link.c.connection == connection, link.c.stream == stream)
        return self._bulk.changed(change.where(link.c.state == old.value).values(state=new.value))

    def seen(self, connection: str, stream: str, external_ids: Iterable[str], generation: int) -> int:
        """Note that a full read showed these records; tells how many are linked."""
        asked = dict.fromkeys(external_ids)
        return self._bulk.change(
            _SEEN, asked, connection=connection, stream=stream, now_generation=generation
        )

    def unseen(
        self,
        connection: str,
        stream: str,
        before_generation: int,
        after_external_id: str | None = None,
        limit: int = 500,
    ) -> list[Link]:
        """A page of live or shadowed links that no full read since ``before_generation`` showed."""
        query = _ALL.where(
            link.c.connection == connection,
            link.c.stream == stream,
            link.c.generation < before_generation,
            link.c.state.in_([LinkState.LIVE.value, LinkState.SHADOWED.value]),
        )
        return self._page(query, after_external_id, limit)

    def page(self, connection: str, stream: str, after: str | None = None, limit: int = 500) -> list[Link]:
        """A page of a stream's links in any state, by external id."""
        return self._page(_ALL.where(link.c.connection == connection, link.c.stream == stream), after, limit)

    def repoint(self, from_entity: str, to_entity: str) -> int:
        """Hand all links of one hub record to another; tells how many.

        Raises:
            StateError: both have a live link in one stream: make one ``shadowed`` first.
        """
        change = update(link).values(entity=to_entity).where(link.c.entity == from_entity)
        return self._bulk.changed(change.where(LIVE)) + self._bulk.changed(change.where(NOT_LIVE))

    def _page(self, query: Select[Any], after: str | None, limit: int) -> list[Link]:
        if after is not None:
            query = query.where(link.c.external_id > after)
        rows = self._bulk.rows(query.order_by(link.c.external_id).limit(limit))
        return [unpack_link(row) for row in rows]

"""Links: which external id of which connection belongs to which hub record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from accord.store.bulk import Bulk
from accord.store.codec import pack_link, unpack_link
from accord.store.rows import Link, LinkState
from accord.store.statement import Statement
from accord.store.tables import LIVE, NOT_LIVE, link

_HERE = "WHERE connection = :connection AND stream = :stream"
_BY_RECORD = link.select(f"{_HERE} AND external_id IN :external_ids ORDER BY external_id")
_DIGESTS = Statement(
    f"SELECT external_id, row_digest FROM link {_HERE} AND external_id IN :external_ids"
    " AND state IN ('live', 'shadowed') AND row_digest IS NOT NULL ORDER BY external_id"
)
# Two halves, because each half has an index of its own.
_OF = f"WHERE entity IN :entities AND {LIVE}", f"WHERE entity IN :entities AND {NOT_LIVE}"
# The order has it walk the small index of its own, whatever a database thinks of the table.
_ORDER = "ORDER BY entity, connection, stream, external_id"
_OTHER = f"SELECT entity FROM link WHERE {NOT_LIVE} ORDER BY entity"
_OF_ALL = link.select(f"{_OF[0]} {_ORDER}"), link.select(f"{_OF[1]} {_ORDER}", rare=_OTHER)
# Expressions, so that no database reads the whole stream by the primary key's first columns instead.
_THERE = "AND connection || '' = :connection AND stream || '' = :stream"
# SQLite can be told which index: by all its columns it finds the one link, not those of every other system.
_LIVE_HERE = f"INDEXED BY link_live {_OF[0]} AND connection = :connection AND stream = :stream"
_OF_STREAM = (
    link.select(f"{_OF[0]} {_THERE} {_ORDER}", sqlite=f"{_LIVE_HERE} {_ORDER}"),
    link.select(f"{_OF[1]} {_THERE} {_ORDER}", rare=_OTHER),
)
_SEEN = Statement(f"UPDATE link SET generation = :generation {_HERE} AND external_id IN :external_ids")
_AGAIN = Statement(f"UPDATE link SET generation = :generation {_HERE} AND generation > :generation")
_LIVE_COUNT = Statement(f"SELECT count(*) FROM link {_HERE} AND {LIVE}")
_COUNT = Statement(f"SELECT count(*) FROM link {_HERE} AND state = :state")
_RESTATE = Statement(f"UPDATE link SET state = :state {_HERE} AND state = :old")
_FORGET = Statement(f"DELETE FROM link {_HERE}")
_RELEASE = tuple(
    Statement(f"DELETE FROM link WHERE entity = :entity AND {half}") for half in (LIVE, NOT_LIVE)
)
_PAGE = link.select(f"{_HERE} AND external_id > :after ORDER BY external_id LIMIT :most")
_UNSEEN = link.select(
    f"{_HERE} AND external_id > :after AND generation < :before AND state IN ('live', 'shadowed')"
    " ORDER BY external_id LIMIT :most"
)


class Links:
    """Links with their shadows."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def get(self, connection: str, stream: str, external_ids: Iterable[str]) -> dict[str, Link]:
        """The links of these records, in any state, by external id."""
        asked = dict.fromkeys(external_ids)
        found = self._bulk.rows(_BY_RECORD, connection=connection, stream=stream, external_ids=asked)
        return {each.external_id: each for each in map(unpack_link, found)}

    def digests(self, connection: str, stream: str, external_ids: Iterable[str]) -> dict[str, bytes]:
        """The row digests of those of these records that are linked: what is needed to skip the unchanged."""
        return self._bulk.pairs(_DIGESTS, connection=connection, stream=stream, external_ids=external_ids)

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
        for each in map(unpack_link, self._of(asked, wanted)):
            if wanted is None or (each.connection, each.stream) in wanted:
                found[each.entity].append(each)
        for links in found.values():
            if len(links) > 1:
                links.sort(key=lambda each: (each.connection, each.stream, each.external_id))
        return found

    def _of(self, entities: Iterable[str], wanted: set[tuple[str, str]] | None) -> list[tuple[Any, ...]]:
        if wanted is None or len(wanted) != 1:
            return [row for half in _OF_ALL for row in self._bulk.rows(half, entities=entities)]
        ((connection, stream),) = wanted
        place = {"entities": entities, "connection": connection, "stream": stream}
        return [row for half in _OF_STREAM for row in self._bulk.rows(half, **place)]

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
        return int(self._bulk.value(_LIVE_COUNT, connection=connection, stream=stream))

    def retired_count(self, connection: str, stream: str) -> int:
        """How many retired links a stream has."""
        retired = LinkState.RETIRED.value
        return int(self._bulk.value(_COUNT, connection=connection, stream=stream, state=retired))

    def retire(self, connection: str, stream: str) -> int:
        """The stream left its flow: its live links are retired; tells how many."""
        return self._restate(connection, stream, LinkState.LIVE, LinkState.RETIRED)

    def restore(self, connection: str, stream: str) -> int:
        """The stream is in a flow again: its retired links live; tells how many."""
        return self._restate(connection, stream, LinkState.RETIRED, LinkState.LIVE)

    def forget(self, connection: str, stream: str) -> int:
        """Remove all links of a stream, in any state; tells how many there were."""
        return self._bulk.change(_FORGET, connection=connection, stream=stream)

    def release(self, entity: str) -> int:
        """Remove all links of a hub record: its external ids are anybody's; tells how many there were."""
        return sum(self._bulk.change(half, entity=entity) for half in _RELEASE)

    def _restate(self, connection: str, stream: str, old: LinkState, new: LinkState) -> int:
        place = {"connection": connection, "stream": stream}
        return self._bulk.change(_RESTATE, **place, old=old.value, state=new.value)

    def seen(self, connection: str, stream: str, external_ids: Iterable[str], generation: int) -> int:
        """Note that a full read showed these records; tells how many are linked."""
        asked = dict.fromkeys(external_ids)
        place = {"connection": connection, "stream": stream, "external_ids": asked}
        return self._bulk.change(_SEEN, **place, generation=generation)

    def read_again(self, connection: str, stream: str, generation: int) -> int:
        """A full read after this generation was given up: what it showed counts as shown just before it."""
        return self._bulk.change(_AGAIN, connection=connection, stream=stream, generation=generation)

    def unseen(
        self,
        connection: str,
        stream: str,
        before_generation: int,
        after_external_id: str | None = None,
        limit: int = 500,
    ) -> list[Link]:
        """A page of live or shadowed links that no full read since ``before_generation`` showed."""
        place = {"connection": connection, "stream": stream, "after": after_external_id or "", "most": limit}
        found = self._bulk.rows(_UNSEEN, **place, before=before_generation)
        return [unpack_link(row) for row in found]

    def page(self, connection: str, stream: str, after: str | None = None, limit: int = 500) -> list[Link]:
        """A page of a stream's links in any state, by external id."""
        place = {"connection": connection, "stream": stream, "after": after or "", "most": limit}
        return [unpack_link(row) for row in self._bulk.rows(_PAGE, **place)]

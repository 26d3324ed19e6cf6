"""Dead letters: changes set aside with their reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from accord.store.bulk import Bulk
from accord.store.codec import Columns, Found, from_json, to_json
from accord.store.listing import listing
from accord.store.rows import DeadLetter
from accord.store.statement import Statement
from accord.store.tables import dead_letter

_Found: TypeAlias = list[DeadLetter]

_PLAIN = tuple(name for name in dead_letter.names if name != "payload")
_HERE = "WHERE connection = :connection AND stream = :stream"
_BY_ID = dead_letter.select("WHERE id = :id")
_KNOWN = Statement("SELECT id, attempts, first_at, state FROM dead_letter WHERE id IN :ids ORDER BY id")
_ANY_OPEN = "SELECT id FROM dead_letter WHERE state = 'open'"
_WRITES = f"{_HERE} AND entity IN :entities AND state = 'open' AND direction = 'write'"
_OF_WRITES = dead_letter.select(f"{_WRITES} ORDER BY last_at, id", rare=_ANY_OPEN)
_CLOSE_WRITES = Statement(f"UPDATE dead_letter SET state = 'closed' {_WRITES}", rare=_ANY_OPEN)
_REFUSALS = f"{_HERE} AND state = 'open' AND direction = 'write' AND error <> 'OutcomeUnknownError'"
_REFUSED = Statement(f"SELECT entity FROM dead_letter {_REFUSALS} ORDER BY entity", rare=_ANY_OPEN)
_REPLAY_WRITES = Statement(f"UPDATE dead_letter SET state = 'replayed' {_REFUSALS}", rare=_ANY_OPEN)
_READS = f"{_HERE} AND external_id IN :external_ids AND state = 'open' AND direction = 'read'"
_OF_READS = dead_letter.select(f"{_READS} ORDER BY id", rare=_ANY_OPEN)
_CLOSE_READS = Statement(f"UPDATE dead_letter SET state = 'closed', payload = NULL {_READS}", rare=_ANY_OPEN)
_SET_STATE = Statement("UPDATE dead_letter SET state = :state WHERE id = :id")
_OPEN_COUNT = Statement("SELECT count(*) FROM dead_letter WHERE state = 'open'")
_FORGET = Statement("DELETE FROM dead_letter WHERE entity IN :entities")
_FORGET_RECORD = Statement(f"DELETE FROM dead_letter {_HERE} AND external_id = :external_id")


class Letters:
    """One poison record is one row, however often it fails. Payloads are sealed, or not kept."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def put(self, letters: Sequence[DeadLetter]) -> int:
        """File dead letters; tells how many are new.

        One that is open already counts another attempt; one that was replayed or closed opens
        again and counts as new.
        """
        unique = {each.id: each for each in letters}
        known = {row["id"]: row for row in self._bulk.ask(_KNOWN, ids=unique)}
        rows = []
        for each in unique.values():
            row = self._pack(each)
            if each.id in known:
                row["attempts"] = known[each.id]["attempts"] + 1
                row["first_at"] = known[each.id]["first_at"]
            rows.append(row | {"state": "open"})
        self._bulk.upsert(dead_letter, rows)
        return len(unique) - sum(1 for row in known.values() if row["state"] == "open")

    def get(self, id: str) -> DeadLetter | None:  # noqa: A002
        """The dead letter of this id, its payload unsealed if the store has its key."""
        row = self._bulk.first(_BY_ID, id=id)
        return None if row is None else self._unpack(row)

    def open_for(self, connection: str, stream: str, entities: Iterable[str]) -> dict[str, DeadLetter]:
        """The newest open dead letter of a write for each of these hub records that has one."""
        return {letter.entity or "": letter for letter in self.open_writes(connection, stream, entities)}

    def open_writes(self, connection: str, stream: str, entities: Iterable[str]) -> list[DeadLetter]:
        """Every open dead letter of a write for these hub records, oldest first."""
        asked = dict.fromkeys(entities)
        found = self._bulk.ask(_OF_WRITES, connection=connection, stream=stream, entities=asked)
        return [self._unpack(row) for row in found]

    def close_writes(self, connection: str, stream: str, entities: Iterable[str]) -> None:
        """These hub records are there, or need nothing there: what was refused before is settled."""
        asked = dict.fromkeys(entities)
        self._bulk.change(_CLOSE_WRITES, connection=connection, stream=stream, entities=asked)

    def replay_refused(self, connection: str, stream: str) -> list[str]:
        """Everything that was refused there gets another try; the hub records it is about.

        Not what nobody knows the outcome of: that may be there.
        """
        found = self._bulk.rows(_REFUSED, connection=connection, stream=stream)
        self._bulk.change(_REPLAY_WRITES, connection=connection, stream=stream)
        return [entity for (entity,) in found if entity is not None]

    def open_reads(self, connection: str, stream: str, external_ids: Iterable[str]) -> set[str]:
        """Which of these records could not be absorbed when they were last read."""
        asked = dict.fromkeys(external_ids)
        found = self._bulk.ask(_OF_READS, connection=connection, stream=stream, external_ids=asked)
        return {row["external_id"] for row in found}

    def close_reads(self, connection: str, stream: str, external_ids: Iterable[str]) -> int:
        """These records were absorbed: close their letters and drop what those kept."""
        asked = dict.fromkeys(external_ids)
        return self._bulk.change(_CLOSE_READS, connection=connection, stream=stream, external_ids=asked)

    def set_state(self, id: str, state: str) -> bool:  # noqa: A002
        """Note what became of a letter (``open``, ``replayed``, ``closed``); False if there is none."""
        return self._bulk.change(_SET_STATE, id=id, state=state) == 1

    def open_count(self) -> int:
        """How many dead letters are open."""
        return int(self._bulk.value(_OPEN_COUNT))

    def forget(self, entities: Iterable[str]) -> int:
        """Remove the letters about hub records for good (erasure); tells how many."""
        return self._bulk.change(_FORGET, entities=dict.fromkeys(entities))

    def forget_records(self, records: Iterable[tuple[str, str, str]]) -> int:
        """Remove the letters about (connection, stream, external id) for good; tells how many."""
        names = ("connection", "stream", "external_id")
        rows = [dict(zip(names, record, strict=True)) for record in dict.fromkeys(records)]
        return self._bulk.each(_FORGET_RECORD, rows)

    def list(
        self,
        state: str | None = "open",
        model: str | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> _Found:
        """A page of dead letters, oldest first, after the letter with the id ``after``."""
        last = None if after is None else self.get(after)
        place = None if last is None else (last.first_at, last.id)
        asked = listing(dead_letter, "first_at", {"state": state, "model": model}, limit, place)
        return [self._unpack(row) for row in self._bulk.ask(asked.statement, **asked.parameters)]

    def _pack(self, each: DeadLetter) -> Columns:
        row: Columns = {name: getattr(each, name) for name in _PLAIN}
        row["payload"] = None if each.payload is None else self._bulk.seal(to_json(each.payload))
        return row

    def _unpack(self, row: Found) -> DeadLetter:
        plain: dict[str, Any] = {name: row[name] for name in _PLAIN}
        payload: dict[str, Any] | None = self._bulk.unseal(row["payload"], None, from_json)
        return DeadLetter(**plain, payload=payload)

"""What people and vendors said about identity: merges, splits and erased identifiers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from accord.store.bulk import Bulk
from accord.store.codec import from_json, to_json
from accord.store.statement import Statement
from accord.store.tables import apart, merge_log, tombstone

_MERGES = merge_log.select("WHERE survivor = :entity OR loser = :entity ORDER BY at, survivor, loser")
_FORGET = (
    Statement("DELETE FROM merge_log WHERE survivor IN :entities"),
    Statement("DELETE FROM merge_log WHERE loser IN :entities"),
)
_PAIRS = Statement(
    "SELECT a, b FROM apart WHERE a IN :entities UNION ALL SELECT a, b FROM apart WHERE b IN :entities"
    " ORDER BY a, b",
    rare="SELECT a FROM apart",
)
_MEMBERS = Statement("SELECT a AS id FROM apart UNION SELECT b FROM apart ORDER BY id")
_JOIN = Statement("DELETE FROM apart WHERE a = :entity OR b = :entity")
_ANY_ERASED = Statement("SELECT 1 FROM tombstone LIMIT 1")
_ERASED = Statement("SELECT hmac FROM tombstone WHERE hmac IN BYTES :hmacs ORDER BY hmac")
_OF_REQUEST = Statement("SELECT hmac FROM tombstone WHERE request = :request ORDER BY hmac")
_LIFT = Statement("DELETE FROM tombstone WHERE request = :request")


@dataclass(frozen=True, slots=True)
class Merge:
    """Two hub records became one.

    Attributes:
        snapshot: The loser as it was, to split them again; None if no key was set when they merged.
        moved: What was handed to the survivor (links, keys), as the engine noted it.
    """

    survivor: str
    loser: str
    at: float
    actor: str
    snapshot: dict[str, Any] | None
    moved: list[Any]


class Merges:
    """The log of merges; its snapshots are sealed, or not kept."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def log(
        self,
        survivor: str,
        loser: str,
        snapshot: dict[str, Any],
        moved: Sequence[Any],
        at: float,
        actor: str,
    ) -> None:
        """Note a merge."""
        row = {
            "survivor": survivor,
            "loser": loser,
            "at": at,
            "actor": actor,
            "snapshot": self._bulk.seal(to_json(snapshot)),
            "moved": to_json(list(moved)),
        }
        self._bulk.upsert(merge_log, [row])

    def of(self, entity: str) -> list[Merge]:
        """The merges in which a hub record survived or was given up, oldest first."""
        found = []
        for row in self._bulk.ask(_MERGES, entity=entity):
            snapshot: dict[str, Any] | None = self._bulk.unseal(row["snapshot"], None, from_json)
            found.append(Merge(**{**row, "snapshot": snapshot, "moved": from_json(row["moved"])}))
        return found

    def forget(self, entities: Iterable[str]) -> int:
        """Drop the merges of hub records for good (erasure); tells how many there were."""
        asked = dict.fromkeys(entities)
        return sum(self._bulk.change(side, entities=asked) for side in _FORGET)


class Apart:
    """Pairs of hub records that a person split: they are never matched again."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, a: str, b: str) -> None:
        """Keep two hub records apart."""
        first, second = sorted((a, b))
        self._bulk.add_new(apart, [{"a": first, "b": second}])

    def part(self, stayed: str, born: str) -> None:
        """A person made two of one: whoever was kept apart from the one is so from the other too."""
        for other in {stayed} | self.partners([stayed]).get(stayed, set()):
            self.add(other, born)

    def join(self, survivor: str, loser: str) -> None:
        """A person made two one: whoever was kept apart from the one that is gone is so from the other."""
        for other in self.partners([loser]).get(loser, set()) - {survivor}:
            self.add(survivor, other)
        self._bulk.change(_JOIN, entity=loser)

    def partners(self, entities: Iterable[str]) -> dict[str, set[str]]:
        """The hub records that each of these is kept apart from; only those that are kept from any."""
        asked = set(entities)
        found: dict[str, set[str]] = {}
        for pair in self.pairs_of(asked):
            for each in pair & asked:
                found.setdefault(each, set()).update(pair - {each})
        return found

    def members(self) -> list[str]:
        """Every hub record that is kept apart from another one."""
        return [row["id"] for row in self._bulk.ask(_MEMBERS)]

    def pairs_of(self, entities: Iterable[str]) -> set[frozenset[str]]:
        """The pairs that one of these hub records belongs to."""
        rows = self._bulk.ask(_PAIRS, entities=dict.fromkeys(entities))
        return {frozenset((row["a"], row["b"])) for row in rows}


class Tombstones:
    """Keyed hashes of erased people's identifiers: nobody brings them back by accident."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, hmacs: Iterable[bytes], request: str, at: float) -> None:
        """Keep hashes of identifiers, with the request that demanded the erasure."""
        rows = [{"hmac": each, "request": request, "at": at} for each in dict.fromkeys(hmacs)]
        self._bulk.add_new(tombstone, rows)

    def exist(self) -> bool:
        """Whether anybody was ever erased: asked once a page, before anything is hashed."""
        return self._bulk.value(_ANY_ERASED) is not None

    def of(self, request: str) -> list[bytes]:
        """The hashes that a request left."""
        return [row["hmac"] for row in self._bulk.ask(_OF_REQUEST, request=request)]

    def lift(self, request: str) -> int:
        """Take the hashes of a request away: the person came back by their own act."""
        return self._bulk.change(_LIFT, request=request)

    def any(self, hmacs: Iterable[bytes]) -> set[bytes]:
        """Which of these hashes belong to erased people."""
        return {row["hmac"] for row in self._bulk.ask(_ERASED, hmacs=dict.fromkeys(hmacs))}

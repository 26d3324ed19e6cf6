"""Accord with one of its promises left out, to tell what keeping it costs.

No way to run it: whatever is left out here is missed as soon as something goes wrong. What remains does the
job all the same as long as nothing does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bench.programs import with_accord
from bench.programs.task import told

Omission = Callable[[], None]


def _nothing(*_: object, **__: object) -> None:
    """Instead of what is left out."""


def ledger() -> None:
    """The account of what was sent of whom: a withdrawal would not know where to go."""
    from accord.store.ledger import Ledger

    _replace(Ledger, start=_nothing, settle=_nothing)


def digests() -> None:
    """The digest of each cell: nobody could tell an edit from an echo, or which field was edited."""
    from accord.engine.digests import Digests

    def of(_: Digests, cells: Mapping[str, Any]) -> dict[str, bytes]:
        return {cell: b"the same" for cell, value in cells.items() if value is not None}

    _replace(Digests, of=of)


def marks() -> None:
    """Dirty marks in the store: a crash would forget what was still to be written."""
    from accord.store.streams import Dirty

    held: dict[str, int] = {}

    def add(_: Dirty, marks: Iterable[tuple[str, str, str]]) -> None:
        held.update((entity, 1) for _, _, entity in marks)

    def of(_: Dirty, __: str, ___: str, entities: Iterable[str]) -> dict[str, int]:
        return {entity: 1 for entity in entities if entity in held}

    def clear(_: Dirty, __: str, ___: str, taken: Iterable[tuple[str, int]]) -> int:
        return sum(held.pop(entity, 0) for entity, _ in taken)

    _replace(Dirty, add=add, of=of, clear=clear)


def intents() -> None:
    """The intent that stands in the store before its request: a crash would send it twice, or never."""
    from accord.store.intents import Intents

    def sent_at(_: Intents, ids: Iterable[str]) -> dict[str, None]:
        return dict.fromkeys(ids)

    _replace(Intents, insert_sent=_nothing, sent_at=sent_at, close=_nothing)


def assertions() -> None:
    """The question whether all still is as it was decided: two processes would write over each other."""
    from accord.engine.intents import newborn
    from accord.engine.mark import Marker
    from accord.store.entities import Entities

    def known(marker: Marker, tx: Any, entities: Mapping[str, Any], refusals: Mapping[str, str]) -> Any:
        return newborn(tx, marker.scope, entities, refusals)

    def revisions(_: Entities, ids: Iterable[str]) -> dict[str, int]:
        return dict.fromkeys(ids, 1)

    _replace(Marker, known=known)
    _replace(Entities, revisions=revisions)


def disk() -> None:
    """Waiting for the disk before a request goes out: a power failure would take the intent back."""
    from accord.store.sqlite import SqliteDatabase

    def begin(_: SqliteDatabase, driver: Any) -> None:
        driver.execute("PRAGMA synchronous = OFF")
        driver.execute("BEGIN IMMEDIATE")

    _replace(SqliteDatabase, _begin_durable=begin, _begin_hasty=begin)


def everything() -> None:
    """All of these."""
    for each in (ledger, digests, marks, intents, assertions, disk):
        each()


OMISSIONS: Mapping[str, Omission] = {
    each.__name__: each for each in (ledger, digests, marks, intents, assertions, disk, everything)
}


def _replace(kind: type, **methods: Callable[..., Any]) -> None:
    for name, method in methods.items():
        setattr(kind, name, method)


def main() -> None:
    """Leave out what is asked, then go on as ever."""
    left_out = told().options["without"]
    if left_out != "nothing":
        OMISSIONS[left_out]()
    with_accord.main()


if __name__ == "__main__":
    main()

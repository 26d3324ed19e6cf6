"""The signal log: append-only. A merge or a split moves whose log a signal is read in, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from accord.consent.signal import Actor, ConsentSignal, Kind
from accord.store.bulk import Bulk
from accord.store.codec import Columns, from_json, to_json
from accord.store.consent_tables import consent_signal
from accord.store.statement import Statement

_NAMES = consent_signal.names
_COLUMNS = frozenset(_NAMES) - {"body"}
_KINDS, _ACTORS = {each.value: each for each in Kind}, {each.value: each for each in Actor}
_PLAIN = tuple(each.name for each in fields(ConsentSignal) if each.name in _COLUMNS)
_NOTHING = to_json({})
_REST = {each.name: each.default for each in fields(ConsentSignal) if each.name not in _COLUMNS}
_KNOWN = Statement(
    "SELECT event FROM consent_signal WHERE source = :source AND event IN :events ORDER BY event"
)
_OF = consent_signal.select("WHERE subject IN :subjects ORDER BY subject, id")
_BY_ID = consent_signal.select("WHERE id IN :ids ORDER BY id")
_MOVE = Statement("UPDATE consent_signal SET subject = :subject WHERE id = :id")
_SUBJECTS = Statement(
    "SELECT DISTINCT subject FROM consent_signal WHERE subject > :after ORDER BY subject LIMIT :most"
)
_FORGET = Statement("DELETE FROM consent_signal WHERE subject IN :subjects")


class Signals:
    """What was said about people's permissions."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, signals: Sequence[ConsentSignal]) -> list[ConsentSignal]:
        """Append signals; those whose (source, event) is known are left out. Returns the new ones."""
        unique = {(one.source, one.event): one for one in reversed(signals)}
        known = {
            (source, row["event"])
            for source, some in _by_source(unique)
            for row in self._bulk.ask(_KNOWN, source=source, events=some)
        }
        new = [one for one in signals if unique.get((one.source, one.event)) is one]
        new = [one for one in new if (one.source, one.event) not in known]
        self._bulk.insert(consent_signal, [_pack(one) for one in new])
        return new

    def of(self, subjects: Iterable[str]) -> dict[str, list[ConsentSignal]]:
        """The log of each of these people, by arrival."""
        found: dict[str, list[ConsentSignal]] = {}
        for one in map(_unpack, self._bulk.rows(_OF, subjects=dict.fromkeys(subjects))):
            found.setdefault(one.subject, []).append(one)
        for log in found.values():
            log.sort(key=lambda one: (one.received_at, one.id))
        return found

    def get(self, ids: Iterable[str]) -> dict[str, ConsentSignal]:
        """Signals by id."""
        found = map(_unpack, self._bulk.rows(_BY_ID, ids=dict.fromkeys(ids)))
        return {one.id: one for one in found}

    def move(self, signals: Sequence[ConsentSignal]) -> None:
        """Re-point known signals to the people they name now (after a merge or a split)."""
        self._bulk.each(_MOVE, [{"id": one.id, "subject": one.subject} for one in signals])

    def subjects(self, after: str = "", limit: int = 500) -> list[str]:
        """A page of the people who have a log, by id."""
        return [row["subject"] for row in self._bulk.ask(_SUBJECTS, after=after, most=limit)]

    def forget(self, subjects: Iterable[str]) -> int:
        """Remove the logs of people for good (erasure); tells how many signals."""
        return self._bulk.change(_FORGET, subjects=dict.fromkeys(subjects))


def _by_source(events: Iterable[tuple[str, str]]) -> Iterable[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for source, event in dict.fromkeys(events):
        found.setdefault(source, []).append(event)
    return found.items()


def _pack(one: ConsentSignal) -> Columns:
    row: Columns = {name: getattr(one, name) for name in _PLAIN}
    row["kind"], row["actor"] = one.kind.value, one.actor.value
    row["recorded_for"] = one.recorded_for or one.subject
    rest = {name: value for name, default in _REST.items() if (value := getattr(one, name)) != default}
    row["body"] = to_json(rest)
    return row


def _unpack(row: tuple[Any, ...]) -> ConsentSignal:
    """A signal from its columns, in their order."""
    known = dict(zip(_NAMES, row, strict=True))
    body: bytes = known.pop("body")
    known["kind"], known["actor"] = _KINDS[known["kind"]], _ACTORS[known["actor"]]
    return ConsentSignal(**known, **(from_json(body) if body != _NOTHING else {}))

"""The signal log: append-only. A merge or a split moves whose log a signal is read in, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields

from sqlalchemy import bindparam, select, tuple_, update

from accord.consent.signal import Actor, ConsentSignal, Kind
from accord.store.bulk import Bulk, chunks
from accord.store.codec import Columns, Found, from_json, to_json
from accord.store.consent_tables import consent_signal

_COLUMNS = frozenset(column.name for column in consent_signal.c) - {"body"}
_PLAIN = tuple(each.name for each in fields(ConsentSignal) if each.name in _COLUMNS)
_REST = {each.name: each.default for each in fields(ConsentSignal) if each.name not in _COLUMNS}
_MOVE = (
    update(consent_signal)
    .where(consent_signal.c.id == bindparam("asked"))
    .values(subject=bindparam("subject"))
)


class Signals:
    """What was said about people's permissions."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, signals: Sequence[ConsentSignal]) -> list[ConsentSignal]:
        """Append signals; those whose (source, event) is known are left out. Returns the new ones."""
        unique = {(one.source, one.event): one for one in reversed(signals)}
        known = self._known(list(unique))
        new = [one for one in signals if unique.get((one.source, one.event)) is one]
        new = [one for one in new if (one.source, one.event) not in known]
        self._bulk.insert(consent_signal, [_pack(one) for one in new])
        return new

    def _known(self, events: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        by_source: dict[str, list[str]] = {}
        for source, event in events:
            by_source.setdefault(source, []).append(event)
        query = select(consent_signal.c.event)
        return {
            (source, row["event"])
            for source, some in by_source.items()
            for row in self._bulk.select_among(
                query.where(consent_signal.c.source == source), consent_signal.c.event, some
            )
        }

    def of(self, subjects: Iterable[str]) -> dict[str, list[ConsentSignal]]:
        """The log of each of these people, by arrival."""
        found: dict[str, list[ConsentSignal]] = {}
        for row in self._bulk.select_among(
            select(consent_signal), consent_signal.c.subject, dict.fromkeys(subjects)
        ):
            found.setdefault(row["subject"], []).append(_unpack(row))
        for log in found.values():
            log.sort(key=lambda one: (one.received_at, one.id))
        return found

    def get(self, ids: Iterable[str]) -> dict[str, ConsentSignal]:
        """Signals by id."""
        rows = self._bulk.select_among(select(consent_signal), consent_signal.c.id, dict.fromkeys(ids))
        return {row["id"]: _unpack(row) for row in rows}

    def move(self, signals: Sequence[ConsentSignal]) -> None:
        """Re-point known signals to the people they name now (after a merge or a split)."""
        self._bulk.each(_MOVE, [{"asked": one.id, "subject": one.subject} for one in signals])

    def subjects(self, after: str = "", limit: int = 500) -> list[str]:
        """A page of the people who have a log, by id."""
        query = select(consent_signal.c.subject).where(consent_signal.c.subject > after).distinct()
        return [
            row["subject"] for row in self._bulk.rows(query.order_by(consent_signal.c.subject).limit(limit))
        ]

    def by_event(self, events: Iterable[tuple[str, str]]) -> dict[tuple[str, str], ConsentSignal]:
        """Signals by (source, event)."""
        found: dict[tuple[str, str], ConsentSignal] = {}
        for some in chunks(dict.fromkeys(events)):
            key = tuple_(consent_signal.c.source, consent_signal.c.event)
            for row in self._bulk.rows(select(consent_signal).where(key.in_(some))):
                found[row["source"], row["event"]] = _unpack(row)
        return found

    def forget(self, subjects: Iterable[str]) -> int:
        """Remove the logs of people for good (erasure); tells how many signals."""
        return self._bulk.remove(consent_signal, consent_signal.c.subject, dict.fromkeys(subjects))


def _pack(one: ConsentSignal) -> Columns:
    row: Columns = {name: getattr(one, name) for name in _PLAIN}
    row["kind"], row["actor"] = one.kind.value, one.actor.value
    row["recorded_for"] = one.recorded_for or one.subject
    rest = {name: value for name, default in _REST.items() if (value := getattr(one, name)) != default}
    row["body"] = to_json(rest)
    return row


def _unpack(row: Found) -> ConsentSignal:
    plain = {name: row[name] for name in _PLAIN}
    plain |= {"kind": Kind(row["kind"]), "actor": Actor(row["actor"])}
    return ConsentSignal(**plain, **from_json(row["body"]))

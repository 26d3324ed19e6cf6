"""What follows from the log: states of permissions, addresses and their owners, suppressions, objections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from accord.consent.fold import Cell, CellState
from accord.store.bulk import Bulk
from accord.store.codec import from_json, to_json
from accord.store.consent_rows import Objection, Suppression, ValueOrigin
from accord.store.consent_tables import (
    consent_state,
    contact_point,
    objection,
    suppression,
    value_origin,
)
from accord.store.statement import Statement

States = dict[Cell, CellState]

_STATES = consent_state.select(
    "WHERE subject IN :subjects ORDER BY subject, purpose, channel, contact_point, topic, controller"
)
_FORGET_STATES = Statement("DELETE FROM consent_state WHERE subject IN :subjects")
_ENDING = Statement(
    "SELECT DISTINCT subject FROM consent_state"
    " WHERE expires_at <= :now AND state IN ('granted', 'soft_opt_in') ORDER BY subject LIMIT :most"
)
_OWNERS = Statement("SELECT hmac, subject FROM contact_point WHERE hmac IN :hmacs ORDER BY hmac, subject")
_POINTS = contact_point.select("WHERE subject IN :subjects ORDER BY subject, type, hmac")
_FORGET_POINTS = Statement("DELETE FROM contact_point WHERE subject IN :subjects")
_SUPPRESSED = suppression.select(
    "WHERE contact_point IN :contact_points ORDER BY contact_point, channel, reason"
)
_SUPPRESSED_BY = suppression.select(
    "WHERE subject IN :subjects ORDER BY subject, contact_point, channel, reason"
)
_CLEAR = Statement(
    "DELETE FROM suppression WHERE contact_point = :contact_point AND channel = :channel AND reason = :reason"
)
_OBJECTIONS = objection.select("WHERE hmac IN :hmacs ORDER BY hmac, purpose, channel")
_EXPIRE = Statement("DELETE FROM objection WHERE retain_until < :now")
_ORIGINS = value_origin.select("WHERE entity IN :entities ORDER BY entity, cell, digest, origin")
_FORGET_ORIGINS = Statement("DELETE FROM value_origin WHERE entity IN :entities")


class Permissions:
    """The derived state of each permission; it can be made anew from the log at any time."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def of(self, subjects: Iterable[str]) -> dict[str, States]:
        """All states of these people."""
        found: dict[str, States] = {}
        for row in self._bulk.rows(_STATES, subjects=dict.fromkeys(subjects)):
            subject, *place, state, basis, epoch, since, signal, expires_at, conflicts = row
            found.setdefault(subject, {})[Cell(*place)] = CellState(
                state, basis, epoch, since, signal, expires_at, tuple(from_json(conflicts))
            )
        return found

    def replace(self, states: Mapping[str, States]) -> None:
        """Make these all the states of these people."""
        self._bulk.change(_FORGET_STATES, subjects=states)
        self._bulk.insert(
            consent_state, [_row(s, c, k) for s, every in states.items() for c, k in every.items()]
        )

    def ending(self, now: float, limit: int = 500) -> list[str]:
        """People with a permission whose end has come and is not noted yet."""
        return [row["subject"] for row in self._bulk.ask(_ENDING, now=now, most=limit)]

    def forget(self, subjects: Iterable[str]) -> int:
        """Remove the states of people for good (erasure)."""
        return self._bulk.change(_FORGET_STATES, subjects=dict.fromkeys(subjects))


def _row(subject: str, cell: Cell, known: CellState) -> dict[str, object]:
    return {
        "subject": subject,
        "purpose": cell.purpose,
        "channel": cell.channel,
        "contact_point": cell.contact_point,
        "topic": cell.topic,
        "controller": cell.controller,
        "state": known.state,
        "basis": known.basis,
        "epoch": known.epoch,
        "since": known.since,
        "signal": known.signal,
        "expires_at": known.expires_at,
        "conflicts": to_json(list(known.conflicts)),
    }


class ContactPoints:
    """Keyed hashes of addresses and whose they are."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def put_many(self, owners: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        """Make these the addresses of these people: (subject, type -> hash) each."""
        self._bulk.change(_FORGET_POINTS, subjects=[subject for subject, _ in owners])
        rows = [
            {"subject": subject, "type": type_, "hmac": hmac}
            for subject, points in owners
            for type_, hmac in points.items()
        ]
        self._bulk.insert(contact_point, rows)

    def owners(self, hmacs: Iterable[str]) -> dict[str, set[str]]:
        """For each address the people who have it."""
        found: dict[str, set[str]] = {}
        for hmac, subject in self._bulk.rows(_OWNERS, hmacs=dict.fromkeys(hmacs)):
            found.setdefault(hmac, set()).add(subject)
        return found

    def of(self, subjects: Iterable[str]) -> dict[str, dict[str, str]]:
        """The addresses of these people, by type."""
        found: dict[str, dict[str, str]] = {}
        for row in self._bulk.ask(_POINTS, subjects=dict.fromkeys(subjects)):
            found.setdefault(row["subject"], {})[row["type"]] = row["hmac"]
        return found

    def forget(self, subjects: Iterable[str]) -> int:
        """Remove the addresses of people for good (erasure)."""
        return self._bulk.change(_FORGET_POINTS, subjects=dict.fromkeys(subjects))


class Suppressions:
    """Addresses that must not be used, for technical reasons; consent neither sets nor clears them."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, found: Iterable[Suppression]) -> None:
        """Note suppressions; one that is known stays as it was noted first."""
        rows = {(one.contact_point, one.channel, one.reason): one for one in found}
        self._bulk.add_new(suppression, [_columns(one) for one in rows.values()])

    def at(self, contact_points: Iterable[str]) -> dict[str, list[Suppression]]:
        """The suppressions of each of these addresses."""
        found: dict[str, list[Suppression]] = {}
        for row in self._bulk.ask(_SUPPRESSED, contact_points=dict.fromkeys(contact_points)):
            found.setdefault(row["contact_point"], []).append(Suppression(**row))
        return found

    def of(self, subjects: Iterable[str]) -> list[Suppression]:
        """The suppressions that records of these people showed."""
        found = self._bulk.ask(_SUPPRESSED_BY, subjects=dict.fromkeys(subjects))
        return [Suppression(**row) for row in found]

    def clear(self, contact_point: str, channel: str, reason: str) -> bool:
        """A person says that an address works again; False if it was not suppressed."""
        place = {"contact_point": contact_point, "channel": channel, "reason": reason}
        return self._bulk.change(_CLEAR, **place) == 1


def _columns(one: Suppression | Objection) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__slots__}


class Objections:
    """The list of objections (repoussoir): hashes for one use, kept beyond an erasure."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, found: Iterable[Objection]) -> None:
        """Note objections; a later one of the same prolongs it."""
        rows = {(one.hmac, one.purpose, one.channel): one for one in found}
        self._bulk.upsert(objection, [_columns(one) for one in rows.values()])

    def at(self, hmacs: Iterable[str]) -> dict[str, list[Objection]]:
        """The objections of each of these addresses."""
        found: dict[str, list[Objection]] = {}
        for row in self._bulk.ask(_OBJECTIONS, hmacs=dict.fromkeys(hmacs)):
            found.setdefault(row["hmac"], []).append(Objection(**row))
        return found

    def expire(self, now: float) -> int:
        """Drop those whose time is over."""
        return self._bulk.change(_EXPIRE, now=now)


class Origins:
    """Where values were collected, for values that a marketplace (or beside it the merchant) showed."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, found: Iterable[ValueOrigin]) -> None:
        """Note origins; the first sight of a value counts."""
        rows = {(one.entity, one.cell, one.digest, one.origin): one for one in found}
        names = ValueOrigin.__slots__
        self._bulk.add_new(value_origin, [{n: getattr(one, n) for n in names} for one in rows.values()])

    def of(self, entities: Iterable[str]) -> dict[str, list[ValueOrigin]]:
        """What is known of these hub records' values."""
        found: dict[str, list[ValueOrigin]] = {}
        for row in self._bulk.ask(_ORIGINS, entities=dict.fromkeys(entities)):
            found.setdefault(row["entity"], []).append(ValueOrigin(**row))
        return found

    def move(self, loser: str, survivor: str) -> None:
        """A merged record's values keep their origin."""
        mine = self.of([loser]).get(loser, [])
        self.add(
            [ValueOrigin(survivor, o.cell, o.digest, o.origin, o.source, o.at, o.retain_until) for o in mine]
        )

    def forget(self, entities: Iterable[str]) -> int:
        """Remove what is known of hub records' values for good (erasure)."""
        return self._bulk.change(_FORGET_ORIGINS, entities=dict.fromkeys(entities))

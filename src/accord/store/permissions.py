"""What follows from the log: states of permissions, addresses and their owners, suppressions, objections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select

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

States = dict[Cell, CellState]


class Permissions:
    """The derived state of each permission; it can be made anew from the log at any time."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def of(self, subjects: Iterable[str]) -> dict[str, States]:
        """All states of these people."""
        found: dict[str, States] = {}
        for row in self._bulk.select_among(
            select(consent_state), consent_state.c.subject, dict.fromkeys(subjects)
        ):
            cell = Cell(row["purpose"], row["channel"], row["contact_point"], row["topic"], row["controller"])
            found.setdefault(row["subject"], {})[cell] = CellState(
                row["state"],
                row["basis"],
                row["epoch"],
                row["since"],
                row["signal"],
                row["expires_at"],
                tuple(from_json(row["conflicts"])),
            )
        return found

    def replace(self, states: Mapping[str, States]) -> None:
        """Make these all the states of these people."""
        self._bulk.remove(consent_state, consent_state.c.subject, list(states))
        self._bulk.insert(
            consent_state, [_row(s, c, k) for s, every in states.items() for c, k in every.items()]
        )

    def ending(self, now: float, limit: int = 500) -> list[str]:
        """People with a permission whose end has come and is not noted yet."""
        query = select(consent_state.c.subject).where(
            consent_state.c.expires_at <= now, consent_state.c.state.in_(("granted", "soft_opt_in"))
        )
        return [row["subject"] for row in self._bulk.rows(query.distinct().limit(limit))]

    def forget(self, subjects: Iterable[str]) -> int:
        """Remove the states of people for good (erasure)."""
        return self._bulk.remove(consent_state, consent_state.c.subject, dict.fromkeys(subjects))


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
        self._bulk.remove(contact_point, contact_point.c.subject, [subject for subject, _ in owners])
        rows = [
            {"subject": subject, "type": type_, "hmac": hmac, "verified_at": None}
            for subject, points in owners
            for type_, hmac in points.items()
        ]
        self._bulk.insert(contact_point, rows)

    def owners(self, hmacs: Iterable[str]) -> dict[str, set[str]]:
        """For each address the people who have it."""
        found: dict[str, set[str]] = {}
        for row in self._bulk.select_among(select(contact_point), contact_point.c.hmac, dict.fromkeys(hmacs)):
            found.setdefault(row["hmac"], set()).add(row["subject"])
        return found

    def of(self, subjects: Iterable[str]) -> dict[str, dict[str, str]]:
        """The addresses of these people, by type."""
        found: dict[str, dict[str, str]] = {}
        for row in self._bulk.select_among(
            select(contact_point), contact_point.c.subject, dict.fromkeys(subjects)
        ):
            found.setdefault(row["subject"], {})[row["type"]] = row["hmac"]
        return found

    def forget(self, subjects: Iterable[str]) -> int:
        """Remove the addresses of people for good (erasure)."""
        return self._bulk.remove(contact_point, contact_point.c.subject, dict.fromkeys(subjects))


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
        for row in self._bulk.select_among(
            select(suppression), suppression.c.contact_point, dict.fromkeys(contact_points)
        ):
            found.setdefault(row["contact_point"], []).append(Suppression(**row))
        return found

    def of(self, subjects: Iterable[str]) -> list[Suppression]:
        """The suppressions that records of these people showed."""
        rows = self._bulk.select_among(select(suppression), suppression.c.subject, dict.fromkeys(subjects))
        return [Suppression(**row) for row in rows]

    def clear(self, contact_point: str, channel: str, reason: str) -> bool:
        """A person says that an address works again; False if it was not suppressed."""
        change = suppression.delete().where(
            suppression.c.contact_point == contact_point,
            suppression.c.channel == channel,
            suppression.c.reason == reason,
        )
        return self._bulk.changed(change) == 1


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
        for row in self._bulk.select_among(select(objection), objection.c.hmac, dict.fromkeys(hmacs)):
            found.setdefault(row["hmac"], []).append(Objection(**row))
        return found

    def expire(self, now: float) -> int:
        """Drop those whose time is over."""
        return self._bulk.changed(objection.delete().where(objection.c.retain_until < now))


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
        for row in self._bulk.select_among(
            select(value_origin), value_origin.c.entity, dict.fromkeys(entities)
        ):
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
        return self._bulk.remove(value_origin, value_origin.c.entity, dict.fromkeys(entities))

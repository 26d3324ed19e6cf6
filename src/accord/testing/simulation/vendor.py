"""A vendor in memory: what it stores, when it shows it, and what its people do to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from accord.connector import Creates, Deletes
from accord.model.record import Row, Write
from accord.testing.simulation.editions import Edition
from accord.testing.simulation.issuer import Issuer
from accord.testing.simulation.scheduler import Scheduler

Normal = Callable[[Any], Any]
NEWS = "news"
"""The connection that is only written, for e-mail advertising."""
SHORT = 8
"""Characters that :func:`shortened` leaves."""


@dataclass(frozen=True)
class Traits:
    """How a vendor behaves.

    Attributes:
        creates: How creates are made safe (classes A to D).
        by_reference: Whether our reference can be stored and searched.
        conditional: Whether writes may name the version they expect.
        shows: Whether the answer of a write shows the stored record.
        visible_after: L_max: seconds until a commit is in lists and searches, at most.
        effective_after: T_max: seconds within which a request takes effect, at most.
        skew: Seconds its clock is ahead.
        ahead: Seconds that its stamps are ahead of the clock it tells, so that nobody can correct for them.
        forms: How it stores a column: a function by column name.
        declared: Whether the mapping declares those forms.
        follows: Whether a write to a merged-away id is applied to the record it was merged into.
        keeps_winner: Whether a merge keeps one id; else it makes a new one.
        together: Whether one bad item makes it refuse a whole batch.
        longest: Characters of a given name that it takes from us; 0 = any number. Its people may type more.
        jobs: Whether it takes writes as jobs that are prepared, started, and run on by themselves.
        silent: Whether it shows nobody anything: what it holds can be neither listed, looked at nor searched.
        lasts: Seconds until an access token expires; 0 = it asks for none.
    """

    creates: Creates = Creates.REFERENCE
    by_reference: bool = True
    conditional: bool = True
    shows: bool = False
    visible_after: float = 0.0
    effective_after: float = 10.0
    skew: float = 0.0
    ahead: float = 0.0
    deletes: Deletes = Deletes.SCAN
    forms: dict[str, Normal] = field(default_factory=dict)
    declared: bool = True
    follows: bool = False
    keeps_winner: bool = True
    together: bool = False
    longest: int = 0
    jobs: bool = False
    silent: bool = False
    lasts: float = 0.0
    batch: int = 2
    page: int = 3


@dataclass
class Arrival:
    """One version of a row and when lists begin to show it; ``row`` None = removed."""

    visible_at: float
    row: Row | None


class Table:
    """One noun of a vendor."""

    def __init__(self, vendor: Vendor, name: str) -> None:
        self.vendor, self.name = vendor, name
        self.rows: dict[str, Row] = {}
        self.merged: dict[str, str] = {}
        self.deleted: dict[str, str] = {}
        self.made_by: dict[str, list[str]] = {}
        """Hub id -> ids of the rows that creates of Accord made for it."""
        self.keys: dict[str, str] = {}
        self.repeated: set[str] = set()
        """Rows that a second delivery of a request made: nobody asked for them."""
        self.redelivered: dict[str, Row] = {}
        """What second deliveries put into rows, by row id."""
        self.attempts, self.refused = 0, 0
        """Writes that came in requests, and those of them that were refused for what they hold."""
        self.shown_at: dict[str, float] = {}
        """When an answer first held a row; rows that only the answer of a write named are not in it."""
        self._arrivals: dict[str, list[Arrival]] = {}
        self._ids = 0

    def listed(self) -> list[Row]:
        """What lists and searches show now."""
        now = self.vendor.scheduler.seconds
        found = []
        for arrivals in self._arrivals.values():
            shown = [arrival for arrival in arrivals if arrival.visible_at <= now]
            if shown and shown[-1].row is not None:
                found.append(shown[-1].row)
        return found

    def told(self, row: Row) -> Row:
        """A copy of a row for an answer: from now on Accord can know of it."""
        self.shown_at.setdefault(row["id"], self.vendor.scheduler.seconds)
        return dict(row)

    def store(self, row: Row, id_: str | None = None) -> str:
        """Create or change a row, in the vendor's forms; its id."""
        if id_ is None:
            self._ids += 1
            id_ = f"{self.vendor.name[0]}{self._ids}"
        old = self.rows.get(id_, {"id": id_, "version": 0})
        forms = self.vendor.traits.forms
        new = {name: forms[name](v) if name in forms and v is not None else v for name, v in row.items()}
        self.rows[id_] = self._stamped({**old, **new, "id": id_})
        self._arrive(id_, self.rows[id_])
        return id_

    def redeliver(self, id_: str, row: Row) -> None:
        """Note what a second delivery of a request left in a row."""
        left = {name: self.rows[id_].get(name) for name in row} if id_ in self.rows else {}
        self.redelivered.setdefault(id_, {}).update(left)

    def remove(self, id_: str, reason: str) -> None:
        """Delete a row; vendors with a feed or a flag go on showing that it is deleted."""
        row = self.rows.pop(id_)
        self.deleted[id_] = reason
        shown = self.vendor.traits.deletes in (Deletes.FEED, Deletes.FLAG)
        self._arrive(id_, self._stamped({**row, "deleted": True}) if shown else None)

    def merge(self, winner: str, loser: str) -> str:
        """Merge two rows as the vendor does; the id of the result. Blanks of the winner are filled."""
        kept, lost = self.rows[winner], self.rows[loser]
        filled = {name: value for name, value in lost.items() if kept.get(name) in (None, "", [])}
        result = {**kept, **filled, "merged": [*kept.get("merged", ()), *lost.get("merged", ()), loser]}
        del self.rows[loser]
        self._arrive(loser, None)
        if not self.vendor.traits.keeps_winner:
            del self.rows[winner]
            self._arrive(winner, None)
            result = {**result, "merged": [*result["merged"], winner], "version": 0}
            self._ids += 1
            id_ = f"{self.vendor.name[0]}{self._ids}"
            self.merged[winner] = id_
        else:
            id_ = winner
        self.merged[loser] = id_
        self.rows[id_] = self._stamped({**result, "id": id_})
        self._arrive(id_, self.rows[id_])
        return id_

    def resolve(self, id_: str) -> str:
        """The id that stands for this one after merges."""
        while id_ in self.merged:
            id_ = self.merged[id_]
        return id_

    def _stamped(self, row: Row) -> Row:
        return {**row, "version": row["version"] + 1, "updated_at": self.vendor.tick()}

    def _arrive(self, id_: str, row: Row | None) -> None:
        arrivals = self._arrivals.setdefault(id_, [])
        last = arrivals[-1].visible_at if arrivals else 0.0
        arrivals.append(Arrival(max(last, self.vendor.visible_at()), row))


class Vendor:
    """A system with its tables. It lives outside every simulated process."""

    def __init__(self, name: str, traits: Traits, scheduler: Scheduler, seed: int) -> None:
        self.name, self.traits, self.scheduler = name, traits, scheduler
        self.random = Random(f"vendor {name} {seed}")
        self.tables: dict[str, Table] = {name: Table(self, name) for name in ("contacts", "orders")}
        self.edition: Edition = Edition(traits)
        """How it is mapped at present."""
        self.declared: tuple[Edition, Sequence[Any]] | None = None
        """What its connector declares under an edition, made by the first process that opens it."""
        self.issuer = Issuer(scheduler, traits.lasts, f"{name} {seed}") if traits.lasts else None
        """Who issues its access tokens."""
        self.dark_until = 0.0
        """Until when its lists show nothing (records by id and searches do)."""
        self._last = 0.0

    def tick(self) -> str:
        """The vendor's clock; no two changes share an instant (V3)."""
        self._last = max(self._last + 0.001, self.scheduler.seconds + self.traits.skew + self.traits.ahead)
        return self.instant(self._last).isoformat()

    def instant(self, seconds: float) -> datetime:
        """A moment of the vendor's clock."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

    def server_time(self) -> datetime:
        """What its Date header says."""
        return self.instant(float(int(self.scheduler.seconds + self.traits.skew)))

    def visible_at(self) -> float:
        """When lists show what is committed now."""
        lag = self.traits.visible_after
        return self.scheduler.seconds + (self.random.uniform(0.0, lag) if lag else 0.0)


class Verb:
    """Applies one write of Accord to a table: the vendor's side of a request."""

    def __init__(self, table: Table, noted: Callable[[str, str, Write, str, Row], None]) -> None:
        self.table, self.noted = table, noted

    def create(self, write: Write) -> str:
        """A new row, unless the vendor recognises the request or the person; its id."""
        table, traits = self.table, self.table.vendor.traits
        known = table.keys.get(write.idempotency_key) if traits.creates is Creates.IDEMPOTENCY_KEY else None
        if known is not None:
            return known
        unique = "mail" if table.name == "contacts" else "number"
        if traits.creates is Creates.UPSERT and write.row.get(unique):
            same = [id_ for id_, row in sorted(table.rows.items()) if row.get(unique) == write.row[unique]]
            if same:
                self.noted("upserted", table.name, write, same[0], table.rows[same[0]])
                table.store(write.row, same[0])
                return same[0]
        id_ = table.store(write.row)
        table.keys[write.idempotency_key] = id_
        table.made_by.setdefault(write.hub_id, []).append(id_)
        self.noted("created", table.name, write, id_, {})
        return id_

    def target(self, write: Write) -> str | None:
        """The row that a write by id reaches; None if there is none."""
        id_ = str(write.external_id)
        if id_ not in self.table.rows and self.table.vendor.traits.follows:
            id_ = self.table.resolve(id_)
        return id_ if id_ in self.table.rows else None

    def current(self, write: Write, id_: str) -> bool:
        """Whether the row still has the version that the write expects."""
        if not self.table.vendor.traits.conditional or write.precondition is None:
            return True
        return str(self.table.rows[id_]["version"]) == write.precondition

    def update(self, write: Write, id_: str) -> None:
        """Change a row."""
        self.noted("updated", self.table.name, write, id_, self.table.rows[id_])
        self.table.store(write.row, id_)

    def delete(self, write: Write, id_: str) -> None:
        """Remove a row."""
        self.noted("deleted", self.table.name, write, id_, {})
        self.table.remove(id_, "accord")


def cut(length: int) -> Normal:
    """Keeps the first characters."""
    return lambda value: str(value)[:length]


def shortened(value: Any) -> Any:
    """Long texts end in an x: no prefix of what was given, so that only a mapping can know this form."""
    text = str(value)
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}x"


def upper(value: Any) -> Any:
    """Capital letters."""
    return str(value).upper()


def spaced(value: Any) -> Any:
    """A telephone number in groups."""
    text = str(value).replace(" ", "")
    return " ".join([text[:3], *(text[at : at + 2] for at in range(3, len(text), 2))])


def sorted_rows(rows: Sequence[Row]) -> list[Row]:
    """In the order of change, as keyset paging needs them."""
    return sorted(rows, key=lambda row: (row["updated_at"], row["id"]))

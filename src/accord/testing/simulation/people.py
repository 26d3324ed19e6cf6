"""People who work in the vendors, and the record of all they did: the ground truth of the oracle."""

# ruff: noqa: PLR2004  chances stand where they are taken

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from accord.model.record import Row
from accord.testing.simulation.vendor import Table, Vendor

TOKEN = 7
"""Characters at the start of a typed text that name the edit; no vendor cuts into them."""


@dataclass
class Edit:
    """One act of a person on one column of one row.

    Attributes:
        token: Names the edit wherever its value turns up.
        stored: The value as the vendor keeps it.
        saw: The edit whose value stood there before, if any: it was knowingly replaced.
        at: Virtual seconds.
    """

    token: str
    vendor: str
    table: str
    row: str
    column: str
    stored: Any
    saw: str | None
    at: float
    cleared: bool = False


@dataclass
class Diary:
    """All that people did."""

    edits: list[Edit] = field(default_factory=list)
    typed: set[tuple[str, Any]] = field(default_factory=set)
    """(column, value) as a vendor stored what a person typed."""
    removed: list[tuple[str, str, str, float]] = field(default_factory=list)
    """(vendor, table, row id, when) that people deleted."""
    merged: list[tuple[str, str, str, str]] = field(default_factory=list)
    """(vendor, winner, loser, result)."""
    tags: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    """Tag -> (what, vendor, row id) in order."""
    untold: set[tuple[str, str, str]] = field(default_factory=set)
    """(tag, vendor, row id) of tags that went before Accord had seen them there."""
    replaced: set[tuple[str, str]] = field(default_factory=set)
    """(column, token) that somebody saw in a record while merging it."""
    doubled: set[str] = field(default_factory=set)
    """E-mail addresses that people entered twice in one vendor, or whose records they merged."""
    shared: set[str | None] = field(default_factory=set)
    """Tokens of telephone numbers that were typed more than once."""
    parted: set[tuple[str, str]] = field(default_factory=set)
    """(hub record, the one that was split from it) as an operator said."""
    parted_rows: set[tuple[str, str]] = field(default_factory=set)
    """(vendor, row id) of contacts that an operator gave a hub record of their own."""


def token_of(column: str, value: Any) -> str | None:
    """The edit that a value, in whatever form, comes from."""
    if not isinstance(value, str) or not value:
        return None
    if column == "tel":
        return "".join(letter for letter in value if letter.isdigit())[-6:]
    return value[:TOKEN].casefold()


class People:
    """Edits, creates, deletes, merges and withdrawals at all vendors, by seed."""

    def __init__(self, vendors: Sequence[Vendor], seed: int, *, number: int) -> None:
        self.vendors = vendors
        self.random = Random(f"people {seed}")
        self.diary = Diary()
        self.emails = [f"p{n}@example.com" for n in range(number)]
        self.ordering = True
        self.anonymous = 0.0
        self.agreeing = 0.0
        self.sharing = 0.0
        self.merging = 0.0
        self.tidier = Random(f"tidier {seed}")
        self.telling = False
        """Whether a vendor tells of permissions, too, as soon as they change."""
        self.acted: Callable[[Table, str], None] = lambda table, id_: None  # noqa: ARG005  who listens replaces it
        self.untagging: Callable[[Table, str, str], None] = lambda table, id_, tag: None  # noqa: ARG005  as above
        """Told before a tag is taken away."""
        self._count = 0
        self._numbers: list[str] = []

    def act(self) -> None:
        """One act of one person somewhere."""
        vendor = self.random.choice(list(self.vendors))
        chance = self.random.random()
        contacts = vendor.tables["contacts"]
        if chance < 0.25 or not contacts.rows:
            self.enter(vendor)
        elif chance < 0.62:
            self.edit(contacts, self._any(contacts))
        elif chance < 0.72:
            self.tag(contacts, self._any(contacts))
        elif chance < 0.80:
            self.consent(contacts, self._any(contacts))
        elif chance < 0.93:
            if self.ordering:
                self.order(vendor)
            else:
                self.edit(contacts, self._any(contacts))
        elif chance < 0.97:
            self.delete(contacts, self._any(contacts))
        else:
            self.merge(contacts)

    def tidy(self) -> None:
        """Now and then somebody merges two records."""
        if self.tidier.random() < self.merging:
            self.merge(self.tidier.choice(list(self.vendors)).tables["contacts"])

    def _any(self, table: Table) -> str:
        return self.random.choice(sorted(table.rows))

    def _text(self) -> str:
        self._count += 1
        return f"V{self._count:06d}{self.random.choice(('', 'abc', 'abcdefgh'))}"

    def _phone(self) -> str:
        if self._numbers and self.sharing and self.random.random() < self.sharing:
            number = self.random.choice(self._numbers)
            self.diary.shared.add(token_of("tel", number))
            return number
        self._count += 1
        self._numbers.append(f"+336{12:02d}{self._count:06d}")
        return self._numbers[-1]

    def enter(self, vendor: Vendor) -> None:
        """A person is entered, seldom one who is there already."""
        contacts, mail = vendor.tables["contacts"], self.random.choice(self.emails)
        if any(row.get("mail") == mail for row in contacts.rows.values()):
            if self.random.random() < 0.85:
                return
            self.diary.doubled.add(mail)
        row: Row = {} if self.anonymous and self.random.random() < self.anonymous else {"mail": mail}
        for column, chance in (("first", 0.8), ("last", 0.5), ("tel", 0.4)):
            if self.random.random() < chance:
                row[column] = self._phone() if column == "tel" else self._text()
        if self.agreeing and self.random.random() < self.agreeing:
            at = contacts.vendor.scheduler.now().replace(microsecond=0).isoformat()
            # A permission is an address's: without one there is nothing to permit.
            row |= {"news": "granted", "news_at": at} if "mail" in row else {}
        self._typed(contacts, None, row)

    def edit(self, table: Table, id_: str) -> None:
        """One column gets another value, seldom none."""
        column = self.random.choice(("first", "last", "tel"))
        value = None if self.random.random() < 0.06 else self._phone() if column == "tel" else self._text()
        self._typed(table, id_, {column: value})

    def _typed(self, table: Table, id_: str | None, row: Row) -> str:
        before = dict(table.rows.get(id_, {})) if id_ is not None else {}
        id_ = table.store(row, id_)
        after = table.rows[id_]
        for column in row:
            if column in ("mail", "contact_id", "number", "news", "news_at"):
                continue
            stored = after[column]
            self.diary.typed.add((column, stored))
            token = token_of(column, stored) or ""
            saw, at = token_of(column, before.get(column)), table.vendor.scheduler.seconds
            edit = Edit(token, table.vendor.name, table.name, id_, column, stored, saw, at, stored is None)
            self.diary.edits.append(edit)
        self._tell(table, f"{'edits' if before else 'enters'} {id_} {row}")
        self.acted(table, id_)
        return id_

    def _tell(self, table: Table, what: str) -> None:
        table.vendor.scheduler.note(f"person at {table.vendor.name}/{table.name} {what}")

    def tag(self, table: Table, id_: str) -> None:
        """A tag nobody used before is added, or one is taken away."""
        tags = list(table.rows[id_].get("tags") or ())
        if tags and self.random.random() < 0.4:
            tag = self.random.choice(tags)
            tags.remove(tag)
            what = "removed"
            self.untagging(table, id_, tag)
        else:
            self._count += 1
            tag, what = f"t{self._count}", "added"
            tags.append(tag)
        self.diary.tags.setdefault(tag, []).append((what, table.vendor.name, id_))
        table.store({"tags": tags}, id_)
        self._tell(table, f"{what} {tag} at {id_}")

    def consent(self, table: Table, id_: str) -> None:
        """A grant or a withdrawal for e-mail advertising, dated now."""
        state = self.random.choice(("granted", "withdrawn"))
        at = table.vendor.scheduler.now().replace(microsecond=0).isoformat()
        if not table.rows[id_].get("mail"):
            return
        table.store({"news": state, "news_at": at}, id_)
        self._tell(table, f"{state} at {id_}")
        if self.telling:
            self.acted(table, id_)

    def order(self, vendor: Vendor) -> None:
        """A person orders, or somebody annotates an order."""
        orders, contacts = vendor.tables["orders"], vendor.tables["contacts"]
        if orders.rows and self.random.random() < 0.5:
            self._typed(orders, self._any(orders), {"note": self._text()})
            return
        self._count += 1
        self._typed(
            orders,
            None,
            {"number": f"N{self._count:06d}", "contact_id": self._any(contacts), "note": self._text()},
        )

    def delete(self, table: Table, id_: str) -> None:
        """A record is deleted; the last one never."""
        if len(table.rows) < 2:
            return
        self.diary.removed.append((table.vendor.name, table.name, id_, table.vendor.scheduler.seconds))
        table.remove(id_, "person")
        self._tell(table, f"deletes {id_}")

    def merge(self, table: Table) -> None:
        """Two records of one vendor become one."""
        if len(table.rows) < 3:
            return
        winner, loser = self.random.sample(sorted(table.rows), 2)
        self.diary.doubled |= {str(table.rows[id_].get("mail")) for id_ in (winner, loser)}
        for row in (table.rows[winner], table.rows[loser]):
            self.diary.replaced |= {(c, token) for c in row if (token := token_of(c, row[c]))}
        result = table.merge(winner, loser)
        # Merging was a person's act: what filled the winner's blanks counts as typed.
        self.diary.typed |= {(c, v) for c, v in table.rows[result].items() if c in ("first", "last", "tel")}
        self.diary.merged.append((table.vendor.name, winner, loser, result))
        orders = table.vendor.tables["orders"]
        for id_, row in list(orders.rows.items()):
            if row.get("contact_id") in (winner, loser) and row["contact_id"] != result:
                orders.store({"contact_id": result}, id_)
        self._tell(table, f"merges {loser} into {winner}: {result}")

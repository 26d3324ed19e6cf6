"""The loyalty programme: a SQLite database of members with points and a tier."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

from accord.sandbox import people

FILE = "loyalty.db"
TIERS = ("bronze", "bronze", "bronze", "silver", "silver", "gold")
CREATE = """CREATE TABLE members (
  id INTEGER PRIMARY KEY,
  email TEXT UNIQUE,
  first_name TEXT,
  last_name TEXT,
  tel TEXT,
  born TEXT,
  lang TEXT,
  points INTEGER NOT NULL DEFAULT 0,
  tier TEXT,
  accord_id TEXT UNIQUE
)"""
INSERT = """INSERT OR IGNORE INTO members (email, first_name, last_name, tel, born, lang, points, tier)
VALUES (:email, :given_name, :family_name, :phone, :birth_date, :language, :points, :tier)"""
FIELDS = ("email", "given_name", "family_name", "phone", "birth_date", "language")


class Loyalty:
    """What the programme's own software sees."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE

    def fill(self, seed: int, size: int) -> None:
        """Make the database and enrol its first members."""
        random = Random(f"loyalty:{seed}")
        members = [
            {
                **{name: person.document.get(name) for name in FIELDS},
                "points": random.randrange(5_000),
                "tier": random.choice(TIERS),
            }
            for person in people.known_to("loyalty", seed, size)
        ]
        with closing(sqlite3.connect(self.file)) as database, database:
            database.execute(CREATE)
            database.executemany(INSERT, members)

    def rows(self) -> list[dict[str, Any]]:
        """All members now."""
        with closing(sqlite3.connect(self.file)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute("SELECT * FROM members ORDER BY id")]

    def edit(self, email: str, values: Mapping[str, Any]) -> None:
        """The programme changes a member."""
        named = ", ".join(f"{name} = :{name}" for name in values)
        with closing(sqlite3.connect(self.file)) as database, database:
            database.execute(
                f"UPDATE members SET {named} WHERE lower(email) = :mail",  # noqa: S608  names of our own
                {**values, "mail": email.lower()},
            )

"""What the plain scripts remember: one SQLite table of digests, one row with how far they read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from bench.job import JOBS

Row = dict[str, Any]
Due = tuple[str, bytes, bytes]
"""A record to be sent: its key, its digest, its JSON."""

TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS sent (key TEXT PRIMARY KEY, result TEXT, digest BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reached (stream TEXT PRIMARY KEY, changed TEXT);
"""
SAVE = """
INSERT INTO sent VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET result = excluded.result, digest = excluded.digest
"""


class Ledger:
    """The memory of one stream's script."""

    def __init__(self, folder: Path, stream: str) -> None:
        self.job: Callable[[Row], Row | None] = JOBS[stream]
        self.stream = stream
        self.database = sqlite3.connect(folder / "ledger.db", isolation_level=None)
        self.database.executescript(TABLES)
        found = self.database.execute("SELECT changed FROM reached WHERE stream = ?", (stream,)).fetchone()
        self.reached: str = found[0] if found else ""
        self.newest = self.reached
        self.read = self.written = 0

    def due(self, rows: Sequence[Row]) -> list[Due]:
        """Of a page what was not sent before in this form."""
        self.read += len(rows)
        marks = ",".join("?" * len(rows))
        keys = [row["id"] for row in rows]
        known = dict(self.database.execute(f"SELECT key, digest FROM sent WHERE key IN ({marks})", keys))  # noqa: S608
        found: list[Due] = []
        for row in rows:
            self.newest = max(self.newest, row["changed"])
            wanted = self.job(row)
            if wanted is None:
                continue
            text = orjson.dumps(wanted, option=orjson.OPT_SORT_KEYS)
            digest = blake2b(text, digest_size=16).digest()
            if known.get(row["id"]) != digest:
                found.append((row["id"], digest, text))
        return found

    def sent(self, batch: Sequence[Due], answer: bytes) -> None:
        """The sink took a batch."""
        taken = {result["key"]: result["result"] for result in orjson.loads(answer)["results"]}
        self.database.execute("BEGIN")
        self.database.executemany(SAVE, [(key, taken[key], digest) for key, digest, _ in batch])
        self.database.execute("COMMIT")
        self.written += len(batch)

    def done(self) -> None:
        """Everything was read and sent."""
        self.database.execute("INSERT OR REPLACE INTO reached VALUES (?, ?)", (self.stream, self.newest))
        self.database.close()


def body(batch: Sequence[Due]) -> bytes:
    """The request that sends a batch."""
    return (
        b'{"records":[' + b",".join(b'{"key":"%s","data":%s}' % (k.encode(), t) for k, _, t in batch) + b"]}"
    )


def headers(content: bytes) -> dict[str, str]:
    """With a key that stays the same for the same batch."""
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": blake2b(content, digest_size=16).hexdigest(),
    }


def wait(status: int | None, retry_after: str | None, attempt: int) -> float:
    """Seconds until the next attempt."""
    return float(retry_after or 1) if status == 429 else 0.05 * 2**attempt  # noqa: PLR2004


ATTEMPTS = 8
IN_FLIGHT = 8

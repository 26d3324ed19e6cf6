"""The journal of erasures: a file beside the store, so that a restored backup cannot bring anybody back.

It holds hub ids and keyed hashes, no personal data. One line of JSON per request, written and synced to disk
before the store's own transaction: what is in the store is in the journal.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import orjson

from accord.api.modes import store_file
from accord.errors import StateError

NAME = "accord-erasures.jsonl"


def place(url: str, root: Path) -> Path:
    """Where the journal lies: beside the file of an SQLite store, else beside accord.toml."""
    file = store_file(url)
    return (root if file is None else file.parent) / NAME


@dataclass(frozen=True, slots=True)
class Entry:
    """One erasure.

    Attributes:
        hmacs: Keyed hashes under the store's key.
        store: Which store's key that is; empty in lines of before this was noted.
    """

    request: str
    subject: str
    identity: str
    at: float
    hmacs: Sequence[bytes]
    store: str = ""


def mark_of(key: bytes) -> str:
    """What tells one store from another: nobody makes the key of it (16 hexadecimal digits)."""
    return blake2b(b"journal of erasures", digest_size=8, key=key).hexdigest()


def foreign(path: Path, key: bytes) -> int:
    """How many erasures of the journal another store carried out: this one's hashes are different.

    Raises:
        StateError: the file is damaged, or cannot be read.
    """
    ours = ("", mark_of(key))
    return len({entry.request for entry in read(path) if entry.store not in ours})


def append(path: Path, entry: Entry, key: bytes) -> None:
    """Write an entry of the store with this key, and wait until the disk has it.

    Raises:
        StateError: the file cannot be written; nothing was erased.
    """
    line = orjson.dumps(
        {
            "request": entry.request,
            "subject": entry.subject,
            "identity": entry.identity,
            "at": entry.at,
            "hmacs": [one.hex() for one in entry.hmacs],
            "store": mark_of(key),
        }
    )
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
            # A line of its own, also after one that a crash cut off.
            file.write(b"\n" + line + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StateError(
            f"the journal of erasures {path} cannot be written ({type(error).__name__})",
            hint="Nothing was erased: without the journal a restored backup would bring the person back. "
            "Make the folder of accord.toml writable.",
        ) from None


def read(path: Path) -> list[Entry]:
    """All entries; a line that a crash cut off belongs to an erasure that did not begin.

    Raises:
        StateError: the file is damaged, or cannot be read.
    """
    try:
        lines = path.read_bytes().split(b"\n") if path.exists() else []
    except OSError as error:
        raise StateError(
            f"the journal of erasures {path} cannot be read ({type(error).__name__})",
            hint="Make it readable: it tells whom a restored backup must not bring back.",
        ) from None
    whole = [line for line in lines if line.endswith(b"}")]
    try:
        return [_entry(line) for line in whole]
    except (ValueError, KeyError):
        raise StateError(
            f"the journal of erasures {path} is damaged",
            hint="Restore it from a backup; erased people may come back without it.",
        ) from None


def _entry(line: bytes) -> Entry:
    found = orjson.loads(line)
    return Entry(
        found["request"],
        found["subject"],
        found["identity"],
        float(found["at"]),
        [bytes.fromhex(one) for one in found["hmacs"]],
        str(found.get("store", "")),
    )

"""The hash chain of the decision log: every row proves all rows before it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

GENESIS = "0" * 64
"""What the first row of a log points at."""


def link(previous: str, row: Mapping[str, Any]) -> str:
    """The hash of a row: SHA-256 over the row before it and this one's content, hexadecimal."""
    text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(f"{previous}\n{text}".encode()).hexdigest()


def first_break(
    rows: Iterable[tuple[int, str, str, Mapping[str, Any]]], previous: str = GENESIS
) -> int | None:
    """The sequence number of the first row that does not fit the chain; None when all fit.

    Args:
        rows: (sequence, previous hash, hash, content) each, in order.
        previous: The hash before the first of them.
    """
    expected: int | None = None
    for sequence, before, own, content in rows:
        if expected is not None and sequence != expected:
            return sequence
        if before != previous or link(previous, content) != own:
            return sequence
        previous, expected = own, sequence + 1
    return None

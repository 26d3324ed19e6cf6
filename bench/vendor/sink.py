"""What is written: an upsert by key, and a create-only door that honours an idempotency key."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson

from bench.job import BATCH

Answer = tuple[int, bytes]


@dataclass
class Sink:
    """One stream of held records.

    Attributes:
        held: The records by the key they were sent with.
        arrived: When each key was first written, in seconds since 1970.
        rows: How often each key was appended: more than once is a duplicate.
        counts: What the writes came to.
    """

    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    arrived: dict[str, float] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    _answers: dict[str, bytes] = field(default_factory=dict)

    def upsert(self, body: bytes) -> Answer:
        """Take ``{"records": [{"key": ..., "data": {...}}]}``; what is not shown of a held record stays."""
        return self._take(body, append=False)

    def append(self, body: bytes, key: str | None) -> Answer:
        """Take the same, each as a new row; a key seen before gets the first answer again, and no row."""
        if key is not None and key in self._answers:
            self.counts["replayed"] += 1
            return 200, self._answers[key]
        status, answer = self._take(body, append=True)
        if key is not None and status == 200:  # noqa: PLR2004
            self._answers[key] = answer
        return status, answer

    def _take(self, body: bytes, *, append: bool) -> Answer:
        records = orjson.loads(body)["records"]
        if len(records) > BATCH:
            return 413, b'{"error":"too_many"}'
        results = [self._keep(record["key"], record["data"], append=append) for record in records]
        now = time.time()
        for record in records:
            self.arrived.setdefault(record["key"], now)
        return 200, orjson.dumps({"results": results})

    def _keep(self, key: str, data: dict[str, Any], *, append: bool) -> dict[str, str]:
        self.counts["records"] += 1
        if append:
            self.rows[key] += 1
        present = self.held.get(key)
        after = data if present is None or append else {**present, **data}
        result = "created" if present is None else "unchanged" if after == present else "updated"
        self.held[key] = after
        self.counts[result] += 1
        return {"key": key, "result": result}

    @property
    def duplicates(self) -> int:
        """Rows beyond the first of each key."""
        return sum(count - 1 for count in self.rows.values())

"""What is read: rows rendered once, in pages, all of them or those changed since an instant."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from bench import people
from bench.job import PAGE, SOURCES

Make = Callable[[int, int, str], dict[str, Any]]


class Source:
    """One stream of rows, ordered by id; with ``changed_since`` by when they changed."""

    def __init__(self, make: Make, count: int) -> None:
        self._make = make
        self._versions: dict[int, int] = {}
        self.rendered = [orjson.dumps(make(number, 0, "")) for number in range(count)]
        self._times = [people.instant(number) for number in range(count)]
        self._order = list(range(count))

    def row(self, number: int) -> dict[str, Any]:
        """A row as it is now."""
        found: dict[str, Any] = orjson.loads(self.rendered[number])
        return found

    def change(self, share: float) -> int:
        """Change every n-th row so that this share of all changes; how many did."""
        step = max(1, round(1 / share))
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        times = dict(zip(self._order, self._times, strict=True))
        changed = range(0, len(self.rendered), step)
        for number in changed:
            version = self._versions[number] = self._versions.get(number, 0) + 1
            self.rendered[number] = orjson.dumps(self._make(number, version, now))
            times[number] = now
        pairs = sorted((time, number) for number, time in times.items())
        self._times = [time for time, _ in pairs]
        self._order = [number for _, number in pairs]
        return len(changed)

    def page(self, query: Mapping[str, str], window: tuple[int, int] | None = None) -> bytes:
        """One page as JSON: ``data``, and ``next`` (an opaque cursor, or null).

        Args:
            query: ``limit``, ``cursor``, ``changed_since`` (inclusive).
            window: Only these rows exist (a small stream cut out of the whole).
        """
        first, end = window or (0, len(self.rendered))
        since = query.get("changed_since")
        if since:
            first = max(first, bisect_left(self._times, since))
        start = int(query["cursor"]) if query.get("cursor") else first
        stop = min(start + min(int(query.get("limit", PAGE)), PAGE), end)
        if since:
            rows = [self.rendered[number] for number in self._order[start:stop]]
        else:
            rows = self.rendered[start:stop]
        following = b'"%d"' % stop if stop < end else b"null"
        return b'{"data":[' + b",".join(rows) + b'],"next":' + following + b"}"


MAKES: Mapping[str, Make] = {"customers": people.customer, "orders": people.order}


def sources(customers: int, orders: int) -> dict[str, Source]:
    """The source's streams, by name."""
    counts = {"customers": customers, "orders": orders}
    return {name: Source(MAKES[name], counts[name]) for name in dict.fromkeys(SOURCES.values())}

"""diffsync: both sides loaded into models, compared, and the difference written.

It keeps nothing between runs: the sink is read back each time, as its documentation shows. It brings no HTTP;
what it says to write is gathered to batches, one at a time.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import orjson
import structlog
from diffsync import Adapter, DiffSyncModel
from diffsync.enum import DiffSyncFlags

from bench.job import BATCH, JOBS, PAGE
from bench.programs.ledger import ATTEMPTS, wait
from bench.programs.task import Task, told

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


class Web:
    """The vendor, asked patiently."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def patiently(self, send: Callable[[], httpx.Response]) -> Any:
        """Try again until it works."""
        for attempt in range(ATTEMPTS):
            status, after = None, None
            try:
                answer = send()
                if answer.is_success:
                    return orjson.loads(answer.content)
                status, after = answer.status_code, answer.headers.get("retry-after")
            except httpx.TransportError:
                pass
            time.sleep(wait(status, after, attempt))
        raise SystemExit("the vendor does not answer")

    def pages(self, url: str) -> Iterator[dict[str, Any]]:
        """All rows."""
        params: dict[str, Any] = {"limit": PAGE}

        def ask() -> httpx.Response:
            return self.client.get(url, params=params)

        while True:
            page = self.patiently(ask)
            yield from page["data"]
            if not page["next"]:
                return
            params["cursor"] = page["next"]

    def send(self, url: str, records: list[dict[str, Any]]) -> None:
        """Write in batches."""
        for start in range(0, len(records), BATCH):
            content = orjson.dumps({"records": records[start : start + BATCH]})
            self.patiently(lambda content=content: self.client.post(url, content=content))  # type: ignore[misc]


class Record(DiffSyncModel):
    """A record on either side."""

    _modelname, _identifiers, _attributes = "record", ("key",), ("data",)
    key: str
    data: dict[str, Any]

    @classmethod
    def create(cls, adapter: Any, ids: dict[Any, Any], attrs: dict[Any, Any]) -> Any:
        """The sink lacks it."""
        adapter.due.append({"key": ids["key"], "data": attrs["data"]})
        return super().create(adapter, ids, attrs)

    def update(self, attrs: dict[Any, Any]) -> Any:
        """The sink holds another."""
        due: Any = self.adapter
        due.due.append({"key": self.key, "data": attrs["data"]})
        return super().update(attrs)


class Side(Adapter):
    """One side, loaded whole."""

    record, top_level = Record, ("record",)

    def take(self, records: Iterator[tuple[str, dict[str, Any]]]) -> None:
        """Load it."""
        self.due: list[dict[str, Any]] = []
        for key, data in records:
            self.add(Record(key=key, data=data))


def main(task: Task, web: Web) -> Counter[str]:
    """One run."""
    counts: Counter[str] = Counter()
    job = JOBS[task.stream]

    def source() -> Iterator[tuple[str, dict[str, Any]]]:
        for row in web.pages(task.source):
            counts["read"] += 1
            data = job(row)
            if data is not None:
                yield row["id"], data

    ours, theirs = Side(), Side()
    ours.take(source())
    theirs.take((row["key"], row["data"]) for row in web.pages(f"{task.url}/sink/{task.stream}"))
    theirs.sync_from(ours, flags=DiffSyncFlags.SKIP_UNMATCHED_DST)
    web.send(task.sink, theirs.due)
    counts["written"] = len(theirs.due)
    return counts


if __name__ == "__main__":
    task = told()
    task.begin()
    with httpx.Client(timeout=30, trust_env=False) as client:
        counts = main(task, Web(client))
    task.end(**counts)

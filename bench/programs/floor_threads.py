"""The floor with threads instead of coroutines: the fastest plain script we know."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import orjson

from bench.job import BATCH, PAGE
from bench.programs.ledger import ATTEMPTS, IN_FLIGHT, Due, Ledger, body, headers, wait
from bench.programs.task import Task, told


class Script:
    """One run."""

    def __init__(self, task: Task, client: httpx.Client, ledger: Ledger) -> None:
        self.task, self.client, self.ledger = task, client, ledger
        self.flying: deque[tuple[list[Due], Future[bytes]]] = deque()

    def run(self) -> None:
        """Read everything and send what is new."""
        pending: list[Due] = []
        with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(IN_FLIGHT) as writers:
            following: Future[Any] | None = reader.submit(self.page, None)
            while following is not None:
                page = following.result()
                following = reader.submit(self.page, page["next"]) if page["next"] else None
                pending += self.ledger.due(page["data"])
                while len(pending) >= BATCH or (pending and following is None):
                    self.land(IN_FLIGHT - 1)
                    batch, pending = pending[:BATCH], pending[BATCH:]
                    self.flying.append((batch, writers.submit(self.push, batch)))
            self.land(0)

    def land(self, most: int) -> None:
        """Remember batches that were sent, until so many are left in flight."""
        while self.flying and (len(self.flying) > most or self.flying[0][1].done()):
            batch, answer = self.flying.popleft()
            self.ledger.sent(batch, answer.result())

    def page(self, cursor: str | None) -> Any:
        """One page."""
        since = None if self.task.full else self.ledger.reached
        given = {"limit": PAGE, "cursor": cursor, "changed_since": since}
        params = {name: value for name, value in given.items() if value}
        return orjson.loads(self.patiently(lambda: self.client.get(self.task.source, params=params)))

    def push(self, batch: Sequence[Due]) -> bytes:
        """Send a batch."""
        content = body(batch)
        told = headers(content)
        return self.patiently(lambda: self.client.post(self.task.sink, content=content, headers=told))

    def patiently(self, send: Callable[[], httpx.Response]) -> bytes:
        """Try again until it works."""
        for attempt in range(ATTEMPTS):
            status, after = None, None
            try:
                answer = send()
                if answer.is_success:
                    return answer.content
                status, after = answer.status_code, answer.headers.get("retry-after")
            except httpx.TransportError:
                pass
            time.sleep(wait(status, after, attempt))
        raise SystemExit("the vendor does not answer")


if __name__ == "__main__":
    task = told()
    ledger = Ledger(task.state, task.stream)
    task.begin()
    with httpx.Client(timeout=30, trust_env=False) as client:
        Script(task, client, ledger).run()
    ledger.done()
    task.end(read=ledger.read, written=ledger.written)

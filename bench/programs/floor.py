"""The floor: the least that a careful person writes by hand with httpx, orjson, blake2 and sqlite3.

Plain dictionaries, a page fetched ahead, eight batches in flight, one transaction a batch, retries. It keeps
no hub, no history, no intent, no consent; it goes one way, and its mapping is a function.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import orjson
import uvloop

from bench.job import BATCH, PAGE
from bench.programs.ledger import ATTEMPTS, IN_FLIGHT, Due, Ledger, body, headers, wait
from bench.programs.task import Task, told


class Script:
    """One run."""

    def __init__(self, task: Task, client: httpx.AsyncClient, ledger: Ledger) -> None:
        self.task, self.client, self.ledger = task, client, ledger
        self.free = asyncio.Semaphore(IN_FLIGHT)

    async def run(self) -> None:
        """Read everything and send what is new."""
        pending: list[Due] = []
        async with asyncio.TaskGroup() as flying:
            following: asyncio.Task[Any] | None = flying.create_task(self.page(None))
            while following is not None:
                page = await following
                cursor = page["next"]
                following = flying.create_task(self.page(cursor)) if cursor else None
                await asyncio.sleep(0)
                pending += self.ledger.due(page["data"])
                while len(pending) >= BATCH or (pending and following is None):
                    await self.free.acquire()
                    flying.create_task(self.push(pending[:BATCH]))
                    del pending[:BATCH]

    async def page(self, cursor: str | None) -> Any:
        """One page."""
        since = None if self.task.full else self.ledger.reached
        given = {"limit": PAGE, "cursor": cursor, "changed_since": since}
        params = {name: value for name, value in given.items() if value}
        return orjson.loads(await self.patiently(lambda: self.client.get(self.task.source, params=params)))

    async def push(self, batch: Sequence[Due]) -> None:
        """Send a batch and remember it."""
        try:
            content = body(batch)
            told = headers(content)
            answer = await self.patiently(
                lambda: self.client.post(self.task.sink, content=content, headers=told)
            )
            self.ledger.sent(batch, answer)
        finally:
            self.free.release()

    async def patiently(self, send: Callable[[], Awaitable[httpx.Response]]) -> bytes:
        """Try again until it works."""
        for attempt in range(ATTEMPTS):
            status, after = None, None
            try:
                answer = await send()
                if answer.is_success:
                    return answer.content
                status, after = answer.status_code, answer.headers.get("retry-after")
            except httpx.TransportError:
                pass
            await asyncio.sleep(wait(status, after, attempt))
        raise SystemExit("the vendor does not answer")


async def main(task: Task, ledger: Ledger) -> None:
    """Run with a client of its own."""
    limits = httpx.Limits(max_connections=16, max_keepalive_connections=16)
    async with httpx.AsyncClient(limits=limits, timeout=30, trust_env=False) as client:
        await Script(task, client, ledger).run()


if __name__ == "__main__":
    task = told()
    ledger = Ledger(task.state, task.stream)
    task.begin()
    uvloop.run(main(task, ledger))
    ledger.done()
    task.end(read=ledger.read, written=ledger.written)

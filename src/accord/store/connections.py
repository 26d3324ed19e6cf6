"""Open connections of a driver, and the transactions on them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol

from accord.store.faults import drivers_errors, explain

Step = Callable[[Any], None]
"""Something done to a connection: its beginning, its end."""


class Gate(Protocol):
    """What lets transactions in: a lock, or a semaphore."""

    def acquire(self) -> bool:
        """Wait for the turn."""

    def release(self) -> None:
        """Let the next one in."""


class Connections:
    """Open connections, lent to one transaction at a time and kept for the next.

    Args:
        connect: Opens another one.
        where: The store's address without a password.
        most: How many are kept open while nobody uses them.
    """

    def __init__(self, connect: Callable[[], Any], where: str, most: int = 8) -> None:
        self.where = where
        self._connect = connect
        self._most = most
        self._idle: list[Any] = []
        self._closed = False

    def begun(self, begin: Step) -> Any:
        """A connection of one's own in which a transaction was begun; lost ones are replaced."""
        while True:
            kept = bool(self._idle)
            driver = self._idle.pop() if kept else self._connect()
            try:
                begin(driver)
            except BaseException:
                lost = kept and getattr(driver, "broken", False)
                driver.close()
                if not lost:
                    raise
            else:
                return driver

    def give_back(self, driver: Any) -> None:
        """Keep a connection whose transaction ended well."""
        if self._closed or len(self._idle) >= self._most:
            driver.close()
        else:
            self._idle.append(driver)

    def close(self) -> None:
        """Close all connections; those that are lent are closed when they come back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()


class Turn:
    """A transaction as a context: it commits at the end and rolls back on any exception.

    What the driver raises becomes a :class:`accord.errors.StateError`. A connection that failed is not
    lent again.

    Args:
        connections: Whence its connection comes.
        begin, commit: How it begins and ends.
        gate: Acquired before and released after.
    """

    __slots__ = ("_begin", "_commit", "_connections", "_driver", "_gate")

    def __init__(self, connections: Connections, begin: Step, commit: Step, gate: Gate | None = None) -> None:
        self._connections = connections
        self._begin = begin
        self._commit = commit
        self._gate = gate
        self._driver: Any = None

    def __enter__(self) -> Any:
        if self._gate is not None:
            self._gate.acquire()
        try:
            self._driver = self._connections.begun(self._begin)
        except BaseException as error:
            self._leave()
            self._explain(error)
            raise
        return self._driver

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            try:
                self._commit(self._driver)
            except BaseException as failed:
                self._abandon()
                self._explain(failed)
                raise
            self._connections.give_back(self._driver)
            self._leave()
        else:
            self._abandon()
            self._explain(error)

    def _abandon(self) -> None:
        try:
            # A lost connection cannot be rolled back; its server has done so.
            with suppress(*drivers_errors()):
                self._driver.rollback()
            self._driver.close()
        finally:
            self._leave()

    def _leave(self) -> None:
        if self._gate is not None:
            self._gate.release()

    def _explain(self, error: BaseException) -> None:
        if isinstance(error, drivers_errors()):
            # The driver's own text may quote values (PostgreSQL's DETAIL), so it is not chained.
            raise explain(error, self._connections.where) from None

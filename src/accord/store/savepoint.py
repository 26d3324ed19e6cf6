"""Parts of a transaction that can fail alone."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from accord.errors import StateError
from accord.store.faults import drivers_errors, explain


class SavepointError(StateError):
    """The database failed inside a savepoint: what was done there is undone, the transaction goes on."""


class Savepoint:
    """A context inside a transaction; see :meth:`accord.store.bulk.Bulk.savepoint`."""

    __slots__ = ("_driver", "_where")

    def __init__(self, driver: Any, where: str) -> None:
        self._driver = driver
        self._where = where

    def __enter__(self) -> None:
        self._driver.execute("SAVEPOINT part")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._driver.execute("RELEASE SAVEPOINT part")
            return
        # Where a database gave up the whole transaction this fails in its turn, as it must: what follows
        # would be written outside any transaction.
        self._driver.execute("ROLLBACK TO SAVEPOINT part")
        self._driver.execute("RELEASE SAVEPOINT part")
        if isinstance(error, drivers_errors()):
            told = explain(error, self._where)
            # The driver's own text may quote values, so it is not chained.
            raise SavepointError(str(told), hint=told.hint, facts=told.facts) from None

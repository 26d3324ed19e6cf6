"""The planner's statistics, without which PostgreSQL guesses badly right after a bulk load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.store.statement import Statement
from accord.store.tables import TABLES

if TYPE_CHECKING:
    from accord.store.transaction import Transactions

FIRST = 1000
"""Rows from which statistics matter."""

GROWTH = 10
_NAME = "analyzed_rows"
_ROWS = {
    # Asked after every run: the highest number of a row is known without counting them.
    "sqlite": Statement("SELECT coalesce(max(rowid), 0) FROM entity"),
    "postgresql": Statement("SELECT (SELECT count(*) FROM entity) + (SELECT count(*) FROM link)"),
}


def analyze_if_grown(transactions: Transactions) -> bool:
    """See :meth:`accord.store.store.Store.analyze_if_grown`."""
    with transactions.reading() as tx:
        rows = int(tx.bulk.value(_ROWS[tx.bulk.dialect]))
        before = tx.marks.get(_NAME)
    if rows < (FIRST if before is None else GROWTH * before):
        return False
    with transactions.transaction("analyze") as tx:
        driver = tx.bulk.driver
        if tx.bulk.dialect == "sqlite":
            # A sample is enough: https://www.sqlite.org/pragma.html#pragma_analysis_limit
            driver.execute("PRAGMA analysis_limit = 1000")
        for table in TABLES:
            driver.execute(f'ANALYZE "{table.name}"')
        tx.marks.put(_NAME, rows)
    return True

"""The planner's statistics, without which PostgreSQL guesses badly right after a bulk load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from accord.store.tables import counter, entity, link, metadata

if TYPE_CHECKING:
    from accord.store.transaction import Transactions

FIRST = 1000
"""Rows from which statistics matter."""

GROWTH = 10
_NAME = "analyzed_rows"


def analyze_if_grown(transactions: Transactions) -> bool:
    """See :meth:`accord.store.store.Store.analyze_if_grown`."""
    with transactions.reading() as tx:
        rows = sum(tx.bulk.number(select(func.count()).select_from(table)) for table in (entity, link))
        before = tx.bulk.one(select(counter.c.value).where(counter.c.name == _NAME))
    if rows < (FIRST if before is None else GROWTH * before["value"]):
        return False
    with transactions.transaction("analyze") as tx:
        connection = tx.bulk.connection
        if tx.bulk.dialect == "sqlite":
            # A sample is enough: https://www.sqlite.org/pragma.html#pragma_analysis_limit
            connection.exec_driver_sql("PRAGMA analysis_limit = 1000")
        for table in metadata.sorted_tables:
            connection.exec_driver_sql(f'ANALYZE "{table.name}"')
        tx.bulk.upsert(counter, [{"name": _NAME, "value": rows}])
    return True

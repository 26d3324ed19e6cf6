"""Pages of a queue that a person looks through: filtered, oldest first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from accord.store.columns import Table
from accord.store.statement import Statement, Values


class Listing(NamedTuple):
    """A query with its parameters."""

    statement: Statement
    parameters: Values


def listing(
    table: Table,
    moment: str,
    filters: Mapping[str, str | None],
    limit: int,
    after: tuple[float, str] | None,
) -> Listing:
    """A page of the rows whose columns are as the filters say (None: whatever they are).

    Args:
        table: A table with an ``id``.
        moment: The column that tells when a row came.
        filters: Wanted values by column.
        limit: Rows of a page.
        after: Moment and id of the last row of the page before.
    """
    wanted: Values = {name: value for name, value in filters.items() if value is not None}
    parameters = {**wanted, "most": limit}
    if after is not None:
        parameters |= {"after_at": after[0], "after_id": after[1]}
    return Listing(_query(table, moment, tuple(wanted), is_first=after is None), parameters)


@cache
def _query(table: Table, moment: str, filters: tuple[str, ...], *, is_first: bool) -> Statement:
    conditions = [f"{name} = :{name}" for name in filters]
    if not is_first:
        conditions.append(f"({moment}, id) > (:after_at, :after_id)")
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    return table.select(f"{where} ORDER BY {moment}, id LIMIT :most")

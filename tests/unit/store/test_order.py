"""Rows come in the same order from every database, so that the same run does the same on both."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

from accord import store
from accord.store.statement import Statement
from accord.store.tables import TABLES

NOT_LOADED = ("accord.store.migrations", "accord.store.postgres")


def queries() -> Iterator[tuple[str, str]]:
    """Every query of the store that shows rows, by its name."""
    for found in pkgutil.iter_modules(store.__path__, "accord.store."):
        if found.name not in NOT_LOADED:
            for name, value in vars(importlib.import_module(found.name)).items():
                for each in value if isinstance(value, tuple) else (value,):
                    if isinstance(each, Statement) and each.text.startswith("SELECT "):
                        yield f"{found.name}.{name}", each.text


def finds_one(text: str) -> bool:
    """Whether a query finds one row at most: it sums up, says so, names a whole key, or its table has one."""
    if re.match(r"SELECT (count|min|max|coalesce)\(", text) or text.endswith(("LIMIT 1", "accord_version")):
        return True
    named = set(re.findall(r"(\w+) = :", text))
    return any(f"FROM {table.name} " in text and named >= set(table.key) for table in TABLES)


def test_who_asks_for_several_rows_says_in_which_order() -> None:
    unordered = [name for name, text in queries() if "ORDER BY" not in text and not finds_one(text)]
    assert unordered == []


def test_the_law_would_find_a_query_without_an_order() -> None:
    assert not finds_one("SELECT id FROM entity WHERE id IN :ids AND state = 'live'")
    assert len(list(queries())) > 100

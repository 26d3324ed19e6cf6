"""SQL databases keep the contract of every connector."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

import accord
from accord.testing import ConnectorContract
from accord_sql import Sql, paging

MEMBERS = """
CREATE TABLE members (
    id INTEGER PRIMARY KEY, email TEXT UNIQUE, first TEXT, last TEXT, tel TEXT,
    points NUMERIC CHECK (points >= 0),
    changed TIMESTAMP, hub TEXT, gone BOOLEAN
)"""


class TestSql(ConnectorContract):
    connector = Sql
    settings: ClassVar[dict[str, Any]] = {
        "url": "sqlite:///loyalty.db",
        "t_max": 1,
        "l_max": 1,
        "streams": {
            "members": {
                "model": "customer",
                "table": "members",
                "key": "id",
                "updated_at": "changed",
                "zone": "UTC",
                "hub_id": "hub",
                "deleted": "gone",
                "fields": {
                    "email": "email",
                    "given_name": "first",
                    "family_name": "last",
                    "phone": {"column": "tel", "country": "FR"},
                    "loyalty_points": "points",
                },
            }
        },
    }
    wrong: ClassVar[dict[str, Any]] = {"url": "sqlite:///nowhere/loyalty.db"}
    refused: ClassVar[dict[str, Any]] = {"members": {"loyalty_points": "-1"}}

    def prepare(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(folder / "loyalty.db")) as database:
            database.execute(MEMBERS)

    def shrink(self, stream: accord.Stream, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(paging, "PAGE", 4)

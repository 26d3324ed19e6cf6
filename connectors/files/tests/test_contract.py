"""Files keep the contract of every connector."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

import accord
from accord.testing import ConnectorContract
from accord_files import Files, snapshot

HEADER = "card_no,first name,last name,mail,tel,changed\n"
STREAM: dict[str, Any] = {
    "model": "customer",
    "key": "card_no",
    "updated_at": {"column": "changed", "format": "%Y-%m-%dT%H:%M:%S"},
    "complete": True,
    "max_field": 100,
    "fields": {
        "given_name": "first name",
        "family_name": "last name",
        "email": "mail",
        "phone": {"column": "tel", "country": "FR"},
    },
}
TOO_LONG = {"given_name": "x" * 101}


class TestFiles(ConnectorContract):
    connector = Files
    settings: ClassVar[dict[str, Any]] = {
        "root": "till",
        "streams": {
            "cards": {**STREAM, "write": "cards.csv"},
            "people": {**STREAM, "write": "people.jsonl"},
        },
        "t_max": 1,
        "l_max": 1,
    }
    wrong: ClassVar[dict[str, Any]] = {"root": "nowhere"}
    refused: ClassVar[dict[str, Any]] = {"cards": TOO_LONG, "people": TOO_LONG}

    def prepare(self, folder: Path) -> None:
        (folder / "till").mkdir(parents=True)
        (folder / "till" / "cards.csv").write_text(HEADER, encoding="utf-8")

    def shrink(self, stream: accord.Stream, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(snapshot, "PAGE", 4)

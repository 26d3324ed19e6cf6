"""A till's exports that are not as they should be, next to systems that are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import accord
from accord.api import approval
from accord.engine.report import Report
from accord.plugins import Plugins
from tests.integration.engine.vendors import Memory, TownEnv

HEADER = "card_no,first name,mail,born\n"
TWO = HEADER + "7,Ann,ann@example.com,1990-05-01\n8,Bob,bob@example.com,\n"
TILL = {
    "connector": "files",
    "root": "till",
    "streams": {
        "customers": {
            "model": "customer",
            "key": "card_no",
            "path": "customers.csv",
            "fields": {"given_name": "first name", "email": "mail", "birth_date": "born"},
        }
    },
}
CRM = {"connector": "memory"}


class Offer:
    @accord.hookimpl
    def accord_connectors(self) -> Any:
        return [Memory]


class Stage:
    """A till's folder, read into two systems in memory."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "till" / "customers.csv"
        self.file.parent.mkdir()
        flow = {
            "model": "customer",
            "from": ["till"],
            "both": ["shop", "crm"],
            "purpose": "service.support",
        }
        config = accord.Config(
            accord={"store": f"sqlite:///{folder}/accord.db"},
            connections={"till": TILL, "shop": CRM, "crm": CRM},
            flows={"customers": flow},
        ).read_from(folder / "accord.toml", "")
        self.accord = accord.Accord(config, env=TownEnv(), plugins=Plugins([Offer()], installed=True))
        approval.granted(self.accord.store, "customers", self.accord.env)

    @property
    def people(self) -> list[str]:
        """Who reached the crm."""
        crm = self.accord.connections.connectors["crm"]
        assert isinstance(crm, Memory)
        return sorted(row["mail"] for row in crm.tables["contacts"].rows.values())

    def sync(self, content: str | bytes) -> Report:
        """Sync with this export in place, while the shop has news as well."""
        self.file.write_bytes(content.encode() if isinstance(content, str) else content)
        shop = self.accord.connections.connectors["shop"]
        assert isinstance(shop, Memory)
        if not shop.tables["contacts"].rows:
            shop.tables["contacts"].put(mail="shop@example.com")
        self.accord.env.sleep(3600)
        report = self.accord.sync("customers")
        assert all(counts.balanced for counts in report.members.values())
        return report


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.accord.close()


BROKEN: dict[str, str | bytes] = {
    "half-written": TWO[:-20],
    "open quote": HEADER + '7,"Ann,ann@example.com,\n8,Bob,bob@example.com,\n',
    "no header": "7,Ann,ann@example.com,\n",
    "another table": "sku,price\n1,2\n",
    "not text": b"PK\x03\x04\x00\x00\x00\x00" * 50,
    "mixed encodings": (HEADER + "7,Hélène,ann@example.com,\n").encode() + b"8,Andr\xe9,b@example.com,\n",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_export_stops_only_the_till(stage: Stage, kind: str) -> None:
    report = stage.sync(BROKEN[kind])
    assert [problem.connection for problem in report.problems] == ["till"]
    assert report.problems[0].hint
    assert "ann@example.com" not in report.problems[0].message
    assert stage.people == ["shop@example.com"]


@pytest.mark.parametrize("kind", BROKEN)
def test_the_next_sound_export_is_read_whole(stage: Stage, kind: str) -> None:
    stage.sync(BROKEN[kind])
    assert stage.sync(TWO).problems == []
    assert stage.people == ["ann@example.com", "bob@example.com", "shop@example.com"]


def test_an_emptied_export_waits_for_a_person(stage: Stage) -> None:
    stage.sync(TWO)
    assert str(stage.sync(HEADER).state) == "waiting"
    assert len(stage.people) == 3


def test_an_export_of_no_bytes_is_half_written(stage: Stage) -> None:
    stage.sync(TWO)
    assert str(stage.sync("").state) == "failed"
    assert len(stage.people) == 3


def test_a_broken_export_deletes_nobody(stage: Stage) -> None:
    stage.sync(TWO)
    for _ in range(3):
        stage.sync(BROKEN["half-written"])
    assert len(stage.people) == 3


@pytest.mark.parametrize(
    "row", ["9,Cid,cid at example,", "9,Cid,cid@example.com,31.02.1990", ",Cid,cid@example.com,"]
)
def test_a_broken_row_is_set_aside_alone(stage: Stage, row: str) -> None:
    report = stage.sync(f"{TWO}{row}\n")
    (letter,) = stage.accord.dead_letters()
    assert (report.problems, letter.connection) == ([], "till")
    assert "cid" not in letter.reason.casefold().replace("decid", "")
    assert len(stage.people) == 3


def test_a_key_listed_twice_doubles_nobody(stage: Stage) -> None:
    stage.sync(TWO + "7,Anne,ann@example.com,\n")
    assert len(stage.people) == 3


def test_a_field_of_ten_megabytes_is_set_aside_alone(stage: Stage) -> None:
    report = stage.sync(f"{TWO}9,{'C' * 10 * 2**20},cid@example.com,\n")
    assert report.problems or stage.accord.dead_letters()
    assert "shop@example.com" in stage.people

"""A store that is begun anew: what it cannot know is said, what can be carried over is."""

from __future__ import annotations

import csv
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.acceptance.cli_stage import Stage
from tests.docs.pages import DOCS

LEA = "lea@example.com"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Both systems in agreement, somebody without a natural key among them."""
    stage = Stage(tmp_path)
    stage.till.write_text(f"{stage.till.read_text(encoding='utf-8')}3,Zoe,,5\n", encoding="utf-8")
    assert stage.inside("sync", "--approve").code == 0
    return stage


def begin_anew(stage: Stage) -> None:
    for left in stage.root.glob("accord.db*"):
        left.unlink()


def creates(stage: Stage) -> int:
    [plan] = stage.inside("plan", "--json").document["plans"]
    return int(plan["total"]["planned_creates"])


def test_a_new_store_says_that_it_cannot_recognise_who_was_erased(stage: Stage) -> None:
    stage.inside("erase", LEA, "--identity", "ticket 17")
    begin_anew(stage)
    assert "erasures by another store (1)" in stage.inside("plan").out
    assert "erasures by another store (1)" in stage.inside("plan").out
    assert "erasures by another store (1)" in stage.inside("sync").out
    assert "another store" not in stage.inside("sync").out


def test_a_restored_store_recognises_who_was_erased(stage: Stage) -> None:
    shutil.copy(stage.root / "accord.db", stage.root / "backup.db")
    stage.inside("erase", LEA, "--identity", "ticket 17")
    begin_anew(stage)
    shutil.copy(stage.root / "backup.db", stage.root / "accord.db")
    assert "another store" not in stage.inside("plan", "--full").out


def test_links_are_carried_over_as_the_guide_says(stage: Stage) -> None:
    page = (DOCS / "how-to/use-postgresql.md").read_text(encoding="utf-8")
    [statement] = re.findall(r'-csv accord\.db "([^"]+)"', page)
    with sqlite3.connect(stage.root / "accord.db") as store:
        found = store.execute(statement)
        header = [column[0] for column in found.description]
        rows = found.fetchall()
    store.close()
    with (stage.root / "pairs.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    begin_anew(stage)
    assert creates(stage) == 2
    assert stage.inside("link", "import", "pairs.csv").code == 0
    assert creates(stage) == 0


def test_a_folder_that_is_moved_keeps_its_accounts(stage: Stage) -> None:
    stage.root = stage.root.rename(stage.root.with_name("moved"))
    said = stage.inside("sync", "--full")
    assert (said.code, "another account" in said.out + said.err) == (0, False)

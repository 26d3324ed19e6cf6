"""People's rights with the real command: consent at the desk, erasure that a backup cannot undo, access."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.cli_stage import Stage

LEA = "lea@example.com"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    assert stage.inside("sync", "--approve").code == 0
    assert len(stage.members()) == 2
    return stage


def test_an_erasure_begins_with_a_plan(stage: Stage) -> None:
    said = stage.inside("erase", LEA)
    assert said.code == 4
    assert "till/customers 1" in said.out
    assert len(stage.members()) == 2


def test_an_erasure_reaches_file_and_database(stage: Stage) -> None:
    said = stage.inside("erase", LEA, "--identity", "ticket 17", "--json")
    report = said.document["erasure"]
    assert {(one["connection"], one["state"]) for one in report["receipts"]} == {
        ("till", "done"),
        ("loyalty", "done"),
    }
    assert [mail for _, mail, _ in stage.members()] == ["tom@example.org"]
    assert list(stage.cards()) == ["2"]


def test_a_restored_backup_brings_nobody_back(stage: Stage) -> None:
    shutil.copy(stage.root / "accord.db", stage.root / "backup.db")
    stage.inside("erase", LEA, "--identity", "ticket 17")
    for left in stage.root.glob("accord.db*"):
        left.unlink()
    shutil.copy(stage.root / "backup.db", stage.root / "accord.db")
    assert stage.inside("sync", "--full").code in (0, 3)
    assert [mail for _, mail, _ in stage.members()] == ["tom@example.org"]
    assert stage.inside("show", LEA).code == 2
    assert len(stage.inside("erasures", "--json").document["erasures"]) == 1


def test_an_erased_person_does_not_return_from_an_old_export(stage: Stage) -> None:
    old = stage.till.read_text(encoding="utf-8")
    stage.inside("erase", LEA, "--identity", "ticket 17")
    stage.till.write_text(old, encoding="utf-8")
    stage.inside("sync", "--full")
    assert [mail for _, mail, _ in stage.members()] == ["tom@example.org"]
    [found] = stage.inside("conflicts", "list", "--all", "--json").document["conflicts"]
    assert (found["kind"], found["external_id"]) == ("erased", "1")


def test_the_store_keeps_no_trace_of_the_person(stage: Stage) -> None:
    said = stage.inside("erase", LEA, "--identity", "ticket 17")
    assert "removed here: all values of the person" in said.out
    left = b"".join(file.read_bytes() for file in stage.root.glob("accord*") if file.is_file())
    assert "Léa".encode() not in left
    assert b"lea@example" not in left


def test_an_export_names_every_source(stage: Stage) -> None:
    found = stage.inside("export", LEA, "--json").document["export"]
    assert found["profile"]["given_name"] == "Léa"
    assert found["complete"]
    assert {one["connection"] for one in found["sources"]} == {"till", "loyalty"}


def test_an_export_says_which_source_it_could_not_read(stage: Stage) -> None:
    stage.till.rename(stage.till.with_suffix(".away"))
    said = stage.inside("export", LEA, "--json")
    [till] = [one for one in said.document["export"]["sources"] if one["connection"] == "till"]
    assert till["missing"]
    assert said.code == 3


def test_an_export_is_readable_by_its_owner_alone(stage: Stage) -> None:
    stage.inside("export", LEA, "--out", "lea.json")
    assert (stage.root / "lea.json").stat().st_mode & 0o077 == 0
    assert stage.inside("export", LEA, "--out", "lea.json").code == 2


def test_a_store_that_every_user_of_the_machine_can_read_is_named(stage: Stage) -> None:
    assert stage.inside("check", "--json").document["exposed"] == []
    file = stage.root / "accord.db"
    file.chmod(0o644)
    assert str(file) in stage.inside("check", "--json").document["exposed"]
    assert f"chmod o= {file}" in stage.inside("check").out


def test_a_grant_needs_a_proof(stage: Stage) -> None:
    assert stage.inside("consent", "record", LEA, "--method", "rumour", "--reference", "x").code == 2
    said = stage.inside("consent", "record", LEA, "--method", "pos_paper", "--reference", "form 12", "--json")
    [permission] = said.document["consent"]["permissions"]
    assert (permission["purpose"], permission["state"]) == ("marketing.direct", "granted")


def test_a_withdrawal_closes_everything(stage: Stage) -> None:
    stage.inside("consent", "record", LEA, "--method", "pos_paper", "--reference", "form 12")
    said = stage.inside("consent", "withdraw", LEA, "--json")
    states = {one["state"] for one in said.document["consent"]["permissions"]}
    assert states == {"withdrawn"}
    signals = stage.inside("consent", "history", LEA, "--json").document["signals"]
    assert [one["kind"] for one in signals] == ["grant", "withdraw"]


def test_an_unknown_address_goes_on_the_objection_list(stage: Stage) -> None:
    said = stage.inside("consent", "withdraw", "stranger@example.net")
    assert said.code == 0
    assert "objection list" in said.out


def test_the_account_is_whole(stage: Stage) -> None:
    stage.inside("erase", LEA, "--identity", "ticket 17")
    audit = stage.inside("consent", "audit", "--verify", "--json").document["audit"]
    assert audit["broken_at"] is None
    assert audit["decisions"] >= 1


def test_a_changed_account_is_noticed(stage: Stage) -> None:
    stage.inside("erase", LEA, "--identity", "ticket 17")
    with closing(sqlite3.connect(stage.root / "accord.db")) as store, store:
        store.execute("UPDATE consent_decision SET outcome = 'allow' WHERE seq = 1")
    said = stage.inside("consent", "audit", "--verify")
    assert said.code == 1
    assert "row 1" in said.out


@pytest.mark.parametrize(
    "told",
    [
        ("consent", "record", "{erased}", "--method", "web_form", "--reference", "form 2"),
        ("consent", "withdraw", "{erased}"),
        ("link", "merge", "{erased}", "till:2"),
        ("link", "merge", "till:2", "{erased}"),
        ("link", "split", "{erased}", "till", "1"),
        ("export", "{erased}"),
        ("erase", "{erased}", "--identity", "ticket 18"),
    ],
)
def test_an_erased_person_takes_part_in_nothing(stage: Stage, told: tuple[str, ...]) -> None:
    erased = stage.inside("consent", "show", LEA, "--json").document["consent"]["subject"]
    stage.inside("erase", LEA, "--identity", "ticket 17")
    said = stage.inside(*(each.format(erased=erased) for each in told))
    assert (said.code, "erased" in said.err) == (2, True)
    assert stage.inside("sync", "--full").code == 0
    assert [mail for _, mail, _ in stage.members()] == ["tom@example.org"]
    assert stage.inside("show", "tom@example.org").code == 0

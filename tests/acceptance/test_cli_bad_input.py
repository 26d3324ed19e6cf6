"""Bad input gets a clear error and the right exit code, never a traceback."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from accord.store import Store
from tests.acceptance.cli_stage import CONFIG, Said, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def refused(said: Said, code: int, *texts: str) -> None:
    """An error with a hint and no traceback, that says this."""
    assert said.code == code, said
    assert said.err.startswith("error: ")
    assert "\nhint: " in said.err
    assert "Traceback" not in said.err + said.out
    for text in texts:
        assert text in said.err


def test_wrong_toml_is_told_with_its_line(stage: Stage) -> None:
    stage.config.write_text('[accord]\nstore = "\n', encoding="utf-8")
    refused(stage.accord("status"), 2, "accord.toml:2: this is not TOML")


def test_every_mistake_is_told_at_once(stage: Stage) -> None:
    wrong = CONFIG.replace("root =", "rooot =").replace('model = "customer"\nboth', 'model = "client"\nboth')
    stage.config.write_text(wrong, encoding="utf-8")
    said = stage.inside("check", "--json")
    refused(said, 2, "connections.till.rooot: unknown key", "flows.customers.model")
    problems = said.document["error"]["problems"]
    assert all(problem["line"] for problem in problems)
    assert len(problems) >= 2


def test_an_unknown_connector_is_named(stage: Stage) -> None:
    stage.config.write_text(CONFIG.replace('"files"', '"fils"'), encoding="utf-8")
    refused(stage.inside("status"), 2, "connections.till.connector", "fils")


def test_a_missing_configuration_leads_to_init(stage: Stage) -> None:
    refused(stage.inside("sync", "-c", "elsewhere.toml"), 2, "elsewhere.toml", "accord init")


def test_a_missing_secret_is_named(stage: Stage) -> None:
    refused(stage.inside("sync", LOYALTY_URL=None), 2, "LOYALTY_URL", "not set")


def test_a_newer_store_is_refused(stage: Stage) -> None:
    stage.inside("status")
    connection = sqlite3.connect(stage.root / "accord.db")
    (table,) = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%version%'").fetchone()
    with connection:
        connection.execute(f"UPDATE {table} SET version_num = '9999'")
    connection.close()
    refused(stage.inside("migrate"), 1, "9999", "Update Accord")


def test_a_locked_store_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vars(Store)["open"].__func__.__kwdefaults__, "busy_timeout", 0.05)
    stage.inside("status")
    other = sqlite3.connect(stage.root / "accord.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    said = stage.inside("dead-letters", "replay", "--all")
    other.close()
    refused(said, 1, "is locked by another process", "accord status")


def test_a_file_that_is_no_store_is_refused(stage: Stage) -> None:
    (stage.root / "accord.db").write_text("this is a shopping list, and a rather long one at that" * 40)
    refused(stage.inside("status"), 1, "is not an SQLite database")


def test_a_half_written_file_loses_nobody(stage: Stage) -> None:
    stage.inside("sync", "--approve")
    stage.till.write_text('card,first,mail,points\n1,"Léa,lea@exam', encoding="utf-8")
    said = stage.inside("sync", "--full")
    assert said.code != 0
    assert "Traceback" not in said.out + said.err
    assert len(stage.members()) == 2


def test_a_missing_folder_is_refused_access(stage: Stage) -> None:
    shutil.rmtree(stage.till.parent)
    said = stage.inside("check", "till", "--json")
    (found,) = said.document["connections"]
    assert said.code == 5
    assert found["error"] == "AccessError"
    assert found["hint"]


def test_a_first_plan_that_met_trouble_does_not_lead_on(stage: Stage) -> None:
    assert "Go on with: accord sync" in stage.inside("plan").out
    stage.till.write_bytes(b"PK\x03\x04 no table")
    said = stage.inside("plan")
    assert ("plan again" in said.out, "Go on with" in said.out) == (True, False)


def test_a_damaged_file_stops_its_connection_only(stage: Stage) -> None:
    stage.till.write_bytes(b"PK\x03\x04\x00\x00not a csv")
    said = stage.inside("sync", "--approve")
    assert said.code not in {0, 3}
    assert "problem: till: " in said.out
    assert "Traceback" not in said.out + said.err


def test_a_wrong_address_is_a_dead_letter(stage: Stage) -> None:
    stage.edit("tom@example.org", "no address")
    assert stage.inside("sync", "--approve").code == 3
    (letter,) = stage.inside("dead-letters", "--json").document["dead_letters"]
    assert letter["external_id"] == "2"
    assert "no address" not in letter["reason"]
    assert stage.inside("dead-letters", "discard", letter["id"][:6]).code == 0


def test_a_run_tells_what_earlier_ones_left_open(stage: Stage) -> None:
    stage.inside("sync", "--approve")
    stage.edit("Léa", "Lea")
    stage.members(
        "UPDATE members SET first = 'Leah', changed = datetime('now') WHERE mail = 'lea@example.com'"
    )
    assert "earlier runs" not in stage.inside("sync").out
    said = stage.inside("sync")
    assert (said.code, "Open from earlier runs: 1 conflict (`accord status`)" in said.out) == (0, True)


def test_nothing_is_half_imported(stage: Stage) -> None:
    stage.inside("sync", "--approve")
    stage.till.write_text(f"{stage.till.read_text()}9,Zoe,zoe@example.com,1\n")
    stage.members("INSERT INTO members VALUES (9, 'Zo', 'zo@example.com', 1, datetime('now'))")
    header = "connection,stream,external_id,other_connection,other_stream,other_external_id\n"
    pairs = stage.root / "pairs.csv"
    pairs.write_text(f"{header}till,customers,9,loyalty,members,9\ntill,nowhere,8,loyalty,members,8\n")
    said = stage.inside("link", "import", "pairs.csv")
    refused(said, 2, "pairs.csv:3: ", "Nothing was linked")
    assert stage.inside("show", "till:9").code == 2


def test_a_pair_is_not_imported_while_a_system_cannot_be_asked(stage: Stage) -> None:
    header = "connection,stream,external_id,other_connection,other_stream,other_external_id\n"
    (stage.root / "pairs.csv").write_text(f"{header}till,customers,1,loyalty,members,77\n")
    refused(stage.inside("link", "import", "pairs.csv"), 2, "pairs.csv:2: loyalty/members has no record '77'")
    said = stage.inside("link", "import", "pairs.csv", LOYALTY_URL=None)
    refused(said, 2, "LOYALTY_URL is not set", "Set LOYALTY_URL")


def test_an_unknown_command_leads_to_help(stage: Stage) -> None:
    refused(stage.inside("sink"), 2, "sink", "accord --help")


def test_a_record_that_a_system_does_not_have_is_told(stage: Stage) -> None:
    stage.inside("sync", "--approve")
    refused(
        stage.inside("sync", "--record", "till:S99"), 2, "till/customers has no record 'S99'", "hint: Give"
    )
    assert "failed" not in stage.inside("status").out


def test_a_name_at_an_unknown_connection_names_the_connections(stage: Stage) -> None:
    stage.inside("sync", "--approve")
    refused(stage.inside("show", "tills:1"), 2, "no flow has a connection 'tills'", "Did you mean 'till'?")
    refused(stage.inside("erase", "nope:1"), 2, "Connections: loyalty, till.")


def test_a_folder_that_is_not_there_is_no_access(stage: Stage) -> None:
    shutil.rmtree(stage.root / "till")
    said = stage.inside("check", "till")
    assert said.code == 5
    assert "Check that `root` exists" in said.out

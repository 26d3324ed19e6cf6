from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest

from accord.env import Env
from accord.errors import StateError, StoreBusyError, StoreVersionError
from accord.store import Store
from tests.stores import hub_record


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "accord.db"


def test_a_store_keeps_its_key(store: Store, store_url: str, env: Env) -> None:
    assert len(store.key) == 32
    with Store.open(store_url, env) as again:
        assert again.key == store.key
        assert again.schema_version() == store.schema_version() == "0007"


def test_two_stores_have_different_keys(store: Store, tmp_path: Path, env: Env) -> None:
    with Store.open(f"sqlite:///{tmp_path}/other.db", env) as other:
        assert other.key != store.key


def test_a_store_counts_its_rows(store: Store) -> None:
    with store.transaction("insert") as tx:
        tx.entities.insert([hub_record()])
    assert {"entity": 1, "link": 0}.items() <= store.size().items()


@pytest.mark.parametrize("version", ["0000", "9999"])
def test_another_schema_version_is_refused(store: Store, store_url: str, env: Env, version: str) -> None:
    with store.transaction("version") as tx:
        tx.bulk.driver.execute(f"UPDATE accord_version SET version_num = '{version}'")
    with pytest.raises(StoreVersionError, match=version) as caught:
        Store.open(store_url, env, migrate=False)
    assert caught.value.hint == ("Run `accord migrate`." if version == "0000" else caught.value.hint)


def test_an_unknown_old_version_is_refused(store: Store, store_url: str, env: Env) -> None:
    with store.transaction("version") as tx:
        tx.bulk.driver.execute("UPDATE accord_version SET version_num = '0000'")
    with pytest.raises(StoreVersionError, match="cannot migrate"):
        Store.open(store_url, env)


def test_only_the_owner_can_read_the_files(file: Path, env: Env) -> None:
    file.touch(mode=0o644)
    with Store.open(f"sqlite:///{file}", env) as store, store.copy_for_plan(), store.reading():
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert len(modes) >= 4
    assert set(modes.values()) == {0o600}


def test_another_programs_database_is_refused(file: Path, env: Env) -> None:
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE bookmarks (url)")
    other.close()
    with pytest.raises(StateError, match="another program"):
        Store.open(f"sqlite:///{file}", env)


def test_a_file_that_is_no_database_is_refused(file: Path, env: Env) -> None:
    file.write_bytes(b"Dear diary, " * 500)
    with pytest.raises(StateError, match="not an SQLite database"):
        Store.open(f"sqlite:///{file}", env)


def test_a_damaged_database_is_reported(file: Path, env: Env) -> None:
    with Store.open(f"sqlite:///{file}", env) as store, store.transaction("insert") as tx:
        tx.entities.insert([hub_record(number) for number in range(200)])
    blob = bytearray(file.read_bytes())
    blob[4096:] = os.urandom(len(blob) - 4096)
    file.write_bytes(blob)
    with pytest.raises(StateError, match="damaged") as caught:
        Store.open(f"sqlite:///{file}", env)
    assert "backup" in caught.value.hint


@pytest.mark.parametrize("kept", [50, 4096, -4096])
def test_a_database_that_was_cut_off_is_reported(file: Path, env: Env, kept: int) -> None:
    Store.open(f"sqlite:///{file}", env).close()
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(StateError, match="damaged") as caught:
        Store.open(f"sqlite:///{file}", env)
    assert "backup" in caught.value.hint


@pytest.mark.parametrize("migrate", [True, False])
def test_a_store_of_a_newer_accord_is_left_alone(file: Path, env: Env, *, migrate: bool) -> None:
    with Store.open(f"sqlite:///{file}", env) as store, store.transaction("version") as tx:
        tx.bulk.driver.execute("UPDATE accord_version SET version_num = '9999'")
    before = file.read_bytes()
    with pytest.raises(StoreVersionError, match="schema 9999; this Accord understands up to") as caught:
        Store.open(f"sqlite:///{file}", env, migrate=migrate)
    assert "Update Accord" in caught.value.hint
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", ["folder", "pipe"])
def test_what_is_no_file_is_left_alone(tmp_path: Path, env: Env, name: str) -> None:
    (tmp_path / "folder").mkdir(0o755)
    os.mkfifo(tmp_path / "pipe", 0o644)
    before = (tmp_path / name).stat().st_mode
    with pytest.raises(StateError, match="is a folder or a device, not a file") as caught:
        Store.open(f"sqlite:///{tmp_path / name}", env)
    assert "name a file" in caught.value.hint
    assert (tmp_path / name).stat().st_mode == before


def test_a_trigger_that_somebody_hid_in_a_store_reaches_nothing_outside_it(file: Path, env: Env) -> None:
    Store.open(f"sqlite:///{file}", env).close()
    with sqlite3.connect(file) as other:
        # A table-valued function that SQLite does not count as harmless; it tells where files lie.
        peek = "INSERT INTO seen SELECT file FROM pragma_database_list"
        other.execute("CREATE TABLE seen (file)")
        other.execute(f"CREATE TRIGGER peek AFTER INSERT ON entity BEGIN {peek}; END")
    other.close()
    with Store.open(f"sqlite:///{file}", env) as store:
        with pytest.raises(StateError), store.transaction("insert") as tx:
            tx.entities.insert([hub_record()])
        assert store.size()["entity"] == 0


def test_a_full_disk_loses_nothing(file: Path, env: Env) -> None:
    with Store.open(f"sqlite:///{file}", env) as store:
        with store.transaction("limit") as tx:
            # It stays with the connection, and every writing transaction has the same one.
            tx.bulk.driver.execute("PRAGMA max_page_count = 60")
        with pytest.raises(StateError, match="disk is full"), store.transaction("insert") as tx:
            tx.entities.insert([hub_record(number) for number in range(2000)])
        assert store.size()["entity"] == 0
        with store.transaction("insert") as tx:
            tx.entities.insert([hub_record()])


def test_a_file_that_another_process_has_just_begun_is_waited_for(file: Path, env: Env) -> None:
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE begun (id TEXT)")
        done = Timer(0.1, other.execute, ["ROLLBACK"])
        done.start()
        with Store.open(f"sqlite:///{file}", env) as store:
            assert store.size()["entity"] == 0
        done.join()


def test_an_erased_value_is_in_no_file(file: Path, env: Env) -> None:
    with Store.open(f"sqlite:///{file}", env) as store:
        secret = hub_record(1, email="canary@example.com")
        with store.transaction("insert") as tx:
            tx.entities.insert([secret])
        secret.cells, secret.rev = {}, 2
        with store.transaction("erase") as tx:
            tx.entities.update([secret])
        store.scrub()
        assert not [path.name for path in file.parent.iterdir() if b"canary" in path.read_bytes()]


def test_scrubbing_waits_for_readers(store: Store, store_url: str, env: Env) -> None:
    store.scrub()
    if store_url.startswith("postgresql"):
        return
    with Store.open(store_url, env, busy_timeout=0.05) as other, store.reading():
        with other.transaction("write") as tx:
            tx.entities.insert([hub_record()])
        with pytest.raises(StoreBusyError, match="cannot be emptied"):
            other.scrub()


def test_a_locked_store_says_who_to_wait_for(store: Store, store_url: str, env: Env) -> None:
    with (
        Store.open(store_url, env, busy_timeout=0.05) as other,
        store.transaction("long"),
        pytest.raises(StoreBusyError, match="locked by another process"),
        other.transaction("short"),
    ):
        pass


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:////nowhere/at/all/accord.db", "does not exist"),
        ("sqlite:///", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("mysql://root:s3cret@localhost/accord", "cannot be kept in mysql"),
        ("accord.db", "not understood"),
        ("postgresql+psycopg://ann:s3cret@localhost:1/accord", "cannot be reached"),
        ("sqlite:////proc/accord.db", "cannot be opened"),
    ],
)
def test_an_unusable_address_is_explained(url: str, message: str, env: Env) -> None:
    with pytest.raises(StateError, match=message) as caught:
        Store.open(url, env)
    assert caught.value.hint
    assert "s3cret" not in f"{caught.value}{caught.value.hint}{caught.value.facts}"


def test_a_shown_address_has_no_password(store: Store) -> None:
    shown = store.url_safe()
    assert shown.startswith(("sqlite:///", "postgresql+psycopg://postgres:***@"))
    assert "search_path" not in shown


def test_importing_rows_loads_no_database() -> None:
    check = "import sys, accord.store.rows; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


OPENED = """
import sys
from accord.env import SystemEnv
from accord.store import Store
with Store.open(sys.argv[1], SystemEnv()) as store, store.transaction("note") as tx:
    tx.marks.put("note", 1)
sys.exit(str({"sqlalchemy", "alembic", sys.argv[2]} & set(sys.modules) or ""))
"""


def test_the_store_works_without_sqlalchemy_and_the_other_driver(store_url: str) -> None:
    other = "psycopg" if store_url.startswith("sqlite") else "sqlite3"
    done = subprocess.run(
        [sys.executable, "-c", OPENED, store_url, other], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == ""

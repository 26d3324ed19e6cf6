"""A store that cannot be used: a clear error, and nothing of the work lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from accord.errors import StateError, StoreBusyError, StoreVersionError
from accord.store import Store
from tests.integration.engine.town import Town


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "accord.db"


@pytest.fixture
def town(file: Path) -> Iterator[Town]:
    """A town of ten people, not synced yet."""
    town = Town(f"sqlite:///{file}")
    for number in range(10):
        town["shop"].put(mail=f"p{number}@example.com", first="Ann " * 200)
    yield town
    town.accord.close()


def grow(town: Town, pages: int) -> None:
    """The disk has room for so many pages more (0: for as many as it takes)."""
    with town.accord.store.transaction("room") as tx:
        driver = tx.bulk.driver
        (used,) = driver.execute("PRAGMA page_count").fetchone()
        driver.execute(f"PRAGMA max_page_count = {used + pages if pages else 2**30}")


def test_a_full_disk_is_a_clear_error(town: Town) -> None:
    grow(town, 2)
    with pytest.raises(StateError, match="the disk is full") as found:
        town.accord.sync("customers")
    assert found.value.hint.startswith("Free disk space")


def test_after_a_full_disk_the_work_goes_on(town: Town) -> None:
    grow(town, 2)
    with pytest.raises(StateError):
        town.accord.sync("customers")
    grow(town, 0)
    town.env.forward(60)
    town.settle()
    assert len(town.everywhere("mail")) == 10


@pytest.mark.parametrize("pages", [1, 3, 4, 5, 6, 8, 10])
def test_a_disk_full_at_any_moment_doubles_nobody(town: Town, pages: int) -> None:
    grow(town, pages)
    with suppress(StateError):
        town.accord.sync("customers")
    grow(town, 0)
    town.env.forward(60)
    town.settle()
    assert len(town.everywhere("mail")) == 10


def test_a_store_locked_by_another_process_is_a_clear_error(file: Path, town: Town) -> None:
    town.accord.store.close()
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    impatient = Store.open(f"sqlite:///{file}", town.env, busy_timeout=0.05)
    with pytest.raises(StoreBusyError, match="locked by another process"), impatient.transaction("write"):
        pass
    other.execute("ROLLBACK")
    with impatient.transaction("write"):
        pass
    other.close()
    impatient.close()


def test_a_store_of_a_newer_accord_is_left_alone(file: Path, town: Town) -> None:
    town.sync()
    with town.accord.store.transaction("a newer version") as tx:
        tx.bulk.driver.execute("UPDATE accord_version SET version_num = '9999'")
    before = town.rows()
    with pytest.raises(StoreVersionError, match="9999") as found:
        Town(f"sqlite:///{file}")
    assert found.value.hint
    assert town.rows() == before


def test_a_file_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Do not forget the milk.\n" * 100)
    with pytest.raises(StateError, match="not an SQLite database"):
        Town(f"sqlite:///{file}")
    assert file.read_text().startswith("Do not forget the milk.")


def test_a_damaged_store_is_a_clear_error(file: Path, town: Town) -> None:
    town.sync()
    town.accord.close()
    with file.open("r+b") as raw:
        raw.seek(4096)
        raw.write(b"\xff" * 4096 * 4)
    with pytest.raises(StateError, match=r"damaged|not an SQLite|cannot"):
        Town(f"sqlite:///{file}").sync()


def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StateError):
        Town(f"sqlite:///{tmp_path}/nowhere/accord.db")

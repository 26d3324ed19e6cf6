from __future__ import annotations

import os
from pathlib import Path

import pytest

from accord.errors import AccessError, ConfigError
from accord_files.folder import Folder, check_name
from connectors.files.tests.till import HEADER, Till, change, rows

ESCAPES = [
    "../secret.csv",
    "../../etc/passwd.csv",
    "a/../../secret.csv",
    "a/./b.csv",
    "/etc/passwd.csv",
    "//server/share.csv",
    "~/secret.csv",
    "~root/secret.csv",
    "..\\secret.csv",
    "a\\..\\secret.csv",
    "C:/secret.csv",
    "C:secret.csv",
    "a//b.csv",
    "./a.csv",
    "a/..",
    "..",
    ".",
    "",
    "a/\0.csv",
    "**/secret.csv",
    "file.csv:stream",
]


@pytest.mark.parametrize("name", ESCAPES)
def test_a_name_that_leaves_the_folder_is_refused(till: Till, name: str) -> None:
    with pytest.raises(ConfigError, match=r"not a name below the folder|is missing|`format`"):
        till.stream(path=name)
    with pytest.raises(ConfigError):
        till.stream(write=name, path=None, format="csv")


@pytest.mark.parametrize("name", ESCAPES)
def test_the_folder_itself_opens_no_such_name(till: Till, name: str) -> None:
    folder = Folder(till.root, "till")
    with pytest.raises(ConfigError), folder.open(name):
        pass
    with pytest.raises(ConfigError):
        folder.replace(name, None, lambda file: None)


def test_a_name_to_write_holds_no_wildcards() -> None:
    with pytest.raises(ConfigError):
        check_name("customers-*.csv", key="write")
    assert check_name("customers-*.csv", key="path", wild=True) == "customers-*.csv"


def outside(till: Till, name: str = "secret.csv") -> Path:
    path = till.base / name
    path.write_text(HEADER + "1,Secret,,\n")
    return path


def test_a_link_to_a_file_outside_is_not_read(till: Till) -> None:
    (till.root / "customers.csv").symlink_to(outside(till))
    with pytest.raises(AccessError, match="symbolic link"):
        rows(till.stream())


def test_a_link_to_a_file_inside_is_not_read_either(till: Till) -> None:
    till.put("real.csv", HEADER)
    (till.root / "customers.csv").symlink_to(till.root / "real.csv")
    with pytest.raises(AccessError, match="symbolic link"):
        rows(till.stream())


def test_a_matching_link_among_files_is_refused(till: Till) -> None:
    till.put("customers-1.csv", HEADER)
    (till.root / "customers-2.csv").symlink_to(outside(till))
    with pytest.raises(AccessError, match=r"customers-2\.csv"):
        rows(till.stream(path="customers-*.csv"))


def test_a_linked_folder_is_not_followed(till: Till) -> None:
    (till.base / "elsewhere").mkdir()
    (till.base / "elsewhere" / "customers.csv").write_text(HEADER)
    (till.root / "exports").symlink_to(till.base / "elsewhere")
    with pytest.raises(AccessError):
        rows(till.stream(path="exports/customers.csv"))
    with pytest.raises(AccessError):
        rows(till.stream(path="*/customers.csv"))


def test_a_dangling_link_is_refused(till: Till) -> None:
    (till.root / "customers.csv").symlink_to(till.base / "nowhere.csv")
    with pytest.raises(AccessError, match="symbolic link"):
        rows(till.stream())


def test_a_link_is_never_written_through(till: Till) -> None:
    secret = outside(till)
    (till.root / "customers.csv").symlink_to(secret)
    with pytest.raises(AccessError):
        till.writable().create([change({"first name": "Ann"})])
    assert secret.read_text() == HEADER + "1,Secret,,\n"


def test_a_planted_scratch_link_is_not_written_through(till: Till) -> None:
    secret = outside(till)
    till.put("customers.csv", HEADER)
    (till.root / ".customers.csv.accord-new").symlink_to(secret)
    till.writable().create([change({"first name": "Ann"})])
    assert secret.read_text() == HEADER + "1,Secret,,\n"
    assert "Ann" in till.text()


def test_a_planted_lock_link_is_not_followed(till: Till) -> None:
    till.put("customers.csv", HEADER)
    (till.root / ".customers.csv.accord-lock").symlink_to(till.base / "victim")
    with pytest.raises(AccessError):
        till.writable().create([change({"first name": "Ann"})])
    assert not (till.base / "victim").exists()


def test_a_folder_swapped_for_a_link_after_the_check_is_not_followed(till: Till) -> None:
    till.put("exports/customers.csv", HEADER)
    folder = Folder(till.root, "till")
    assert folder.stamps("exports/customers.csv")
    (till.root / "exports" / "customers.csv").unlink()
    (till.root / "exports").rmdir()
    (till.base / "elsewhere").mkdir()
    (till.base / "elsewhere" / "customers.csv").write_text("secret")
    (till.root / "exports").symlink_to(till.base / "elsewhere")
    with pytest.raises(AccessError), folder.open("exports/customers.csv"):
        pass


def test_a_named_pipe_does_not_hang_the_reader(till: Till) -> None:
    os.mkfifo(till.root / "customers.csv")
    with pytest.raises(AccessError, match="no plain file"):
        rows(till.stream())
    with pytest.raises(AccessError, match="no plain file"), Folder(till.root, "till").open("customers.csv"):
        pass


def test_hidden_files_match_no_pattern(till: Till) -> None:
    till.put(".customers.csv.accord-new", "half")
    till.put("a.csv", HEADER + "7,Zoé,,\n")
    assert len(rows(till.stream(path="*.csv"))) == 1


def test_the_root_may_be_a_link_itself(till: Till) -> None:
    real = till.base / "real"
    till.root.rename(real)
    till.root.symlink_to(real)
    (real / "customers.csv").write_text(HEADER + "7,Zoé,,\n")
    assert len(rows(till.stream())) == 1
    assert till.open().check().fingerprint == "files:real"

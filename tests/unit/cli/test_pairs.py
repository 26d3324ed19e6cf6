from __future__ import annotations

from pathlib import Path

import pytest

from accord.cli import pairs
from accord.errors import SetupError

HEADER = ",".join(pairs.COLUMNS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pairs.csv"


def test_pairs_keep_their_line_numbers(file: Path) -> None:
    file.write_text(f"\ufeff{HEADER}\nshop,customers,1,crm,contacts,9\n\nshop,customers,2,crm,contacts,8\n")
    found = pairs.read(file)
    assert {line: pair.external_id for line, pair in found.items()} == {2: "1", 4: "2"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n", "pairs.csv:1: another header"),
        (f"{HEADER}\nshop,customers,1,crm,contacts,\n".encode(), "pairs.csv:2: other_external_id is missing"),
        (
            f"{HEADER}\nshop,customers,1,crm,contacts,2,3\n".encode(),
            "pairs.csv:2: there are too many columns",
        ),
        (f"{HEADER}\nshop,é,1,crm,contacts,2\n".encode("cp1252"), "this is not UTF-8"),
        (b"", "another header"),
    ],
)
def test_a_bad_line_is_told_with_its_number(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    with pytest.raises(SetupError, match=said):
        pairs.read(file)


def test_a_missing_file_is_told(file: Path) -> None:
    with pytest.raises(SetupError, match="cannot be read"):
        pairs.read(file)

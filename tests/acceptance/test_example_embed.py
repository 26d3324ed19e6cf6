"""The example of a program with Accord inside."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

RUN = Path(__file__).parents[2] / "examples" / "embed" / "run.py"
MEMBERS = "CREATE TABLE members (id INTEGER PRIMARY KEY, first_name, email, phone, accord_id)"


def test_a_program_syncs_and_hears_of_progress(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text(
        "card,first_name,email,phone,accord_id\n1,Léa,lea@example.com,,\n"
    )
    with closing(sqlite3.connect(tmp_path / "loyalty.db")) as database:
        database.execute(MEMBERS)
    done = subprocess.run(
        [sys.executable, str(RUN), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "push loyalty: 1 of 1" in done.stdout
    with closing(sqlite3.connect(tmp_path / "loyalty.db")) as database:
        assert database.execute("SELECT first_name, email FROM members").fetchall() == [
            ("Léa", "lea@example.com")
        ]

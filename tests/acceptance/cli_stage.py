"""A till's folder, a loyalty database and a configuration over both; and the real command, as a process."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import sqlite3
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from accord.cli import main

CONFIG = """\
[connections.till]
connector = "files"
root = "till"
[connections.till.streams.customers]
model = "customer"
path = "customers.csv"
write = "customers.csv"
key = "card"
[connections.till.streams.customers.fields]
given_name = "first"
email = "mail"
loyalty_points = "points"

[connections.loyalty]
connector = "sql"
secret_url = "env:LOYALTY_URL"
[connections.loyalty.streams.members]
model = "customer"
table = "members"
key = "id"
updated_at = "changed"
zone = "UTC"
[connections.loyalty.streams.members.fields]
given_name = "first"
email = "mail"
loyalty_points = "points"

[flows.customers]
model = "customer"
both = ["till", "loyalty"]
purpose = "service.transactional"
conflict = "manual"
schedule = "every 1h"
"""
TILL = "card,first,mail,points\n1,Léa,lea@example.com,10\n2,Tom,tom@example.org,20\n"
TABLE = "CREATE TABLE members (id INTEGER PRIMARY KEY, first TEXT, mail TEXT, points NUMERIC, changed TEXT)"


@dataclass(frozen=True)
class Said:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Its JSON document."""
        return json.loads(self.out)


class Stage:
    """A folder with both systems in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = root / "accord.toml"
        self.config.write_text(CONFIG, encoding="utf-8")
        self.till = root / "till" / "customers.csv"
        self.till.parent.mkdir()
        self.till.write_text(TILL, encoding="utf-8")
        self.members(TABLE)
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ACCORD_")},
            "LOYALTY_URL": "sqlite:///loyalty.db",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "XDG_STATE_HOME": str(root / "state"),
        }

    def accord(self, *arguments: str, stdin: str = "", **env: str | None) -> Said:
        """Run the command in the folder; a variable of None is not set."""
        given = {name: value for name, value in {**self.env, **env}.items() if value is not None}
        command = [sys.executable, "-m", "accord", *arguments]
        done = subprocess.run(
            command, cwd=self.root, env=given, input=stdin, capture_output=True, text=True, check=False
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def inside(self, *arguments: str, stdin: str = "", **env: str | None) -> Said:
        """Run the command in this process, which spares the imports."""
        given = {name: value for name, value in {**self.env, **env}.items() if value is not None}
        out, err, log = io.StringIO(), io.StringIO(), logging.getLogger("accord")
        before = (log.handlers, log.propagate, log.level)
        with (
            mock.patch.dict(os.environ, given, clear=True),
            mock.patch.object(sys, "stdin", io.StringIO(stdin)),
            chdir(self.root),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = main(arguments)
        log.handlers, log.propagate, log.level = before
        return Said(code, out.getvalue(), err.getvalue())

    def members(self, statement: str = "SELECT first, mail, points FROM members ORDER BY mail") -> list[Any]:
        """Ask the loyalty programme, or change it."""
        connection = sqlite3.connect(self.root / "loyalty.db")
        with connection:
            found = connection.execute(statement).fetchall()
        connection.close()
        return found

    def cards(self) -> dict[str, dict[str, str]]:
        """The till's rows by card."""
        with self.till.open(encoding="utf-8", newline="") as file:
            return {row["card"]: row for row in csv.DictReader(file)}

    def leave(self) -> None:
        """Take the loyalty programme out of the flow, and sync once without it."""
        text = self.config.read_text(encoding="utf-8")
        self.config.write_text(text.replace('["till", "loyalty"]', '["till"]'), encoding="utf-8")
        self.inside("sync", "--approve")

    def edit(self, old: str, new: str) -> None:
        """Change the till's file."""
        self.till.write_text(self.till.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

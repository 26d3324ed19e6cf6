"""What a command loads: the one part of its start-up that is the same on every machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONFIGURATION = """
[connections.till]
connector = "files"
root = "till"

[connections.till.streams.people]
model = "customer"
path = "people.csv"
key = "id"
fields = { given_name = "first", email = "mail", language = "tongue", "addresses.default.country" = "land" }

[connections.office]
connector = "files"
root = "office"

[connections.office.streams.people]
model = "customer"
write = "people.csv"
key = "id"
hub_id = "hub"
fields = { given_name = "first", email = "mail", language = "tongue", "addresses.default.country" = "land" }

[flows.people]
model = "customer"
from = ["till"]
to = ["office"]
purpose = "service.support"
"""
RUN = """
import sys
from accord.cli import main
code = main(sys.argv[2:])
print(*sorted(set(sys.argv[1].split(",")) & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""
NEVER = (
    *("sqlalchemy", "alembic", "psycopg", "phonenumbers", "keyring", "cryptography", "httpx", "rich"),
    *("pycountry", "langcodes", "email_validator"),
)
"""What no command needs for files, a store in SQLite, and people without telephone numbers."""
ENGINE = ("accord.engine.run", "accord.engine.gate", "accord.engine.erase", "accord.api.consent")

OTHER_WORK = (
    *("accord.testing", "accord.sandbox", "accord.demo", "accord.serve"),
    *("accord.api.consent", "accord.api.requests", "accord.api.notices"),
    *("accord.engine.decide", "accord.engine.desk", "accord.engine.disclose", "accord.engine.explain"),
    *("accord.engine.overview", "accord.engine.rehearse", "accord.engine.retention"),
    *("accord.engine.single", "accord.engine.unsubscribe", "accord.store.postgres"),
    *("accord.http.jobs", "accord.http.oauth", "accord.http.listening", "accord.http.wire"),
    *("accord.consent.strings.gpp", "accord.consent.strings.tcf"),
)
"""Accord's own: other commands, other stores, systems that are reached over HTTP, visitors' browsers."""

OTHER_SYSTEMS = (
    "accord_brevo",
    "accord_hubspot",
    "accord_mailchimp",
    "accord_meta",
    "accord_shopify",
    "accord_sql",
)
"""Connectors that are installed where the tests run, and that no connection of the project uses."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A till's file that goes to the office."""
    (tmp_path / "accord.toml").write_text(CONFIGURATION)
    for folder in ("till", "office"):
        (tmp_path / folder).mkdir()
    (tmp_path / "till" / "people.csv").write_text(
        "id,first,mail,tongue,land\n1,Ann,ann@example.com,pt-BR,fr\n"
    )
    return tmp_path


def loaded(project: Path, unwanted: tuple[str, ...], *command: str) -> list[str]:
    """Which of these modules a command loads."""
    call = [sys.executable, "-W", "ignore", "-c", RUN, ",".join(unwanted), *command]
    done = subprocess.run(call, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stderr.strip().splitlines()[-1].split() if done.stderr.strip() else []


def test_status_loads_neither_the_engine_nor_libraries_for_other_work(project: Path) -> None:
    assert loaded(project, NEVER + ENGINE + OTHER_SYSTEMS, "status") == []


def test_a_sync_loads_nothing_it_does_not_use(project: Path) -> None:
    assert loaded(project, NEVER + OTHER_WORK + OTHER_SYSTEMS, "sync", "--approve") == []
    assert "ann@example.com" in (project / "office" / "people.csv").read_text()

"""The example of a third party's plugin: found through its entry points, synced, and heeded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

PLUGIN = Path(__file__).parents[2] / "examples" / "plugin"
CONFIG = """
[connections.home]
connector = "addressbook"
file = "home.json"

[connections.office]
connector = "addressbook"
file = "office.json"

[flows.people]
model = "customer"
both = ["home", "office"]
purpose = "service.transactional"
"""
HOME = {
    "a": {"mail": "ana@example.com", "name": "Ana", "born": "1980-02-03"},
    "b": {"mail": "ben@example.com", "name": "Ben", "born": "2020-02-03"},
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """What an installer leaves: the metadata of the plugin's pyproject."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    info = tmp_path / "site" / f"accord_addressbook-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines: list[str] = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {module}" for name, module in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    return tmp_path / "site"


def _accord(folder: Path, site: Path, *arguments: str) -> Any:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(PLUGIN), str(site)))}
    command = [sys.executable, "-m", "accord", *arguments, "--json"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    assert done.stdout, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "accord.toml").write_text(CONFIG)
    (tmp_path / "home.json").write_text(json.dumps(HOME))
    (tmp_path / "office.json").write_text("{}")
    return tmp_path


def test_a_plugin_connector_is_found_by_its_entry_point(folder: Path, site: Path) -> None:
    assert "addressbook" in json.dumps(_accord(folder, site, "connectors", "list"))


def test_a_plugin_connector_syncs_and_its_rule_is_heeded(folder: Path, site: Path) -> None:
    _accord(folder, site, "sync", "--approve")
    office = json.loads((folder / "office.json").read_text())
    assert [row["name"] for row in office.values()] == ["Ana"]


def test_an_edit_in_one_book_returns_to_the_other(folder: Path, site: Path) -> None:
    _accord(folder, site, "sync", "--approve")
    office = json.loads((folder / "office.json").read_text())
    (key,) = office
    (folder / "office.json").write_text(json.dumps({key: {**office[key], "name": "Anna"}}))
    _accord(folder, site, "sync")
    assert json.loads((folder / "home.json").read_text())["a"]["name"] == "Anna"

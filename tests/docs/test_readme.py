"""The README's table of connectors says what they declare."""

from __future__ import annotations

import re
from typing import Any

import pytest

from accord.cli.connector_facts import facts
from accord.plugins import Plugins
from accord.sandbox.catalogue import names
from tests.docs.pages import ROOT

COLUMNS = {"customer": 0, "order": 1, "product": 2, "inventory_level": 3}
ROW = re.compile(r"^\| \[(\w+)\]\([^)]*\)[^|]*\|([^\n]*)\|$", re.MULTILINE)
TABLE = {
    name: [cell.strip() for cell in cells.split("|")]
    for name, cells in ROW.findall((ROOT / "README.md").read_text(encoding="utf-8"))
}


def declared() -> dict[str, dict[str, Any]]:
    return {name: facts(connector) for name, connector in Plugins.load().connectors().items()}


@pytest.mark.parametrize("name", [*TABLE])
def test_a_connectors_row_says_what_it_reads_and_writes(name: str) -> None:
    shown, streams = TABLE[name], declared()[name]["streams"]
    for stream in streams:
        word = {"read and written": "R W", "only read": "R", "only written": "W"}[stream["direction"]]
        assert shown[COLUMNS[stream["model"]]].partition(",")[0] == word, stream["name"]
    carries = any(stream["consent"] for stream in streams)
    assert not streams or ("W" in shown[4]) == carries
    assert shown[5] == ("yes" if name in names() else "–")


def test_every_connector_of_the_workspace_has_a_row() -> None:
    assert set(TABLE) == {folder.name for folder in (ROOT / "connectors").iterdir() if folder.is_dir()}

"""The how-to guides: what can be run is run, what can be read by a program is read."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from accord.config import parse
from accord.plugins import Plugins
from tests.docs.pages import DOCS, ROOT, blocks, follow
from tests.docs.test_tutorial import offer

PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])


def test_the_plugin_of_the_guide_works(tmp_path: Path) -> None:
    offer(tmp_path, "acme-rules", accord="acme_rules")
    assert follow(DOCS / "how-to/add-a-hook-plugin.md", tmp_path, PYTHONPATH=str(tmp_path)) == 1
    assert (tmp_path / "letter/people.csv").read_text(encoding="utf-8").count("@") == 1


def test_the_programs_of_the_guide_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the configuration of the first tutorial, as a reader would have it."""
    for block in blocks(DOCS / "tutorial/first-sync.md"):
        if "file" in block.options:
            target = tmp_path / block.options["file"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text.replace('"loyalty"', "").replace(", ]", "]"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks(DOCS / "how-to/embed-in-python.md"):
        exec(compile(block.text, f"{block.page}:{block.line}", "exec"), names)
    assert "shop/customers 1 1 0" in capsys.readouterr().out


def test_the_configuration_of_the_readme_is_right() -> None:
    text = next(block.text for block in blocks(ROOT / "README.md") if block.language == "toml")
    config = parse(text, Plugins.load())
    assert config.flows["customers"].both == ("shop", "crm")


def test_the_configuration_of_the_audience_guide_is_right() -> None:
    [text] = [block.text for block in blocks(DOCS / "how-to/fill-an-audience.md") if block.language == "toml"]
    config = parse(text, Plugins.load())
    assert config.flows["audience"].channel == "ad_platform:meta"


def test_the_program_about_identifiers_says_what_it_says() -> None:
    [program] = [b.text for b in blocks(DOCS / "reference/identifiers.md") if b.language == "python"]
    names: dict[str, Any] = {}
    exec(compile(program, "identifiers.md", "exec"), names)
    found = names["found"]
    assert found.values["em"][:8] in program
    assert found.ledger()["normaliser"] in program
    assert found.unfit["ph"] in program


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_table_of_a_page_is_toml(page: Path) -> None:
    for block in blocks(page):
        if block.language == "toml":
            tomllib.loads(block.text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_program_of_a_page_is_python(page: Path) -> None:
    for block in blocks(page):
        if block.language == "python":
            compile(block.text, f"{block.page}:{block.line}", "exec")

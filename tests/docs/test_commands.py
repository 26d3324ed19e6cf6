"""Commands as pages write them are commands that the command line takes: names, arguments, options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer

from accord.cli.app import UsageError, build
from tests.docs.pages import DOCS, ROOT

PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md"), *ROOT.glob("connectors/*/*.md")])
COMMAND = re.compile(r"^accord ([^\n]+)$|`accord ([^`\n]+)`", re.MULTILINE)
SCHEMATIC = re.compile(r"[\[\]{}|<>…]|\bCOMMAND\b")
"""What describes commands rather than writes one."""
MENTIONED = ("Missing parameter", "requires an argument")
"""In running text a command may be named without what it is given."""


def commands(page: Path) -> Iterator[tuple[list[str], bool]]:
    """The commands of a page in words, and whether each stands on a line of its own."""
    for match in COMMAND.finditer(page.read_text(encoding="utf-8")):
        text = str(match[1] or match[2])
        if not SCHEMATIC.search(text) and text[0] != "-":
            yield shlex.split(text, comments=True), match[1] is not None


def complaint(words: Sequence[str]) -> str:
    """What the command line says against a command; "" if it takes it."""
    command: Any = typer.main.get_command(build())
    left = list(words)
    while left and (found := getattr(command, "commands", {}).get(left[0])) is not None:
        command = found
        del left[0]
    if hasattr(command, "commands"):
        return f"no command {left[0]!r}" if left and not left[0].startswith("-") else ""
    try:
        command.make_context("accord", left)
    except UsageError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_is_taken(page: Path) -> None:
    for words, alone in commands(page):
        said = complaint(words)
        assert not said or (not alone and any(part in said for part in MENTIONED)), (words, said)

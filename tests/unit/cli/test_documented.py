"""docs/reference/cli.md names every command with its arguments and options, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from accord.cli.app import build
from accord.cli.hosting import COMMON

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference"
_SECTION = re.compile(r"^### `(accord [^`]*)`\n(.*?)(?=^###? |\Z)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def commands(command: Any, path: tuple[str, ...] = ("accord",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that can be run, with its words."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
    for name, each in (inner or {}).items():
        yield from commands(each, (*path, name))


def usage(argument: Any) -> str:
    """An argument as the usage line shows it."""
    name = argument.metavar if argument.required else f"[{argument.metavar}]"
    return f"{name}..." if argument.nargs == -1 else str(name)


def real() -> dict[str, set[str]]:
    """Usage -> what can be given."""
    found = {}
    for path, command in commands(typer.main.get_command(build())):
        given = [each for each in command.params if each.name not in {*COMMON, "help"}]
        names = [usage(each) for each in given if each.param_type_name == "argument"]
        options = {
            ", ".join(each.opts) + (f" {each.metavar}" if each.metavar else "")
            for each in given
            if each.param_type_name == "option"
        }
        found[" ".join([*path, *names])] = options | set(names)
    return found


def documented() -> dict[str, set[str]]:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    sections = {words: body.replace("\\|", "|") for words, body in _SECTION.findall(text)}
    return {words: set(_ROW.findall(body)) for words, body in sections.items()}


def test_every_command_is_documented() -> None:
    assert sorted(documented()) == sorted(real())


def test_every_option_is_documented() -> None:
    assert documented() == real()


def test_every_command_has_the_common_options() -> None:
    for path, command in commands(typer.main.get_command(build())):
        assert set(COMMON) <= {each.name for each in command.params}, path


def test_every_command_has_its_json_described() -> None:
    text = (DOCS / "json.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^### `(accord [^`]+)`$", text, re.MULTILINE))
    assert described == {" ".join(path) for path, _ in commands(typer.main.get_command(build()))}

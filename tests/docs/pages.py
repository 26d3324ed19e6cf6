"""Pages of the documentation as programs: their files, commands and expected output.

A fenced block's info string says what it is::

    ```toml file=accord.toml     a file to write
    ```sh                        commands to run; a block ``text`` right after it is their output
    ```sh exit=3                 the same, with another exit code than 0
    ```sh setup                  what a reader does once; it is not run
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: str
    line: int
    language: str
    text: str
    options: dict[str, str] = field(default_factory=dict)


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    content = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(content):
        words = found[2].split()
        options = {name: value for name, _, value in (word.partition("=") for word in words)}
        line = content.count("\n", 0, found.start()) + 1
        yield Block(page.name, line, found[1], found[3], options)


def follow(page: Path, folder: Path, **variables: str) -> int:
    """Do in a folder what a page says; how many blocks of commands were run."""
    said, run = "", 0
    for block in blocks(page):
        if "file" in block.options:
            target = folder / block.options["file"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        elif block.language == "sh" and "setup" not in block.options:
            said = _run(block, folder, variables)
            run += 1
        elif block.language == "text":
            _compare(block, said)
    return run


def _run(block: Block, folder: Path, variables: dict[str, str]) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ACCORD_")}
    done = subprocess.run(
        ["bash", "-euc", block.text],
        cwd=folder,
        env={**kept, "PATH": path, "COLUMNS": "160", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == int(block.options.get("exit", "0")), f"{block.page}:{block.line}\n{said}"
    return said


def _compare(block: Block, said: str) -> None:
    """Every expected line is there, in order; ``…`` stands for anything."""
    lines = iter([_spaced(line) for line in said.splitlines()])
    for expected in map(_spaced, block.text.splitlines()):
        if expected in ("", "…"):
            continue
        pattern = expected.replace("[", "[[]").replace("…", "*")
        assert any(fnmatchcase(line, pattern) for line in lines), (
            f"{block.page}:{block.line}: {expected!r}\n{said}"
        )


def _spaced(line: str) -> str:
    return " ".join(line.split())

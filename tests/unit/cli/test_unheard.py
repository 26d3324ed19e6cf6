"""Output that finds no taker: the reader of a pipe has gone, or the disk is full."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = '[accord]\nstore = "sqlite:///accord.db"\n'
FULL = Path("/dev/full")


def _accord(folder: Path, *arguments: str, into: int) -> subprocess.CompletedProcess[str]:
    (folder / "accord.toml").write_text(CONFIG, encoding="utf-8")
    command = [sys.executable, "-m", "accord", *arguments]
    return subprocess.run(command, cwd=folder, stdout=into, stderr=subprocess.PIPE, text=True, check=False)


@pytest.mark.parametrize("words", [("connectors", "list"), ("status",), ("status", "--json"), ("--help",)])
def test_a_reader_that_has_gone_is_no_failure(tmp_path: Path, words: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = _accord(tmp_path, *words, into=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
def test_output_that_finds_no_room_is_an_error_and_no_bug(tmp_path: Path) -> None:
    with FULL.open("w") as full:
        done = _accord(tmp_path, "status", into=full.fileno())
    assert done.returncode == 1
    assert done.stderr.startswith("error: no space is left where the output goes to\nhint: Free some")
    assert "unexpectedly" not in done.stderr

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from accord.cli.output import Output, aligned, coloured, complain


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def watched(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard output as a terminal; called in the test itself, pytest captures anew for each phase."""
    found = Terminal()
    monkeypatch.setattr(sys, "stdout", found)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return found


def test_piped_tables_are_aligned_text() -> None:
    lines = aligned(("name", "n"), [("a", "1"), ("longer", "20")], {"n"})
    assert lines == ["name     n", "a        1", "longer  20"]


def test_a_piped_table_has_no_colours(capsys: pytest.CaptureFixture[str]) -> None:
    Output(json=False).table(("name",), [("a",)])
    Output(json=False).title("Title")
    assert capsys.readouterr().out == "name\na\nTitle\n"


def test_a_terminal_gets_a_drawn_table(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watched(monkeypatch)
    Output(json=False).table(("name", "number"), [("a", 0)], right=("number",))
    assert "─" in terminal.getvalue()
    assert "number" not in terminal.getvalue()


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watched(monkeypatch)
    assert coloured(terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured(terminal)


def test_json_replaces_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    def never() -> None:
        raise AssertionError

    Output(json=True).tell({"a": {1: "é"}}, never)
    found: Any = json.loads(capsys.readouterr().out)
    assert found == {"a": {"1": "é"}}


def test_an_error_has_a_line_per_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    complain("one\ntwo", "do this")
    assert capsys.readouterr().err == "error: one\nerror: two\nhint: do this\n"

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accord.cli import app, failure, main
from accord.cli.commands import status

SECRET = "lea@example.com has the token s3cret"


def broken(*_: object) -> int:
    raise KeyError(SECRET)


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder for reports, and a command with a bug."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setitem(app._COMMANDS, "status", broken)
    return tmp_path / "accord" / "reports"


def test_a_bug_leaves_a_report_without_data(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == failure.BUG
    (kept,) = state.iterdir()
    report, err = kept.read_text(encoding="utf-8"), capsys.readouterr().err
    assert "builtins.KeyError" in report
    assert "accord/cli/app.py" in report
    assert SECRET not in report + err
    assert str(kept) in err
    assert "Traceback" not in err


def test_a_bug_is_a_document_too(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--json"]) == failure.BUG
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["type"], error["exit_code"]) == ("KeyError", 1)
    assert state.is_dir()


def test_debug_shows_the_traceback(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--debug"]) == failure.BUG
    assert "Traceback" in capsys.readouterr().err
    assert state.is_dir()


def test_a_report_names_the_command_alone(state: Path) -> None:
    main(["status", "-c", "/home/lea/accord.toml"])
    (kept,) = state.iterdir()
    assert "command accord status\n" in kept.read_text(encoding="utf-8")


def test_ctrl_c_outside_a_run_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(app._COMMANDS, "status", interrupted)
    assert main(["status"]) == failure.INTERRUPTED


def test_a_full_disk_still_shows_the_report(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state.parent.mkdir()
    state.write_text("no folder")
    assert main(["status"]) == failure.BUG
    assert "builtins.KeyError" in capsys.readouterr().err
    assert status.status is not broken

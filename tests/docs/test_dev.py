"""The bootstrap: environments are built once, and again when what they depend on changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dev


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A scratch tree whose environments are not really built; lists the purposes that were."""
    purposes: list[str] = []
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "HOME", tmp_path / ".venv-accord")
    monkeypatch.setattr(dev, "need_pip", lambda: None)
    monkeypatch.setattr(dev, "create", lambda folder: folder.mkdir(parents=True, exist_ok=True))
    monkeypatch.setattr(dev, "install", lambda _, purpose: purposes.append(purpose))
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    return purposes


def test_an_environment_is_built_once(built: list[str]) -> None:
    assert dev.environment("run") == dev.environment("run")
    assert built == ["run"]


def test_a_changed_project_is_installed_again(built: list[str], tmp_path: Path) -> None:
    dev.environment("dev")
    (tmp_path / "pyproject.toml").write_text("[project]  # changed\n", encoding="utf-8")
    dev.environment("dev")
    assert built == ["dev", "dev"]


def test_a_new_connector_is_installed(built: list[str], tmp_path: Path) -> None:
    dev.environment("run")
    folder = tmp_path / "connectors" / "tinycrm"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    dev.environment("run")
    assert built == ["run", "run"]


def test_a_failed_install_is_tried_again(built: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path, purpose: str) -> None:
        raise dev.SetupFailedError("no network")

    with monkeypatch.context() as patch:
        patch.setattr(dev, "install", fail)
        with pytest.raises(dev.SetupFailedError):
            dev.environment("run")
    dev.environment("run")
    assert built == ["run"]


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main(["dance"]) == 2
    assert "python3 dev.py demo" in capsys.readouterr().out


def test_every_pin_is_exact() -> None:
    assert [pin for pin in dev.pinned() if not re.fullmatch(r"[A-Za-z0-9_.-]+==[\w.+]+", pin)] == []


def test_the_whole_suite_runs_in_several_processes_and_a_selection_in_one() -> None:
    assert "-n" in dev.workers([])
    assert "-n" in dev.workers(["--require-specs"])
    assert dev.workers(["-k", "consent"]) == []
    assert dev.workers(["tests/unit"]) == []


@pytest.mark.parametrize("failing", ["pytest", "brief", "mixed", "onward", "crash-everywhere", ""])
def test_the_whole_run_plays_its_simulations_after_the_suite_whatever_became_of_it(
    built: list[str], monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    commands: list[list[str]] = []

    def call(command: list[str], **_: object) -> int:
        commands.append(command)
        return int(failing in command)

    monkeypatch.setattr("dev.subprocess.call", call)
    assert dev.main(["test", "--require-specs"]) == (1 if failing else 0)
    suite, *simulations = commands
    assert "--require-specs" in suite
    schedules, mixed, onward, crashes = simulations
    first, _, last = schedules[schedules.index("--seeds") + 1].partition(":")
    assert int(last) - int(first) >= 3000
    assert "mixed" in mixed
    assert "onward" in onward
    assert "crash-everywhere" in crashes

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from accord import __version__, hookimpl
from accord.cli import app, main
from accord.plugins import Plugins

LOADED = """
import sys
from accord.cli import main
main(["--version"])
heavy = {"typer", "rich", "pydantic", "sqlalchemy", "httpx", "structlog", "accord.api"}
sys.exit(f"loaded {heavy & set(sys.modules)}" if heavy & set(sys.modules) else 0)
"""


def test_the_version_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"accord {__version__}\n", "")


def test_commands_load_heavy_packages_when_they_run() -> None:
    code = (
        "import sys, accord.cli.app; sys.exit(str({'sqlalchemy', 'httpx', 'accord.api'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == "set()\n"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["conflicts"], ["conflicts", "list"]),
        (["conflicts", "--json"], ["conflicts", "list", "--json"]),
        (["conflicts", "--help"], ["conflicts", "--help"]),
        (["conflicts", "show", "a"], ["conflicts", "show", "a"]),
        (["sync"], ["sync"]),
    ],
)
def test_a_queue_alone_lists(given: list[str], meant: list[str]) -> None:
    assert app._listing(given) == meant


class Plugin:
    """Adds a command."""

    @hookimpl
    def accord_commands(self, cli: typer.Typer) -> None:
        cli.command("greet")(lambda: sys.stdout.write("hello"))


def test_a_plugin_adds_a_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plugins, "load", lambda: Plugins([Plugin()]))
    main(["greet"])
    main(["--help"])
    out = capsys.readouterr().out
    assert out.startswith("hello")
    assert "greet" in out.removeprefix("hello")


def test_nothing_given_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    assert "dead-letters" in capsys.readouterr().out


def test_a_wrong_option_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sync", "--nonsense"]) == 2
    assert "accord sync --help" in capsys.readouterr().err

"""What the user sees when a command fails: an error and a hint, or where the report about a bug lies."""

from __future__ import annotations

import platform
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accord import __version__
from accord.cli.output import Output, complain
from accord.errors import AccordError

if TYPE_CHECKING:
    from accord.env import Env

BUG = 1
USAGE = 2
INTERRUPTED = 130
_PACKAGE = Path(__file__).resolve().parents[1]


def expected(error: AccordError, output: Output) -> int:
    """Tell an error that Accord foresaw; its exit code."""
    complain(str(error), error.hint)
    if output.json:
        document: dict[str, Any] = _document(type(error).__name__, str(error), error.hint, error.exit_code)
        if "problems" in error.facts:
            document["error"]["problems"] = error.facts["problems"]
        output.document(document)
    return error.exit_code


def usage(message: str, command: str, output: Output) -> int:
    """Tell a wrong argument."""
    hint = f"`{command} --help` shows what can be given."
    complain(message, hint)
    if output.json:
        output.document(_document("UsageError", message, hint, USAGE))
    return USAGE


def bug(error: BaseException, command: str, output: Output, env: Env) -> int:
    """Tell an error that nobody foresaw, and keep a report of it for the people who can mend it."""
    message = f"Accord failed unexpectedly ({type(error).__name__})"
    place = _kept(report(error, command), env)
    where = f"A report without any of your data is in {place}. " if place else ""
    hint = f"{where}Please send it as CONTRIBUTING.md says; --debug shows the whole traceback."
    complain(message, hint)
    if output.json:
        output.document(_document(type(error).__name__, message, hint, BUG))
    return BUG


def report(error: BaseException, command: str) -> str:
    """What happened, without a message, an argument or a value: types, and places in Accord's code."""
    lines = [
        f"accord {__version__}",
        f"python {platform.python_version()} on {platform.system()} {platform.machine()}",
        f"command {command}",
    ]
    current: BaseException | None = error
    while current is not None:
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}")
        lines += [f"  {place}" for place in _frames(current)]
        current = current.__cause__ or current.__context__
    return "\n".join(lines) + "\n"


def _frames(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [
        f"{_place(frame.filename)}:{frame.lineno} {frame.name}"
        for frame in frames
        if "accord" in Path(frame.filename).parts or "accord_" in frame.filename
    ]


def _place(name: str) -> str:
    """A file's place inside its package: folders above it may be named after a person."""
    path = Path(name)
    if path.is_relative_to(_PACKAGE):
        return f"accord/{path.relative_to(_PACKAGE).as_posix()}"
    start = next((i for i, part in enumerate(path.parts) if part.startswith("accord")), -1)
    return "/".join(path.parts[start:])


def _kept(text: str, env: Env) -> Path | None:
    """Keep a report in the platform's folder for state; None when the disk refuses even that."""
    from platformdirs import user_state_path

    folder = user_state_path("accord", appauthor=False) / "reports"
    place = folder / f"{env.now():%Y%m%dT%H%M%SZ}-{env.new_id()[-6:]}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        sys.stderr.write(f"the report could not be kept ({error.strerror}); it says:\n{text}")
        return None
    return place


def _document(kind: str, message: str, hint: str, exit_code: int) -> dict[str, Any]:
    return {"error": {"type": kind, "message": message, "hint": hint, "exit_code": exit_code}}

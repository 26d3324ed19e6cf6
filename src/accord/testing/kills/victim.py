"""The process that is killed: ``accord sync``, as an operator or cron starts it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, ForkServerProcess

WARM = ("accord.testing.kills.warm",)
"""Imported once by the process that all warm victims are forked from."""


class Victim(Protocol):
    """A running command."""

    def kill(self) -> None:
        """``kill -9``; harmless once it has ended."""

    def ended(self, seconds: float | None = None) -> int | None:
        """Wait so long (None = until its end); its exit code, -9 when it was killed, None while it runs."""


class Cold:
    """A fresh interpreter, which takes its time to import everything."""

    def __init__(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._out = (folder / "command.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "accord", *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=subprocess.STDOUT,
        )

    def kill(self) -> None:
        """End it."""
        self._process.kill()

    def ended(self, seconds: float | None = None) -> int | None:
        """Its exit code."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._out.close()
        return code


class Warm:
    """A process of its own, forked from one that has imported everything: it starts in milliseconds."""

    def __init__(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._process: ForkServerProcess = _context().Process(
            target=_command, args=(list(arguments), str(folder), dict(environment)), daemon=True
        )
        self._process.start()

    def kill(self) -> None:
        """End it."""
        if self._process.pid is not None and self._process.is_alive():
            # The server it was forked from reaps it: it may be gone before its end is heard of here.
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    def ended(self, seconds: float | None = None) -> int | None:
        """Its exit code."""
        self._process.join(seconds)
        return self._process.exitcode


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(WARM))
    return context


def _command(arguments: Sequence[str], folder: str, environment: Mapping[str, str]) -> None:
    """What ``python -m accord`` does, in the forked process."""
    from accord.cli import main

    os.chdir(folder)
    os.environ.update(environment)
    log = os.open("command.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)
    sys.exit(main(arguments))

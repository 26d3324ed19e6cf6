"""Run a program and learn what it cost: time, CPU of the whole process, peak memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dev

MOST_SECONDS = 1800.0
"""A program that takes longer is ended."""
_MEGABYTE = 2**20 if sys.platform == "darwin" else 2**10
"""``ru_maxrss`` counts bytes on macOS and kilobytes elsewhere."""


@dataclass(frozen=True)
class Cost:
    """What one process cost.

    Attributes:
        code: Its exit code; negative = ended by that signal.
        wall: Seconds from start to end.
        cpu: Seconds of CPU, imports included, with the children it waited for.
        peak: Most memory, in MB.
        told: The last line that it printed, if that is JSON.
        output: The end of what it printed, for when it failed.
    """

    code: int
    wall: float
    cpu: float
    peak: float
    told: Mapping[str, Any] = field(default_factory=dict)
    output: str = ""


def _clean() -> dict[str, str]:
    """The variables of a measured program: byte code is kept, or each start would compile Accord anew."""
    return {name: value for name, value in dev.clean().items() if name != "PYTHONDONTWRITEBYTECODE"}


def measure(
    command: Sequence[str],
    variables: Mapping[str, str] | None = None,
    watch: Callable[[int], None] | None = None,
) -> Cost:
    """Run a command in the project's folder.

    Args:
        command: The program with its arguments.
        variables: Environment variables besides those of this process.
        watch: Called once with the process id, in this thread, as soon as it runs.
    """
    with tempfile.TemporaryFile() as output:
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=dev.ROOT,
            env={**_clean(), **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        limit = threading.Timer(MOST_SECONDS, process.kill)
        limit.start()
        try:
            if watch is not None:
                watch(process.pid)
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            limit.cancel()
        # wait4 has reaped it behind the back of subprocess.
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(process.returncode, wall, cpu, usage.ru_maxrss / _MEGABYTE, _told(said), said[-2000:])


def _told(said: str) -> Mapping[str, Any]:
    last = said.rpartition("\n")[2]
    if not last.startswith("{"):
        return {}
    found: Mapping[str, Any] = json.loads(last)
    return found


def kill(pid: int) -> None:
    """End a process that :func:`measure` runs, as a power failure would."""
    os.kill(pid, signal.SIGKILL)

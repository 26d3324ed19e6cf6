"""The vendor's process, and what the one who measures says to it."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from types import TracebackType
from typing import Any, Self

import dev
from bench import environments

MOST_SECONDS = 600


class Vendor:
    """A running vendor; it ends with the block, or with this process.

    Args:
        interpreter: The Python that runs it; by default that of the floor's environment.
    """

    def __init__(self, interpreter: str = "") -> None:
        self._interpreter = interpreter

    def __enter__(self) -> Self:
        interpreter = self._interpreter or str(environments.python("floor"))
        command = [interpreter, "-m", "bench.vendor.server"]
        self._process = subprocess.Popen(
            command, cwd=dev.ROOT, env=dev.clean(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=MOST_SECONDS)

    def tell(self, command: str, **told: Any) -> Any:
        """One command of the vendor's control plane, and its answer."""
        request = urllib.request.Request(f"{self.url}/control/{command}", data=json.dumps(told).encode())  # noqa: S310
        with urllib.request.urlopen(request, timeout=MOST_SECONDS) as answer:  # noqa: S310  it is ours
            return json.load(answer)

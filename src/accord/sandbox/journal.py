"""A sandbox's memory on disk: one JSON line per write, read back after a kill."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO


class Journal:
    """Appends lines; each is handed to the operating system at once, so a killed process loses none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def append(self, line: Mapping[str, Any]) -> None:
        """Write one line."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab", buffering=0)
        self._file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    def read(self) -> Iterator[dict[str, Any]]:
        """Every line in order. A last line torn by the kill is cut off: its write was never answered."""
        if not self._path.exists():
            return
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with self._path.open("r+b") as file:
                file.truncate(whole)
        for line in content[:whole].splitlines():
            yield json.loads(line)

    def clear(self) -> None:
        """Start over with an empty file."""
        self.close()
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; the next append opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

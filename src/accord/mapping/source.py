"""The text of a function that is made once and run for every row: Python written by Python. Hot path.

A loop over declarations asks of each value what was known when the mapping was made: whether it is converted,
how it is checked, what its cell is called. Written out, only the work is left. The text is ordinary code and
shown in tracebacks; names and keys get into it as literals, objects under names of their own.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from types import CodeType
from typing import Any


class Source:
    """A function in the making.

    Args:
        head: Its first line, such as ``def gather(row):``.
    """

    def __init__(self, head: str) -> None:
        self._lines: list[str] = [head]
        self._depth = 1
        self._objects: dict[str, Any] = {}

    def line(self, text: str) -> None:
        """Add a line at the present depth."""
        self._lines.append("    " * self._depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Lines added meanwhile stand inside this head (``if ...:``, ``for ...:``)."""
        self.line(head)
        self._depth += 1
        yield
        self._depth -= 1

    def name(self, known: Any) -> str:
        """The name under which the text knows an object."""
        for name, held in self._objects.items():
            if held is known:
                return name
        kind = getattr(known, "__name__", type(known).__name__)
        plain = kind if kind.isidentifier() else "known"
        name = f"{plain}_{len(self._objects)}"
        self._objects[name] = known
        return name

    @property
    def text(self) -> str:
        """What was written so far."""
        return "\n".join(self._lines) + "\n"

    def function(self) -> Callable[..., Any]:
        """The function, compiled."""
        text = self.text
        # Named by what it says: a process that reads its configuration again and again keeps it once.
        place = f"<accord mapping {sha256(text.encode()).hexdigest()[:16]}>"
        linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
        found = dict(self._objects)
        exec(_compiled(text, place), found)  # noqa: S102  every line of it is ours, keys are literals
        made: Callable[..., Any] = found[self._lines[0].removeprefix("def ").partition("(")[0]]
        return made


@lru_cache(maxsize=256)
def _compiled(text: str, place: str) -> CodeType:
    return compile(text, place, "exec")

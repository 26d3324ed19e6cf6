"""Progress bars: one for each stream that is read or written, drawn on a terminal only."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from accord.cli.output import is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress as Drawing
    from rich.progress import TaskID

    from accord.cli.session import Session
    from accord.engine.progress import Progress

    Listener = Callable[[Progress], None]

_WORDS = {"pull": "reading", "push": "writing"}


class Bars:
    """Draws what a run tells. Called from any thread."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._tasks: dict[tuple[str, ...], TaskID] = {}
        self._lock = threading.Lock()

    def __call__(self, step: Progress) -> None:
        """Show one step."""
        key = (step.flow, step.phase, step.connection, step.stream)
        with self._lock:
            if key not in self._tasks:
                name = f"{step.flow}: {_WORDS.get(step.phase, step.phase)} {step.connection}/{step.stream}"
                self._tasks[key] = self._drawing.add_task(name, total=step.total)
        self._drawing.update(self._tasks[key], completed=step.done, total=step.total)


@contextmanager
def bars(session: Session) -> Iterator[Listener | None]:
    """Bars on standard error while this lasts; None where nobody watches or wants them."""
    watched = is_terminal(sys.stdout) and is_terminal(sys.stderr)
    if not watched or session.json or session.log_json:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from accord.cli.speed import SpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        SpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as drawing:
        yield Bars(drawing)

"""The column ``1234 records/s`` of a progress bar."""

from __future__ import annotations

from rich.progress import ProgressColumn, Task
from rich.text import Text


class SpeedColumn(ProgressColumn):
    """Records a second over the last half minute."""

    def render(self, task: Task) -> Text:
        """The speed, nothing before it is known."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.0f} records/s" if speed else "", style="progress.data.speed")

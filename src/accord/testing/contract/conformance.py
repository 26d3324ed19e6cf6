"""Crash and fault schedules: the whole engine between the connector and a peer, on a bad day."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from accord.testing.contract.needs import needs
from accord.testing.contract.setting import Setting

if TYPE_CHECKING:
    from pathlib import Path


class Conformance(Setting):
    """The engine's promises, kept with this connector.

    Attributes:
        crash_and_fault_schedules: How many seeded schedules are played, dealt out to the streams that
            are read and written.
    """

    crash_and_fault_schedules: ClassVar[int] = 15

    @needs("read", "create", "update", "sample", "edit")
    def test_crashes_and_faults_lose_and_double_nothing(self, name: str, seed: int, tmp_path: Path) -> None:
        """10 % of the requests fail and the process dies at any moment; three calm runs repair it."""
        from accord.testing.contract.schedule import Schedule

        Schedule(self, name, seed, tmp_path).play()

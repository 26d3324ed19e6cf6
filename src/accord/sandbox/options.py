"""What can be chosen when a sandbox is started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from accord.env import Env


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Choices common to every sandbox.

    Attributes:
        seed: Decides the generated people and every fault.
        size: How many customers to generate; 0 starts empty.
        faults: A fault specification, see :meth:`accord.sandbox.FaultProfile.parse`; '' = none.
        t_max: Seconds within which a late request takes effect (V1 of the guarantees).
        l_max: Seconds within which a write becomes visible to lists and searches (V2).
        latency: Seconds every answer takes.
        rate: Multiplies the vendor's rate limits; 0 switches them off.
        state: File that keeps the state, so that a killed sandbox continues where it was.
        token: The credential to accept; None accepts any that is not empty.
        env: Source of time and sleep; None is the real one.
    """

    seed: int = 1
    size: int = 200
    faults: str = ""
    t_max: float = 0.5
    l_max: float = 0.25
    latency: float = 0.0
    rate: float = 1.0
    state: Path | None = None
    token: str | None = None
    env: Env | None = None

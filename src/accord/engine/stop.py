"""Reasons for a run to end early: time is up, a person said stop, a brake pulled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from accord.errors import AccordError

if TYPE_CHECKING:
    from accord.env import Env


@dataclass(eq=False)
class Budget:
    """How long a run may go on. ``interrupt`` may be called from a signal handler or another thread."""

    env: Env
    seconds: float | None = None
    started: float = field(init=False)
    interrupted: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.started = self.env.monotonic()

    def spent(self) -> bool:
        """Whether to finish the batch in hand, save and leave."""
        return self.interrupted or (
            self.seconds is not None and self.env.monotonic() - self.started >= self.seconds
        )

    def left(self) -> float | None:
        """Seconds left; None = no limit."""
        if self.interrupted:
            return 0.0
        return (
            None if self.seconds is None else max(0.0, self.seconds - (self.env.monotonic() - self.started))
        )

    def interrupt(self) -> None:
        """Ask the run to stop after the batch in hand."""
        self.interrupted = True


class BrakeError(AccordError):
    """A limit would be exceeded: the run stops before it does, and a person may approve."""

    exit_code = 4

    def __init__(self, message: str, *, facts: dict[str, Any], hint: str = "") -> None:
        hint = hint or "Look at `accord plan`; if it is what you want, `accord sync --approve` does it."
        super().__init__(message, hint=hint, facts=facts)


class UnexpectedError(AccordError):
    """A connector (or Accord) did what it must not: a bug, which stops one connection and no other."""

    def __init__(self, scope: str, error: Exception) -> None:
        # The error's own words are left out: they may quote a record.
        super().__init__(
            f"{scope} stopped at an unexpected {type(error).__name__}",
            hint="This is a bug in the connector or in Accord: report it; --debug shows where it happened.",
            facts={"scope": scope, "error": type(error).__name__},
        )

"""Syncs or plans of several flows, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from accord.engine.report import Report, RunState
from accord.errors import AccordError, StateError

if TYPE_CHECKING:
    from accord.config import Config
    from accord.engine.world import World

R = TypeVar("R", bound=Report)
Job = tuple[str, Callable[[], R]]


@dataclass
class Results(Generic[R]):
    """What became of them.

    Attributes:
        done: What ran.
        failed: What could not be started, and why.
        left: What was not started, because one before it was interrupted or somebody said stop.
    """

    done: list[R] = field(default_factory=list)
    failed: list[tuple[str, AccordError]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def run(jobs: Sequence[Job[R]], stopped: Callable[[], bool] = lambda: False) -> Results[R]:
    """Run them until one is interrupted or somebody says stop. One's trouble does not stop the next.

    Raises:
        StateError: the store cannot be used; nothing else would come out of the next one.
    """
    results: Results[R] = Results()
    for name, job in jobs:
        if stopped() or (results.done and results.done[-1].state is RunState.INTERRUPTED):
            results.left.append(name)
            continue
        try:
            results.done.append(job())
        except StateError:
            raise
        except AccordError as error:
            # Kept: whoever asked for the runs tells it at the end.
            results.failed.append((name, error))
    return results


def in_order(config: Config, world: World) -> list[str]:
    """All flows, records before those that refer to them; at the end those that cannot be opened.

    A flow that cannot be opened (a missing secret) is named too: it says why when it is run.
    """
    able = [flow.name for flow in world.flows]
    return [*able, *(name for name in config.flows if name not in able)]

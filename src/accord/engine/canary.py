"""The canary: a record that must be there, and look like itself, before a stream is believed (sync.md A8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accord.engine.stop import BrakeError

if TYPE_CHECKING:
    from accord.engine.observe import Seen
    from accord.engine.pull import Pull
    from accord.store.rows import StreamState

LEAST_CELLS = 2
"""So many known cells must all have changed before a canary counts as garbled: one may be edited."""


def look(pull: Pull) -> None:
    """Read the stream's canary, before its first page.

    Raises:
        BrakeError: it is gone, unreadable, or holds nothing of what it held.
    """
    canary, get = pull.scope.member.canary, pull.stream.operations.get
    if not canary or get is None:
        return
    row = get([canary]).get(canary)
    if row is None:
        raise _alarm(pull, "is not there")
    (seen,) = pull.observer.look([row])
    pull.observer.map(seen, pull.scope.now(), 0.0)
    if seen.deleted or seen.external_id != canary:
        raise _alarm(pull, "was deleted or merged into another")
    if seen.error is not None:
        raise _alarm(pull, "cannot be read any more")
    if _is_garbled(pull, seen):
        raise _alarm(pull, "holds nothing of what it held")


def _is_garbled(pull: Pull, seen: Seen) -> bool:
    """Whether every cell that the canary was known by shows something else now."""
    observation = seen.observation
    with pull.store.reading() as tx:
        link = tx.links.get(*pull.scope.member.key, [seen.external_id]).get(seen.external_id)
        rebased = pull.scope.rebase(tx) is not None
    if observation is None or link is None or rebased or len(link.shadow.seen) < LEAST_CELLS:
        return False
    shown = {cell: pull.scope.digest(observation.shows(cell)) for cell in observation.cells}
    return all(shown.get(cell) != digest for cell, digest in link.shadow.seen.items())


def watch(pull: Pull, page: Sequence[Seen]) -> None:
    """Note that a page shows the canary.

    Raises:
        BrakeError: it shows it as deleted; the page is not absorbed.
    """
    canary = pull.scope.member.canary
    for seen in page:
        if canary and seen.external_id == canary:
            if seen.deleted:
                raise _alarm(pull, "was deleted or merged into another")
            pull.canary_shown = True


def miss(pull: Pull, state: StreamState) -> None:
    """Stop a complete read that did not show the canary, before absences are taken for deletions.

    Only where the stream cannot read single records: elsewhere :func:`look` did so at the beginning.

    Raises:
        BrakeError: the canary was not shown.
    """
    canary = pull.scope.member.canary
    if not canary or pull.canary_shown or not state.full or pull.stream.operations.get is not None:
        return
    with pull.store.reading() as tx:
        link = tx.links.get(*pull.scope.member.key, [canary]).get(canary)
    # An interrupted read may have shown it on an earlier page, and noted so.
    if link is None or link.generation <= state.generation:
        raise _alarm(pull, "is not there")


def _alarm(pull: Pull, what: str) -> BrakeError:
    member = pull.scope.member
    key = f"connections.{member.connection}.canary"
    return BrakeError(
        f"{member.scope}: its canary record {what}; nothing of the stream was taken over",
        hint=f"Look whether this is the right account and its data is whole. If somebody removed or changed "
        f"the record on purpose, name another one in {key}.",
        facts={"connection": member.connection, "stream": member.stream.name},
    )

"""Deletions inferred from absence: only after two complete reads, and a look that says gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accord.engine.observe import Seen
from accord.engine.stop import BrakeError
from accord.store.rows import Link

if TYPE_CHECKING:
    from accord.engine.pull import Pull

PAGE = 200


def observe_absences(pull: Pull, generation: int) -> None:
    """Absorb the deletion of every linked record that the last two complete reads did not show.

    Raises:
        BrakeError: more are missing than one run may delete; nothing was deleted.
    """
    if generation < 2:  # noqa: PLR2004  two complete reads
        return
    _refuse_too_many(pull, generation)
    last = ""
    while links := _missing(pull, generation, last, PAGE):
        last = links[-1].external_id
        gone = _confirmed(pull, links)
        with pull.store.transaction("absences", pull.fences) as tx:
            touched = pull.absorber.page(tx, gone)
            pull.scope.wake(tx, [touched.entities[id_] for id_ in touched.changed])


def _missing(pull: Pull, generation: int, last: str, limit: int) -> list[Link]:
    with pull.store.reading() as tx:
        return tx.links.unseen(*pull.scope.member.key, generation - 1, last, limit)


def _refuse_too_many(pull: Pull, generation: int) -> None:
    limits = pull.scope.flow.limits
    with pull.store.reading() as tx:
        live = tx.links.live_count(*pull.scope.member.key)
    allowed = limits.deletes_allowed(live)
    missing = len(_missing(pull, generation, "", allowed + 1))
    if missing > allowed and not pull.approved:
        raise BrakeError(
            f"{pull.scope.member.scope}: more than {allowed} of {live} linked records are missing",
            facts={
                "connection": pull.scope.member.connection,
                "stream": pull.stream.name,
                "allowed": allowed,
            },
        )


def _confirmed(pull: Pull, links: Sequence[Link]) -> list[Seen]:
    """Those of the missing records that the vendor, asked for each, says are gone."""
    get = pull.stream.operations.get
    ids = [link.external_id for link in links]
    if get is None:
        return [Seen(id_, b"", {}, deleted=True) for id_ in ids]
    size = pull.stream.operations.sizes.get("get", 1)
    found: list[Seen] = []
    for start in range(0, len(ids), size):
        rows = get(ids[start : start + size])
        found += [Seen(id_, b"", {}, deleted=True) for id_, row in rows.items() if row is None]
        alive = pull.observer.look([row for row in rows.values() if row is not None])
        for seen in alive:
            pull.observer.map(seen, pull.scope.now(), 0.0)
        found += alive
    return found

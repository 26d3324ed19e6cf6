"""Which rows are news: the others were absorbed as they are, and are not mapped again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from accord.engine.observe import Seen

if TYPE_CHECKING:
    from accord.engine.scope import Scope


def fresh(scope: Scope, seen: Sequence[Seen], moved: Collection[str] = ()) -> list[Seen]:
    """The rows whose digest is not the one last absorbed; with them what could not be read then.

    Args:
        scope: Whose rows they are.
        seen: The rows.
        moved: Ids of rows that were shown for another id: what that one was merged into, perhaps before
            anybody here knew of it.
    """
    ids = [one.external_id for one in seen]
    with scope.world.store.reading() as tx:
        known = tx.links.digests(*scope.member.key, ids)
        letters = tx.letters.open_reads(*scope.member.key, ids)
    for one in seen if letters else ():
        one.aside = one.external_id in letters
    return [
        one
        for one in seen
        if known.get(one.external_id) != one.digest or one.deleted or one.aside or one.external_id in moved
    ]

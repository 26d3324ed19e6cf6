"""What a shadow holds once a write was confirmed: the form the vendor shows, at the version that was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from accord.connector import Creates
from accord.engine import clashes, unseen
from accord.engine.forms import is_form_of
from accord.engine.merge import Observation
from accord.engine.observe import Seen
from accord.model.cells import explode
from accord.model.record import Operation, Outcome, Write
from accord.store.carried import Carried
from accord.store.rows import Conflict, Intent, Link, Shadow

if TYPE_CHECKING:
    from accord.engine.scope import Scope


class Agreement:
    """Takes over into the links of one batch what its writes made of the records.

    Args:
        scope: The written member.
        writes: What was sent, by intent.
        reread: Records read again after the write, by external id.
        conflicts: Gets what the vendor ignored.
    """

    def __init__(
        self,
        scope: Scope,
        writes: Mapping[str, Write],
        reread: Mapping[str, Seen | None],
        conflicts: list[Conflict],
    ) -> None:
        self.scope, self.writes, self.reread, self.conflicts = scope, writes, reread, conflicts

    def take(self, link: Link, intent: Intent, shown: Seen | None, outcome: Outcome) -> None:
        """The shadow takes the form the vendor shows, at the version that was sent (A5, rule 1)."""
        observation = shown.observation if shown is not None else None
        later = self.reread.get(link.external_id)
        if _is_edited(later, outcome):
            later = None  # it shows somebody's edit, which the next read absorbs
        shadow = link.shadow
        # A create that was sent before: what its answer shows may have been edited since.
        again = intent.operation == Operation.CREATE and intent.attempt > 1
        if observation is None and later is None and not shadow.seen and not shadow.agreed:
            _note(shadow, intent)
        else:
            after = later.observation if later is not None else None
            self._compare(link, intent, None if again else observation, after or observation)
        if observation is not None and self.is_surely_new(intent):
            self._defaults(link, intent, observation)
        # Lists may lag: a page that still shows what stood there before this write is stale, no edit.
        newest = observation or (later.observation if later is not None else None)
        if newest is None or again:
            unseen.note(link, intent.cells)
            return
        if newest.changed_at is not None:
            link.changed_at = max(newest.changed_at, link.changed_at or newest.changed_at)
        # The row also holds what we did not send (defaults, a person's edit): the next read absorbs it.
        link.row_digest = None

    def _compare(
        self, link: Link, intent: Intent, shown: Observation | None, later: Observation | None
    ) -> None:
        """Cell by cell: what the answer shows, what a read after the write shows, or what was sent."""
        shadow = link.shadow
        for cell, (version, digest) in intent.cells.items():
            value = digest or None
            if shown is not None and cell in shown.cells:
                value = self.scope.digest(shown.shows(cell))
            elif later is not None and cell in later.cells:
                value = self._form(cell, value, link, intent, later)
            if value is None:
                shadow.seen.pop(cell, None)
            else:
                shadow.seen[cell] = value
            if value is not None and version == shadow.base:
                shadow.agreed.pop(cell, None)
            else:
                shadow.agreed[cell] = version

    def is_surely_new(self, intent: Intent) -> bool:
        """Whether the record was made by this very request: an upsert may have met one that people filled."""
        upserts = self.scope.member.stream.creates is Creates.UPSERT
        return intent.operation == Operation.CREATE and intent.attempt == 1 and not upserts

    def _defaults(self, link: Link, intent: Intent, shown: Observation) -> None:
        """What the vendor filled in when we created the record is its default, no news of the person.

        Only the answer to the first create tells: later somebody may have typed the value. What we could not
        have sent (a number the vendor assigns) is news, which the next read absorbs.
        """
        covers = self.scope.member.covers
        for cell in shown.cells:
            if cell not in intent.cells and covers(cell):
                value = self.scope.digest(shown.shows(cell))
                if value is not None:
                    link.shadow.seen[cell] = value

    def _form(
        self, cell: str, sent: bytes | None, link: Link, intent: Intent, later: Observation
    ) -> bytes | None:
        """What to take for this cell from a read that followed the write.

        A person may have edited in between: only the vendor's own form of what was sent, or the old value
        (it ignored the write), counts as our write's result. Anything else is left for the next read to
        find as an edit.
        """
        shown = later.shows(cell)
        digest = self.scope.digest(shown)
        written = explode(self.scope.flow.model, self.writes[intent.id].document).get(cell)
        if digest == sent:
            return sent
        if sent is not None and written is None:  # left by an earlier attempt, or by none
            return sent if digest else None
        if digest == link.shadow.seen.get(cell):
            self.conflicts.append(clashes.ignored(self.scope, intent.entity, cell, link.external_id, shown))
            return digest
        return digest if is_form_of(written, shown) else sent


def _is_edited(later: Seen | None, outcome: Outcome) -> bool:
    """Whether the record has another version in a read after the write than the write gave it."""
    seen = later.observation if later is not None else None
    return seen is not None and None not in (outcome.etag, seen.etag) and seen.etag != outcome.etag


def _note(shadow: Shadow, intent: Intent) -> None:
    """A fresh link whose record nobody showed yet: what was sent is what stands there."""
    carried = Carried.of(intent.cells)
    if not carried.odd and carried.base == shadow.base and all(carried.digests.values()):
        shadow.seen = dict(cast("Mapping[str, bytes]", carried.digests))
        return
    shadow.seen = {cell: digest for cell, digest in carried.digests.items() if digest}
    base = shadow.base
    shadow.agreed = {cell: v for cell, (v, digest) in carried.items() if v != base or not digest}

"""Whether what a record shows is our own write coming back (sync.md A5).

Three signs: the very digest that was sent; a form of what was sent, where nobody has seen yet what the vendor
made of it; and, for a write without an answer, that any of its cells shows it arrived. A fourth is for a
request that the network delivers once more: what an earlier write carried, back soon after a later one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from accord.engine import unseen
from accord.engine.forms import is_form_of
from accord.model.record import Operation
from accord.store.rows import Entity, Intent, IntentState, Link

if TYPE_CHECKING:
    from accord.engine.merge import Observation, Side

OPEN = (IntentState.SENT, IntentState.UNKNOWN)
"""A write in these states may have arrived or not."""


@dataclass(frozen=True, slots=True)
class Echo:
    """Our own write, seen again.

    Attributes:
        version: The hub version that it carried, never a newer one.
        doubtful: The record was changed after the write could take effect: the value may be an edit too.
    """

    version: int
    doubtful: bool = False


@dataclass(slots=True)
class Echoes:
    """What one observation may show of our writes to the record, asked before and while its shadow moves.

    Attributes:
        digests: What the observation shows, cell by cell.
        edited: Whether a cell shows neither what it held before nor what an open write carried.
    """

    side: Side
    entity: Entity
    link: Link
    seen: Observation
    intent: Intent | None
    digests: Mapping[str, bytes]
    edited: bool = False

    def __post_init__(self) -> None:
        intent = self._open()
        if intent is not None:
            digests, held = self.digests, self.link.shadow.seen
            carried = {cell: digest or None for cell, (_, digest) in intent.cells.items()}
            self.edited = any(
                digests.get(cell) not in (held.get(cell), carried.get(cell, held.get(cell)))
                for cell in self.seen.cells
            )

    def of(self, cell: str, digest: bytes | None) -> Echo | None:
        """The open write that carried just this value (A5, rule 3).

        Where the record was changed after the write could take effect, the value is somebody's who means it,
        unless a change of another cell tells what that was.
        """
        intent = self._open()
        sent = intent.cells.get(cell) if intent is not None else None
        if intent is None or sent is None or sent[1] != (digest or b""):
            return None
        late = self.seen.changed_at is not None and self._is_after(self._until(intent))
        return Echo(sent[0]) if not late or self.edited else None

    def form_of(self, cell: str, version: int) -> Echo | None:
        """The write that this is as the vendor keeps it, in a form that no mapping declares, first seen now.

        Its answer, or the read after it, was lost. The hub may have gone on since: then the value that was
        sent is in the history. Where people changed the record since, it may be an edit of theirs: doubtful.
        """
        write = self._unseen(cell) if self.side.echo else None
        if write is None or write.version > version:
            return None
        same = write.version == version
        sent = self.entity.cells.get(cell) if same else self._past(cell, write.version)
        shown = self.seen.cells[cell]
        if write.doubtful and sent == shown:
            return None  # so late, the very value is somebody's who means it
        return write if is_form_of(sent, shown) else None

    def is_repeated(self, cell: str, digest: bytes | None) -> bool:
        """Whether an earlier write, delivered a second time after a later one, may have left this value here.

        It takes effect within ``t_max`` of its sending or never (V1), and not where it names a version. Who
        changes the value back to just that one, so soon after two writes of ours, cannot be told from it.
        """
        side, link = self.side, self.link
        since = self.seen.time - side.t_max - side.skew
        if not side.echo or link.written_at is None or link.written_at < since:
            return False
        held = any(self._shows(cell, digest, value) for value in side.former(self.entity.id, cell))
        return held and side.repeatable(self.entity, link, cell, since) > 1

    def _shows(self, cell: str, digest: bytes | None, value: object) -> bool:
        """Whether this is how the vendor shows a value that the cell once held."""
        before = replace(self.entity, cells={**self.entity.cells, cell: value})
        return self.side.digest(self.side.project(before).get(cell)) == digest

    def changed_back(self) -> dict[str, int]:
        """Cells that show what stood there before an unanswered write, although another proves it arrived.

        Vendors take a record's change whole or not at all: somebody changed these back. The version each
        cell was sent with; nothing where no other cell tells.
        """
        intent, held, digests = self._open(), self.link.shadow.seen, self.digests
        if (
            intent is None
            or intent.operation != Operation.UPDATE
            or intent.external_id != self.seen.external_id
        ):
            return {}
        sent = {
            cell: (version, digest)
            for cell, (version, digest) in intent.cells.items()
            if cell in self.seen.cells and (digest or None) != held.get(cell)
        }
        back = {cell: version for cell, (version, _) in sent.items() if digests.get(cell) == held.get(cell)}
        arrived = back and any(
            digests.get(cell) == (digest or None) or self.form_of(cell, version) is not None
            for cell, (version, digest) in sent.items()
            if cell not in back
        )
        return back if arrived else {}

    def _open(self) -> Intent | None:
        intent = self.intent
        return intent if intent is not None and intent.state in OPEN and self.side.echo else None

    def _unseen(self, cell: str) -> Echo | None:
        """The version that a write of this cell carried whose effect nobody has seen yet."""
        intent, link = self._open(), self.link
        if intent is not None and cell in intent.cells:
            return Echo(intent.cells[cell][0], self._is_after(self._until(intent)))
        if link.written_at is None or cell not in unseen.carried_by(link):
            return None
        return Echo(link.shadow.agreed_version(cell), self._is_after(link.written_at))

    def _until(self, intent: Intent) -> float:
        """When the write had taken effect, or never would."""
        return (intent.sent_at or 0.0) + self.side.t_max

    def _is_after(self, until: float) -> bool:
        return self.seen.time > until + self.side.skew

    def _past(self, cell: str, version: int) -> object:
        return self.side.past(self.entity.id, cell, version)

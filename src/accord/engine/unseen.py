"""Writes that a vendor acknowledged and nothing has shown since: kept in their link until something does.

In the place of the link's row digest stand a mark, the digest of the row before the writes, and the cells
they carried. Lists lag: the row from before is stale, no edit. And a value first seen now, in a cell that was
carried, may be the vendor's own form of what was sent (sync.md A5).
"""

from __future__ import annotations

from collections.abc import Iterable

from accord.model.record import Operation
from accord.model.recurring import Recurring
from accord.store.rows import Intent, IntentState, Link

_MARK = b"sent:"
_SEPARATOR = b"\x1f"
_OLDER = b"unseen:"
"""Stands in older stores before the digest, without the cells: any that the record holds may be one."""


def note(link: Link, cells: Iterable[str]) -> None:
    """One more write of these cells, of which nobody saw what it made of the record."""
    before, carried = _parts(link) or (link.row_digest or b"", frozenset())
    names = tuple(carried.union(cells) if carried else cells)
    joined = _joined[names]
    link.row_digest = _MARK + bytes([len(before)]) + before + (_join(names) if joined is None else joined)


def forget_row(link: Link) -> None:
    """The row is not what was known of it: it is taken in again, with what is remembered of unseen writes."""
    if _parts(link) is None:
        link.row_digest = None


def _join(names: Iterable[str]) -> bytes:
    return _SEPARATOR.join(name.encode() for name in sorted(set(names)))


_joined = Recurring(_join)


def carried_by(link: Link) -> frozenset[str]:
    """The cells that were written and not seen since."""
    parts = _parts(link)
    return parts[1] if parts is not None else frozenset()


def is_row_before(link: Link, row_digest: bytes | None) -> bool:
    """Whether this is the very row that stood there before the writes."""
    parts = _parts(link)
    return parts is not None and parts[0] == (row_digest or b"")


def is_overtaken(link: Link, intent: Intent | None, as_of: float | None) -> bool:
    """Whether a search may show the record as it was before our last write, so that no value of it tells.

    A search is for records that are not linked yet. What people edited in this one its next read shows; where
    nobody reads, nobody is owed it.

    Args:
        link: The record's link.
        intent: The open intent of its hub record here.
        as_of: What was written after this instant need not be shown; None = everything is.
    """
    if as_of is None:
        return False
    sent = intent is not None and intent.state in (IntentState.SENT, IntentState.UNKNOWN)
    under_way = sent and intent is not None and intent.operation == Operation.UPDATE
    return under_way or (link.written_at is not None and link.written_at > as_of)


def _parts(link: Link) -> tuple[bytes, frozenset[str]] | None:
    """The digest of the row before and the cells carried; None if nothing is unseen."""
    known = link.row_digest
    if known is not None and known.startswith(_OLDER):
        return known.removeprefix(_OLDER), frozenset(link.shadow.seen)
    if known is None or not known.startswith(_MARK):
        return None
    end = len(_MARK) + 1 + known[len(_MARK)]
    names = known[end:]
    return known[len(_MARK) + 1 : end], frozenset(n.decode() for n in names.split(_SEPARATOR) if n)

"""Reads of vendors that show only so many rows of one question: their time is cut until the rows fit.

Pure: a place in the stream in, the next place out. A place holds the window that is read (``since``,
``until``) and the ends of those still to come (``ends``, the nearest last), so it survives a restart; as
windows are halved, few ends wait: 57 for 3,000 years cut down to a microsecond.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson

from accord.errors import AnswerShapeError, PluginError
from accord.http.answer import Answer
from accord.http.paging import Paging, Place
from accord.model.record import Row

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OF_ONE_WINDOW = ("digest", "read", "keyed")


@dataclass(frozen=True, slots=True)
class Cap:
    """How many rows a vendor shows of one question, and what to do about more (sync.md A9).

    A window of time that holds so many is cut in halves, down to ``resolution``; the earlier half is read
    first. Where even that holds too many (a bulk edit gives all its rows one instant), it is read key by key.

    Attributes:
        rows: The most rows of one question; a window with as many is taken to hold more. A multiple of the
            page's size, so that no page reaches over it.
        resolution: The shortest window: the step of the vendor's filter, not finer than ``since_format``.
        earliest: About when the vendor's oldest rows changed: where an open window is cut first. Older rows
            are read all the same.
        by_key: How to page by key, beginning a new question with each page, inside the shortest window;
            None = the vendor cannot, and such a window stops the read.
        by_key_params: What is sent besides then, such as the order of the keys.
    """

    rows: int
    _: KW_ONLY
    resolution: timedelta = timedelta(seconds=1)
    earliest: datetime = datetime(2005, 1, 1, tzinfo=UTC)
    by_key: Paging | None = None
    by_key_params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what would never end."""
        if self.rows < 1 or self.resolution <= timedelta():
            raise PluginError(
                f"A cap of {self.rows} rows in windows of {self.resolution} cannot be read",
                hint="Give Cap the vendor's own limit, and the step of its filter by time.",
            )

    def is_exceeded(self, token: Place, total: int | None) -> bool:
        """Whether the first answer about a window already tells that its rows cannot all be shown."""
        begun = "read" in token or "keyed" in token
        return not begun and total is not None and total >= self.rows

    def is_reached(self, token: Place, read: int) -> bool:
        """Whether so many rows of a window were read that the vendor shows no more."""
        return "keyed" not in token and read >= self.rows

    def narrowed(self, token: Place, answer: Answer, now: datetime, first: Place) -> Place:
        """The earlier half of a window that holds too many rows, or the same window key by key.

        Args:
            token: Where the read stands.
            answer: The answer that showed that there are too many.
            now: The end of an open window, for cutting it.
            first: Where paging begins.

        Raises:
            AnswerShapeError: the window cannot be cut, and the vendor cannot page by key.
        """
        kept = {name: value for name, value in token.items() if name not in _OF_ONE_WINDOW}
        middle = self._middle(token, now)
        if middle is not None:
            ends = [*token.get("ends", ()), token.get("until")]
            return {**kept, "place": first, "until": middle.isoformat(), "ends": ends}
        if self.by_key is None:
            raise self._too_many(token, answer)
        return {**kept, "place": self.by_key.first(), "keyed": True}

    def _middle(self, token: Place, now: datetime) -> datetime | None:
        """Where to cut, on the vendor's steps; None if both ends lie within one."""
        since, until = _instant(token.get("since")), _instant(token.get("until"))
        low = ((since or self.earliest) - _EPOCH) // self.resolution
        high = -((_EPOCH - (until or now)) // self.resolution)
        return _EPOCH + (low + high) // 2 * self.resolution if high - low > 1 else None

    def _too_many(self, token: Place, answer: Answer) -> AnswerShapeError:
        window = f"from {token.get('since', 'the beginning')} to {token.get('until') or 'now'}"
        return AnswerShapeError(
            f"Connection {answer.connection!r}: {answer.operation} shows at most {self.rows} rows, "
            f"more changed {window}, and that time cannot be cut further",
            hint="Change some of these records at the vendor so that their instants differ, or declare "
            "by_key of the stream's Cap if the vendor can page by key; then run again. "
            "Nothing after that time was read.",
            facts=answer.facts,
        )


def following(token: Place, first: Place) -> Place | None:
    """The window after a finished one; None when it was the last."""
    ends = token.get("ends")
    if not ends:
        return None
    kept = {name: value for name, value in token.items() if name not in _OF_ONE_WINDOW}
    return {**kept, "place": first, "since": token["until"], "until": ends[-1], "ends": ends[:-1]}


class Given:
    """What one pass gave of windows that turned out too full only while they were read.

    Such a window is read again in halves, and what it gave stays out, unless it has changed meanwhile. Holds
    at most ``Cap.rows`` digests for each time a window was cut. They are forgotten with the process: a read
    that goes on after a restart may give a row twice, which absorbing forgives.
    """

    def __init__(self) -> None:
        self._before: set[bytes] = set()
        self._here: set[bytes] = set()

    def fresh(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that no larger window gave; noted for when this one is cut."""
        digests = [blake2b(orjson.dumps(row), digest_size=8).digest() for row in rows]
        self._here.update(digests)
        return [row for row, digest in zip(rows, digests, strict=True) if digest not in self._before]

    def cut(self) -> None:
        """The window holds too many rows: its parts will show them again."""
        self._before |= self._here
        self._here = set()

    def finished(self) -> None:
        """The window was read to its end: nothing shows its rows again."""
        self._before -= self._here
        self._here = set()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

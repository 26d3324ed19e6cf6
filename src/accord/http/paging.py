"""How vendors cut a stream into pages. Pure: an answer in, the next step out.

A paging keeps its place as a small JSON object (the *place*), so that it survives a restart. It sees the raw
answer only: a page that a filter has shrunk never ends a read.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import orjson

from accord.errors import AnswerShapeError
from accord.http import places
from accord.http.answer import Answer
from accord.http.redaction import is_secret_parameter
from accord.model.record import Row

Place = dict[str, Any]
_MOST_STEPS_BACK = 3


@dataclass(frozen=True, slots=True)
class Step:
    """What the next request adds.

    Attributes:
        params: Parameters (or body fields, for a POST).
        link: The whole address instead, if the vendor gave one.
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page as paging sees it: the answer, its raw rows, and the size that was asked for."""

    answer: Answer
    rows: Sequence[Row]
    size: int | None = None

    @property
    def body(self) -> Any:
        """The decoded answer."""
        return self.answer.json()


class Paging(ABC):
    """A way to page."""

    def first(self) -> Place:
        """Where a read begins."""
        return {}

    @abstractmethod
    def step(self, place: Place, size: int | None) -> Step:
        """What to ask for at this place."""

    @abstractmethod
    def after(self, place: Place, leaf: Leaf) -> Place | None:
        """Where the next page begins; None ends the read.

        Raises:
            AnswerShapeError: the vendor's pages cannot be trusted.
        """


@dataclass(frozen=True, slots=True)
class OnePage(Paging):
    """The vendor gives everything at once."""

    def step(self, place: Place, size: int | None) -> Step:  # noqa: ARG002
        """Nothing to add."""
        return Step()

    def after(self, place: Place, leaf: Leaf) -> Place | None:  # noqa: ARG002
        """There is no more."""
        return None


@dataclass(frozen=True, slots=True)
class NextLink(Paging):
    """The answer holds the next page's address.

    Attributes:
        path: Where it stands in the body (absolute or relative).
        header: Read the ``Link`` header with ``rel="next"`` instead (RFC 8288).
        more: Path of a flag that says whether a next page exists, for vendors that always give a link.
    """

    path: str = "next"
    header: bool = False
    more: str | None = None

    def step(self, place: Place, size: int | None) -> Step:  # noqa: ARG002
        """The link that the last page gave."""
        return Step(link=place.get("link"))

    def after(self, place: Place, leaf: Leaf) -> Place | None:  # noqa: ARG002
        """The link in this page, without credentials that some vendors put into it."""
        if self.more is not None and not places.at(leaf.body, self.more):
            return None
        if self.header:
            found: Any = _link_header(leaf.answer.headers.get("link", ""))
        else:
            found = places.at(leaf.body, self.path)
        if not found:
            _refuse_open_end(leaf, self.more, self.path)
            return None
        if not isinstance(found, str):
            raise leaf.answer.malformed(f"a next link at {self.path!r} that is no text")
        return {"link": _without_secrets(urljoin(leaf.answer.url, found))}


@dataclass(frozen=True, slots=True)
class NextCursor(Paging):
    """The answer holds an opaque cursor for the next page.

    Attributes:
        path: Where it stands in the body.
        param: The parameter it is sent in.
        more: Path of a flag that says whether a next page exists.
    """

    path: str
    param: str = "cursor"
    more: str | None = None

    def step(self, place: Place, size: int | None) -> Step:  # noqa: ARG002
        """The cursor that the last page gave."""
        return Step({self.param: place["cursor"]}) if "cursor" in place else Step()

    def after(self, place: Place, leaf: Leaf) -> Place | None:  # noqa: ARG002
        """The cursor in this page."""
        if self.more is not None and not places.at(leaf.body, self.more):
            return None
        cursor = places.at(leaf.body, self.path)
        if cursor in (None, "", False):
            _refuse_open_end(leaf, self.more, self.path)
            return None
        return {"cursor": cursor}


@dataclass(frozen=True, slots=True)
class LastKey(Paging):
    """The next page begins after the key of this page's last row.

    Attributes:
        param: The parameter the key is sent in.
        key: Path of the key in a row.
        more: Path of a flag that says whether a next page exists; without it an empty page ends the read.
        ascending: Whether keys rise from row to row (numbers by value, others as text); where they should
            and do not, rows would be skipped without a word, so the read stops.
    """

    param: str = "starting_after"
    key: str = "id"
    more: str | None = "has_more"
    ascending: bool = False

    def step(self, place: Place, size: int | None) -> Step:  # noqa: ARG002
        """The last key seen."""
        return Step({self.param: place["key"]}) if "key" in place else Step()

    def after(self, place: Place, leaf: Leaf) -> Place | None:  # noqa: ARG002
        """The last key of this page."""
        if self.ascending and not _rise([places.at(row, self.key) for row in leaf.rows]):
            raise leaf.answer.malformed(f"rows that are not in the order of {self.key!r}")
        if not leaf.rows or (self.more is not None and not places.at(leaf.body, self.more)):
            return None
        key = places.at(leaf.rows[-1], self.key)
        if key is None:
            raise leaf.answer.malformed(f"a row without {self.key!r}")
        return {"key": key}


@dataclass(frozen=True, slots=True)
class PageNumber(Paging):
    """Pages are numbered. Rows that move while reading may be missed: prefer a cursor where there is one.

    Attributes:
        param: The parameter of the page number.
        first_page: The number of the first page.
        pages: Path of the number of pages, if the vendor tells it.
        more: Path of a flag that says whether a next page exists. Without either an empty page ends the read.
    """

    param: str = "page"
    first_page: int = 1
    pages: str | None = None
    more: str | None = None

    def first(self) -> Place:
        """The first page."""
        return {"page": self.first_page}

    def step(self, place: Place, size: int | None) -> Step:  # noqa: ARG002
        """The page's number."""
        return Step({self.param: place["page"]})

    def after(self, place: Place, leaf: Leaf) -> Place | None:
        """The next number."""
        page = int(place["page"])
        if self.more is not None:
            going = bool(places.at(leaf.body, self.more))
        elif self.pages is not None:
            going = page - self.first_page + 1 < _count(leaf, self.pages)
        else:
            going = bool(leaf.rows)
        return {"page": page + 1} if going else None


@dataclass(frozen=True, slots=True)
class Offset(Paging):
    """Rows are skipped by number. Each page begins with the last rows of the page before.

    If they are not there, rows have moved while we read: the reading steps back a page, so that a row
    is rather read twice than missed (sync.md A9).

    Attributes:
        param: The parameter of the offset.
        key: Path of the key in a row, to recognise it.
        overlap: How many rows each page repeats.
        start: The first offset.
        total: Path of the number of all rows, if the vendor tells it.
    """

    param: str = "offset"
    key: str = "id"
    overlap: int = 1
    start: int = 0
    total: str | None = None

    def first(self) -> Place:
        """The start."""
        return {"at": self.start}

    def step(self, place: Place, size: int | None) -> Step:  # noqa: ARG002
        """The offset."""
        return Step({self.param: place["at"]})

    def after(self, place: Place, leaf: Leaf) -> Place | None:
        """The next offset, or one step back when the repeated rows are not there."""
        here, seen = int(place["at"]), list(place.get("seen", ()))
        keys = [_digest(places.at(row, self.key)) for row in leaf.rows]
        if seen and not set(seen) & set(keys):
            return self._step_back(place, leaf, here)
        fresh = len(keys) - len(seen)
        if fresh <= 0 or self._is_last(here + len(keys), leaf):
            return None
        kept = min(self.overlap, len(keys) - 1)
        # Steps back are forgiven once the repeated rows were found again.
        back = {"back": place["back"]} if "back" in place and not seen else {}
        return {"at": here + len(keys) - kept, "seen": keys[len(keys) - kept :], "from": here, **back}

    def _is_last(self, reached: int, leaf: Leaf) -> bool:
        return self.total is not None and reached - self.start >= _count(leaf, self.total)

    def _step_back(self, place: Place, leaf: Leaf, here: int) -> Place:
        back = int(place.get("back", 0)) + 1
        if back > _MOST_STEPS_BACK:
            raise AnswerShapeError(
                f"Connection {leaf.answer.connection!r}: the rows of {leaf.answer.operation} move faster "
                "than they can be read by offset",
                hint="Read again at a quieter time, or use a cursor or keyset if the vendor has one.",
                facts=leaf.answer.facts,
            )
        before = int(place.get("from", self.start))
        return {"at": max(self.start, min(before, here - 1)), "back": back, "from": self.start}


@dataclass(frozen=True, slots=True)
class Keyset(Paging):
    """Rows are sorted by when they changed; the next page begins at the last row's instant.

    Attributes:
        field: Path of the instant in a row.
        param: The parameter that asks for rows at or after an instant.
        key: Path of the key in a row.
        key_param: The parameter that asks for keys after one among equal instants, if the vendor has it.
    """

    field: str = "updated_at"
    param: str = "updated_after"
    key: str = "id"
    key_param: str | None = None

    def step(self, place: Place, size: int | None) -> Step:  # noqa: ARG002
        """Instant and key of the last row."""
        if "at" not in place:
            return Step()
        keyed = {self.key_param: place["key"]} if self.key_param is not None else {}
        return Step({self.param: place["at"], **keyed})

    def after(self, place: Place, leaf: Leaf) -> Place | None:
        """Instant and key of this page's last row; the read ends when a page brings nothing new."""
        if not leaf.rows:
            return None
        last = leaf.rows[-1]
        instant, key = places.at(last, self.field), places.at(last, self.key)
        if instant is None or key is None:
            raise leaf.answer.malformed(f"a row without {self.field!r} or {self.key!r}")
        if instant != place.get("at") or (self.key_param is not None and key != place.get("key")):
            return {"at": instant, "key": key}
        if self.key_param is None and leaf.size and len(leaf.rows) >= leaf.size:
            raise AnswerShapeError(
                f"Connection {leaf.answer.connection!r}: more rows of {leaf.answer.operation} share one "
                "instant than fit on a page",
                hint="Raise the page size, or declare key_param if the vendor can page among equal instants.",
                facts=leaf.answer.facts,
            )
        return None


def _refuse_open_end(leaf: Leaf, more: str | None, path: str) -> None:
    """Who has just said that there is a next page must say where: the rest would count as deleted."""
    if more is not None:
        raise leaf.answer.malformed(f"more pages at {more!r} and nothing at {path!r} that leads there")


def _count(leaf: Leaf, path: str) -> int:
    found = places.at(leaf.body, path)
    if isinstance(found, bool) or not isinstance(found, (int, str)) or not str(found).isdecimal():
        raise leaf.answer.malformed(f"no number at {path!r}")
    return int(found)


def _rise(keys: Sequence[Any]) -> bool:
    numeric = all(str(key).isdecimal() for key in keys)
    ranks: list[Any] = [int(key) for key in keys] if numeric else [str(key) for key in keys]
    return all(one < other for one, other in pairwise(ranks))


def _digest(value: Any) -> str:
    return blake2b(orjson.dumps(value, default=str), digest_size=8).hexdigest()


_LINK = re.compile(r"<([^<>]*)>((?:\s*;[^,;\"=]+(?:=(?:\"[^\"]*\"|[^,;\"]*))?)*)")
_NEXT = re.compile(r"\brel\s*=\s*\"?[^\";]*\bnext\b", re.IGNORECASE)


def _link_header(text: str) -> str | None:
    """The target of the first link whose relation is ``next``."""
    return next((link for link, rest in _LINK.findall(text) if _NEXT.search(rest)), None)


def _without_secrets(link: str) -> str:
    """Meta, for one, repeats the access token in its next link; a place is stored, so it goes."""
    parts = urlsplit(link)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if not is_secret_parameter(name)]
    if len(kept) == len(pairs):
        return link
    return urlunsplit(parts._replace(query=urlencode(kept)))

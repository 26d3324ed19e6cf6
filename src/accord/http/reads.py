"""Declared reads of whole streams: ``Pages``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from accord.errors import AnswerShapeError, PluginError, RecordRejectedError
from accord.http import places, templates, windows
from accord.http.answer import Answer
from accord.http.operations import Bound, Operation, StreamLike, rows_at
from accord.http.paging import Leaf, OnePage, Paging, Place
from accord.http.spelling import SinceFormat, spell
from accord.http.windows import Cap, Given
from accord.model.record import Page, ReadRequest, Row


@dataclass(eq=False)
class Pages(Operation["PagesOf"]):
    """Read a stream page by page.

    Attributes:
        path: The list's path.
        items: Where the rows stand in the answer; empty = the answer is the list.
        next: How the vendor pages.
        since: Where "changed at or after" goes: a parameter's name (a dotted body path unless the method is
            GET), or a template such as ``{"filter": "greater-than(updated,{since})"}``.
        until: The same for "changed before"; templates may use ``{until}``.
        since_format: ``iso``, ``iso_ms``, ``epoch``, ``epoch_ms``, ``date``, a strftime pattern, a function
            or a converter such as ``accord.Instant``. Coarser than the vendor's clock is fine: it is cut
            downwards.
        params: Sent with every page; values may be templates.
        method: GET, or POST for vendors that list by a query in the body (it is safe to repeat).
        body: The body's template for a POST.
        query: A GraphQL document; what paging and ``since`` add becomes its variables, ``items`` and the
            paths of ``next`` begin with ``data.``.
        size: Rows to ask for; 0 leaves it to the vendor.
        size_param: The parameter that asks for them.
        row: Where the record stands inside each item (``node``).
        total: Where the answer says how many rows there are in all.
        cap: How many rows the vendor shows of one question; needs ``since`` and ``until``.
        headers: Sent with every page.
        limit_class: Which rate limits count these requests.
        cost: What each costs.
    """

    path: str
    _: KW_ONLY
    items: str = "data"
    next: Paging = field(default_factory=OnePage)
    since: str | Mapping[str, Any] | None = None
    until: str | Mapping[str, Any] | None = None
    since_format: SinceFormat = "iso"
    params: Mapping[str, Any] = field(default_factory=dict)
    method: str = "GET"
    body: Mapping[str, Any] | None = None
    query: str | None = None
    size: int = 0
    size_param: str | None = None
    row: str = ""
    total: str | None = None
    cap: Cap | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    limit_class: str = "default"
    cost: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a cap that the read could not keep."""
        if self.cap is None:
            return
        if self.since is None or self.until is None:
            raise PluginError(
                f"The read of {self.path} is capped, and does not say how to ask for a window of time",
                hint="Give Pages both `since` and `until`.",
            )
        if self.spelled(self.cap.earliest) == self.spelled(self.cap.earliest + self.cap.resolution):
            raise PluginError(
                f"The read of {self.path} would cut time into {self.cap.resolution}, which it cannot spell",
                hint="Choose a finer since_format, or the step of it as the cap's resolution.",
            )
        if self.size and self.cap.rows % self.size:
            raise PluginError(
                f"The read of {self.path} asks for {self.size} rows a page, which do not add up to its cap",
                hint=f"Choose a size that {self.cap.rows} is a multiple of.",
            )

    def bind(self, stream: StreamLike) -> PagesOf:
        """The read of one stream."""
        return PagesOf(self, stream)

    def spelled(self, instant: datetime) -> Any:
        """An instant as this vendor writes it."""
        return spell(instant, self.since_format)


@dataclass(slots=True)
class Pass:
    """What one pass over a stream remembers: the places it has been to, the rows that it gave."""

    seen: set[str] = field(default_factory=set)
    given: Given = field(default_factory=Given)


class PagesOf(Bound[Pages]):
    """``Pages`` of a stream."""

    def __call__(self, request: ReadRequest) -> Iterator[Page]:
        """The pages, from the request's token on if it has one.

        Raises:
            AnswerShapeError: the list is not as documented, or repeats itself for ever.
            RetryableError: the vendor could not serve a page in time.
            AccessError: it refuses us.
        """
        declared = self.declared
        token: Place | None = _opened(request, declared.next)
        progress = Pass()
        while token is not None:
            answer = self._ask(token)
            if declared.cap is not None and declared.cap.is_exceeded(token, self._total(answer)):
                progress.seen.clear()
                token = self._cut(declared.cap, token, answer)
                continue
            leaf = Leaf(answer, rows_at(answer, declared.items), declared.size)
            place = self._paging(token).after(token["place"], leaf)
            rows = rows_at(answer, declared.items, declared.row) if declared.row else leaf.rows
            fresh = rows if declared.cap is None else progress.given.fresh(rows)
            total = token["total"] if "total" in token else self._total(answer)
            token = self._following(token, place, rows, answer, progress)
            text = None if token is None else orjson.dumps(token).decode()
            yield Page(fresh, text, answer.server_time, total)

    def _following(
        self, token: Place, place: Place | None, rows: Sequence[Row], answer: Answer, progress: Pass
    ) -> Place | None:
        """Where the read goes on: with the next page, or with another window."""
        cap, read = self.declared.cap, token.get("read", 0) + len(rows)
        ended = place is None and self._total(answer) is not None
        if cap is not None and not ended and cap.is_reached(token, read):
            progress.seen.clear()
            progress.given.cut()
            return self._cut(cap, token, answer)
        if place is None:
            progress.seen.clear()
            progress.given.finished()
            return windows.following(token, self.declared.next.first())
        counted = {} if cap is None else {"read": read}
        following = {**token, "place": place, "digest": _digest_of(rows), **counted}
        _refuse_repetition(token, following, progress.seen, answer)
        return following

    def _cut(self, cap: Cap, token: Place, answer: Answer) -> Place:
        total = self._total(answer)
        # A total that stops at the cap says nothing of the whole.
        whole = total if total is not None and total > cap.rows else None
        now = answer.server_time or self.stream.http.env.now()
        return cap.narrowed({"total": whole, **token}, answer, now, self.declared.next.first())

    def _paging(self, token: Place) -> Paging:
        cap = self.declared.cap
        keyed = cap.by_key if cap is not None and "keyed" in token else None
        return keyed or self.declared.next

    def _total(self, answer: Answer) -> int | None:
        found = places.at(answer.json(), self.declared.total) if self.declared.total else None
        return int(found) if isinstance(found, (int, str)) and str(found).isdecimal() else None

    def _ask(self, token: Place) -> Answer:
        declared = self.declared
        step = self._paging(token).step(token["place"], declared.size)
        scope = self.scope()
        try:
            if step.link is not None:
                return self._send(step.link, None, None)
            keyed = declared.cap.by_key_params if declared.cap and "keyed" in token else {}
            extra = {**self._window(token, scope), **templates.fill(keyed, scope), **step.params}
            if declared.size_param and declared.size:
                extra[declared.size_param] = declared.size
            return self._send_filled(self.path(declared.path, scope), extra, scope)
        except RecordRejectedError as error:
            raise _list_refused(error) from error

    def _send_filled(self, path: str, extra: dict[str, Any], scope: Mapping[str, Any]) -> Answer:
        declared = self.declared
        params = templates.fill(declared.params, scope)
        if declared.query is not None:
            variables = {**params, **extra}
            return self.stream.http.graphql_answer(path, declared.query, variables, safe=True, **self.budget)
        if declared.method == "GET":
            return self._send(path, {**params, **extra}, None)
        body = templates.fill(declared.body or {}, scope)
        for place, value in extra.items():
            places.put(body, place, value)
        return self._send(path, params, body)

    def _send(self, path: str, params: Any, body: Any) -> Answer:
        return self.stream.http.request(
            self.declared.method,
            path,
            params=params,
            json=body,
            headers=self.declared.headers,
            safe=True,
            template=self.declared.path,
            **self.budget,
        )

    def _window(self, token: Place, scope: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters that limit the read to what changed between two instants."""
        found: dict[str, Any] = {}
        told = {
            name: self.declared.spelled(datetime.fromisoformat(token[name]))
            for name in ("since", "until")
            if token.get(name)
        }
        for name, place in (("since", self.declared.since), ("until", self.declared.until)):
            if place is None or name not in told:
                continue
            if isinstance(place, str):
                found[place] = told[name]
            else:
                found.update(templates.fill(place, {**scope, **told}))
        return found


def _opened(request: ReadRequest, paging: Paging) -> Place:
    """The place to begin at; a token carries its own window, for a cursor belongs to its query."""
    if request.token is not None:
        try:
            token = orjson.loads(request.token)
        except orjson.JSONDecodeError:
            token = None
        if not isinstance(token, dict) or not isinstance(token.get("place"), dict):
            raise AnswerShapeError(
                "The saved place in the stream cannot be read", hint="Read the stream again from its cursor."
            )
        return token
    window = {"since": request.since, "until": request.until}
    told = {name: instant.isoformat() for name, instant in window.items() if instant is not None}
    return {"v": 1, "place": paging.first(), **told}


def _digest_of(rows: Sequence[Row]) -> str:
    """Tells pages apart by their number of rows, first row and last row; empty for an empty page."""
    if not rows:
        return ""
    return blake2b(orjson.dumps((len(rows), rows[0], rows[-1])), digest_size=8).hexdigest()


def _refuse_repetition(token: Place, following: Place, seen: set[str], answer: Answer) -> None:
    """Stop a vendor that sends us in circles before the read fills the disk."""
    here = orjson.dumps(following["place"], option=orjson.OPT_SORT_KEYS)
    place = blake2b(here, digest_size=8).hexdigest()
    same_place = place in seen or following["place"] == token["place"]
    same_rows = following["digest"] != "" and following["digest"] == token.get("digest")
    if same_place or same_rows:
        raise answer.malformed("the same page again" if same_rows else "a next page that was read already")
    seen.add(place)


def _list_refused(error: RecordRejectedError) -> AnswerShapeError:
    """A refused list is no matter of one record: the stream stops."""
    return AnswerShapeError(
        f"{error}: the list itself is refused",
        hint="Check the connector's path and parameters against the vendor's API version.",
        facts=error.facts,
    )

"""Declared reads of single records: ``Get`` and ``BatchGet``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from accord.http import places, templates
from accord.http.answer import Answer
from accord.http.operations import Bound, Operation, StreamLike, record_at, rows_at
from accord.model.record import Row

NOT_THERE = (404, 410)


@dataclass(eq=False)
class Get(Operation["GetOf"]):
    """Read one record by its external id.

    Attributes:
        path: With ``{key}`` in it.
        record: Where the record stands in the answer.
        params: Sent along; values may be templates.
        gone: Statuses that say there is no such record.
        headers: Sent along.
        limit_class: Which rate limits count it.
        cost: What it costs.
    """

    path: str
    _: KW_ONLY
    record: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    gone: Sequence[int] = NOT_THERE
    headers: Mapping[str, str] = field(default_factory=dict)
    limit_class: str = "default"
    cost: float = 1.0

    def bind(self, stream: StreamLike) -> GetOf:
        """The get of one stream."""
        return GetOf(self, stream)


class GetOf(Bound[Get]):
    """``Get`` of a stream."""

    def __call__(self, keys: Sequence[str]) -> Mapping[str, Row | None]:
        """The rows by the ids asked for; None = there is no such record."""
        return {key: self._one(key) for key in keys}

    def _one(self, key: str) -> Row | None:
        declared = self.declared
        scope = self.scope(key=key)
        answer = self.stream.http.get(
            self.path(declared.path, scope),
            params=templates.fill(declared.params, scope),
            headers=declared.headers,
            template=declared.path,
            accept=declared.gone,
            **self.budget,
        )
        if answer.status in declared.gone:
            return None
        row = record_at(answer, declared.record)
        if row is None:
            raise answer.malformed(f"no record at {declared.record!r}")
        return row


@dataclass(eq=False)
class BatchGet(Operation["BatchGetOf"]):
    """Read several records by their external ids.

    Attributes:
        method: POST with the ids in the body, or GET with them in a parameter.
        path: The path.
        items: Where the list of ids goes in the body.
        item: Template of one id in that list.
        ids_param: For a GET: the parameter that takes the ids.
        separator: What joins them there; None repeats the parameter.
        rows: Where the rows stand in the answer.
        row: Where the record stands inside each item.
        size: How many ids one call takes.
        extra: Further body fields (templates).
        params: Further parameters (templates).
        limit_class: Which rate limits count it.
        cost: What it costs.
    """

    method: str
    path: str
    _: KW_ONLY
    items: str = "ids"
    item: Any = "{key}"
    ids_param: str | None = None
    separator: str | None = ","
    rows: str = "data"
    row: str = ""
    size: int = 100
    extra: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    limit_class: str = "default"
    cost: float = 1.0

    def bind(self, stream: StreamLike) -> BatchGetOf:
        """The get of one stream."""
        return BatchGetOf(self, stream)


class BatchGetOf(Bound[BatchGet]):
    """``BatchGet`` of a stream."""

    def __call__(self, keys: Sequence[str]) -> Mapping[str, Row | None]:
        """The rows by the ids asked for; None = there is no such record.

        Raises:
            AnswerShapeError: rows came that nobody asked for, so that absence proves nothing.
        """
        found: dict[str, Row | None] = dict.fromkeys(keys)
        for start in range(0, len(keys), self.size):
            answer = self._ask(keys[start : start + self.size])
            for row in rows_at(answer, self.declared.rows, self.declared.row):
                self._file(row, found, answer)
        return found

    def _file(self, row: Row, found: dict[str, Row | None], answer: Answer) -> None:
        try:
            own = self.stream.external_id(row)
        except KeyError:
            raise answer.malformed("a row without its key") from None
        asked = [key for key in (own, *map(str, self.stream.merged_ids(row))) if key in found]
        if not asked:
            raise answer.malformed("a row that was not asked for")
        for key in asked:
            found[key] = row

    def _ask(self, keys: Sequence[str]) -> Answer:
        declared, scope = self.declared, self.scope()
        params = dict(templates.fill(declared.params, scope))
        body: dict[str, Any] | None = None
        if declared.ids_param is not None:
            joined = list(keys) if declared.separator is None else declared.separator.join(keys)
            params[declared.ids_param] = joined
        else:
            body = templates.fill(declared.extra, scope)
            places.put(
                body, declared.items, [templates.fill(declared.item, {**scope, "key": k}) for k in keys]
            )
        return self.stream.http.request(
            declared.method,
            self.path(declared.path, scope),
            params=params,
            json=body,
            safe=True,
            template=declared.path,
            **self.budget,
        )

"""Declared ``find``: the records that have a value in a field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from accord.errors import PluginError
from accord.http import places, templates
from accord.http.answer import Answer
from accord.http.operations import Bound, Operation, StreamLike, rows_at
from accord.model.record import Probe, Row


@dataclass(eq=False)
class Search(Operation["SearchOf"]):
    """Find records by natural key or by our reference.

    One page is read: two matches are as ambiguous as two hundred.

    Attributes:
        path: The search's path; ``{field}`` and ``{value}`` may stand in it.
        method: GET, or POST (which is safe to repeat here).
        by: Canonical field -> the vendor's field. Other fields cannot be searched.
        params: Templates with ``{field}`` and ``{value}`` (``{values}`` when ``size`` is more than one).
        body: The same for the body.
        rows: Where the rows stand in the answer.
        row: Where the record stands inside each item.
        verify: Canonical field -> path in the row that must hold the value, for vendors that search
            loosely, and to tell the answers of several probes apart.
        size: How many probes one call takes; more than one needs ``verify`` for every field.
        nothing: Statuses that say that nothing was found.
        limit_class: Which rate limits count it.
        cost: What it costs.
    """

    path: str
    _: KW_ONLY
    by: Mapping[str, str]
    method: str = "GET"
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    rows: str = "data"
    row: str = ""
    verify: Mapping[str, str] = field(default_factory=dict)
    size: int = 1
    nothing: Sequence[int] = (404,)
    limit_class: str = "default"
    cost: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a search of several values whose answers could not be told apart."""
        if self.size > 1 and set(self.by) - set(self.verify):
            raise PluginError(
                f"The search {self.path} asks for several values without saying where they stand in a row",
                hint="Give `verify` a path for every field of `by`, or leave size at 1.",
            )

    def bind(self, stream: StreamLike) -> SearchOf:
        """The find of one stream."""
        return SearchOf(self, stream)


class SearchOf(Bound[Search]):
    """``Search`` of a stream."""

    def __call__(self, probes: Sequence[Probe]) -> Sequence[Sequence[Row]]:
        """For each probe the rows that match, in the order of the probes.

        Raises:
            PluginError: a probe's field cannot be searched here.
        """
        found: list[Sequence[Row]] = [()] * len(probes)
        for name, places_of in self._groups(probes):
            rows = self._ask(name, [probes[place].value for place in places_of])
            for place in places_of:
                found[place] = [row for row in rows if self._matches(row, probes[place])]
        return found

    def _groups(self, probes: Sequence[Probe]) -> Iterator[tuple[str, list[int]]]:
        """Which probes go into one request: of the same field, at most ``size``."""
        fields: dict[str, list[int]] = {}
        for place, probe in enumerate(probes):
            fields.setdefault(probe.field, []).append(place)
        for name, among in fields.items():
            for start in range(0, len(among), self.size):
                yield name, among[start : start + self.size]

    def _matches(self, row: Row, probe: Probe) -> bool:
        path = self.declared.verify.get(probe.field)
        return path is None or _same(places.at(row, path), probe.value)

    def _ask(self, field: str, values: list[str]) -> list[Row]:
        declared = self.declared
        if field not in declared.by:
            raise PluginError(
                f"Stream {self.stream.name!r} cannot search by {field!r}",
                hint="Leave the field out of find_by, or add it to `by` of the search.",
            )
        scope = self.scope(field=declared.by[field], value=values[0], values=values)
        answer: Answer = self.stream.http.request(
            declared.method,
            self.path(declared.path, scope),
            params=_named(declared.params, scope),
            json=_named(declared.body, scope),
            safe=True,
            template=declared.path,
            accept=declared.nothing,
            **self.budget,
        )
        return [] if answer.status in declared.nothing else rows_at(answer, declared.rows, declared.row)


def _named(template: Any, scope: Mapping[str, Any]) -> Any:
    """As :func:`templates.fill`; ``{field}`` may also be a name (``{"{field}": "{value}"}``)."""
    if isinstance(template, Mapping):
        return {str(templates.fill(name, scope)): _named(value, scope) for name, value in template.items()}
    if isinstance(template, (list, tuple)):
        return [_named(each, scope) for each in template]
    return templates.fill(template, scope)


def _same(held: Any, wanted: str) -> bool:
    """Whether a row's value is the wanted one; vendors change the case of addresses. Lists hold any."""
    if isinstance(held, list):
        return any(_same(each, wanted) for each in held)
    return held is not None and str(held).strip().casefold() == wanted.strip().casefold()

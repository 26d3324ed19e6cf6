"""Connections as the vendor pages them: ``first``/``after``, cursors that survive records moving."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from graphql import GraphQLError

MOST = 250
"""The vendor's largest page (https://shopify.dev/docs/api/usage/limits-and-errors, read 2026-11)."""

R = TypeVar("R")
Place = tuple[Any, int]
"""Where a row stands in the order: the sorted value, then the record's number."""


def connection(
    rows: Sequence[R],
    place: Callable[[R], Place],
    show: Callable[[R], Mapping[str, Any]],
    arguments: Mapping[str, Any],
    *,
    disturb: Callable[[list[R], list[R]], list[R]] | None = None,
) -> dict[str, Any]:
    """One page of rows, in the order of their places.

    ``disturb`` gets the page and the rows before it, and returns what the network makes of it (faults).

    Raises:
        GraphQLError: no page size was asked for, or too large a one, or a cursor that is none.
    """
    reverse = bool(arguments.get("reverse"))
    ordered = sorted(rows, key=place, reverse=reverse)
    start, stop = _window(ordered, place, arguments, reverse=reverse)
    size = _size(arguments)
    if arguments.get("first") is not None:
        chosen = range(start, min(stop, start + size))
    else:
        chosen = range(max(start, stop - size), stop)
    page = [ordered[at] for at in chosen]
    shown = disturb(page, ordered[: chosen.start]) if disturb else page
    edges = [{"cursor": _write(place(row)), "node": show(row)} for row in shown]
    return {
        "edges": edges,
        "nodes": [edge["node"] for edge in edges],
        "pageInfo": {
            "startCursor": _write(place(page[0])) if page else None,
            "endCursor": _write(place(page[-1])) if page else None,
            "hasNextPage": chosen.stop < len(ordered),
            "hasPreviousPage": chosen.start > 0,
        },
    }


def _size(arguments: Mapping[str, Any]) -> int:
    first, last = arguments.get("first"), arguments.get("last")
    if first is None and last is None:
        raise GraphQLError("you must provide one of first or last")
    name = "first" if first is not None else "last"
    size = int(arguments[name])
    if size < 0 or size > MOST:
        raise GraphQLError(f"{name} cannot exceed {MOST}", extensions={"code": "BAD_REQUEST"})
    return size


def _window(
    ordered: Sequence[R], place: Callable[[R], Place], arguments: Mapping[str, Any], *, reverse: bool
) -> tuple[int, int]:
    """The part of the order between ``after`` and ``before``."""
    start, stop = 0, len(ordered)
    if arguments.get("after"):
        after = _read(arguments["after"])
        passed = [at for at, row in enumerate(ordered) if _beyond(place(row), after, reverse=reverse)]
        start = passed[0] if passed else len(ordered)
    if arguments.get("before"):
        before = _read(arguments["before"])
        reached = [at for at, row in enumerate(ordered) if _beyond(before, place(row), reverse=reverse)]
        stop = reached[-1] + 1 if reached else 0
    return start, max(start, stop)


def _beyond(one: Place, other: Place, *, reverse: bool) -> bool:
    return one < other if reverse else one > other


def _write(place: Place) -> str:
    text = json.dumps({"last_id": place[1], "last_value": place[0]})
    return base64.b64encode(text.encode()).decode()


def _read(cursor: str) -> Place:
    try:
        value = json.loads(base64.b64decode(cursor, validate=True))
        return value["last_value"], int(value["last_id"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise GraphQLError("Invalid cursor for current pagination sort.") from None

"""Where something stands in a JSON answer or body: paths such as ``meta.next`` or ``errors.0.code``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accord.mapping import paths

_MISSING = object()


def at(body: Any, path: str, default: Any = None) -> Any:
    """The value at a path, ``default`` when it or a parent is missing.

    An empty path is the body itself. A number picks a list member (``-1`` the last). A key that contains
    dots itself (``@odata.nextLink``) is found as it stands. Paths with brackets are those of mappings.
    """
    if "[" in path:
        return paths.get(body, paths.parse(path), default)
    found = _walk(body, path)
    return default if found is _MISSING else found


def has(body: Any, path: str) -> bool:
    """Whether something stands at the path, be it null."""
    return _walk(body, path) is not _MISSING


def _walk(body: Any, path: str) -> Any:
    while path:
        if isinstance(body, dict) and path in body:
            return body[path]
        head, _, path = path.partition(".")
        body = _step(body, head)
        if body is _MISSING:
            break
    return body


def _step(body: Any, segment: str) -> Any:
    if isinstance(body, dict):
        return body.get(segment, _MISSING)
    if isinstance(body, list) and segment.lstrip("-").isdigit():
        place = int(segment)
        return body[place] if -len(body) <= place < len(body) else _MISSING
    return _MISSING


def put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a path; missing objects are created, and the last part may be a list's next member.

    Raises:
        KeyError: a parent on the way is neither an object nor an existing list member.
    """
    *parents, last = path.split(".")
    place: Any = body
    for segment in parents:
        known = isinstance(place, dict)
        place = place.setdefault(segment, {}) if known else _member(place, segment, path)
    if isinstance(place, dict):
        place[last] = value
    elif isinstance(place, list) and last == str(len(place)):
        place.append(value)
    elif isinstance(place, list):
        _member(place, last, path)
        place[int(last)] = value
    else:
        raise KeyError(path)


def _member(place: Any, segment: str, path: str) -> Any:
    found = _step(place, segment)
    if found is _MISSING:
        raise KeyError(path)
    return found


def objects(found: Any) -> Iterator[dict[str, Any]]:
    """The JSON objects of a list; nothing for anything else."""
    if isinstance(found, list):
        yield from (item for item in found if isinstance(item, dict))

"""Which handler answers which path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from accord.sandbox.message import Request, Response

Handler = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """One path pattern such as ``/crm/v3/objects/{type}/{id}``.

    ``reads``: it changes nothing, whatever its verb (a search by POST). ``kind`` names the
    rate limit it is charged to; ``open`` needs no credentials.
    """

    method: str
    parts: tuple[str, ...]
    handler: Handler
    reads: bool
    kind: str
    open: bool

    def match(self, parts: tuple[str, ...]) -> dict[str, str] | None:
        """The values of the names in the pattern, None when the path does not fit."""
        found: dict[str, str] = {}
        for mine, theirs in zip(self.parts, parts, strict=True):
            if mine.startswith("{"):
                found[mine[1:-1]] = theirs
            elif mine != theirs:
                return None
        return found

    @property
    def open_parts(self) -> int:
        """How many parts of the pattern are names: the fewest win."""
        return sum(part.startswith("{") for part in self.parts)


class Router:
    """The routes of one sandbox. Fixed words beat ``{names}``, whatever the order of declaration."""

    def __init__(self) -> None:
        self._routes: dict[int, list[Route]] = {}

    def add(
        self,
        method: str,
        pattern: str,
        handler: Handler,
        *,
        reads: bool | None = None,
        kind: str = "",
        open_: bool = False,
    ) -> None:
        """Declare a route. GET and HEAD read unless told otherwise."""
        parts = _parts(pattern)
        does_read = method in {"GET", "HEAD"} if reads is None else reads
        rows = self._routes.setdefault(len(parts), [])
        rows.append(Route(method, parts, handler, does_read, kind, open_))
        rows.sort(key=lambda route: route.open_parts)

    def routes(self) -> Iterator[Route]:
        """Every declared route."""
        for rows in self._routes.values():
            yield from rows

    def find(self, request: Request) -> Route | None:
        """The route of a request; fills in ``request.params`` and ``request.reads``."""
        parts = _parts(request.path)
        for route in self._routes.get(len(parts), ()):
            if route.method != request.method:
                continue
            params = route.match(parts)
            if params is not None:
                request.params, request.reads = params, route.reads
                return route
        return None


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))

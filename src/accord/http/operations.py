"""What declared operations share: they are class attributes of a stream and are called like its methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar, overload

from accord.http import places
from accord.http.answer import Answer
from accord.http.templates import Scope, fill_path
from accord.model.record import Row

if TYPE_CHECKING:
    from accord.http.client import Http


class StreamLike(Protocol):
    """What operations need of a stream; :class:`accord.connector.Stream` is one."""

    @property
    def name(self) -> Any:
        """The stream's name."""

    @property
    def key(self) -> Any:
        """Path of the external id in a row."""

    @property
    def read_back(self) -> Any:
        """Whether outcomes show the record."""

    @property
    def reference(self) -> Any:
        """Path of our reference in a row, None = no room for one."""

    @property
    def etag(self) -> Any:
        """Path of the version in a row, None = there is none."""

    @property
    def http(self) -> Http:
        """The connection's client."""

    @property
    def connector(self) -> Any:
        """The stream's connector."""

    def external_id(self, row: Row) -> str:
        """The vendor's key of a row."""

    def merged_ids(self, row: Row) -> Any:
        """Ids that the vendor merged into the row."""

    def version(self, row: Row) -> str | None:
        """The row's version, if the vendor has one."""

    def stamp(self, row: Row, hub_id: str) -> Row:
        """The row with our reference in it."""


B = TypeVar("B")
D = TypeVar("D")


class Operation(ABC, Generic[B]):
    """A declared operation. On a stream's class it is itself, on a stream it is bound to it."""

    size: int = 1
    limit_class: str = "default"
    cost: float = 1.0

    @abstractmethod
    def bind(self, stream: StreamLike) -> B:
        """The operation of one stream, callable."""

    @overload
    def __get__(self, stream: None, owner: type) -> Self: ...

    @overload
    def __get__(self, stream: StreamLike, owner: type) -> B: ...

    def __get__(self, stream: StreamLike | None, owner: type) -> Self | B:
        """Bind like a method."""
        return self if stream is None else self.bind(stream)


class Bound(Generic[D]):
    """An operation bound to its stream.

    Attributes:
        declared: What the connector's author wrote.
        stream: The stream it works for.
        size: How many items one call takes.
        limit_class: Which rate limits its requests count against; for :meth:`accord.http.Http.ready`.
        cost: What one of its requests costs.
    """

    def __init__(self, declared: D, stream: StreamLike) -> None:
        self.declared = declared
        self.stream = stream
        self.size: int = getattr(declared, "size", 1)
        self.limit_class: str = getattr(declared, "limit_class", "default")
        self.cost: float = getattr(declared, "cost", 1.0)

    def __repr__(self) -> str:
        return f"<{type(self.declared).__name__} of {self.stream.name}>"

    @property
    def budget(self) -> dict[str, Any]:
        """Options of a request that say what it costs."""
        return {"limit_class": self.limit_class, "cost": self.cost}

    def scope(self, **more: Any) -> dict[str, Any]:
        """Placeholders every template may use, and more."""
        return {"settings": self.stream.connector.settings_value, **more}

    def path(self, template: str, scope: Scope) -> str:
        """A declared path with its placeholders filled."""
        return fill_path(template, scope)


NO_CONTENT = 204


def rows_at(answer: Answer, path: str, inner: str = "") -> list[Row]:
    """The rows of an answer.

    Args:
        answer: The answer.
        path: Where the list stands; null there is an empty list, no body at all only with status 204.
        inner: Where the record stands inside each item (``node``).

    Raises:
        VendorError: there is no list at the path, or something in it is no object.
    """
    body = answer.json()
    found = places.at(body, path)
    if found is None and (answer.status == NO_CONTENT if body is None else places.has(body, path)):
        return []
    if not isinstance(found, list):
        raise answer.malformed(f"no list at {path!r}")
    rows = [places.at(item, inner) for item in found] if inner else found
    if not all(isinstance(row, dict) for row in rows):
        raise answer.malformed(f"something other than objects at {path!r}")
    return rows


def record_at(answer: Answer, path: str) -> Row | None:
    """The one record of an answer, None when the answer is empty or shows no object there."""
    found: Any = places.at(answer.json(), path)
    return found if isinstance(found, dict) else None

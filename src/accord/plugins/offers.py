"""The connectors that plugins offer: each is checked when it is offered, not when it first fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from accord.connector import Atomicity, Connector, Creates, Deletes, Origin, Settings, Stream
from accord.errors import PluginError
from accord.mapping.mapping import Mapping as FieldMapping
from accord.model import Canonical, name_of, references
from accord.plugins.installed import CONNECTORS
from accord.plugins.roster import OFFER, Implementation, Roster

RESERVED = ("connector", "mapping", "disabled", "canary")
"""Keys of a connection in accord.toml that belong to Accord, so that no setting may be called so."""

_OPERATIONS = ("read", "get", "find", "create", "update", "upsert", "delete")


class Offers:
    """What the plugins offer, as far as they were asked.

    Attributes:
        connectors: Sound connectors by name.
        refused: Why a connector of this name cannot be used.
    """

    def __init__(self, roster: Roster) -> None:
        self.connectors: dict[str, type[Connector[Any]]] = {}
        self.refused: dict[str, PluginError] = {}
        self._roster = roster
        self._asked: set[str] = set()
        self._from: dict[str, Implementation] = {}

    def collect(self) -> None:
        """Ask each plugin for its connectors, once, and check them."""
        new = [each for each in self._roster.implementations(OFFER) if each.source.key not in self._asked]
        self._asked.update(each.source.key for each in new)
        for each, offered in self._roster.answers(new, {}):
            for connector in self._listed(each, offered):
                self._take(each, connector)

    def _listed(self, each: Implementation, offered: Any) -> list[Any]:
        if isinstance(offered, Iterable) and not isinstance(offered, (str, bytes, Mapping)):
            return list(offered)
        self._roster.fail(each.failed("it must answer with a list of Connector classes"))
        return []

    def _take(self, each: Implementation, connector: Any) -> None:
        name = str(getattr(connector, "name", getattr(connector, "__name__", connector)))
        if each.source.connectors and name not in each.source.connectors:
            wanted = f'name it in the group {CONNECTORS}: {name} = "{each.source.module}"'
            self._roster.fail(each.failed(f"connector {name!r} has no entry point of its name; {wanted}"))
            return
        problems = list(problems_of(connector))
        if name in self._from:
            other = self._from[name].source
            self._refuse(name, each, f" is offered by {other} too; remove one of them")
        elif problems:
            self._refuse(name, each, f": {'; '.join(problems)}")
        else:
            self._from[name] = each
            if name not in self.refused:
                self.connectors[name] = connector

    def _refuse(self, name: str, each: Implementation, why: str) -> None:
        self.refused[name] = failure = each.failed(f"connector {name!r}{why}")
        self.connectors.pop(name, None)
        self._roster.fail(failure)


def problems_of(connector: Any) -> Iterator[str]:
    """What is wrong with a connector's declarations; the test kit asks the same."""
    if not (isinstance(connector, type) and issubclass(connector, Connector)):
        yield "it is no subclass of Connector"
        return
    if not getattr(connector, "name", ""):
        yield "it has no name"
    if not issubclass(connector.settings, Settings):
        yield "its settings are no subclass of Settings"
    else:
        for key in RESERVED:
            if key in connector.settings.model_fields:
                yield f"a setting may not be called {key!r}, the key is Accord's own"
    if not connector.streams and connector.open_streams is Connector.open_streams:
        yield "it has no streams"
    names = [getattr(stream, "name", "") for stream in connector.streams]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two streams are called {name!r}"
    for stream in connector.streams:
        for problem in stream_problems(stream):
            yield f"stream {getattr(stream, 'name', stream.__name__)!r}: {problem}"


def stream_problems(stream: type[Stream]) -> Iterator[str]:
    """What is wrong with a stream's declarations."""
    for name in ("name", "model", "mapping", "subject", "origin", "deletes"):
        if not hasattr(stream, name):
            yield f"{name} is not declared"
    model = getattr(stream, "model", None)
    if model is not None and not (isinstance(model, type) and issubclass(model, Canonical)):
        yield "model is no canonical model"
        return
    yield from _kind_problems(stream)
    yield from _subject_problems(stream)
    yield from _operation_problems(stream)
    yield from _create_problems(stream)


def _kind_problems(stream: type[Stream]) -> Iterator[str]:
    kinds: dict[str, type[Any]] = {
        "mapping": FieldMapping,
        "origin": Origin,
        "deletes": Deletes,
        "atomicity": Atomicity,
    }
    for name, kind in kinds.items():
        value = getattr(stream, name, None)
        # A property decides when the connection is open.
        if value is not None and not isinstance(value, (kind, property)):
            yield f"{name} must be of type {kind.__name__}"
    for name in ("name", "key", "reference", "etag", "deleted"):
        value = getattr(stream, name, None)
        if value is not None and not isinstance(value, (str, property)):
            yield f"{name} must be a text"
    if getattr(stream, "deletes", None) is Deletes.FLAG and stream.deleted is None:
        yield "deletes is FLAG, but deleted does not name the flag"


def _subject_problems(stream: type[Stream]) -> Iterator[str]:
    subject, model = getattr(stream, "subject", None), getattr(stream, "model", None)
    if subject is None or subject == "self" or isinstance(subject, property) or model is None:
        return
    if subject not in references(model):
        yield f"subject {subject!r} is neither 'self' nor a reference of {name_of(model)}"


def _operation_problems(stream: type[Stream]) -> Iterator[str]:
    for name in _OPERATIONS:
        operation = getattr(stream, name, None)
        # A declared operation becomes callable when the open stream is asked for it.
        if operation is not None and not callable(operation) and not hasattr(type(operation), "__get__"):
            yield f"{name} cannot be called"
        elif "{id}" in str(getattr(operation, "path", "")):
            # Filled with the id of the write it leads nowhere: every record would be taken for gone.
            yield f"the path of {name} names {{id}}, which is the write's own id; the record's is {{key}}"
    if not any(getattr(stream, name, None) for name in _OPERATIONS):
        yield "it has no operation"


def _create_problems(stream: type[Stream]) -> Iterator[str]:
    upserts = getattr(stream, "upsert", None) is not None
    if not upserts and getattr(stream, "create", None) is None:
        return
    creates = stream.creates
    finds = getattr(stream, "find", None) is not None
    if creates is None:
        yield "it can create, but creates is not declared"
    elif isinstance(creates, property):
        return
    elif not isinstance(creates, Creates):
        yield "creates must be of type Creates"
    elif creates is Creates.UPSERT and not (finds or upserts):
        yield "creates is UPSERT, which needs upsert (by upsert_by, or by our own id) or find"
    elif creates is Creates.REFERENCE and not finds:
        yield "creates is REFERENCE, which needs find"
    if finds and not stream.find_by:
        yield "it has find, but find_by does not name the fields to ask by"

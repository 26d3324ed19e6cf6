"""A connection's table against its connector: settings, streams, custom fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from accord.config import settings
from accord.config.members import ConnectionFacts, StreamFacts
from accord.config.models import ConnectionConfig
from accord.config.problems import Problems, suggestion
from accord.connector import Connector, Settings
from accord.errors import ConfigError, PluginError, SetupError, UnknownConnectorError
from accord.mapping.declared import DeclaredStream, Declarer
from accord.model.schema import model_named, name_of

if TYPE_CHECKING:
    from accord.mapping.fields import Declaration
    from accord.plugins import Plugins

UNKNOWN = ConnectionFacts({}, complete=False)


def check(name: str, connection: ConnectionConfig, plugins: Plugins, problems: Problems) -> ConnectionFacts:
    """Check one connection; what is known of its streams afterwards."""
    base = ("connections", name)
    try:
        connector = plugins.connector(connection.connector)
    except (UnknownConnectorError, PluginError) as error:
        problems.add((*base, "connector"), f"{error}. {error.hint}")
        return UNKNOWN
    given = settings.check(connector.settings, connection, base, problems, foreign=plugins.foreign_secrets)
    facts = facts_of(connector, given)
    for position, stream in enumerate(connection.disabled):
        if stream not in facts.streams and facts.complete:
            problems.add((*base, "disabled", position), _no_stream(stream, facts))
    for stream in connection.canary:
        if stream not in facts.streams and facts.complete:
            problems.add((*base, "canary", stream), _no_stream(stream, facts))
        elif stream in facts.streams and facts.streams[stream].reads is False:
            problems.add((*base, "canary", stream), f"stream {stream!r} cannot be read, so it has no canary")
    for stream in connection.mapping:
        if stream not in facts.streams and facts.complete:
            problems.add((*base, "mapping", stream), _no_stream(stream, facts))
        elif stream in facts.streams:
            _check_mapping(name, connection, stream, facts.streams[stream].model, problems)
    kept = {stream: fact for stream, fact in facts.streams.items() if stream not in connection.disabled}
    return ConnectionFacts(kept, facts.complete)


def _no_stream(stream: str, facts: ConnectionFacts) -> str:
    return f"there is no stream {stream!r}, {suggestion(stream, facts.streams)}"


def facts_of(connector: type[Connector[Any]], given: Settings | None) -> ConnectionFacts:
    """What is known of a connection's streams before it is open, from its class and its settings."""
    streams = {
        stream.name: StreamFacts(
            name_of(stream.model),
            reads=getattr(stream, "read", None) is not None,
            writes=any(getattr(stream, name, None) is not None for name in ("create", "update", "upsert")),
        )
        for stream in connector.streams
    }
    own = getattr(given, "streams", None)
    declared = {
        str(name): StreamFacts(stream.model)
        for name, stream in (own.items() if isinstance(own, Mapping) else ())
        if isinstance(stream, DeclaredStream)
    }
    fixed = connector.open_streams is Connector.open_streams
    return ConnectionFacts({**streams, **declared}, complete=fixed or bool(declared))


def declarations(connection: ConnectionConfig, name: str, stream: str, model: str) -> Sequence[Declaration]:
    """The custom fields of a stream, for ``Mapping.extended``; empty where there are none.

    Raises:
        ConfigError: a path does not exist in the model, or makes no sense. Facts: key.
    """
    fields = connection.mapping.get(stream)
    if not fields:
        return ()
    try:
        table = DeclaredStream(model=model, fields=fields)
        return Declarer(table, nested=True, key=f"connections.{name}.mapping.{stream}").all()
    except ConfigError:
        raise
    except SetupError as error:
        raise ConfigError(
            str(error), hint=error.hint, facts={"key": f"connections.{name}.mapping"}
        ) from error


def _check_mapping(
    name: str, connection: ConnectionConfig, stream: str, model: str, problems: Problems
) -> None:
    for path, given in connection.mapping[stream].items():
        one = connection.model_copy(update={"mapping": {stream: {path: given}}})
        try:
            declarations(one, name, stream, model)
        except ConfigError as error:
            known = [*model_named(model).model_fields, "custom.NAME"]
            field = path.partition(".")[0]
            why = str(error).removeprefix(f"{error.facts['key']}: ")
            problems.add(
                ("connections", name, "mapping", stream, path),
                why if field in known else f"{model} has no field {path!r}, {suggestion(field, known)}",
            )

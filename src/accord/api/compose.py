"""From a checked configuration to connections and flows. Opening resolves secrets and does no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from accord.config import declarations, preferred
from accord.config.members import ConnectionFacts, MemberConfig, StreamFacts, members
from accord.config.settings import opened
from accord.connector import Connector, Context, Stream
from accord.engine.flow import (
    DeletePolicy,
    FieldRule,
    Flow,
    ForeignEdit,
    Limits,
    Member,
    Policy,
    PolicyKind,
)
from accord.errors import ConfigError, SetupError
from accord.model.schema import model_named, name_of

if TYPE_CHECKING:
    from accord.config.models import Config, ConnectionConfig, FlowConfig
    from accord.env import Env
    from accord.plugins import Plugins
    from accord.store import Store


class Connections:
    """The open connections of a configuration and their streams, by name."""

    def __init__(self, config: Config, plugins: Plugins, env: Env, store: Store) -> None:
        self.config = config
        self.connectors: dict[str, Connector[Any]] = {}
        self.streams: dict[str, dict[str, Stream]] = {}
        self.troubles: dict[str, SetupError] = {}
        for name in config.connections:
            try:
                self._open(name, plugins, Context(env, name, store.budget, store.tokens, config.root))
            except SetupError as error:
                # One missing secret must not stop the flows of other connections.
                self.troubles[name] = error

    def _open(self, name: str, plugins: Plugins, context: Context) -> None:
        connection = self.config.connections[name]
        connector = plugins.connector(connection.connector)
        settings = opened(connector.settings, connection, name, plugins.secret)
        self.connectors[name] = connector(settings, context)
        self.streams[name] = _streams(self.connectors[name], connection, name)

    def facts(self) -> Mapping[str, ConnectionFacts]:
        """What each connection's streams can do."""
        return {
            name: ConnectionFacts({stream.name: _facts(stream) for stream in streams.values()})
            for name, streams in self.streams.items()
        }

    def close(self) -> None:
        """Close them all."""
        for connector in self.connectors.values():
            connector.close()


def _streams(connector: Connector[Any], connection: ConnectionConfig, name: str) -> dict[str, Stream]:
    """A connection's streams, with the account's own fields in their mappings."""
    found: dict[str, Stream] = {}
    for stream in connector.open_streams():
        if stream.name in connection.disabled:
            continue
        extra = declarations(connection, name, stream.name, name_of(stream.model))
        if extra:
            stream.mapping = stream.mapping.extended(*extra)
        found[stream.name] = stream
    return found


def _facts(stream: Stream) -> StreamFacts:
    can = stream.operations
    return StreamFacts(name_of(stream.model), can.read is not None, (can.create or can.update) is not None)


def flows(config: Config, connections: Connections) -> list[Flow]:
    """The flows of a configuration, those whose records others refer to first.

    A flow with a connection that could not be opened is left out; :func:`trouble_of` says why.

    Raises:
        ConfigError: a flow names a stream that its connection does not have.
    """
    facts = connections.facts()
    built = [
        _flow(name, flow, facts, connections)
        for name, flow in config.flows.items()
        if trouble_of(flow, connections) is None
    ]
    order = {
        kind: place
        for place, kind in enumerate(("customer", "product", "location", "inventory_level", "order"))
    }
    return sorted(built, key=lambda flow: order.get(flow.kind, len(order)))


def trouble_of(flow: FlowConfig, connections: Connections) -> SetupError | None:
    """Why a flow cannot run: the first of its connections that could not be opened."""
    named = [item.partition(".")[0] for item in (*flow.both, *flow.from_, *flow.to)]
    return next((connections.troubles[name] for name in named if name in connections.troubles), None)


def closed(config: Config, connections: Connections) -> frozenset[str]:
    """The connections of flows that are left out because one of them could not be opened."""
    return frozenset(
        item.partition(".")[0]
        for flow in config.flows.values()
        if trouble_of(flow, connections) is not None
        for item in (*flow.both, *flow.from_, *flow.to)
    )


def _flow(
    name: str, flow: FlowConfig, facts: Mapping[str, ConnectionFacts], connections: Connections
) -> Flow:
    def complain(path: tuple[str | int, ...], why: str) -> None:
        key = ".".join(("flows", name, *map(str, path)))
        raise ConfigError(f"{key}: {why}", hint="Correct accord.toml.", facts={"key": key})

    found = members(flow, facts, complain)
    return Flow(
        name=name,
        model=model_named(flow.model),
        kind=flow.model,
        members=[_member(member, flow, connections) for member in found],
        match=flow.match_keys,
        default=policy(flow.conflict),
        rules={field: _rule(rule, flow) for field, rule in flow.fields.items()},
        delete=DeletePolicy(flow.delete),
        limits=Limits(flow.limits.deletes_share, flow.limits.deletes_least, flow.limits.max_creates),
    )


def _member(member: MemberConfig, flow: FlowConfig, connections: Connections) -> Member:
    stream = connections.streams[member.connection][str(member.stream)]
    return Member(
        connection=member.connection,
        stream=stream,
        reads=member.reads,
        writes=member.writes,
        priority=member.priority,
        purpose=member.purpose,
        channel=member.channel or _channel(stream, member.purpose),
        accepts=member.accepts(flow.model),
        guests=member.guests,
        canary=connections.config.connections[member.connection].canary.get(str(member.stream), ""),
        brand=connections.config.connections[member.connection].brand,
    )


def _channel(stream: Stream, purpose: str) -> str:
    """The channel of a purpose where the flow names none: the one platform served, else e-mail."""
    platforms = sorted(name for name in stream.consent_channels if name.startswith("ad_platform"))
    if purpose.startswith("ads.") and len(platforms) == 1:
        return platforms[0]
    (only,) = stream.consent_channels if len(stream.consent_channels) == 1 else ("email",)
    return only


def _rule(rule: Any, flow: FlowConfig) -> FieldRule:
    return FieldRule(policy(rule.conflict or flow.conflict), rule.owner, ForeignEdit(rule.on_foreign_edit))


def policy(text: str) -> Policy:
    """A conflict policy from its text: ``latest``, ``manual`` or ``prefer:CONNECTION,CONNECTION``."""
    return Policy(PolicyKind(text.partition(":")[0]), preferred(text))

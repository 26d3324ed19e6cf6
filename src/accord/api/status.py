"""The store at a glance, from the store and the configuration alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accord.api.views import FlowStatus, Status, StreamStatus
from accord.model.schema import name_of

if TYPE_CHECKING:
    from accord.config.models import Config
    from accord.plugins import Plugins
    from accord.store import Store, Transaction


def status(config: Config, store: Store, plugins: Plugins) -> Status:
    """Every flow, every stream, and what waits for a person."""
    with store.reading("status") as tx:
        return Status(
            store.url_safe(),
            store.schema_version(),
            [_flow(config, plugins, tx, name) for name in config.flows],
            tx.conflicts.open_count(),
            tx.letters.open_count(),
            tuple(lease.scope for lease in tx.leases.every()),
            len(tx.revocations.alerts()),
        )


def _flow(config: Config, plugins: Plugins, tx: Transaction, name: str) -> FlowStatus:
    flow = config.flows[name]
    state = tx.flows.load(name)
    runs = tx.runs.recent(name, 1)
    last = runs[0] if runs else None
    named = {item.partition(".")[0] for item in (*flow.both, *flow.from_, *flow.to)}
    places = {p for connection in named for p in _places(config, plugins, connection, flow.model)}
    streams = [
        _stream(tx, each.connection, each.stream)
        for each in tx.streams.all()
        if (each.connection, each.stream) in places
    ]
    return FlowStatus(
        name,
        flow.model,
        tx.entities.count(flow.model),
        streams,
        flow.schedule,
        last.id if last else None,
        last.state if last else None,
        last.finished_at if last else None,
        state.next_due_at,
        state.approved_at is not None,
    )


def _places(config: Config, plugins: Plugins, connection: str, model: str) -> list[tuple[str, str]]:
    """The streams of a connection that hold records of a model, known without opening it."""
    table = config.connections[connection]
    declared = table.settings.get("streams") or {}
    own = {name for name, stream in declared.items() if _model(stream) == model}
    offered = {s.name for s in plugins.connector(table.connector).streams if name_of(s.model) == model}
    return [(connection, stream) for stream in sorted(own | offered)]


def _model(stream: Any) -> str | None:
    found = stream.get("model") if isinstance(stream, dict) else getattr(stream, "model", None)
    return str(found) if found is not None else None


def _stream(tx: Transaction, connection: str, stream: str) -> StreamStatus:
    state = tx.streams.load(connection, stream)
    return StreamStatus(
        connection,
        stream,
        tx.links.live_count(connection, stream),
        tx.dirty.count(connection, stream),
        {str(kind): number for kind, number in tx.intents.count(connection, stream).items()},
        state.cursor,
        state.read_through_at,
    )

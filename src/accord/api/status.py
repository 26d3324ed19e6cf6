"""The store at a glance, from the store and the configuration alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.api.views import FlowStatus, Status, StreamStatus

if TYPE_CHECKING:
    from accord.config.models import Config
    from accord.store import Store, Transaction


def status(config: Config, store: Store) -> Status:
    """Every flow, every stream, and what waits for a person."""
    with store.reading("status") as tx:
        return Status(
            store.url_safe(),
            store.schema_version(),
            [_flow(config, tx, name) for name in config.flows],
            tx.conflicts.open_count(),
            tx.letters.open_count(),
            tuple(lease.scope for lease in tx.leases.every()),
        )


def _flow(config: Config, tx: Transaction, name: str) -> FlowStatus:
    flow = config.flows[name]
    state = tx.flows.load(name)
    runs = tx.runs.recent(name, 1)
    last = runs[0] if runs else None
    named = {item.partition(".")[0] for item in (*flow.both, *flow.from_, *flow.to)}
    streams = [
        _stream(tx, each.connection, each.stream) for each in tx.streams.all() if each.connection in named
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

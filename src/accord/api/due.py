"""Which flows are due: what cron or a systemd timer asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from accord.config.schedule import next_due

if TYPE_CHECKING:
    from accord.config.models import Config
    from accord.env import Env
    from accord.store import Store


def flows_due(config: Config, store: Store, env: Env) -> list[str]:
    """Flows with a schedule whose time has come; one that never ran is due at once."""
    now = env.now().timestamp()
    with store.reading() as tx:
        states = {name: tx.flows.load(name) for name in config.flows}
    return [
        name
        for name, flow in config.flows.items()
        if flow.schedule is not None and (states[name].next_due_at or 0.0) <= now
    ]


def started(store: Store, env: Env, flow: str, schedule: str | None) -> None:
    """Note a start and when the flow is due again."""
    now = env.now()
    with store.transaction("flow started") as tx:
        state = tx.flows.load(flow)
        state.next_due_at = None
        if schedule is not None:
            state.next_due_at = next_due(schedule, now.astimezone(UTC), env).timestamp()
        tx.flows.save(state)


def instant(seconds: float | None) -> datetime | None:
    """Seconds since 1970 as an instant."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

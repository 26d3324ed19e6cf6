"""Which flows a command is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.api import Accord


def chosen_flows(accord: Accord, flows: Sequence[str] | None, connections: Sequence[str] | None) -> list[str]:
    """The flows of these names that have one of these connections, those that others refer to first.

    Raises:
        SetupError: there is no such flow or connection, or no flow is left.
    """
    from accord.api import several

    for name in flows or ():
        accord.flow(name)
    for name in connections or ():
        if name not in accord.config.connections:
            known = ", ".join(accord.config.connections) or "none"
            raise SetupError(f"there is no connection {name!r}", hint=f"Connections: {known}.")
    names = [
        name
        for name in several.in_order(accord.config, accord.world)
        if (not flows or name in flows)
        and (not connections or not _connections(accord, name).isdisjoint(connections))
    ]
    if not names:
        raise SetupError(
            "no flow is about these connections" if connections else "the configuration has no flows yet",
            hint="See the tables [flows.NAME] of accord.toml.",
        )
    return names


def _connections(accord: Accord, flow: str) -> set[str]:
    """The connections that a flow names."""
    table = accord.config.flows[flow]
    return {item.partition(".")[0] for item in (*table.both, *table.from_, *table.to)}

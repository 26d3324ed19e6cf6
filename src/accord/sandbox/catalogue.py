"""Which connectors ship a sandbox, and how to get it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import cast

from accord.errors import PluginError, UnknownConnectorError
from accord.sandbox.options import SandboxOptions
from accord.sandbox.sandbox import Sandbox

GROUP = "accord.sandboxes"
"""The entry-point group: name = connector, object = factory taking :class:`SandboxOptions`."""

Factory = Callable[[SandboxOptions], Sandbox]


def names() -> list[str]:
    """The connectors that ship a sandbox, sorted."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def find(connector: str) -> Factory:
    """The factory of a connector's sandbox.

    Raises:
        UnknownConnectorError: no installed connector of that name ships a sandbox.
        PluginError: its module cannot be loaded.
    """
    for point in entry_points(group=GROUP, name=connector):
        try:
            return cast(Factory, point.load())
        except Exception as error:
            distribution = point.dist.name if point.dist else "unknown"
            raise PluginError(
                f"the sandbox of connector {connector!r} cannot be loaded: {type(error).__name__}",
                hint=f"Reinstall {distribution} with its extra 'sandbox'.",
                facts={"distribution": distribution, "hook": GROUP},
            ) from error
    known = ", ".join(names()) or "none"
    raise UnknownConnectorError(
        f"no installed connector named {connector!r} ships a sandbox", hint=f"Installed sandboxes: {known}."
    )

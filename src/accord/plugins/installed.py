"""What distributions have to offer: their entry points, read without importing any of them.

There are two groups. A plugin of the group ``accord`` may implement every hook, so that it is always
loaded: it may hold a gate. What stands in ``accord.connectors`` implements ``accord_connectors`` and
nothing else, under the name of its connector: it is loaded when a connection needs it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from accord.errors import PluginError

GROUP: Final = "accord"
"""The entry-point group of plugins with any hooks."""

CONNECTORS: Final = "accord.connectors"
"""The entry-point group of connectors: name = the connector's."""

DISABLE: Final = "ACCORD_DISABLE_PLUGINS"
"""Environment variable: names of entry points or distributions that are not loaded, with commas."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a plugin comes from.

    Attributes:
        plugin: Its name; that of its first entry point, where it comes from one.
        connectors: The only connectors that it may offer, and then no other hook; empty = whatever it likes.
        module: What its entry point of ``accord.connectors`` names.
    """

    plugin: str
    distribution: str = ""
    version: str = ""
    connectors: frozenset[str] = frozenset()
    module: str = ""

    def __str__(self) -> str:
        return f"{self.plugin} ({self.distribution} {self.version})" if self.distribution else self.plugin

    @property
    def key(self) -> str:
        """What it is registered as. A connector may be called as a plugin is; a module may offer several."""
        return f"{CONNECTORS}:{self.module}" if self.connectors else self.plugin

    @property
    def absent(self) -> str:
        """What it means that this plugin could not be registered, and what to do."""
        mend = f"Mend or upgrade it, remove it, or leave it out with {DISABLE}={self.plugin}."
        if self.connectors:
            return f"Connections of other connectors go on. {mend}"
        return f"What it would have refused or taken out is not known, so that nothing is written. {mend}"

    def failed(self, hook: str, what: str, *, hint: str = "") -> PluginError:
        """The error that names this plugin."""
        told = hint or f"Upgrade or remove it, or leave it out with {DISABLE}={self.plugin}."
        where = f" in {hook}" if hook else ""
        return PluginError(
            f"plugin {self}{where}: {what}",
            hint=told,
            facts={
                "plugin": self.plugin,
                "distribution": self.distribution,
                "version": self.version,
                "hook": hook,
            },
        )


def plugins() -> Iterator[tuple[Source, EntryPoint]]:
    """The plugins with any hooks, by name."""
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        source = Source(point.name, *_distribution(point))
        if not disabled(source):
            yield source, point


def connectors(name: str | None = None) -> Iterator[tuple[Source, EntryPoint]]:
    """What offers the connector of this name, or every connector; more than one may claim a name."""
    points = sorted(entry_points(group=CONNECTORS), key=lambda point: point.name)
    for point in points:
        if name in {None, point.name}:
            offered = frozenset(other.name for other in points if other.value == point.value)
            source = Source(point.name, *_distribution(point), offered, point.value)
            if not disabled(source):
                yield source, point


def disabled(source: Source) -> bool:
    """Whether the environment leaves this plugin or its distribution out."""
    names = {name.strip() for name in os.environ.get(DISABLE, "").split(",")}
    return not names.isdisjoint({source.plugin, source.distribution} - {""})


def _distribution(point: EntryPoint) -> tuple[str, str]:
    return ("", "") if point.dist is None else (point.dist.name, point.dist.version)

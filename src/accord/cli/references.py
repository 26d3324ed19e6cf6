"""The secrets that a configuration refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accord.errors import AccordError

if TYPE_CHECKING:
    from accord.config import Config
    from accord.plugins import Plugins


def references(config: Config, plugins: Plugins) -> list[dict[str, Any]]:
    """Every reference, which setting uses it, and whether something is kept there; never the value."""
    from accord.config.settings import secret_paths

    found = []
    for name, connection in config.connections.items():
        raw = connection.settings
        for path in secret_paths(plugins.connector(connection.connector).settings, raw):
            reference = _at(raw, path)
            if isinstance(reference, str):
                place = ".".join(["connections", name, *map(str, path)])
                found.append(
                    {"reference": reference, "used_by": place, "found": _is_kept(plugins, reference)}
                )
    return found


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _is_kept(plugins: Plugins, reference: str) -> bool:
    try:
        return bool(plugins.secret(reference))
    except AccordError:
        # The answer is the table's "no": what is missing is what the user wants to see.
        return False

"""How instants are spelled in a vendor's parameters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from accord.errors import PluginError


class Spelling(Protocol):
    """A converter of the mapping, such as ``accord.Instant``."""

    def write(self, value: Any, document: dict[str, Any]) -> Any:
        """The vendor's spelling of an ISO instant."""


SinceFormat = str | Callable[[datetime], Any] | Spelling


def spell(instant: datetime, form: SinceFormat) -> Any:
    """An instant in a vendor's spelling; see ``since_format`` of :class:`Pages`."""
    instant = instant.astimezone(UTC)
    if not isinstance(form, str):
        return form(instant) if callable(form) else form.write(instant.isoformat(), {})
    match form:
        case "iso":
            return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
        case "iso_ms":
            return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case "epoch":
            return int(instant.timestamp())
        case "epoch_ms":
            return int(instant.timestamp() * 1000)
        case "date":
            return instant.date().isoformat()
    if "%" not in form:
        raise PluginError(
            f"{form!r} is no since_format",
            hint="Use iso, iso_ms, epoch, epoch_ms, date or a strftime pattern.",
        )
    return instant.strftime(form)

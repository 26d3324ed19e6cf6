"""Instants and dates in the vendor's spelling, zone and resolution."""

# ruff: noqa: ARG002  every converter takes the row or the document, few look at it

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from accord.errors import SetupError
from accord.mapping.converter import Converter
from accord.model import values as canonical
from accord.model.record import Document, Row

Resolution = Literal["us", "ms", "s", "min", "day"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000, "day": 86_400_000_000}
"""Microseconds per unit."""


@cache
def zone_named(name: str) -> ZoneInfo:
    """A zone of the IANA database.

    Raises:
        SetupError: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SetupError(f"there is no time zone {name!r}", hint="Use a name such as Europe/Paris.") from None


@dataclass(frozen=True)
class Instant(Converter):
    """A point in time.

    Args:
        form: ``iso`` (2026-01-31T12:00:00Z), ``s`` or ``ms`` (since 1970, as numbers), ``local`` (the
            vendor's wall clock without a zone, ``2026-01-31 12:00:00``), or a strptime pattern.
        zone: Whose wall clock, for ``local``, patterns without a zone, and ISO text without one.
        resolution: What the vendor keeps; finer parts are cut when writing.
    """

    form: str = "iso"
    zone: str = "UTC"
    resolution: Resolution | None = None

    def __post_init__(self) -> None:
        """Fail when the mapping is declared, not when the first record arrives."""
        zone_named(self.zone)

    @cached_property
    def exact(self) -> bool:  # type: ignore[override]
        """Only ISO text of full resolution keeps everything."""
        return self.form == "iso" and self._kept == "us"

    @property
    def lossy(self) -> bool:  # type: ignore[override]
        """Coarser than a second, or a wall clock whose autumn hour comes twice."""
        return self._kept in ("min", "day") or (self.form not in ("iso", "s", "ms") and self.zone != "UTC")

    @property
    def _kept(self) -> Resolution:
        if self.resolution is not None:
            return self.resolution
        return {"iso": "us", "ms": "ms"}.get(self.form, "s")  # type: ignore[return-value]

    def read(self, value: Any, row: Row) -> str | None:
        """Canonical UTC text. Zero dates (0000-00-00) are empty."""
        if isinstance(value, str):
            if self.form == "iso" and canonical.is_instant(value):
                return value
            if value.startswith("0000-00-00"):
                return None
        if self.form in ("s", "ms"):
            return canonical.instant(self._from_epoch(value))
        return canonical.instant(self._from_text(value))

    def _from_epoch(self, value: Any) -> datetime:
        found = canonical.number(value)
        if found is None:
            raise canonical.UnfitError("not an instant")
        try:
            return _EPOCH + timedelta(microseconds=round(found * _STEP[self.form]))
        except OverflowError:
            raise canonical.UnfitError("an instant outside the years 1 to 9999") from None

    def _from_text(self, value: Any) -> datetime:
        if not isinstance(value, str):
            raise canonical.UnfitError("expected an instant as text")
        try:
            if self.form in ("iso", "local"):
                found = datetime.fromisoformat(value.strip())
            else:
                found = datetime.strptime(value.strip(), self.form)  # noqa: DTZ007  the zone comes below
        except ValueError:
            raise canonical.UnfitError("not an instant in the declared form") from None
        return found if found.tzinfo is not None else found.replace(tzinfo=zone_named(self.zone))

    def write(self, value: Any, document: Document) -> Any:
        """The vendor's spelling."""
        if self.exact:
            return value
        moment = datetime.fromisoformat(value)
        since = (moment - _EPOCH) // timedelta(microseconds=1)
        kept = since - since % _STEP[self._kept]
        if self.form in ("s", "ms"):
            return kept // _STEP[self.form]
        moment = _EPOCH + timedelta(microseconds=kept)
        if self.form == "iso":
            return canonical.instant(moment)
        local = moment.astimezone(zone_named(self.zone))
        return (
            local.replace(tzinfo=None).isoformat(" ") if self.form == "local" else local.strftime(self.form)
        )


@dataclass(frozen=True)
class Date(Converter):
    """A calendar date; a time of day after it is ignored when reading.

    Args:
        form: ``iso`` or a strptime pattern such as ``%d/%m/%Y``.
    """

    form: str = "iso"
    exact = True

    def read(self, value: Any, row: Row) -> str | None:
        """Canonical text. Zero dates (0000-00-00) are empty."""
        if not isinstance(value, str):
            raise canonical.UnfitError("expected a date as text")
        if value.startswith("0000-00-00"):
            return None
        if self.form == "iso":
            return canonical.day(value.strip()[:10])
        try:
            return datetime.strptime(value.strip(), self.form).date().isoformat()  # noqa: DTZ007  no instant
        except ValueError:
            raise canonical.UnfitError("not a date in the declared form") from None

    def write(self, value: Any, document: Document) -> str:
        """The vendor's spelling."""
        return str(value) if self.form == "iso" else date.fromisoformat(value).strftime(self.form)


_MILLISECONDS_FROM = 100_000_000_000
"""Epoch numbers from here on are milliseconds: as seconds they would be after the year 5138."""


_SHORTEST = len("2026-01-31T12:00:00")


def parse_instant(value: Any) -> datetime:
    """An instant in any usual spelling: ISO text (UTC when it has no zone), epoch seconds or milliseconds.

    Raises:
        UnfitError: it is none.
    """
    if isinstance(value, str) and len(value) >= _SHORTEST and value[4] == "-":
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            pass  # another spelling: below
        else:
            return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    if isinstance(value, str) and not value.strip().lstrip("-").replace(".", "", 1).isdecimal():
        text = Instant().read(value.strip(), {})
    else:
        number = canonical.number(value)
        form = "ms" if number is not None and abs(number) >= _MILLISECONDS_FROM else "s"
        text = Instant(form).read(number, {})
    if text is None:
        raise canonical.UnfitError("not an instant")
    return datetime.fromisoformat(text)

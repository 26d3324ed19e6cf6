"""Values between the database and a row: JSON on our side, the column's own type on the other."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

YES = frozenset({"true", "1", "t", "y", "yes"})
NO = frozenset({"false", "0", "f", "n", "no", ""})


def to_json(value: Any, zone: ZoneInfo) -> Any:  # noqa: PLR0911  a table of types
    """A database value as JSON: instants in UTC, decimals as exact text, bytes as hexadecimal text."""
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None  # noqa: PLR0124  NaN
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=zone)
        return aware.astimezone(UTC).isoformat()[:-6] + "Z"
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {str(key): to_json(item, zone) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(item, zone) for item in value]
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def from_sqlite(value: Any, kind: type[Any], zone: ZoneInfo) -> Any:
    """What SQLite keeps in a column of a declared type, as JSON.

    SQLite lets any column hold anything, so what does not fit the declared type stays as it is, for
    the mapping to judge; the driver's own conversion would fail the whole page.
    """
    if kind is bool and value in (0, 1):
        return bool(value)
    if kind is Decimal and isinstance(value, (int, float)):
        return repr(value) if isinstance(value, float) else str(value)
    if isinstance(value, str):
        if kind is datetime and (moment := _moment(value)) is not None:
            return to_json(moment, zone)
        if kind in (dict, list):
            try:
                return json.loads(value)
            except ValueError:
                return value
    return to_json(value, zone)


def _moment(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def kind_of(column_type: TypeEngine[Any]) -> type[Any]:
    """The Python type behind a column's type; ``object`` when the database keeps it to itself."""
    from sqlalchemy.types import JSON

    if isinstance(column_type, JSON):
        return dict
    try:
        return column_type.python_type
    except RuntimeError:  # what SQLAlchemy raises for such a type is a subclass
        return object


def to_database(value: Any, column_type: TypeEngine[Any], zone: ZoneInfo) -> Any:
    """A JSON value as the column's type wants it.

    Raises:
        ValueError: it does not fit; the words do not repeat it.
    """
    if value is None:
        return None
    kind = kind_of(column_type)
    if kind is datetime:
        return _stored_moment(value, zone, aware=bool(getattr(column_type, "timezone", False)))
    if kind is str:
        return _stored_text(value, getattr(column_type, "length", None))
    if isinstance(value, str) and "\0" in value:
        raise ValueError("text with a NUL character")
    try:
        convert = CONVERT.get(kind)
        return value if convert is None else convert(value)
    except (ValueError, TypeError, InvalidOperation):
        raise ValueError(f"not a value of type {kind.__name__}") from None


def _truth(value: Any) -> bool:
    word = str(value).strip().lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise ValueError("neither true nor false")


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    found = Decimal(str(value).strip())
    if found != found.to_integral_value():
        raise ValueError("not whole")
    return int(found)


CONVERT: Mapping[type[Any], Callable[[Any], Any]] = {
    bool: _truth,
    int: _whole,
    float: float,
    Decimal: lambda value: Decimal(str(value)),
    date: lambda value: date.fromisoformat(str(value)[:10]),
    time: lambda value: time.fromisoformat(str(value)),
    uuid.UUID: lambda value: uuid.UUID(str(value)),
    bytes: lambda value: bytes.fromhex(str(value)),
}
"""How a JSON value becomes one of a column's type; types not listed take it as it is."""


def _stored_moment(value: Any, zone: ZoneInfo, *, aware: bool) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("not an instant") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC) if aware else moment.astimezone(zone).replace(tzinfo=None)


def _stored_text(value: Any, length: int | None) -> str:
    if isinstance(value, bool):
        value = "true" if value else "false"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
    if "\0" in text:
        raise ValueError("text with a NUL character")
    if length is not None and len(text) > length:
        raise ValueError(f"longer than the column's {length} characters")
    return text

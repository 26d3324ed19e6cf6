"""HubSpot's search: filters, sorts, free text, the lag of the index and the end after 10,000 results.

Limits: 5 filter groups, 6 filters per group [documentation], 200 results per page [spec]; the developer
changelog of August 2024 raises the filters per group to ten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from accord.sandbox import Item
from accord_hubspot.sandbox import answers
from accord_hubspot.sandbox.properties import Kind

MAX_PAGE = 200
MAX_RESULTS = 10_000
MAX_GROUPS = 5
MAX_FILTERS = 10


class SearchError(ValueError):
    """A search that HubSpot refuses with 400."""


Test = Callable[[Item], bool]
Reader = Callable[[Item], Any]


def run(kind: Kind, rows: Sequence[Item], wanted: Mapping[str, Any]) -> tuple[list[Item], int, int]:
    """The matching rows in order, and the start and size of the page; raises :class:`SearchError`."""
    start, size = _page(wanted)
    fits = _fits(kind, wanted)
    found = [item for item in rows if answers.ARCHIVED not in item.values and fits(item)]
    found.sort(key=lambda item: int(item.id))
    for order in reversed(wanted.get("sorts") or []):
        name, descending = _order(order)
        if name != "hs_object_id" or descending:
            read = _reader(kind, name)
            found.sort(key=lambda item, read=read: _sortable(read(item)), reverse=descending)  # type: ignore[misc]
    return found, start, size


def _page(wanted: Mapping[str, Any]) -> tuple[int, int]:
    try:
        start, size = int(wanted.get("after") or 0), int(wanted.get("limit") or 10)
    except ValueError:
        raise SearchError("after and limit must be numbers") from None
    if not 1 <= size <= MAX_PAGE:
        raise SearchError(f"limit must be between 1 and {MAX_PAGE}")
    if start + size > MAX_RESULTS:
        raise SearchError(f"a search pages through at most {MAX_RESULTS} results")
    return start, size


def _groups(wanted: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    groups = [list(group.get("filters") or ()) for group in wanted.get("filterGroups") or ()]
    if len(groups) > MAX_GROUPS or any(len(filters) > MAX_FILTERS for filters in groups):
        raise SearchError(f"at most {MAX_GROUPS} filter groups with {MAX_FILTERS} filters each")
    for condition in (condition for filters in groups for condition in filters):
        if condition.get("operator") not in OPERATORS:
            raise SearchError("unknown filter operator")
    return groups


def _order(order: Any) -> tuple[str, bool]:
    if isinstance(order, str):
        return order.removeprefix("-"), order.startswith("-")
    return str(order.get("propertyName")), order.get("direction") == "DESCENDING"


SEARCHED = ("email", "firstname", "lastname", "phone", "company", "hs_order_name", "hs_external_order_id")


def _fits(kind: Kind, wanted: Mapping[str, Any]) -> Test:
    """The whole question as one test; each condition is prepared once, not once per row."""
    groups = [[_condition(kind, one) for one in filters] for filters in _groups(wanted)]
    text = str(wanted.get("query") or "").lower()

    def fits(item: Item) -> bool:
        if text and not any(text in str(item.values.get(name) or "").lower() for name in SEARCHED):
            return False
        return not groups or any(all(test(item) for test in tests) for tests in groups)

    return fits


def _condition(kind: Kind, condition: Mapping[str, Any]) -> Test:
    read = _reader(kind, str(condition.get("propertyName")))
    test = OPERATORS[condition["operator"]](condition)
    return lambda item: test(read(item))


def _reader(kind: Kind, name: str) -> Reader:
    """How to read a property of a row; instants in milliseconds, None for what is empty."""
    if name == kind.stamps[1]:
        return lambda item: answers.millis(item.updated_at)
    if name == kind.stamps[0]:
        return lambda item: answers.millis(item.created_at)
    if name == "hs_object_id":
        return lambda item: int(item.id)
    return lambda item: item.values.get(name) or None


def _sortable(value: Any) -> tuple[int, float, str]:
    number = _number(value)
    return (0, 0.0, "") if value is None else (1, number or 0.0, "" if number is not None else str(value))


def _number(value: Any) -> float | None:
    """A number, or an instant in milliseconds; None for other text."""
    if value is None or isinstance(value, (int, float)):
        return value
    try:
        return float(value)
    except ValueError:
        pass
    try:
        return float(answers.millis(datetime.fromisoformat(str(value))))
    except ValueError:
        return None


def _comparison(other: Any) -> Callable[[Any], int | None]:
    """Compares values with this one: -1, 0 or 1; None when one of them is empty."""
    number, text = _number(other), str(other).lower()

    def compare(value: Any) -> int | None:
        if value is None or other is None:
            return None
        mine = _number(value) if number is not None else None
        if number is None or mine is None:
            word = str(value).lower()
            return (word > text) - (word < text)
        return (mine > number) - (mine < number)

    return compare


Operator = Callable[[Mapping[str, Any]], Callable[[Any], bool]]


def _against(*orders: int) -> Operator:
    def prepare(condition: Mapping[str, Any]) -> Callable[[Any], bool]:
        compare = _comparison(condition.get("value"))
        return lambda value: compare(value) in orders

    return prepare


def _not_equal(condition: Mapping[str, Any]) -> Callable[[Any], bool]:
    compare = _comparison(condition.get("value"))
    return lambda value: compare(value) != 0


def _between(condition: Mapping[str, Any]) -> Callable[[Any], bool]:
    low, high = _comparison(condition.get("value")), _comparison(condition.get("highValue"))
    return lambda value: low(value) in (0, 1) and high(value) in (-1, 0)


def _among(*, wanted: bool) -> Operator:
    def prepare(condition: Mapping[str, Any]) -> Callable[[Any], bool]:
        compares = [_comparison(other) for other in condition.get("values") or ()]
        return lambda value: value is not None and any(one(value) == 0 for one in compares) == wanted

    return prepare


def _present(*, wanted: bool) -> Operator:
    return lambda _condition: lambda value: (value is not None) == wanted


def _token(*, wanted: bool) -> Operator:
    def prepare(condition: Mapping[str, Any]) -> Callable[[Any], bool]:
        word = str(condition.get("value") or "").strip("*").lower()
        return lambda value: (word in str(value or "").lower()) == wanted

    return prepare


OPERATORS: Mapping[str, Operator] = {
    "EQ": _against(0),
    "NEQ": _not_equal,
    "GT": _against(1),
    "GTE": _against(0, 1),
    "LT": _against(-1),
    "LTE": _against(-1, 0),
    "BETWEEN": _between,
    "IN": _among(wanted=True),
    "NOT_IN": _among(wanted=False),
    "HAS_PROPERTY": _present(wanted=True),
    "NOT_HAS_PROPERTY": _present(wanted=False),
    "CONTAINS_TOKEN": _token(wanted=True),
    "NOT_CONTAINS_TOKEN": _token(wanted=False),
}

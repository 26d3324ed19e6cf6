r"""Paths into canonical documents and vendor rows, compiled to closures.

Canonical: ``given_name``, ``addresses.default.postal_code``; a key that holds dots stands in brackets:
``consents[marketing.direct:email].state``.

Vendor: ``properties.firstname``, a dot inside a name is escaped (``a\.b``) or bracketed (``[a.b]``);
``emails[0]`` is a place in a list; ``ids[type=phone].value`` is the member of a list of records that
says so (several conditions: ``[type=x,namespace=y]``); a path that begins with ``/`` starts at the
whole row even inside ``each``.

A missing key gives :data:`MISSING`; null on the way gives None, as does a place or member that a
list does not have: the list was shown, so the member is known not to exist.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from enum import Enum
from functools import cache
from typing import Any, Final, Literal, NamedTuple

from accord.errors import SetupError
from accord.model.values import UnfitError

ROOT = "/"
"""The key under which an item inside ``each`` finds the whole row or document."""


class Missing(Enum):
    """The type of :data:`MISSING`."""

    MISSING = "missing"

    def __bool__(self) -> Literal[False]:
        return False


MISSING: Final = Missing.MISSING
"""Stands for a key that is not there, as opposed to null."""


class Member(NamedTuple):
    """A step to the record of a list that has these values."""

    conditions: tuple[tuple[str, str], ...]

    def of(self, items: list[Any]) -> dict[str, Any] | None:
        """The first record that fits."""
        for item in items:
            if isinstance(item, dict) and all(str(item.get(k)) == v for k, v in self.conditions):
                return item
        return None


Step = str | int | Member
Steps = tuple[Step, ...]
Names = tuple[str, ...]


@cache
def parse_canonical(path: str) -> Names:
    """The keys of a canonical path."""
    return tuple(name for name, _ in _split(path))


@cache
def parse(path: str) -> Steps:
    """The steps of a vendor path; none for the empty path, which is the whole row."""
    if path.startswith(ROOT):
        return (ROOT, *parse(path[1:]))
    return tuple(_step(name) if bracketed else name for name, bracketed in _split(path)) if path else ()


def _split(path: str) -> list[tuple[str, bool]]:
    parts: list[tuple[str, bool]] = []
    name, place, end = "", 0, len(path)
    while place < end:
        sign = path[place]
        if sign == "\\" and place + 1 < end:
            place += 1
            name += path[place]
        elif sign == "[":
            close = path.find("]", place)
            if close < 0:
                raise SetupError(f"the path {path!r} has a '[' without ']'")
            parts += [(name, False)] if name else []
            parts.append((path[place + 1 : close], True))
            name, place = "", close
        elif sign == ".":
            parts += [(name, False)] if name else []
            name = ""
        else:
            name += sign
        place += 1
    parts += [(name, False)] if name else []
    if not parts or any(not part for part, _ in parts):
        raise SetupError(f"the path {path!r} has an empty step")
    return parts


def _step(inside: str) -> Step:
    if inside.isdecimal():
        return int(inside)
    if "=" in inside:
        pairs = (condition.partition("=") for condition in inside.split(","))
        return Member(tuple((key.strip(), value.strip()) for key, _, value in pairs))
    return inside


Getter = Callable[[Any], Any]
Putter = Callable[[Any, Any], None]


@cache
def getter(steps: Steps) -> Getter:
    """A function that follows the steps and gives the value, None or MISSING."""
    if len(steps) == 1 and isinstance(steps[0], str):
        return _key_getter(steps[0])
    if len(steps) == 2 and isinstance(steps[0], str) and isinstance(steps[1], str):  # noqa: PLR2004  most are short
        return _keys_getter(steps[0], steps[1])

    def get(held: Any) -> Any:
        for step in steps:
            if held is None or held is MISSING:
                return held
            held = _follow(held, step)
        return held

    return get


def _key_getter(key: str) -> Getter:
    def get(held: Any) -> Any:
        return held.get(key, MISSING) if type(held) is dict else _follow(held, key)

    return get


def _keys_getter(first: str, second: str) -> Getter:
    def get(held: Any) -> Any:
        inner = held.get(first, MISSING) if type(held) is dict else _follow(held, first)
        if type(inner) is dict:
            return inner.get(second, MISSING)
        return inner if inner is None or inner is MISSING else _follow(inner, second)

    return get


def _follow(held: Any, step: Step) -> Any:
    if isinstance(step, str):
        if isinstance(held, dict):
            return held.get(step, MISSING)
    elif isinstance(held, list):
        if isinstance(step, Member):
            return step.of(held)
        return held[step] if step < len(held) else None
    if not held and not isinstance(held, (bool, int, float)):
        # Some servers write an empty object as [] or "", and an empty list as {}.
        return None
    raise UnfitError("the vendor's record has another shape here than the path expects")


def has_list(steps: Steps) -> bool:
    """Whether the path goes through a list, which a vendor replaces as a whole."""
    return any(not isinstance(step, str) for step in steps)


@cache
def putter(steps: Steps) -> Putter:
    """A function that puts a value at the end of the steps, making what is not there yet."""
    *way, last = steps

    if not way and isinstance(last, str):

        def put_key(held: Any, value: Any) -> None:
            held[last] = value

        return put_key

    def put(held: Any, value: Any) -> None:
        for step, following in zip(way, steps[1:], strict=True):
            held = _child(held, step, dict if isinstance(following, str) else list)
        _place(held, last, value)

    return put


def _child(held: Any, step: Step, kind: type[Any]) -> Any:
    if isinstance(step, str):
        child = held.get(step)
        if not isinstance(child, kind):
            child = held[step] = kind()
        return child
    if isinstance(step, Member):
        member = step.of(held)
        if member is None:
            member = dict(step.conditions)
            held.append(member)
        return member
    held.extend({} for _ in range(step + 1 - len(held)))
    if not isinstance(held[step], kind):
        held[step] = kind()
    return held[step]


def _place(held: Any, step: Step, value: Any) -> None:
    if isinstance(step, Member):
        member = step.of(held)
        held[:] = [item for item in held if item is not member]
        if value is not None:
            held.append({**dict(step.conditions), **value})
    elif isinstance(step, int):
        held.extend(None for _ in range(step + 1 - len(held)))
        held[step] = value
    else:
        held[step] = value


def seed(row: dict[str, Any], previous: dict[str, Any], steps: Steps) -> None:
    """Copy the list that a path goes through from the vendor's present row, to be changed in place."""
    listed = next(place for place, step in enumerate(steps) if not isinstance(step, str))
    way = steps[:listed]
    if way and getter(way)(row) in (MISSING, None):
        present = getter(way)(previous)
        if isinstance(present, list):
            putter(way)(row, deepcopy(present))


def get(row: Any, steps: Steps, default: Any = None) -> Any:
    """The value at the end of the steps; the default when it is missing or a parent has another shape."""
    try:
        found = getter(steps)(row)
    except ValueError:
        # Asked of rows nobody has validated yet: another shape means that there is no such value.
        return default
    return default if found is MISSING else found


def put(row: dict[str, Any], steps: Steps, value: Any) -> None:
    """Put a value at the end of the steps, making objects and lists on the way."""
    putter(steps)(row, value)

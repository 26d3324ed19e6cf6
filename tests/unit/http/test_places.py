"""Where things stand in JSON."""

from __future__ import annotations

from typing import Any

import pytest

from accord.http import places
from tests.unit.http.surroundings import caught

BODY: dict[str, Any] = {"a": {"b": [{"c": 1}, {"c": 2}]}, "x.y": 3, "n": None, "z": {"x.y": 4}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", BODY),
        ("a.b.0.c", 1),
        ("a.b.-1.c", 2),
        ("x.y", 3),
        ("z.x.y", 4),
        ("a.b[0].c", 1),
        ("a.b.9", None),
        ("n", None),
        ("n.x", None),
    ],
)
def test_a_path_finds_its_value(path: str, value: object) -> None:
    assert places.at(BODY, path) == value


def test_null_is_there_and_missing_is_not() -> None:
    assert places.has(BODY, "n")
    assert not places.has(BODY, "m")


def test_a_value_is_put_where_it_belongs() -> None:
    body: dict[str, Any] = {"l": [{"v": 0}]}
    places.put(body, "l.0.v", 1)
    places.put(body, "l.1", 3)
    places.put(body, "new.deep", 2)
    assert body == {"l": [{"v": 1}, 3], "new": {"deep": 2}}


@pytest.mark.parametrize("path", ["l.5.v", "l.5", "s.x"])
def test_a_value_is_not_put_where_nothing_is(path: str) -> None:
    caught(KeyError, lambda: places.put({"l": [], "s": 1}, path, 1))

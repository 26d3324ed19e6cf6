from __future__ import annotations

from typing import Any

import pytest

from accord.errors import SetupError
from accord.mapping import paths
from accord.mapping.paths import MISSING, Member, getter, parse, parse_canonical, putter


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a.b", ("a", "b")),
        (r"a\.b.c", ("a.b", "c")),
        ("a[0].b", ("a", 0, "b")),
        ("ids[type=phone].value", ("ids", Member((("type", "phone"),)), "value")),
        ("a[b.c]", ("a", "b.c")),
        ("/currency", ("/", "currency")),
        ("", ()),
    ],
)
def test_vendor_paths_are_parsed(path: str, steps: tuple[Any, ...]) -> None:
    assert parse(path) == steps


def test_canonical_keys_with_dots_stand_in_brackets() -> None:
    assert parse_canonical("consents[marketing.direct:email].state") == (
        "consents",
        "marketing.direct:email",
        "state",
    )


@pytest.mark.parametrize("path", ["a[b", ".", "[]"])
def test_malformed_paths_are_refused(path: str) -> None:
    with pytest.raises(SetupError, match="path"):
        parse(path)


@pytest.mark.parametrize(
    ("row", "path", "value"),
    [
        ({"a": {"b": 1}}, "a.b", 1),
        ({"a": {}}, "a.b", MISSING),
        ({}, "a.b", MISSING),
        ({"a": None}, "a.b", None),
        ({"a": []}, "a.b", None),
        ({"a": [{"b": 1}]}, "a[0].b", 1),
        ({"a": []}, "a[0].b", None),
        ({"a": [{"t": "x", "v": 1}, {"t": "y", "v": 2}]}, "a[t=y].v", 2),
        ({"a": [{"t": "x", "n": 1, "v": 1}, {"t": "x", "n": 2, "v": 2}]}, "a[t=x,n=2].v", 2),
        ({"a": [{"t": "x"}]}, "a[t=y].v", None),
    ],
)
def test_missing_differs_from_null(row: dict[str, Any], path: str, value: Any) -> None:
    assert getter(parse(path))(row) is value or getter(parse(path))(row) == value


def test_another_shape_is_an_error() -> None:
    with pytest.raises(ValueError, match="another shape"):
        getter(parse("a.b.c"))({"a": {"b": "text"}})
    assert paths.get({"a": "text"}, parse("a.b"), 0) == 0


@pytest.mark.parametrize("path", ["a", "a.b.c", "a[1].b", "a[t=x].v", "a[0][1]", r"a\.b"])
def test_what_was_put_is_got(path: str) -> None:
    row: dict[str, Any] = {}
    putter(parse(path))(row, 7)
    assert getter(parse(path))(row) == 7


def test_putting_keeps_the_neighbours() -> None:
    row: dict[str, Any] = {"a": [{"t": "x", "v": 1}], "b": {"c": 1}}
    paths.put(row, parse("a[t=y].v"), 2)
    paths.put(row, parse("b.d"), 3)
    assert row == {"a": [{"t": "x", "v": 1}, {"t": "y", "v": 2}], "b": {"c": 1, "d": 3}}


def test_a_member_can_be_replaced_and_removed() -> None:
    row: dict[str, Any] = {"a": [{"t": "x", "v": 1}, {"t": "y"}]}
    paths.put(row, parse("a[t=x]"), {"v": 2})
    assert row["a"] == [{"t": "y"}, {"t": "x", "v": 2}]
    paths.put(row, parse("a[t=x]"), None)
    assert row["a"] == [{"t": "y"}]

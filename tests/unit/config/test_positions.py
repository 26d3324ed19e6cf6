"""Lines of keys, whatever way they are written."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.config.positions import Path, line_of, lines

TEXT = '''\
# [not.a.table]
top = """
[no] = 1
"""
a.b."c.d" = 1
[x]
y = { z = 1, "q r".s = [1,
  # 2,
  { t = 2 }] }

[x.sub . 'other']
k = 1
[[list]]
n = 1
[[list]]
n = 2
[list.in]
m = 3
[[list.deep]]
o = 4
"\\u00e9" = 5
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("a", "b", "c.d"), 5),
        (("a",), 5),
        (("x",), 6),
        (("x", "y", "z"), 7),
        (("x", "y", "q r", "s", 1), 9),
        (("x", "y", "q r", "s", 1, "t"), 9),
        (("x", "sub", "other"), 11),
        (("x", "sub", "other", "k"), 12),
        (("list", 0, "n"), 14),
        (("list", 1, "n"), 16),
        (("list", 1, "in", "m"), 18),
        (("list", 1, "deep", 0, "o"), 20),
        (("list", 1, "deep", 0, "é"), 21),
    ],
)
def test_every_form_has_its_line(path: Path, line: int) -> None:
    assert lines(TEXT)[path] == line


def test_a_missing_key_stands_at_its_table() -> None:
    assert line_of(lines(TEXT), ("x", "sub", "other", "nothing", 3)) == 11
    assert line_of(lines(TEXT), ("nothing",)) is None


def _paths(value: Any, at: Path = ()) -> set[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {at} | {path for key, each in inner for path in _paths(each, (*at, key))}


def test_every_key_of_a_text_is_found() -> None:
    assert _paths(tomllib.loads(TEXT)) - {()} == set(lines(TEXT))


keys = st.text(alphabet='ab."\\ é#[', max_size=4)
tables = st.recursive(
    st.integers(0, 9), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)
)


def _quoted(key: str) -> str:
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    return "[" + ", ".join(map(_toml, value)) + "]" if isinstance(value, list) else str(value)


@settings(max_examples=100)
@given(st.dictionaries(keys, tables, max_size=4))
def test_arbitrary_keys_are_found(value: dict[str, Any]) -> None:
    text = "\n".join(f"{_quoted(key)} = {_toml(each)}" for key, each in value.items())
    assert tomllib.loads(text) == value
    found = lines(text)
    assert set(found) == _paths(value) - {()}
    assert all(found[path] == list(value).index(str(path[0])) + 1 for path in found)

"""On which line each key of a TOML text stands. Loaded only when there is an error to show."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Node

Path = tuple[str | int, ...]
"""Keys and list positions from the document's root."""


def lines(text: str) -> Mapping[Path, int]:
    """The line (from 1) of every table, key and list member of a valid TOML text."""
    import tree_sitter_toml
    from tree_sitter import Language, Parser

    tree = Parser(Language(tree_sitter_toml.language())).parse(text.encode())
    found: dict[Path, int] = {}
    lists: dict[Path, int] = {}
    for node in tree.root_node.named_children:
        for path, line in _top(node, lists):
            found.setdefault(path, line)
    return found


def line_of(found: Mapping[Path, int], path: Path) -> int | None:
    """The line of a path, or of the nearest thing around it that has one."""
    for length in range(len(path), 0, -1):
        if path[:length] in found:
            return found[path[:length]]
    return None


def _top(node: Node, lists: dict[Path, int]) -> Iterator[tuple[Path, int]]:
    """What stands at the outermost level: pairs, tables and members of lists of tables."""
    if node.type == "pair":
        yield from _pair(node, ())
        return
    if node.type not in {"table", "table_array_element"}:
        return
    header, *pairs = node.named_children
    base = _numbered(_names(header), lists)
    if node.type == "table_array_element":
        yield base, _line(header)
        lists[base] = lists.get(base, -1) + 1
        base = (*base, lists[base])
    yield from _around(base, header)
    for pair in pairs:
        if pair.type == "pair":
            yield from _pair(pair, base)


def _numbered(names: Path, lists: Mapping[Path, int]) -> Path:
    """A header's path with the positions of the lists of tables that it passes through."""
    path: Path = ()
    for name in names:
        if path in lists:
            path = (*path, lists[path])
        path = (*path, name)
    return path


def _pair(node: Node, base: Path) -> Iterator[tuple[Path, int]]:
    key, *rest = node.named_children
    path = (*base, *_names(key))
    for length in range(len(base) + 1, len(path) + 1):
        yield path[:length], _line(key)
    for value in rest:
        yield from _value(value, path)


def _value(node: Node, path: Path) -> Iterator[tuple[Path, int]]:
    if node.type == "inline_table":
        for pair in node.named_children:
            if pair.type == "pair":
                yield from _pair(pair, path)
    elif node.type == "array":
        members = [child for child in node.named_children if child.type != "comment"]
        for position, member in enumerate(members):
            yield (*path, position), _line(member)
            yield from _value(member, (*path, position))


def _around(path: Path, node: Node) -> Iterator[tuple[Path, int]]:
    """A header opens its table and, if nothing did before, those around it."""
    for length in range(1, len(path) + 1):
        yield path[:length], _line(node)


def _names(key: Node) -> Path:
    """The names of a key as TOML means them: quotes and escapes are resolved by the TOML parser itself."""
    table: Any = tomllib.loads(f"{(key.text or b'').decode()} = 0")
    names: Path = ()
    while isinstance(table, dict):
        name = next(iter(table))
        names, table = (*names, name), table[name]
    return names


def _line(node: Node) -> int:
    return node.start_point.row + 1

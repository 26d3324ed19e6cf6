"""The vendor's search syntax, as far as the sandbox's lists understand it.

``field:value``, ``field:>=value`` and the other comparators, quoted values, a trailing ``*``, ``-`` and
``NOT``, ``AND`` (or a blank between terms), ``OR``, parentheses, bare words.
Source: https://shopify.dev/docs/api/usage/search-syntax (read 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Fields = Mapping[str, Any]
Test = Callable[[Fields], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<paren>[()])|(?P<minus>-)?(?:(?P<field>[\w.]+):(?P<op>>=|<=|>|<)?)?"""
    r"""(?P<value>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s()'"]+))"""
)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    field: str = ""
    op: str = ""
    negated: bool = False
    quoted: bool = False


def parse(query: str | None) -> Test:
    """The query as a test of a record's searchable fields; an empty query finds everything."""
    tokens = _tokens(query or "")
    if not tokens:
        return lambda _fields: True
    test, rest = _either(tokens)
    return _both(test, _either(rest)[0]) if rest else test


def _tokens(query: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while match := _TOKEN.match(query, position):
        position = match.end()
        value = match["paren"] or match["value"]
        quoted = value[0] in "'\""
        text = re.sub(r"\\(.)", r"\1", value[1:-1]) if quoted else value
        found.append(_Token(text, match["field"] or "", match["op"] or "", bool(match["minus"]), quoted))
    return found


def _either(tokens: list[_Token]) -> tuple[Test, list[_Token]]:
    test, rest = _all(tokens)
    while rest and _is_word(rest[0], "OR"):
        other, rest = _all(rest[1:])
        test = _any(test, other)
    return test, rest


def _all(tokens: list[_Token]) -> tuple[Test, list[_Token]]:
    test, rest = _one(tokens)
    while rest and not _is_word(rest[0], "OR") and rest[0].text != ")":
        other, rest = _one(rest[1:] if _is_word(rest[0], "AND") else rest)
        test = _both(test, other)
    return test, rest


def _one(tokens: list[_Token]) -> tuple[Test, list[_Token]]:
    if not tokens:
        return (lambda _fields: True), []
    first, rest = tokens[0], tokens[1:]
    if _is_word(first, "NOT"):
        test, rest = _one(rest)
        return (lambda fields: not test(fields)), rest
    if first.text == "(" and not first.quoted:
        test, rest = _either(rest)
        return test, rest[1:]
    if first.negated:
        return (lambda fields: not _matches(first, fields)), rest
    return (lambda fields: _matches(first, fields)), rest


def _is_word(token: _Token, word: str) -> bool:
    return token.text == word and not token.field and not token.quoted


def _both(one: Test, other: Test) -> Test:
    return lambda fields: one(fields) and other(fields)


def _any(one: Test, other: Test) -> Test:
    return lambda fields: one(fields) or other(fields)


def _matches(token: _Token, fields: Fields) -> bool:
    if not token.field:
        return any(_equal(value, token.text) for value in fields.values())
    if token.field not in fields:
        return True  # the vendor ignores a filter that it does not know
    value = fields[token.field]
    values = value if isinstance(value, list) else [value]
    compare = _compare if token.op else _equal_token
    return any(compare(each, token) for each in values)


def _equal_token(value: Any, token: _Token) -> bool:
    return _equal(value, token.text)


def _equal(value: Any, text: str) -> bool:
    if value is None:
        return False
    if isinstance(value, datetime):
        return value == _instant(text)
    plain = str(value).lower()
    if text.endswith("*"):
        return any(word.startswith(text[:-1].lower()) for word in (plain, *plain.split()))
    return text.lower() == plain


def _compare(value: Any, token: _Token) -> bool:
    if value is None:
        return False
    left: Any = value
    right: Any = _instant(token.text) if isinstance(value, datetime) else type(value)(token.text)
    outcomes = {">=": left >= right, "<=": left <= right, ">": left > right, "<": left < right}
    return bool(outcomes[token.op])


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.astimezone()

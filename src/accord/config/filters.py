"""Filters such as ``country in ['FR', 'BE']`` on canonical documents: a small part of Python, never eval.

Names are canonical fields, dots lead inside (``addresses.default.country``), what is missing is null, and a
comparison in order (``<``) with null is false.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from simpleeval import EvalWithCompoundTypes

from accord.config.problems import suggestion
from accord.mapping.declared.kinds import kind_of
from accord.model import Canonical
from accord.model.record import Document

LONGEST: Final = 1000
"""Characters; far more than any person writes, far less than it takes to exhaust the evaluator."""

_CONSTANTS: Final = {"true": True, "false": False, "null": None}


def _starts_with(text: Any, start: Any) -> bool:
    return isinstance(text, str) and isinstance(start, str) and text.startswith(start)


def _ends_with(text: Any, end: Any) -> bool:
    return isinstance(text, str) and isinstance(end, str) and text.endswith(end)


def _lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "lower": _lower,
}

_ARGUMENTS: Final = {"starts_with": 2, "ends_with": 2, "lower": 1}


def _number(value: Any) -> Decimal | None:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            return Decimal(str(value))
        except InvalidOperation:
            return None
    return None


def _pair(one: Any, other: Any) -> tuple[Any, Any] | None:
    """Two values that can be compared; amounts are texts in documents, so a number makes both numbers."""
    if isinstance(one, str) and isinstance(other, str):
        return one, other
    numbers = _number(one), _number(other)
    return None if None in numbers else numbers


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(one: Any, other: Any) -> bool:
        pair = _pair(one, other)
        return pair is not None and bool(compare(*pair))

    return ordered


def _equal(one: Any, other: Any) -> bool:
    pair = _pair(one, other)
    return one == other if pair is None else bool(pair[0] == pair[1])


def _among(one: Any, other: Any) -> bool:
    if isinstance(other, str):
        return isinstance(one, str) and one in other
    return isinstance(other, (list, tuple, dict)) and any(_equal(one, each) for each in other)


_OPERATORS: Final[dict[type[ast.AST], Callable[..., Any]]] = {
    ast.Eq: _equal,
    ast.NotEq: lambda one, other: not _equal(one, other),
    ast.Lt: _ordered(operator.lt),
    ast.LtE: _ordered(operator.le),
    ast.Gt: _ordered(operator.gt),
    ast.GtE: _ordered(operator.ge),
    ast.In: _among,
    ast.NotIn: lambda one, other: not _among(one, other),
    ast.Not: operator.not_,
}
_NODES: Final = (
    *(ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Compare, ast.Name, ast.Attribute),
    *(ast.Subscript, ast.Constant, ast.List, ast.Tuple, ast.Call, ast.Load),
    *_OPERATORS,
)


class Filter:
    """A checked filter; call it with a canonical document.

    Args:
        text: The expression.
        model: The canonical model whose fields it may name.

    Raises:
        ValueError: the expression is none, or names what the model does not have.
    """

    def __init__(self, text: str, model: type[Canonical]) -> None:
        self.text = text
        self._tree = _parsed(text)
        _check(self._tree, model)
        self._document: ContextVar[Document] = ContextVar("document")
        self._evaluator = EvalWithCompoundTypes(
            operators=_OPERATORS, functions=dict(FUNCTIONS), names=self._name
        )
        self._evaluator.nodes[ast.Attribute] = self._attribute
        self._evaluator.nodes[ast.Subscript] = self._subscript

    def __call__(self, document: Document) -> bool:
        """Whether the document passes."""
        token = self._document.set(document)
        try:
            return bool(self._evaluator.eval(self.text, previously_parsed=self._tree.body))
        finally:
            self._document.reset(token)

    def __repr__(self) -> str:
        return f"Filter({self.text!r})"

    def _name(self, node: ast.Name) -> Any:
        if node.id in _CONSTANTS:
            return _CONSTANTS[node.id]
        return self._document.get().get(node.id)

    def _attribute(self, node: ast.Attribute) -> Any:
        return _inside(self._evaluator.eval("", previously_parsed=node.value), node.attr)

    def _subscript(self, node: ast.Subscript) -> Any:
        assert isinstance(node.slice, ast.Constant)
        return _inside(self._evaluator.eval("", previously_parsed=node.value), node.slice.value)


def _inside(value: Any, key: Any) -> Any:
    """A member, null where there is none. Only of objects: nothing else has members here, and no methods."""
    return value.get(key) if isinstance(value, dict) else None


def _parsed(text: str) -> ast.Expression:
    if len(text) > LONGEST:
        raise ValueError(f"a filter may have {LONGEST} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise ValueError(f"this is no expression: {error.msg} (character {error.offset})") from None
    except (ValueError, RecursionError, MemoryError):
        raise ValueError("this is no expression") from None


def _check(tree: ast.Expression, model: type[Canonical]) -> None:
    callees = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, (ast.Attribute, ast.Subscript))}
    for node in ast.walk(tree):
        if not isinstance(node, _NODES):
            raise ValueError(f"{type(node).__name__.lower()} is not part of the filter language")
        if isinstance(node, ast.Call):
            _check_call(node)
        elif isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and not {id(node)} & (
            callees | inner
        ):
            _check_field(node, model)


def _check_call(node: ast.Call) -> None:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in FUNCTIONS:
        raise ValueError(f"there is no such function; functions are {', '.join(sorted(FUNCTIONS))}")
    if len(node.args) != _ARGUMENTS[name] or node.keywords:
        raise ValueError(f"{name} takes {_ARGUMENTS[name]} argument(s)")


def _check_field(node: ast.expr, model: type[Canonical]) -> None:
    path = _path(node)
    if path in {(name,) for name in _CONSTANTS}:
        return
    if path[0] not in model.model_fields:
        raise ValueError(
            f"{model.__name__} has no field {path[0]!r}, {suggestion(path[0], model.model_fields)}"
        )
    if len(path) > 1 and kind_of(model, path) is None:
        raise ValueError(f"{model.__name__} has no field {'.'.join(path)!r}")


def _path(node: ast.expr) -> tuple[str, ...]:
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        return (*_path(node.value), node.attr)
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    ):
        return (*_path(node.value), node.slice.value)
    raise ValueError("only fields have members, named by a word or by a text in brackets")

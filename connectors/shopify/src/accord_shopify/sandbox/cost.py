"""What a document costs, and the answer of an empty bucket.

The vendor publishes the principle (an object 1, a connection by its page size, a mutation 10, scalars
nothing, at most 1,000 per document) but not the exact arithmetic; here only what has an id is an object.
Source: https://shopify.dev/docs/api/usage/limits (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    value_from_ast_untyped,
)

MOST = 1000
MUTATION = 10
CONNECTION = 2
NOT_ASKED = object()


class Meter:
    """Prices one document: before it runs by what it asks for, afterwards by what it got."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self._schema = schema
        self._variables = dict(variables)
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def price(self, operation: OperationDefinitionNode, data: Any = NOT_ASKED) -> int:
        """The cost of an operation; with ``data`` the cost of what it answered."""
        root = self._schema.get_root_type(operation.operation)
        cost = self._selection(operation.selection_set, root, data)
        return max(cost, 1)

    def _selection(self, selection: SelectionSetNode | None, parent: Any, value: Any) -> int:
        if selection is None or value is None:
            return 0
        total = 0
        for node in selection.selections:
            if isinstance(node, FieldNode):
                total += self._field(node, parent, value)
            else:
                spread, on = self._spread(node, parent)
                total += self._selection(spread, on, value)
        return total

    def _spread(self, node: Any, parent: Any) -> tuple[SelectionSetNode, Any]:
        if isinstance(node, FragmentSpreadNode):
            fragment = self._fragments[node.name.value]
            return fragment.selection_set, self._schema.get_type(fragment.type_condition.name.value)
        assert isinstance(node, InlineFragmentNode)
        condition = node.type_condition
        on = self._schema.get_type(condition.name.value) if condition else parent
        return node.selection_set, on

    def _field(self, node: FieldNode, parent: Any, value: Any) -> int:
        fields = getattr(parent, "fields", {})
        if node.name.value not in fields:
            return 0
        kind = get_named_type(fields[node.name.value].type)
        key = node.alias.value if node.alias else node.name.value
        child = value.get(key) if isinstance(value, Mapping) else NOT_ASKED
        base = MUTATION if parent is self._schema.mutation_type else self._base(kind)
        if child is None:
            return base
        if kind.name.endswith("Connection"):
            return base + self._connection(node, kind, child)
        if isinstance(child, list):
            return sum(base + self._selection(node.selection_set, kind, each) for each in child)
        times = (
            self._length(node, "ids") if node.name.value == "nodes" and "ids" in str(node.arguments) else 1
        )
        return times * (base + self._selection(node.selection_set, kind, child))

    def _connection(self, node: FieldNode, kind: Any, child: Any) -> int:
        """Every node of the page, asked for or answered."""
        once = self._selection(node.selection_set, kind, child)
        if child is not NOT_ASKED:
            return once
        size = self._argument(node, "first") or self._argument(node, "last") or 0
        return int(size) * once

    def _base(self, kind: Any) -> int:
        if kind.name.endswith("Connection"):
            return CONNECTION
        interfaces = {interface.name for interface in getattr(kind, "interfaces", ())}
        return 1 if "Node" in interfaces or kind.name == "Node" else 0

    def _length(self, node: FieldNode, name: str) -> int:
        value = self._argument(node, name)
        return len(value) if isinstance(value, list) else 1

    def _argument(self, node: FieldNode, name: str) -> Any:
        for argument in node.arguments or ():
            if argument.name.value == name:
                return value_from_ast_untyped(argument.value, self._variables)
        return None

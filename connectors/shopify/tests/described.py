"""The vendor's kept description of the Admin API as a judge of requests and answers."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLSchema,
    build_schema,
    execute_sync,
    get_variable_values,
    parse,
    validate,
)

NEWER = Path(__file__).with_name("newer.graphql")
_OLD_PRODUCT_UPDATE = re.compile(r"productUpdate\(\s*\"[^\"]*\"\s*input: ProductInput!\s*\)")
_OLD_LEVELS = re.compile(r"(query: String)(\s*\): InventoryLevelConnection!)")


@cache
def kept(specs: Path) -> GraphQLSchema:
    """The vendor's schema of 2022-07."""
    return build_schema(_text(specs), assume_valid=True)


@cache
def described(specs: Path) -> GraphQLSchema:
    """The vendor's schema of 2022-07 with what was verified to be newer."""
    text, count = _OLD_PRODUCT_UPDATE.subn("productUpdate(product: ProductUpdateInput)", _text(specs))
    assert count == 1, "the kept description has another productUpdate"
    text, count = _OLD_LEVELS.subn(r"\1, includeInactive: Boolean = false\2", text)
    assert count == 2, "the kept description has other inventoryLevels"
    return build_schema(text + NEWER.read_text(encoding="utf-8"), assume_valid=True)


def _text(specs: Path) -> str:
    return (specs / "shopify" / "admin_2022-07.graphql").read_text(encoding="utf-8")


def problems_of_request(schema: GraphQLSchema, query: str, variables: dict[str, Any]) -> list[str]:
    """Why the vendor would not understand a document or its variables."""
    document = parse(query)
    found = [error.message for error in validate(schema, document)]
    (operation,) = (node for node in document.definitions if node.kind == "operation_definition")
    if found:
        return found
    values = get_variable_values(schema, operation.variable_definitions or [], variables)
    return [error.message for error in values] if isinstance(values, list) else []


def problems_of_answer(
    schema: GraphQLSchema, query: str, variables: dict[str, Any], data: dict[str, Any]
) -> list[str]:
    """Where an answer does not have the described types: the schema re-tells the answer and must agree."""
    told = execute_sync(
        schema,
        parse(query),
        root_value=data,
        variable_values=variables,
        field_resolver=lambda source, info, **_arguments: source[info.path.key],
        type_resolver=lambda value, _info, _type: value["id"].split("/")[3],
    )
    wrong = [error.message for error in told.errors or []]
    return wrong or ([] if told.data == data else ["the answer holds what was not asked for"])

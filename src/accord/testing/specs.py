"""Hold recorded exchanges against a vendor's own OpenAPI description.

Needs ``jsonschema`` and ``openapi-schema-validator`` (the extra ``test``).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from accord.testing.recording import Recorder

METHODS = frozenset({"get", "post", "put", "patch", "delete"})
Exchange = tuple[httpx.Request, httpx.Response]


class UndescribedError(AssertionError):
    """Something was sent or answered that the vendor's description does not know."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a description.

    Attributes:
        name: Verb and path as described: ``GET /contacts/{id}``.
        method: The verb.
        path: What paths of requests to it look like.
        said: What the description says about it.
        document: The whole description, for references.
    """

    name: str
    method: str
    path: re.Pattern[str]
    said: Mapping[str, Any]
    document: Mapping[str, Any]


class Description:
    """The operations of one or more OpenAPI 3.0 documents, by method and path.

    Args:
        documents: The decoded documents.
        prefix: Part of every path that the documents leave out (of the server's address).
    """

    def __init__(self, documents: Iterable[Mapping[str, Any]], *, prefix: str = "") -> None:
        self.operations = [operation for document in documents for operation in _operations(document, prefix)]

    def check(self, exchanges: Iterable[Exchange]) -> Counter[str]:
        """Validate every exchange; how often each operation was seen.

        Raises:
            UndescribedError: something was sent or answered that the description does not know.
        """
        seen: Counter[str] = Counter()
        for request, response in exchanges:
            operation = self.find(request)
            _check_query(operation, request)
            _check_body(operation, request)
            _check_answer(operation, response)
            seen[operation.name] += 1
        return seen

    def find(self, request: httpx.Request) -> Operation:
        """The operation that a request is: the one with the fewest open places in its path.

        Raises:
            UndescribedError: there is none.
        """
        fitting = [
            operation
            for operation in self.operations
            if operation.method == request.method and operation.path.fullmatch(request.url.path)
        ]
        if not fitting:
            raise UndescribedError(f"not described: {request.method} {request.url.path}")
        return min(fitting, key=lambda operation: operation.name.count("{"))


def _operations(document: Mapping[str, Any], prefix: str) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        places = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(prefix + path))
        for method, said in methods.items():
            if method in METHODS:
                name = f"{method.upper()} {path}"
                yield Operation(name, method.upper(), re.compile(places), said, document)


def _check_query(operation: Operation, request: httpx.Request) -> None:
    known = {}
    for parameter in operation.said.get("parameters", ()):
        told = _resolved(operation, parameter)
        if told["in"] == "query":
            known[told["name"]] = told.get("schema", {})
    for name, text in parse_qsl(urlsplit(str(request.url)).query):
        _demand(name in known, f"{operation.name}: parameter {name} is not described")
        schema = _resolved(operation, known[name])
        values = text.split(",") if schema.get("type") == "array" else [text]
        for value in values:
            inner = schema.get("items", {}) if schema.get("type") == "array" else schema
            _validate(operation, inner, _typed(value, inner), f"parameter {name}")


def _typed(text: str, schema: Mapping[str, Any]) -> Any:
    return json.loads(text) if schema.get("type") in {"integer", "number", "boolean"} else text


def _check_body(operation: Operation, request: httpx.Request) -> None:
    body = operation.said.get("requestBody")
    if body is None:
        _demand(not request.content, f"{operation.name} takes no body")
        return
    schema = _resolved(operation, body)["content"]["application/json"]["schema"]
    _validate(operation, schema, json.loads(request.content), "request")


def _check_answer(operation: Operation, response: httpx.Response) -> None:
    responses = {str(status): said for status, said in operation.said["responses"].items()}
    said = responses.get(str(response.status_code), responses.get("default"))
    if said is None:
        raise UndescribedError(f"{operation.name}: status {response.status_code} is not described")
    content = _resolved(operation, said).get("content", {})
    schema = next((kind.get("schema") for kind in content.values()), None)
    if schema is not None:
        _validate(operation, schema, response.json(), f"answer {response.status_code}")
    elif not content:
        empty = not response.content
        _demand(empty, f"{operation.name}: an answer {response.status_code} has no body")


def _resolved(operation: Operation, node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        found: Any = operation.document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def _validate(operation: Operation, schema: Mapping[str, Any], value: Any, what: str) -> None:
    from openapi_schema_validator import OAS30Validator

    whole = {"allOf": [schema], "components": operation.document.get("components", {})}
    problem = next(iter(OAS30Validator(whole).iter_errors(value)), None)
    if problem is not None:
        place = "/".join(map(str, problem.absolute_path))
        raise UndescribedError(f"{operation.name}: {what}: at {place!r}: {problem.message[:300]}")


def _demand(true: bool, otherwise: str) -> None:  # noqa: FBT001  it is an assertion
    if not true:
        raise UndescribedError(otherwise)


__all__ = ["Description", "Operation", "Recorder", "UndescribedError"]

"""Hold recorded exchanges against a vendor's own OpenAPI description."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from openapi_schema_validator import OAS30Validator


@dataclass
class Recorder(httpx.BaseTransport):
    """Passes requests on and keeps what was said."""

    inner: httpx.BaseTransport
    exchanges: list[tuple[httpx.Request, httpx.Response]] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        request.read()
        response = self.inner.handle_request(request)
        response.read()
        self.exchanges.append((request, response))
        return response


@dataclass
class Operation:
    """One operation of a description."""

    name: str
    method: str
    path: re.Pattern[str]
    said: Mapping[str, Any]
    document: Mapping[str, Any]


class Description:
    """The operations of one or more OpenAPI 3.0 documents, by method and path."""

    def __init__(self, documents: Iterable[Mapping[str, Any]], *, prefix: str = "") -> None:
        self.operations = [operation for document in documents for operation in _operations(document, prefix)]

    def check(self, exchanges: Iterable[tuple[httpx.Request, httpx.Response]]) -> Counter[str]:
        """Validate every exchange; how often each operation was seen.

        Raises:
            AssertionError: something was sent or answered that the description does not know.
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
        """The operation that a request is: the one with the fewest open places in its path."""
        fitting = [
            operation
            for operation in self.operations
            if operation.method == request.method and operation.path.fullmatch(request.url.path)
        ]
        assert fitting, f"not described: {request.method} {request.url.path}"
        return min(fitting, key=lambda operation: operation.name.count("{"))


def _operations(document: Mapping[str, Any], prefix: str) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        places = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(prefix + path))
        for method, said in methods.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                name = f"{method.upper()} {path}"
                yield Operation(name, method.upper(), re.compile(places), said, document)


def _check_query(operation: Operation, request: httpx.Request) -> None:
    known = {}
    for parameter in operation.said.get("parameters", ()):
        told = _resolved(operation, parameter)
        if told["in"] == "query":
            known[told["name"]] = told.get("schema", {})
    for name, text in parse_qsl(urlsplit(str(request.url)).query):
        assert name in known, f"{operation.name}: parameter {name} is not described"
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
        assert not request.content, f"{operation.name} takes no body"
        return
    schema = _resolved(operation, body)["content"]["application/json"]["schema"]
    _validate(operation, schema, json.loads(request.content), "request")


def _check_answer(operation: Operation, response: httpx.Response) -> None:
    responses = {str(status): said for status, said in operation.said["responses"].items()}
    said = responses.get(str(response.status_code), responses.get("default"))
    assert said is not None, f"{operation.name}: status {response.status_code} is not described"
    content = _resolved(operation, said).get("content", {})
    schema = next((kind.get("schema") for kind in content.values()), None)
    if schema is not None:
        _validate(operation, schema, response.json(), f"answer {response.status_code}")
    elif not content:
        assert not response.content, f"{operation.name}: an answer {response.status_code} has no body"


def _resolved(operation: Operation, node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        found: Any = operation.document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def _validate(operation: Operation, schema: Mapping[str, Any], value: Any, what: str) -> None:
    whole = {"allOf": [schema], "components": operation.document.get("components", {})}
    problem = next(iter(OAS30Validator(whole).iter_errors(value)), None)
    if problem is not None:
        place = "/".join(map(str, problem.absolute_path))
        raise AssertionError(f"{operation.name}: {what}: at {place!r}: {problem.message[:300]}")

"""Meta's own description of its API, and what it says about an exchange.

The Marketing API is described as lists of methods with their parameters, and of nodes with their fields
(Meta's code generator); the Conversions API's events as a JSON Schema rebuilt from its SDK.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import jsonschema

Exchange = tuple[httpx.Request, httpx.Response]

PATHS = (
    (re.compile(r"/v[\d.]+/me/permissions"), "User", "permissions"),
    (re.compile(r"/v[\d.]+/me"), "User", ""),
    (re.compile(r"/v[\d.]+/\d+/users"), "CustomAudience", "users"),
    (re.compile(r"/v[\d.]+/\d+/events"), "AdsPixel", "events"),
    (re.compile(r"/v[\d.]+/12\d+"), "CustomAudience", ""),
    (re.compile(r"/v[\d.]+/13\d+"), "AdsPixel", ""),
)
"""Which node and edge a path is. The sandbox's audiences begin with 12, its datasets with 13."""

BESIDE = {"fields", "appsecret_proof"}
"""Parameters of every request to the graph."""

COUNTS = {"audience_id", "session_id", "num_received", "num_invalid_entries", "invalid_entry_samples"}
"""What a change of members answers: in the reference of custom audience users, not in the description."""


class Description:
    """The description in a folder.

    Args:
        folder: Where ``specs/`` and the schema of events lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self, exchanges: Iterable[Exchange]) -> Counter[str]:
        """Hold every exchange against the description; how often each operation was seen.

        Raises:
            AssertionError: something was sent or answered that the description does not know.
            jsonschema.ValidationError: an event does not fit its schema.
        """
        seen: Counter[str] = Counter()
        for request, response in exchanges:
            node, edge = _place(request.url.path)
            self._check_request(request, node, edge)
            self._check_answer(request, response, node, edge)
            seen[f"{request.method} {node}/{edge}".rstrip("/")] += 1
        return seen

    def _check_request(self, request: httpx.Request, node: str, edge: str) -> None:
        said = self._method(node, edge, request.method)
        body = json.loads(request.content) if request.content else {}
        sent = {*request.url.params, *body} - BESIDE
        assert sent <= {param["name"] for param in said["params"]}, f"{node}/{edge} does not take {sent}"
        required = {param["name"] for param in said["params"] if param["required"]}
        assert required <= sent, f"{node}/{edge} needs {required}"
        fields = {name for name in request.url.params.get("fields", "").split(",") if name}
        assert fields <= self._fields(node), f"{node} has no {fields - self._fields(node)}"
        if edge == "events":
            self._events.validate(body)

    def _check_answer(self, request: httpx.Request, response: httpx.Response, node: str, edge: str) -> None:
        answer = response.json()
        if response.status_code >= 400:
            assert {"message", "type", "code", "fbtrace_id"} <= answer["error"].keys()
        elif edge == "users":
            assert answer.keys() == COUNTS
        elif edge == "events":
            schema = {"$defs": self._schema["$defs"], "$ref": "#/$defs/EventResponse"}
            jsonschema.Draft202012Validator(schema).validate(answer)
        elif not edge:
            assert answer.keys() <= self._fields(node)
            assert {"id"} <= answer.keys()

    def _method(self, node: str, edge: str, method: str) -> dict[str, Any]:
        wanted = {"endpoint": edge} if edge else {"name": "#get"}
        for said in self._node(node)["apis"]:
            if said["method"] == method and wanted.items() <= said.items():
                found: dict[str, Any] = said
                return found
        raise AssertionError(f"not described: {method} {node}/{edge}")

    def _fields(self, node: str) -> set[str]:
        return {field["name"] for field in self._node(node)["fields"]}

    def _node(self, name: str) -> dict[str, Any]:
        path = self._folder / "specs" / f"{name}.json"
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    @cached_property
    def _schema(self) -> dict[str, Any]:
        path = self._folder / "conversions-api.rebuilt.schema.json"
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    @cached_property
    def _events(self) -> jsonschema.Draft202012Validator:
        """The schema of a request, in which no field may stand that it does not know."""
        schema = {**self._schema, "$ref": "#/$defs/EventRequest"}
        for name in ("EventRequest", "Event", "UserData", "CustomData"):
            schema["$defs"] = {
                **schema["$defs"],
                name: {**schema["$defs"][name], "additionalProperties": False},
            }
        return jsonschema.Draft202012Validator(schema)


def described(specs: Path) -> Description:
    """Meta's description in the folder of all vendors' descriptions."""
    return Description(specs / "meta")


def _place(path: str) -> tuple[str, str]:
    for pattern, node, edge in PATHS:
        if pattern.fullmatch(path):
            return node, edge
    raise AssertionError(f"not described: {path}")

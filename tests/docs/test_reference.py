"""The reference says what the code is: names, keys, fields, arguments, tables."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from typing import Any

import pydantic
import pytest

import accord
from accord import errors, hookspecs, http, mapping, model
from accord.config.models import (
    AccordConfig,
    ConnectionConfig,
    ConsentConfig,
    FieldConfig,
    FlowConfig,
    LimitsConfig,
)
from accord.consent.identifiers import PLATFORMS, Platform
from accord.consent.purposes import CHANNELS, PURPOSES
from accord.model.schema import MODELS
from accord.sandbox import control
from accord.sandbox.faults import FAULTS
from accord.store import tables
from tests.docs.pages import DOCS

REFERENCE = DOCS / "reference"
CODE = re.compile(r"`([^`]+)`")
DOORS = (
    "accord",
    "accord.http",
    "accord.mapping",
    "accord.model",
    "accord.consent.identifiers",
    "accord.errors",
    "accord.sandbox",
)
OPERATIONS = ("Pages", "Get", "BatchGet", "Search", "Call", "Batch")
CONVERTERS = (
    "Boolean Country Date FullName Identity Instant Language MoneyIn Number PhoneNumber Point Reference Tags "
    "Text Values Via"
).split()

DESCRIBED = [
    *(kind.__name__ for kind in MODELS.values()),
    "Address",
    "Consent",
    "ConsentSnapshot",
    "Money",
    "OrderLine",
    "Suppression",
    "Variant",
]


def rows(page: str, heading: str = "") -> dict[str, str]:
    """The tables of a page, or of one of its sections: first cell's first code to the whole row."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    if heading:
        text = re.split(rf"^#+ {re.escape(heading)}$", text, flags=re.MULTILINE)[1]
        text = re.split(r"^#+ ", text, flags=re.MULTILINE)[0]
    found: dict[str, str] = {}
    for line in text.splitlines():
        cells = line.split(" | ")
        for name in CODE.findall(cells[0]) if line.startswith("| `") else ():
            found[name] = line
    return found


def named(page: str, heading: str = "") -> set[str]:
    """The names alone, without their arguments."""
    return {name.partition("(")[0] for name in rows(page, heading)}


def keys(table: type[pydantic.BaseModel]) -> set[str]:
    return {info.alias or name for name, info in table.model_fields.items()}


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("[accord]", AccordConfig),
        ("[consent]", ConsentConfig),
        ("[flows.NAME]", FlowConfig),
        ("[flows.NAME.fields]", FieldConfig),
        ("[flows.NAME.limits]", LimitsConfig),
    ],
)
def test_every_key_of_the_configuration_is_there(heading: str, table: type[pydantic.BaseModel]) -> None:
    assert named("configuration.md", heading) == keys(table)


def test_every_key_of_a_connection_is_there() -> None:
    assert named("configuration.md", "[connections.NAME]") == keys(ConnectionConfig) | keys(accord.Settings)


def test_every_purpose_and_channel_is_there() -> None:
    page = (REFERENCE / "configuration.md").read_text(encoding="utf-8")
    assert [name for name in (*PURPOSES, *CHANNELS) if f"`{name}`" not in page] == []


@pytest.mark.parametrize("door", DOORS)
def test_every_public_name_is_there(door: str) -> None:
    assert named("front-door.md", door) == set(_public(door))


def _public(door: str) -> Iterator[str]:
    module = import_module(door)
    if hasattr(module, "__all__"):
        yield from module.__all__
        return
    yield from (name for name, value in vars(module).items() if getattr(value, "__module__", "") == door)


def test_every_member_of_the_class_accord_is_there() -> None:
    members = {name for name in dir(accord.Accord) if not name.startswith("_") and name != "open"}
    assert "sync" in members
    assert members - named("front-door.md", "Class Accord") == set()


def test_every_attribute_of_a_stream_is_there() -> None:
    declared = {name for name in accord.Stream.__annotations__ if not name.startswith("_")}
    assert declared - named("front-door.md", "What a stream declares") == set()


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS)
def test_every_field_of_an_ad_platform_is_there(platform: Platform) -> None:
    page = (REFERENCE / "identifiers.md").read_text(encoding="utf-8")
    [row] = [line for line in page.splitlines() if line.lower().startswith(f"| {platform.name} |")]
    _, _, hashed, clear, _ = row.split("|")
    assert CODE.findall(hashed) == [name for name, one in platform.normalisers.items() if one.hashed]
    assert CODE.findall(clear) == [name for name, one in platform.normalisers.items() if not one.hashed]


def test_every_hook_has_its_exact_arguments() -> None:
    hooks = {
        f"{name}({', '.join(inspect.signature(spec).parameters)})"
        for name, spec in vars(hookspecs).items()
        if name.startswith("accord_")
    }
    assert hooks == {name for name in rows("hooks.md") if name.startswith("accord_")}


@pytest.mark.parametrize(
    "name",
    [
        "HookTarget",
        "HookRecord",
        "MatchQuestion",
        "ConflictQuestion",
        "LetterNotice",
        "RunNotice",
        "RunReport",
    ],
)
def test_what_a_hook_is_given_is_there(name: str) -> None:
    row = rows("hooks.md")[name]
    assert CODE.findall(row) == [name, *(field.name for field in fields(getattr(hookspecs, name)))]


def test_every_error_has_its_exit_code() -> None:
    known = {
        name: str(error.exit_code)
        for name, error in vars(errors).items()
        if isinstance(error, type) and issubclass(error, errors.AccordError)
    }
    page = rows("errors.md")
    assert {name: page[name].split(" | ")[2].rstrip(" |") for name in page if name in known} == known


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_field_of_a_model_is_there(name: str) -> None:
    assert list(rows("schema.md", name)) == list(getattr(model, name).model_fields)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_part_of_an_operation_is_there(name: str) -> None:
    shown = next(row for call, row in rows("operations.md").items() if call.partition("(")[0] == name)
    known = {field.name for field in fields(getattr(http, name))} - {"path", "method", "limit_class", "cost"}
    assert [part for part in sorted(known) if f"`{part}`" not in shown] == []


@pytest.mark.parametrize("name", CONVERTERS)
def test_every_converter_has_its_arguments(name: str) -> None:
    shown = next(call for call in rows("mapping.md", "Converters") if call.partition("(")[0] == name)
    parameters = inspect.signature(getattr(mapping, name)).parameters
    assert re.findall(r"[(,] ?(\w+)", shown.partition(")")[0]) == list(parameters)


def test_every_table_of_the_store_is_there() -> None:
    assert named("store.md") == {table.name for table in tables.TABLES}


def test_every_fault_is_there() -> None:
    assert named("sandbox.md", "Faults") == set(FAULTS)


def test_every_control_of_a_sandbox_is_there() -> None:
    shown = {tuple(name.split("/")[0].split()) for name in rows("sandbox.md", "Control plane")}
    tables_too: set[Any] = {(method, "tables") for method in ("GET", "POST", "PUT", "DELETE")}
    assert shown == set(control.HANDLERS) | tables_too

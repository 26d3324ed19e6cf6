"""Reading accord.toml: everything that is wrong with it is told at once, before any I/O but this."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from itertools import takewhile
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, TypeVar

import pydantic

from accord.config import connections
from accord.config.flows import FlowCheck, Taken
from accord.config.models import AccordConfig, Config, ConnectionConfig, ConsentConfig, FlowConfig, Name, Part
from accord.config.positions import Path
from accord.config.problems import Problems, failure, places_of, suggestion
from accord.errors import ConfigError

if TYPE_CHECKING:
    from accord.plugins import Plugins

P = TypeVar("P", bound=Part)
_NAME: pydantic.TypeAdapter[str] = pydantic.TypeAdapter(Name, config=pydantic.ConfigDict(defer_build=True))
LARGEST = 10_000_000
"""Bytes; a configuration has some thousand."""

_TABLES: Mapping[str, type[Part]] = {"connections": ConnectionConfig, "flows": FlowConfig}
_PLACE = re.compile(r" ?\(at (?:line (\d+), column (\d+)|end of document)\)$")


def load(path: FilePath | str, plugins: Plugins) -> Config:
    """Read and check a configuration file.

    Args:
        path: Usually ``accord.toml``. Relative paths in it start from its folder.
        plugins: They know the connectors' settings and streams.

    Raises:
        ConfigError: the file cannot be read, or something in it is wrong. ``str()`` has a line per
            mistake; facts: file, key, line of the first, and ``problems`` (key, line, message of each).
    """
    file = FilePath(path).absolute()
    return parse(_text(file), plugins, file=file)


def parse(text: str, plugins: Plugins, *, file: FilePath | None = None) -> Config:
    """Check the text of a configuration.

    Raises:
        ConfigError: as :func:`load`.
    """
    document = _document(text, file)
    problems = Problems(file, text)
    parts = _parts(document, problems)
    _cross(parts, plugins, problems, document)
    problems.done()
    config = Config.model_validate(document)
    return config if file is None else config.read_from(file, text)


def check(config: Config, plugins: Plugins) -> None:
    """Check a configuration made from Python objects, as :func:`load` checks a file.

    Raises:
        ConfigError: something is wrong.
    """
    problems = Problems(config.file, config.text)
    _cross({"connections": config.connections, "flows": config.flows}, plugins, problems, {})
    problems.done()


def _text(file: FilePath) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except FileNotFoundError:
        raise _unreadable(
            file, "there is no such file", hint="`accord init` writes one to start from."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the path is none"
        raise _unreadable(
            file, f"the file cannot be read ({reason})", hint="Check the path and its rights."
        ) from error
    if len(content) > LARGEST:
        raise _unreadable(file, "the file is far too large for a configuration", hint="Is it the right file?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise failure(
            file, [{"key": "", "line": line, "message": "this is not UTF-8; save the file as UTF-8"}]
        ) from None


def _unreadable(file: FilePath, why: str, *, hint: str) -> ConfigError:
    error = failure(file, [{"key": "", "line": None, "message": why}])
    error.hint = hint
    return error


def _document(text: str, file: FilePath | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        said = _PLACE.sub("", str(error))
        end = text.count("\n") + (not text.endswith("\n"))
        line = int(place[1]) if place and place[1] else end
        message = f"this is not TOML: {said[:1].lower()}{said[1:]}"
        if place and place[2]:
            message += f" (column {place[2]})"
    except (RecursionError, ValueError, OverflowError) as error:
        # Beyond TOML's own errors: brackets nested without end, dates and numbers out of every range.
        line, message = 1, f"this is not TOML that can be read ({type(error).__name__})"
    raise failure(file, [{"key": "", "line": line, "message": message}])


def _parts(document: Mapping[str, Any], problems: Problems) -> dict[str, dict[str, Any]]:
    """The tables that are right in themselves; whatever is wrong with the others is noted."""
    for key in document.keys() - Config.model_fields.keys():
        problems.add((key,), f"unknown key, {suggestion(key, Config.model_fields)}")
    _valid(AccordConfig, document.get("accord", {}), ("accord",), problems)
    _valid(ConsentConfig, document.get("consent", {}), ("consent",), problems)
    parts: dict[str, dict[str, Any]] = {}
    for group, model in _TABLES.items():
        parts[group] = {}
        for name, table in _tables(document, group, problems):
            found = _valid(model, table, (group, name), problems)
            if found is not None:
                parts[group][name] = found
    return parts


def _tables(document: Mapping[str, Any], group: str, problems: Problems) -> Iterator[tuple[str, Any]]:
    tables = document.get(group, {})
    if not isinstance(tables, dict):
        problems.add((group,), f"expected tables [{group}.NAME]")
        return
    for name, table in tables.items():
        try:
            _NAME.validate_python(name)
        except pydantic.ValidationError as error:
            problems.of(error, (group, name), str, None)
        yield name, table


def _valid(model: type[P], table: Any, path: tuple[str, ...], problems: Problems) -> P | None:
    """The table as an object; without its wrong keys, so that the others are checked all the same."""
    try:
        return model.model_validate(table)
    except pydantic.ValidationError as error:
        problems.of(error, path, model, table)
        wrong = places_of(error, table)
        problems.settled |= {(*path, *place) for place in wrong}
    try:
        return model.model_validate(_without(table, wrong))
    except pydantic.ValidationError:
        # A key that cannot be done without is among the wrong ones, which have been told.
        return None


def _without(table: Any, places: Iterable[Path]) -> Any:
    """A copy without what stands at these places; a list goes as a whole."""
    copy = deepcopy(table)
    for place in places:
        here, keys = copy, list(takewhile(lambda step: isinstance(step, str), place))
        for step in keys[:-1]:
            here = here.get(step, {}) if isinstance(here, dict) else {}
        if keys and isinstance(here, dict):
            here.pop(keys[-1], None)
    return copy


def _cross(
    parts: Mapping[str, Mapping[str, Any]], plugins: Plugins, problems: Problems, document: Mapping[str, Any]
) -> None:
    """Check what depends on several tables, as far as these are right in themselves."""
    known = {
        name: connections.check(name, connection, plugins, problems)
        for name, connection in parts["connections"].items()
    }
    broken = document.get("connections", {})
    for name in broken if isinstance(broken, dict) else ():
        known.setdefault(name, connections.UNKNOWN)
    taken: Taken = {}
    for name, flow in parts["flows"].items():
        FlowCheck(name, flow, known, problems).all(taken)

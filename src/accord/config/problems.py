"""What is wrong with a configuration: collected whole, then raised as one error."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any, Union, get_args, get_origin

import pydantic

from accord.config.positions import Path, line_of, lines
from accord.errors import ConfigError

_EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a table",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "mapping_type": "a table",
    "model_type": "a table",
    "string_type": "a text",
    "tuple_type": "a list",
}
"""pydantic's errors about types in the words of a TOML file."""
_TYPES = frozenset(f"expected {kind}" for kind in _EXPECTED.values())


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. ``message`` never shows a value that could be a secret."""

    path: Path
    message: str

    @property
    def key(self) -> str:
        """The key as it could be written in the file."""
        return dotted(self.path)


@dataclass
class Problems:
    """All mistakes of one configuration.

    Attributes:
        file: Where it came from, None when it was made in Python.
        text: Its text, for the lines.
    """

    file: FilePath | None = None
    text: str | None = None
    found: list[Problem] = field(default_factory=list)
    settled: set[Path] = field(default_factory=set)
    """Keys that are known to be wrong: what else is said about them would only follow from that."""

    def add(self, path: Sequence[str | int], message: str) -> None:
        """Note a mistake; the same one counts once."""
        problem = Problem(tuple(path), message)
        known = any(problem.path[:length] in self.settled for length in range(len(problem.path) + 1))
        if problem not in self.found and not known:
            self.found.append(problem)

    def of(self, error: pydantic.ValidationError, base: Path, model: type[Any], raw: Any) -> None:
        """Note what pydantic found in the table at ``base``."""
        wanted: dict[Path, list[str]] = {}
        for each in error.errors(include_url=False, include_context=True, include_input=False):
            place = _real(each["loc"], raw, absent=each["type"] == "missing")
            message = _message(each["type"], each["msg"], place, model)
            wanted.setdefault(place, [])
            if message not in wanted[place]:
                wanted[place].append(message)
        for place, messages in wanted.items():
            inside = any(other[: len(place)] == place and other != place for other in wanted)
            if not (inside and all(message in _TYPES for message in messages)):
                # Else another branch of a union got further and tells what is really wrong.
                self.add((*base, *place), _joined(messages))

    def done(self) -> None:
        """Raise what was found.

        Raises:
            ConfigError: facts: file, key and line of the first mistake, and ``problems``: all of them.
        """
        if not self.found:
            return
        known = lines(self.text) if self.text is not None else {}
        listed = [
            {"key": problem.key, "line": line_of(known, problem.path), "message": problem.message}
            for problem in self.found
        ]
        listed.sort(key=lambda each: each["line"] or 0)
        raise failure(self.file, listed)


def failure(file: FilePath | None, listed: Sequence[Mapping[str, Any]]) -> ConfigError:
    """The error that tells all mistakes, one to a line."""
    name = str(file) if file is not None else "configuration"
    told = [_told(name, each) for each in listed]
    return ConfigError(
        "\n".join(told),
        hint="Correct the file and run `accord check`; `accord config schema` describes every key.",
        facts={
            "file": name,
            "key": listed[0]["key"],
            "line": listed[0]["line"],
            "problems": [dict(each) for each in listed],
        },
    )


def _told(name: str, each: Mapping[str, Any]) -> str:
    place = name if each["line"] is None else f"{name}:{each['line']}"
    return f"{place}: {each['key']}: {each['message']}" if each["key"] else f"{place}: {each['message']}"


def dotted(path: Iterable[str | int]) -> str:
    """A path as one key: ``flows.customers.both[1]``, quoted where TOML wants it."""
    shown = ""
    for step in path:
        if isinstance(step, int):
            shown += f"[{step}]"
        else:
            bare = step.replace("-", "").replace("_", "")
            name = step if bare.isascii() and bare.isalnum() else f'"{step}"'
            shown += f".{name}" if shown else name
    return shown


def suggestion(word: str, known: Iterable[str], *, what: str = "known are") -> str:
    """``did you mean …``, or what there is to choose from."""
    names = list(known)
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"{what} {', '.join(sorted(names))}" if names else "there are none"


def places_of(error: pydantic.ValidationError, raw: Any) -> set[Path]:
    """Where in a table pydantic found something wrong."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return {_real(each["loc"], raw, absent=each["type"] == "missing") for each in found}


def _real(loc: Sequence[str | int], raw: Any, *, absent: bool) -> Path:
    """The part of pydantic's location that exists in the file; the rest names branches of unions.

    Only a key that is missing (``absent``) is told although the file has none.
    """
    place: Path = ()
    here = raw
    for position, step in enumerate(loc):
        if _has(here, step):
            here = here[step]
        elif (
            absent
            and isinstance(here, Mapping)
            and position == len(loc) - 1
            and isinstance(step, str)
            and step.isidentifier()
        ):
            return (*place, step)
        else:
            continue
        place = (*place, step)
    return place


def _has(here: Any, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(here, (list, tuple)) and step < len(here)
    return isinstance(here, Mapping) and step in here


def _message(kind: str, said: str, place: Path, model: type[Any]) -> str:
    if kind == "extra_forbidden":
        return f"unknown key, {suggestion(str(place[-1]), keys_of(model, place[:-1]))}"
    if kind == "missing":
        return "this key is missing"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}"
    cleaned = said.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return cleaned.replace("Input should be ", "expected ", 1)


def _joined(messages: Sequence[str]) -> str:
    if len(messages) > 1 and all(message.startswith("expected ") for message in messages):
        return "expected " + " or ".join(message.removeprefix("expected ") for message in messages)
    return next((m for m in messages if not m.startswith("expected ")), messages[0])


def keys_of(model: Any, place: Path) -> list[str]:
    """The keys that a table below a model may have."""
    here: list[Any] = [model]
    for step in place:
        here = [inner for each in here for inner in _inside(each, step)]
    return [key for each in here for key in _keys(each)]


def _inside(annotation: Any, step: str | int) -> list[Any]:
    if _is_model(annotation):
        for name, info in annotation.model_fields.items():
            if step in {name, info.alias}:
                return _branches(info.annotation)
        return []
    inner = get_args(annotation)
    return _branches(inner[-1] if len(inner) == 2 else inner[0]) if inner else []  # noqa: PLR2004  dict[key, value]


def _branches(annotation: Any) -> list[Any]:
    """An annotation without Annotated, and each member of a union."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return [each for branch in get_args(annotation) for each in _branches(branch)]
    if hasattr(annotation, "__metadata__"):
        return _branches(get_args(annotation)[0])
    return [annotation]


def _keys(annotation: Any) -> list[str]:
    if not _is_model(annotation):
        return []
    return [info.alias or name for name, info in annotation.model_fields.items()]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel)

"""The settings of a connection: checked with secrets as references, opened with their values."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, Union, get_args, get_origin

import pydantic

from accord.config.models import ConnectionConfig, has_password
from accord.config.positions import Path
from accord.config.problems import Problems, dotted
from accord.connector import Settings
from accord.errors import SecretMissingError, SetupError
from accord.secrets import FORMS, is_reference
from accord.secrets.reference import Reference

S = TypeVar("S", bound=Settings)
Secrets = (pydantic.SecretStr, pydantic.SecretBytes)

LITERAL = f"expected a reference to the secret ({FORMS}), not the secret itself"
"""Said without showing what stands there."""


def check(
    settings: type[Settings], connection: ConnectionConfig, base: Path, problems: Problems, *, foreign: bool
) -> Settings | None:
    """Check a connection's settings.

    Args:
        settings: The connector's class.
        connection: The connection.
        base: Its path in the file.
        problems: Where mistakes go.
        foreign: Whether plugins resolve references of other forms, too.

    Returns:
        The settings with references in the place of secrets; None when something is wrong, or when only
        the secrets themselves can tell.
    """
    raw = connection.settings
    hidden = set(secret_paths(settings, raw))
    wrong = [path for path in hidden if not _is_fine(_at(raw, path), foreign=foreign)]
    wrong += [path for path, text in _texts(raw) if path not in hidden and has_password(text)]
    for path in sorted(wrong, key=str):
        problems.add((*base, *path), LITERAL)
    try:
        return settings.model_validate(raw)
    except pydantic.ValidationError as error:
        told = Problems()
        told.of(error, (), settings, raw)
        for problem in told.found:
            # What the connector says about a secret's form is about the reference here: it is asked again
            # when the connection is opened.
            if problem.path not in hidden and problem.path not in wrong:
                problems.add((*base, *problem.path), problem.message)
        return None


def opened(settings: type[S], connection: ConnectionConfig, name: str, resolve: Callable[[str], str]) -> S:
    """The settings with their secrets, for the moment when the connection is opened.

    Args:
        settings: The connector's class.
        connection: The connection.
        name: Its name, for messages.
        resolve: Gives the value of a reference.

    Raises:
        SecretMissingError: a reference leads nowhere.
        ConfigError: the connector does not take the settings; no value is shown.
    """
    raw = connection.settings
    hidden = list(secret_paths(settings, raw))
    for path in hidden:
        value = _at(raw, path)
        if isinstance(value, str):
            raw = _replaced(raw, path, _resolved(value, ("connections", name, *path), resolve))
    try:
        return settings.model_validate(raw)
    except pydantic.ValidationError as error:
        found = error
    told, problems = Problems(), Problems()
    told.of(found, (), settings, raw)
    for problem in told.found:
        message = "the connector does not take this secret" if problem.path in hidden else problem.message
        problems.add(("connections", name, *problem.path), message)
    problems.done()
    raise AssertionError  # a validation error has at least one problem


def _resolved(reference: str, path: Path, resolve: Callable[[str], str]) -> pydantic.SecretStr:
    """The secret; a missing one is told with the key that wants it."""
    try:
        return pydantic.SecretStr(resolve(reference))
    except SecretMissingError as error:
        facts = {**error.facts, "key": dotted(path)}
        raise SecretMissingError(f"{dotted(path)}: {error}", hint=error.hint, facts=facts) from error


def secret_paths(annotation: Any, value: Any, at: Path = ()) -> Iterator[Path]:
    """Where in the given values a class of settings wants secrets."""
    if isinstance(annotation, type) and issubclass(annotation, Secrets):
        yield at
    elif hasattr(annotation, "__metadata__"):
        yield from secret_paths(get_args(annotation)[0], value, at)
    elif get_origin(annotation) in {Union, types.UnionType}:
        yield from dict.fromkeys(
            path for each in get_args(annotation) for path in secret_paths(each, value, at)
        )
    elif isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        yield from _in_model(annotation, value, at)
    elif isinstance(value, Mapping) and len(get_args(annotation)) == 2:  # noqa: PLR2004  dict[key, value]
        for key, inner in value.items():
            yield from secret_paths(get_args(annotation)[1], inner, (*at, key))
    elif isinstance(value, (list, tuple)) and get_args(annotation):
        for position, inner in enumerate(value):
            yield from secret_paths(get_args(annotation)[0], inner, (*at, position))


def _in_model(model: type[pydantic.BaseModel], value: Any, at: Path) -> Iterator[Path]:
    for name, info in model.model_fields.items():
        for key in dict.fromkeys((name, info.alias or name)):
            if isinstance(value, Mapping) and key in value:
                yield from secret_paths(info.annotation, value[key], (*at, key))


def _is_fine(value: Any, *, foreign: bool) -> bool:
    """A reference, or a secret that Python code hands over as such."""
    if isinstance(value, Secrets) or value is None:
        return True
    if not isinstance(value, str):
        return False
    return is_reference(value) or (foreign and _looks_like_reference(value))


def _looks_like_reference(text: str) -> bool:
    try:
        return Reference.parse(text).scheme != "env"
    except SetupError:
        return False


def _texts(value: Any, at: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, (*at, key))
    elif isinstance(value, (list, tuple)):
        for position, inner in enumerate(value):
            yield from _texts(inner, (*at, position))


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        value = value[step]
    return value


def _replaced(value: Any, path: Path, new: Any) -> Any:
    """A copy with another value at a path."""
    if not path:
        return new
    step, *rest = path
    if isinstance(value, Mapping):
        return {**value, step: _replaced(value[step], tuple(rest), new)}
    assert isinstance(step, int)
    return [*value[:step], _replaced(value[step], tuple(rest), new), *value[step + 1 :]]

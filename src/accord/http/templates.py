"""Declared paths, parameters and bodies with placeholders such as ``{key}`` and ``{row.email}``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from accord.errors import PluginError, RecordRejectedError
from accord.http import places
from accord.model.record import Write

Scope = Mapping[str, Any]
"""What placeholders may name: each is the root of a dotted path."""

SPREAD = "*"
_SLOT = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*(?:\.[^{}]+)?)\}")


def scope_of(write: Write) -> dict[str, Any]:
    """The placeholders of a write."""
    return {
        "key": write.external_id,
        "id": write.id,
        "hub_id": write.hub_id,
        "row": write.row,
        "document": write.document,
        "idempotency_key": write.idempotency_key,
        "precondition": write.precondition,
        "operation": str(write.operation),
    }


def fill(template: Any, scope: Scope) -> Any:
    """A body or parameter with its placeholders filled.

    A text that is one placeholder keeps the type of its value; inside longer text it is written out.
    The name ``*`` spreads an object: ``{"*": "{row}", "id": "{key}"}`` is the row and its id.
    """
    if isinstance(template, str):
        return _fill_text(template, scope)
    if isinstance(template, Mapping):
        filled = {name: fill(value, scope) for name, value in template.items() if name != SPREAD}
        return {**(fill(template[SPREAD], scope) or {}), **filled} if SPREAD in template else filled
    if isinstance(template, (list, tuple)):
        return [fill(each, scope) for each in template]
    return template


def _fill_text(template: str, scope: Scope) -> Any:
    whole = _SLOT.fullmatch(template)
    if whole is not None:
        return _value(whole.group(1), scope)
    return _SLOT.sub(lambda slot: _text(_value(slot.group(1), scope)), template)


def fill_path(template: str, scope: Scope) -> str:
    """A path with its placeholders filled and percent-encoded, so that a value stays one segment.

    Raises:
        RecordRejectedError: a value is empty, or would climb to another path (``..``).
    """
    return _SLOT.sub(lambda slot: segment(_value(slot.group(1), scope), slot.group(1), template), template)


def segment(value: Any, name: str = "key", template: str = "") -> str:
    """A value as one segment of a path, percent-encoded: no id can lead to another path.

    Args:
        value: The id.
        name: What it is called, for the message.
        template: The path it stands in, for the message.

    Raises:
        RecordRejectedError: it is empty, or would climb to another path (``..``).
    """
    text = _text(value)
    if not text or text in (".", ".."):
        where = f" in {template}" if template else ""
        raise RecordRejectedError(
            f"The record has no usable value for {{{name}}}{where}",
            hint="Give the record this value, or correct the declared path.",
            facts={"operation": template},
        )
    return quote(text, safe="")


def _value(path: str, scope: Scope) -> Any:
    root, _, below = path.partition(".")
    if root not in scope:
        raise PluginError(
            f"A declared operation names the placeholder {{{path}}}, which is not known here",
            hint="Known here: " + ", ".join(sorted(scope)) + ".",
        )
    value = scope[root]
    if root == "settings" and below:
        setting: Any = getattr(value, below, None)
        return setting.get_secret_value() if isinstance(setting, SecretStr) else setting
    return places.at(value, below)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)

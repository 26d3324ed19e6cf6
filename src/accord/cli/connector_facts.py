"""What a connector declares, as ``accord connectors show`` tells it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pydantic

    from accord.connector import Connector, Stream

_CREATES = {
    "A": "the vendor's idempotency key (A)",
    "B": "the vendor's unique key (B)",
    "C": "looking the record up again (C)",
    "D": "asking a person (D)",
}
_MODULE = re.compile(r"\b[a-z_]\w*\.")
_WRITES = ("create", "update", "upsert", "delete")


def facts(connector: type[Connector[Any]]) -> dict[str, Any]:
    """Everything a connector declares, as JSON values."""
    return {
        "name": connector.name,
        "title": connector.title or connector.name,
        "api_version": connector.api_version,
        "documentation": connector.documentation,
        "settings": [_setting(name, field) for name, field in connector.settings.model_fields.items()],
        "limits": [
            {"calls": limit.calls, "seconds": limit.seconds, "burst": limit.bucket, "scope": limit.scope}
            for limit in connector.limits
        ],
        "streams": [_stream(stream) for stream in connector.streams],
    }


def _setting(name: str, field: pydantic.fields.FieldInfo) -> dict[str, Any]:
    shown = str(getattr(field.annotation, "__name__", field.annotation))
    if "[" in str(field.annotation) or "|" in str(field.annotation):
        shown = str(field.annotation)
    shown = _MODULE.sub("", shown)
    secret = "Secret" in shown
    default = "" if field.is_required() or field.default is None or secret else str(field.default)
    return {
        "name": field.alias or name,
        "type": shown.replace("SecretStr", "text").replace("str", "text").removesuffix(" | None"),
        "secret": secret,
        "required": field.is_required(),
        "default": default,
    }


def _stream(stream: type[Stream]) -> dict[str, Any]:
    from accord.model.record import Verb
    from accord.model.schema import name_of

    reads = getattr(stream, "read", None) is not None
    writes = [name for name in _WRITES if getattr(stream, name, None) is not None]
    direction = {(True, True): "read and written", (True, False): "only read", (False, True): "only written"}
    calls = ("read", "get", "find", *_WRITES)
    present = {name: getattr(stream, name, None) for name in calls}
    creates = str(stream.creates) if stream.creates is not None else ""
    return {
        "name": stream.name,
        "model": name_of(stream.model),
        "direction": direction.get((reads, bool(writes)), "unused"),
        "operations": [name for name, call in present.items() if call is not None],
        "consent": [verb.value for verb in Verb if getattr(stream, verb.value, None) is not None],
        "deletes": str(stream.deletes),
        "creates": _CREATES.get(creates, creates),
        "cursor": stream.cursor.path if stream.cursor is not None else "",
        "lost_update": "prevented" if stream.etag is not None else "narrowed",
        "upsert_by": stream.upsert_by or "",
        "batches": {
            name: int(getattr(call, "size", 1))
            for name, call in present.items()
            if call is not None and name != "read"
        },
        "find_by": list(stream.find_by),
        "subject": stream.subject,
        "origin": str(stream.origin),
        "atomicity": str(stream.atomicity),
        "t_max": stream.t_max,
        "l_max": stream.l_max,
        "losses": [{"field": loss.field, "why": loss.why} for loss in _bound(stream)],
    }


def _bound(stream: type[Stream]) -> list[Any]:
    mapping = stream.mapping.bound(connector="", stream=stream.name, model=stream.model)
    return list(mapping.losses())

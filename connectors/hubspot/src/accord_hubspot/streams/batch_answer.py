"""What the answer to a batch says about one of its writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import accord


def blamed(error: Mapping[str, Any]) -> list[str]:
    """Whom an error of a 207 answer is about: trace ids where HubSpot names them, else record ids."""
    context = error.get("context") or {}
    return [str(key) for name in ("objectWriteTraceId", "ids", "id") for key in context.get(name, ())]


def outcome_of(
    write: accord.Write, rows: Mapping[Any, accord.Row], errors: Mapping[str, Mapping[str, Any]]
) -> accord.Outcome:
    """The outcome of one write; what the answer does not account for may have been applied."""
    keys = [key for key in (write.id, write.external_id, write.hub_id) if key]
    row = next((rows[key] for key in keys if key in rows), None)
    if row is not None:
        return accord.Outcome(write.id, accord.Result.DONE, row["id"], row)
    error = next((errors[key] for key in keys if key in errors), None)
    if error is None:
        return accord.Outcome(write.id, accord.Result.UNKNOWN, reason="not_in_answer")
    category = str(error.get("category"))
    gone = category == "OBJECT_NOT_FOUND" and write.external_id is not None
    return accord.Outcome(
        write.id, accord.Result.GONE if gone else accord.Result.REJECTED, write.external_id, reason=category
    )

"""A rule of our own: children are in no other system but the one their parents gave them to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import accord

ADULT = timedelta(days=18 * 365.25)


@accord.hookimpl
def accord_gate(batch: Sequence[Any]) -> Mapping[str, str]:
    """Refuse what is about a child: a reason by record id."""
    latest = datetime.now(UTC).date() - ADULT
    return {
        record.id: "child"
        for record in batch
        if (born := record.document.get("birth_date")) and date.fromisoformat(born) > latest
    }

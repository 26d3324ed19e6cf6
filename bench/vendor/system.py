"""A system that is read and written: people under its own ids, each with the instant of its last change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from bench import people
from bench.job import PAGE

Row = dict[str, Any]
EDITED = ("tier", "family", "town")
"""What its users edit. Each system edits two of these, so that neighbours clash in one."""


class System:
    """One of several that hold the same people."""

    def __init__(self, place: int, count: int) -> None:
        self.place = place
        self.rows: dict[str, Row] = {}
        self._clock = datetime.now(UTC) - timedelta(seconds=count + 3600)
        self._next = self._edits = 0
        for number in range(count):
            self._clock += timedelta(seconds=1)
            self._add(self._person(number), self._clock)

    def _person(self, number: int) -> Row:
        row = people.customer(number)
        return {
            "mail": row["mail"].strip().lower(),
            "mobile": row["mobile"],
            "given": row["given"],
            "family": row["family"],
            "firm": row["firm"]["name"],
            "town": row["places"][0]["town"],
            "postcode": row["places"][0]["postcode"],
            "country": row["places"][0]["country"],
            "tier": row["extra"]["tier"],
        }

    def _tick(self) -> datetime:
        """Now; every change has an instant of its own."""
        self._clock = max(self._clock + timedelta(microseconds=1), datetime.now(UTC))
        return self._clock

    def _add(self, values: Row, at: datetime) -> Row:
        key = f"{'abcdefgh'[self.place]}{self._next}"
        self._next += 1
        self.rows[key] = {"id": key, **values, "changed": _spelled(at)}
        return self.rows[key]

    def edit(self, share: float) -> int:
        """Have its users edit this share of the people, half of them the same people as elsewhere.

        The next time it is others: who edits the same cell against a neighbour again and again is braked.
        """
        step = max(1, round(1 / share))
        keys = list(self.rows)
        first, self._edits = self._edits * len(EDITED) % step, self._edits + 1
        chosen = [n + (n // step % 2) * self.place for n in range(first, len(keys) - len(EDITED), step)]
        for number in chosen:
            changed = {EDITED[(self.place + shift) % 3]: f"edited {self.place}" for shift in range(2)}
            self.rows[keys[number]].update(changed, changed=_spelled(self._tick()))
        return len(chosen)

    def listing(self, query: Mapping[str, str]) -> bytes:
        """Asked for ids: those. Else a page, all or changed since, ordered by (changed, id)."""
        if "ids" in query:
            found = [self.rows[key] for key in query["ids"].split(",") if key in self.rows]
            return orjson.dumps({"data": found, "next": None})
        since = query.get("changed_since", "")
        rows = [row for row in self.rows.values() if row["changed"] >= since] if since else self.rows.values()
        start = int(query.get("cursor") or 0)
        part = list(rows)[start : start + PAGE]
        following = str(start + PAGE) if start + PAGE < len(rows) else None
        return orjson.dumps({"data": part, "next": following})

    def write(self, body: bytes) -> bytes:
        """Take ``{"records": [{"key": our id or null, "ref": theirs, "data": {...}}]}`` and show the rows."""
        results = []
        for record in orjson.loads(body)["records"]:
            row = self.rows.get(record["key"])
            if row is None:
                row = self._add(record["data"], self._tick())
            else:
                row.update(record["data"], changed=_spelled(self._tick()))
            results.append({"ref": record["ref"], "record": row})
        return orjson.dumps({"results": results})

    def people(self) -> dict[str, Row]:
        """What is held of whom, without what differs by nature."""
        return {
            row["mail"]: {name: value for name, value in row.items() if name not in ("id", "changed")}
            for row in self.rows.values()
        }


def _spelled(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")

"""Customer lists: members added and removed by multi-key rows of hashes.

Source: reference of custom audience users. Rows that cannot be used are counted, never named one by one.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from accord.sandbox import Item, Request, Response, Values
from accord_meta.problem import FLAGGED, NO_SUCH_NODE, UPLOAD_BLOCKED
from accord_meta.sandbox.graph import INVALID_PARAMETER, SHA256, Graph

AUDIENCE = "12010000000000001"
MOST_ROWS = 10_000
SINGLE = {"EMAIL_SHA256": "EMAIL", "PHONE_SHA256": "PHONE"}
"""Schemas of one key, as texts, and what they are called among several."""

HASHED = ("EMAIL", "PHONE", "GEN", "DOBY", "DOBM", "DOBD", "FN", "LN", "FI", "CT", "ST", "ZIP", "COUNTRY")
CLEAR = ("EXTERN_ID", "MADID", "LOOKALIKE_VALUE")
OPTIONS = ("DATA_PROCESSING_OPTIONS", "DATA_PROCESSING_OPTIONS_COUNTRY", "DATA_PROCESSING_OPTIONS_STATE")
NAMING = ("EMAIL", "PHONE", "EXTERN_ID", "MADID")
"""The keys that name one person; the others only help."""

NORMAL = {"code": 200, "description": "This audience is ready for use."}
RESTRICTED = {"code": FLAGGED, "description": "This audience has integrity restrictions."}


class Lists(Graph):
    """The ad account's customer lists."""

    def declare_lists(self) -> None:
        """Tables and routes."""
        self.audiences = self.shelf.table("_audiences")
        self.sessions = self.shelf.table("_sessions")
        self.members = self.shelf.table("members", {"audience": lambda values: str(values["audience"])})
        self.route("POST", "/{version}/{node}/users", self.add_users, kind="audience")
        self.route("DELETE", "/{version}/{node}/users", self.remove_users, kind="audience")
        self.route("GET", "/{version}/{node}/sessions", self.list_sessions)

    def flag(self, audience: str = AUDIENCE, *, flagged: bool = True) -> None:
        """Meta restricts an audience, or lifts the restriction."""
        with self.lock, self.shelf.acting("vendor"):
            self.audiences.update(audience, {"flagged": flagged})

    def audience_node(self, item: Item) -> dict[str, Any]:
        """A list as its node shows it; its size is only told roughly."""
        size = len(self.members.find("audience", item.id))
        low = size // 100 * 100
        return {
            "id": item.id,
            "name": item.values["name"],
            "account_id": item.values["account_id"],
            "operation_status": RESTRICTED if item.values["flagged"] else NORMAL,
            "approximate_count_lower_bound": low if size >= 1000 else -1,  # noqa: PLR2004
            "approximate_count_upper_bound": low + 100 if size >= 1000 else -1,  # noqa: PLR2004
            "subtype": "CUSTOM",
        }

    def add_users(self, request: Request) -> Response:
        """Add rows; one that is there already changes nothing."""
        audience, good, bad = self.rows(request)
        for values in good:
            id_ = f"{audience}:{_digest(values)}"
            if id_ not in self.members:
                self.members.insert({"audience": audience, **values}, id_=id_)
        return self.counted(request, audience, len(good), bad)

    def remove_users(self, request: Request) -> Response:
        """Remove everybody whom a row names."""
        audience, good, bad = self.rows(request)
        for values in good:
            for item in self.members.find("audience", audience):
                if _names(values, item.values):
                    self.members.remove(item.id)
        return self.counted(request, audience, len(good), bad)

    def rows(self, request: Request) -> tuple[str, list[Values], list[Any]]:
        """The audience, the rows that can be used, and those that cannot.

        Raises:
            Refused: the audience is unknown or flagged, or the payload is malformed.
        """
        item = self.audiences.get(request.params["node"])
        if item is None:
            raise self.refusal(INVALID_PARAMETER, "Unsupported request: no such object.", NO_SUCH_NODE)
        if item.values["flagged"]:
            raise self.refusal(INVALID_PARAMETER, "Invalid parameter", UPLOAD_BLOCKED)
        payload = self.arguments(request).get("payload")
        if not isinstance(payload, dict) or not isinstance(payload.get("data"), list):
            raise self.refusal(INVALID_PARAMETER, "(#100) payload must have schema and data")
        keys = self.keys(payload.get("schema"))
        data = payload["data"]
        if not 0 < len(data) <= MOST_ROWS:
            raise self.refusal(INVALID_PARAMETER, "(#100) data takes 1 to 10000 rows")
        read = [(row, _read(keys, row)) for row in data]
        good = [values for _, values in read if values is not None]
        return item.id, good, [row for row, values in read if values is None]

    def keys(self, schema: Any) -> list[str]:
        """The keys of a schema: a list of them, or the name of a single one."""
        keys = [SINGLE.get(schema, schema)] if isinstance(schema, str) else schema
        known = {*HASHED, *CLEAR, *OPTIONS}
        if not isinstance(keys, list) or not keys or not known.issuperset(keys):
            raise self.refusal(INVALID_PARAMETER, "(#100) schema has an unknown key")
        return [str(key) for key in keys]

    def counted(self, request: Request, audience: str, good: int, bad: list[Any]) -> Response:
        """Meta's account of a batch: counts, and some samples of what it could not use."""
        asked = self.arguments(request).get("session")
        session = asked if isinstance(asked, dict) else {}
        session_id = str(session.get("session_id") or self.random.getrandbits(62))
        told = {"audience": audience, "received": good + len(bad), "invalid": len(bad)}
        held = self.sessions.get(session_id)
        if held is None:
            self.sessions.insert(told, id_=session_id)
        else:
            counts = {name: held.values[name] + told[name] for name in ("received", "invalid")}
            self.sessions.update(session_id, counts)
        samples = {json.dumps(row): "invalid" for row in bad[:5]}
        return Response.json(
            {
                "audience_id": audience,
                "session_id": session_id,
                "num_received": good + len(bad),
                "num_invalid_entries": len(bad),
                "invalid_entry_samples": samples,
            }
        )

    def list_sessions(self, request: Request) -> Response:
        """The upload sessions of an audience, or one of them."""
        wanted = request.argument("session_id")
        rows = [
            {
                "session_id": item.id,
                "num_received": str(item.values["received"]),
                "num_invalid_entries": str(item.values["invalid"]),
                "stage": "preprocessing",
                "start_time": str(int(item.created_at.timestamp())),
            }
            for item in self.sessions.items()
            if item.values["audience"] == request.params["node"] and wanted in ("", item.id)
        ]
        return Response.json({"data": rows})


def _read(keys: list[str], row: Any) -> Values | None:
    """A row by key; None when Meta could not use it."""
    parts = [row] if isinstance(row, str) else row
    if not isinstance(parts, list) or len(parts) != len(keys):
        return None
    values = {key: part for key, part in zip(keys, parts, strict=True) if part not in ("", None)}
    wrong = [key for key in HASHED if key in values and not SHA256.fullmatch(str(values[key]))]
    return None if wrong or not {*HASHED, *CLEAR} & values.keys() else values


def _digest(values: Values) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:24]


def _names(asked: Values, held: Values) -> bool:
    """Whether a row means this member: they share a naming key, and contradict each other in none."""
    shared = [key for key in NAMING if key in asked and key in held]
    return bool(shared) and all(asked[key] == held[key] for key in shared)

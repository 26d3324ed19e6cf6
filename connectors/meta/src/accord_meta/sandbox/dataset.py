"""Datasets: server events, counted once per name and id within 48 hours, refused all together.

Sources: Conversions API, "Using the API", "Server event parameters", "Handling duplicate events".
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from accord.sandbox import Request, Response, Values
from accord_meta.problem import NO_SUCH_NODE
from accord_meta.sandbox.graph import INVALID_PARAMETER, SHA256, Graph

DATASET = "13010000000000001"
MOST_EVENTS = 1000
SAME_FOR = timedelta(hours=48)
OLDEST, OLDEST_IN_STORE = timedelta(days=7), timedelta(days=62)
SOURCES = (
    "email website app phone_call chat physical_store system_generated business_messaging other"
).split()
HASHED = ("em", "ph", "ge", "db", "ln", "fn", "ct", "st", "zp", "country")
TOO_OLD, NO_CUSTOMER = 2804003, 2804050
"""``error_subcode`` of an event that is too old, and of one that names nobody."""


class Datasets(Graph):
    """The ad account's dataset."""

    def declare_datasets(self) -> None:
        """Tables and routes."""
        self.datasets = self.shelf.table("_datasets")
        self.events = self.shelf.table("purchases")
        self.route("POST", "/{version}/{node}/events", self.take_events, kind="events")

    def take_events(self, request: Request) -> Response:
        """All events or none."""
        if request.params["node"] not in self.datasets:
            raise self.refusal(INVALID_PARAMETER, "Unsupported post request: no such object.", NO_SUCH_NODE)
        data = self.arguments(request).get("data")
        events = [json.loads(event) if isinstance(event, str) else event for event in data or ()]
        if not 0 < len(events) <= MOST_EVENTS:
            raise self.refusal(INVALID_PARAMETER, "(#100) data takes 1 to 1000 events")
        for event in events:
            self.check_event(event)
        for event in events:
            self.keep_event(event)
        return Response.json(
            {
                "events_received": len(events),
                "messages": [],
                "fbtrace_id": f"A{self.random.getrandbits(80):x}",
            }
        )

    def check_event(self, event: Any) -> None:
        """Refuse what Meta refuses.

        Raises:
            Refused: a field is missing or wrong, the event is too old, or it names nobody.
        """
        needed = ("event_name", "event_time", "user_data", "action_source")
        if not isinstance(event, dict) or any(not event.get(name) for name in needed):
            raise self.refusal(INVALID_PARAMETER, "(#100) Invalid parameter: event")
        source = event["action_source"]
        if source not in SOURCES:
            raise self.refusal(INVALID_PARAMETER, "(#100) Invalid parameter: action_source")
        age = self.clock.now().timestamp() - int(event["event_time"])
        oldest = OLDEST_IN_STORE if source == "physical_store" else OLDEST
        if age > oldest.total_seconds():
            raise self.refusal(INVALID_PARAMETER, "Event Timestamp Too Old", TOO_OLD)
        self.check_person(event["user_data"])

    def check_person(self, user_data: dict[str, Any]) -> None:
        """Contact information is taken only as a hash.

        Raises:
            Refused: something is clear text, or nothing names anybody.
        """
        for name in HASHED:
            held = user_data.get(name) or []
            values = held if isinstance(held, list) else [held]
            if not all(SHA256.fullmatch(str(value)) for value in values):
                raise self.refusal(INVALID_PARAMETER, f"(#100) Unhashed contact information: {name}")
        if not {"em", "ph", "external_id", "fbc", "fbp", "madid"} & user_data.keys():
            raise self.refusal(INVALID_PARAMETER, "You Have Not Added Sufficient Customer Data", NO_CUSTOMER)

    def keep_event(self, event: Values) -> None:
        """Keep an event, unless one of its name and id came within 48 hours."""
        id_ = f"{event['event_name']}:{event.get('event_id') or self.shelf.next_id()}"
        held = self.events.get(id_)
        if held is not None and self.clock.now() - held.updated_at <= SAME_FOR:
            return
        if held is not None:
            id_ = f"{id_}:{self.shelf.next_id()}"
        self.events.insert(event, id_=id_)

"""Orders: what the contacts bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import accord
from accord_hubspot.mapping import ORDERS
from accord_hubspot.streams.crm_object import CrmObject

LINK = "/crm/v4/associations/orders/contacts/batch/associate/default"


class Orders(CrmObject):
    """Orders, each linked to the contact it belongs to."""

    name = "orders"
    path = "/crm/v3/objects/orders"
    model = accord.Order
    mapping = ORDERS
    subject = "customer"
    merged = None  # HubSpot's API merges contacts, not orders
    modified = "hs_lastmodifieddate"
    searched: ClassVar[Mapping[str, Sequence[str]]] = {"number": ("hs_external_order_id",)}
    find_by = ("hub_id", "number")

    def send(
        self, verb: str, inputs: list[dict[str, Any]], writes: Sequence[accord.Write]
    ) -> list[accord.Outcome]:
        """Write the orders, then link them; linking twice is no error, so both may be repeated."""
        outcomes = super().send(verb, inputs, writes)
        links = [
            {"from": {"id": outcome.external_id}, "to": {"id": write.row["contact"]}}
            for write, outcome in zip(writes, outcomes, strict=True)
            if outcome.result is accord.Result.DONE and write.row.get("contact")
        ]
        if links:
            self.http.post(LINK, json={"inputs": links})
        return outcomes

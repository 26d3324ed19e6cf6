"""Orders: what the contacts bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import accord
from accord_hubspot.mapping import ORDERS
from accord_hubspot.streams.crm_object import CrmObject

REFUSED = frozenset({400, 404})
LINK = "orders/contacts/batch/associate/default"


class Orders(CrmObject):
    """Orders, each linked to the contact it belongs to."""

    name = "orders"
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
        """Write the orders, then link them; linking twice is no error, so both may be repeated.

        An order that HubSpot does not link (its contact is gone) is refused, although it has been written.
        """
        outcomes = super().send(verb, inputs, writes)
        wanted = {
            write.id: (str(outcome.external_id), str(write.row["contact"]))
            for write, outcome in zip(writes, outcomes, strict=True)
            if outcome.result is accord.Result.DONE and write.row.get("contact")
        }
        linked = self._linked(list(wanted.values()))
        return [
            replace(outcome, result=accord.Result.REJECTED, row=None, reason="contact_not_linked")
            if outcome.write_id in wanted and wanted[outcome.write_id] not in linked
            else outcome
            for outcome in outcomes
        ]

    def _linked(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which orders were linked to their contacts; a batch that is refused as a whole goes one by one."""
        if not pairs:
            return set()
        inputs = [{"from": {"id": order}, "to": {"id": contact}} for order, contact in pairs]
        path = f"/crm/associations/{self.connector.settings_value.api_version}/{LINK}"
        answer = self.http.post(path, json={"inputs": inputs}, accept=REFUSED)
        if answer.status not in REFUSED:
            return {(str(row["from"]["id"]), str(row["to"]["id"])) for row in answer.json()["results"]}
        return set().union(*(self._linked([pair]) for pair in pairs)) if len(pairs) > 1 else set()

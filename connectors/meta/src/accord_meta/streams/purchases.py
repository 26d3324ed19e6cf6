"""Purchases: one event per order, sent once and never taken back.

The Conversions API has no way to change or delete an event. A withdrawal stops further ones; what was sent
stays, and the receipt says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar

import accord
from accord_meta.mapping import BUYER, IDENTIFIERS, PURCHASE, PURCHASES

BATCH = 1000
"""Events per call; one that Meta refuses fails them all (Conversions API, "Using the API")."""

CHANNEL = "ad_platform:meta"
OLDEST = timedelta(days=7)
OLDEST_IN_STORE = timedelta(days=62)
"""How old an event may be (server event parameters; offline events): sales in shops more."""

NO_SALE = ("cancelled", "refunded")
IRREVOCABLE = "events_are_irrevocable"


class Purchases(accord.Stream):
    """Orders as ``Purchase`` events. Only written, and only once.

    ``event_id`` and the event's name make a repeated event count once, for 48 hours (server event
    parameters): class A, as the engine trusts such a key for less than that.
    """

    name = "purchases"
    model = accord.Order
    mapping = PURCHASES
    subject = "customer"
    origin = accord.Origin.OWN
    deletes = accord.Deletes.NONE
    creates = accord.Creates.IDEMPOTENCY_KEY
    atomicity = accord.Atomicity.ALL_OR_NOTHING
    full_read_is_complete: ClassVar[bool] = False
    allows = MappingProxyType({"ads.conversion_measurement": frozenset((*BUYER, *PURCHASE))})
    consent_channels = frozenset({CHANNEL})

    def identifiers(self, row: accord.Row) -> Mapping[str, str]:
        """The hashes and their normalisers, and the dataset they go to; {} when nobody leaves."""
        held = row.get("identifiers") or {}
        return {**held, "dataset": str(self.connector.settings_value.dataset)} if held else {}

    @accord.batch(BATCH, limit_class="events")
    def create(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Send one event per order.

        Raises:
            RecordRejectedError: Meta refuses the batch as a whole; smaller ones will tell which event it was.
        """
        refused = {write.id: reason for write in writes if (reason := self._refusal(write))}
        fit = [write for write in writes if write.id not in refused]
        if fit:
            self._post([self._event(write) for write in fit])
        return [
            accord.Outcome(write.id, accord.Result.REJECTED, reason=refused[write.id])
            if write.id in refused
            else accord.Outcome(write.id, accord.Result.DONE, external_id=self._event_id(write))
            for write in writes
        ]

    @accord.batch(BATCH)
    def remove(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Nothing can be taken back; a person must know."""
        return [_irrevocable(write) for write in writes]

    @accord.batch(BATCH)
    def erase(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Nothing can be deleted either; who never left for Meta is not there."""
        return [
            _irrevocable(write) if write.identifiers else accord.Outcome(write.id, accord.Result.GONE)
            for write in writes
        ]

    def _post(self, events: list[dict[str, Any]]) -> None:
        settings = self.connector.settings_value
        version = settings.api_version
        test = {"test_event_code": settings.test_event_code} if settings.test_event_code else {}
        self.http.post(
            f"/{version}/{settings.dataset}/events",
            json={"data": events, **test},
            limit_class="events",
            template=f"/{version}/{{dataset}}/events",
        )

    def _event(self, write: accord.Write) -> dict[str, Any]:
        """``opt_out``: given for measuring, so Meta may not use it to choose who sees which ad."""
        settings = self.connector.settings_value
        sale = dict(write.row["sale"])
        held = write.row["identifiers"]
        options = ["LDU"] if settings.limited_data_use else []
        return {
            "event_name": "Purchase",
            "event_time": sale.pop("event_time"),
            "event_id": self._event_id(write),
            "action_source": str(settings.action_source),
            "opt_out": True,
            "user_data": {field: [held[field]] for field in IDENTIFIERS if field in held},
            "custom_data": sale,
            "data_processing_options": options,
            **({"data_processing_options_country": 0, "data_processing_options_state": 0} if options else {}),
        }

    def _event_id(self, write: accord.Write) -> str:
        number = write.document.get("number")
        return str(number) if number and self.connector.settings_value.event_id == "number" else write.hub_id

    def _refusal(self, write: accord.Write) -> str:
        """Why an order is no event; "" when it is one."""
        sale, document = write.row.get("sale") or {}, write.document
        if document.get("marketplace"):
            return "marketplace_origin"
        if document.get("status") in NO_SALE:
            return "no_longer_a_purchase"
        if not {"event_time", "value", "currency"} <= sale.keys():
            return "no_date_or_no_amount"
        if not {"em", "ph"} & (write.row.get("identifiers") or {}).keys():
            return "neither_email_nor_telephone"
        in_store = self.connector.settings_value.action_source == "physical_store"
        oldest = self.connector.context.env.now() - (OLDEST_IN_STORE if in_store else OLDEST)
        return "older_than_meta_takes" if sale["event_time"] < oldest.timestamp() else ""


def _irrevocable(write: accord.ConsentWrite) -> accord.Outcome:
    return accord.Outcome(
        write.id, accord.Result.REJECTED, reason=IRREVOCABLE, receipt=accord.Receipt.IMPOSSIBLE
    )

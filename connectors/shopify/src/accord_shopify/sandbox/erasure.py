"""Requests about personal data: erasure that happens days later, and the privacy webhooks.

Sources: https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance (topics and payloads),
https://help.shopify.com/manual/privacy-and-security/privacy/processing-customer-data-requests (10 days; 180
days after the last order). What the vendor answers to a repeated request is not documented: here it is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from accord.sandbox import Item, Values
from accord_shopify.sandbox.wire import Resolver, gid, number_of, problem

if TYPE_CHECKING:
    from accord_shopify.sandbox.shop import ShopifySandbox

WAIT, HOLD = timedelta(days=10), timedelta(days=180)
SHOP_ID = 1001
REDACTED: Values = {"marketingState": "REDACTED", "marketingOptInLevel": "UNKNOWN", "consentUpdatedAt": None}
CONSENTS = ("emailMarketingConsent", "smsMarketingConsent")


class Erasure:
    """Pending erasures by customer, and who is told."""

    def __init__(self, shop: ShopifySandbox) -> None:
        self._shop = shop
        self._table = shop.shelf.table("_erasures")

    def mutations(self) -> Mapping[str, Resolver]:
        """The mutations by name."""
        return {"customerRequestDataErasure": self.request, "customerCancelDataErasure": self.cancel}

    def request(self, _info: Any, customerId: str) -> dict[str, Any]:  # noqa: N803  the vendor's name
        """Enqueue an erasure."""
        number = number_of(customerId)
        if number not in self._shop.customers.table:
            return _refused("DOES_NOT_EXIST", "Customer does not exist")
        if self._shop.unwell:
            return _refused("FAILED_TO_REQUEST", "Could not schedule erasure")
        if number not in self._table:
            self._table.insert({"due": self._due(number).isoformat()}, id_=number)
        return {"customerId": gid("Customer", number), "userErrors": []}

    def cancel(self, _info: Any, customerId: str) -> dict[str, Any]:  # noqa: N803  the vendor's name
        """Take a pending erasure back."""
        if self._table.remove(number_of(customerId)) is None:
            return _refused("NOT_BEING_ERASED", "Customer's data is not scheduled for erasure")
        return {"customerId": customerId, "userErrors": []}

    def happen(self) -> None:
        """Erase whose time has come; the apps are told."""
        now = self._shop.clock.now()
        due = [item for item in self._table.items() if datetime.fromisoformat(item.values["due"]) <= now]
        for item in due:
            with self._shop.shelf.acting("vendor"):
                self._table.remove(item.id)
                if item.id in self._shop.customers.table:
                    self._erase(item.id)

    def tell_of_access(self, number: str) -> None:
        """The customer asked the merchant for their data."""
        about, orders = self._about(number)
        self._shop.emit(
            "customers/data_request",
            about | {"orders_requested": orders, "data_request": {"id": int(number)}},
        )

    def tell_of_uninstalling(self) -> None:
        """48 hours after the shop uninstalled the app."""
        self._shop.emit("shop/redact", {"shop_id": SHOP_ID, "shop_domain": self._shop.domain})

    def _erase(self, number: str) -> None:
        about, orders = self._about(number)
        kept = {"tags": [], "state": "DISABLED", **dict.fromkeys(CONSENTS, REDACTED)}
        self._shop.customers.table.overwrite(number, kept)
        self._shop.emit("customers/redact", about | {"orders_to_redact": orders})

    def _about(self, number: str) -> tuple[Values, list[int]]:
        item = self._shop.customers.table.get(number)
        values = item.values if item else {}
        customer = {"id": int(number), "email": values.get("email"), "phone": values.get("phone")}
        about = {"shop_id": SHOP_ID, "shop_domain": self._shop.domain, "customer": customer}
        return about, [int(order.id) for order in self._orders(number)]

    def _orders(self, number: str) -> list[Item]:
        orders: list[Item] = self._shop.orders.of_customer(number)
        return orders

    def _due(self, number: str) -> datetime:
        """Ten days from now, but never less than 180 days after the last order."""
        last = [datetime.fromisoformat(order.values["processedAt"]) for order in self._orders(number)]
        soonest = self._shop.clock.now() + WAIT
        return max([soonest, *(at + HOLD for at in last)])


def _refused(code: str, message: str) -> dict[str, Any]:
    return {"customerId": None, "userErrors": [problem(message, "customerId", code=code)]}

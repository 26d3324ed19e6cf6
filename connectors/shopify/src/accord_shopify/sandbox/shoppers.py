"""What the shop's people do by hand: merge customers, unsubscribe, ask for their data or for erasure."""

from __future__ import annotations

from accord.sandbox import Item, Sandbox
from accord_shopify.sandbox import consent
from accord_shopify.sandbox.customers import Customers
from accord_shopify.sandbox.erasure import Erasure
from accord_shopify.sandbox.wire import gid

CONSENTS = {"email": ("emailMarketingConsent", "email"), "sms": ("smsMarketingConsent", "phone")}


class Shoppers(Sandbox):
    """Customers and staff."""

    customers: Customers
    erasure: Erasure

    def person_merges(self, table: str, winner: str, loser: str) -> Item:
        """A person merges two customers in the admin: the API's rules, but the person names the winner."""
        if table != "customers":
            return super().person_merges(table, winner, loser)
        with self.lock, self.shelf.acting("person"):
            kept, gone = self.customers.table.get(winner), self.customers.table.get(loser)
            if kept is None or gone is None or winner == loser:
                raise KeyError(loser if kept is not None else winner)
            return self.customers.combine(kept, gone)

    def person_unsubscribes(self, table: str, id_: str, channel: str = "email") -> Item:
        """The customer follows the link of a mail, or answers STOP."""
        return self._decide(table, id_, channel, "UNSUBSCRIBED")

    def person_subscribes(self, table: str, id_: str, channel: str = "email") -> Item:
        """The customer ticks the box at the checkout or in the footer's form."""
        return self._decide(table, id_, channel, "SUBSCRIBED")

    def _decide(self, table: str, id_: str, channel: str, state: str) -> Item:
        name, point = CONSENTS.get(channel, ("", ""))
        with self.lock, self.shelf.acting("person"):
            item = self.customers.table.get(id_)
            if table != "customers" or item is None or not item.values.get(point):
                raise KeyError(f"subscription of {table}/{id_} on {channel}")
            held = consent.later(
                None, {"marketingState": state}, consent.stamp(self.clock.now()), sms=channel == "sms"
            )
            item = self.customers.table.update(id_, {name: held})
            self.customers.tell("customers/update", item)
            return item

    def person_asks_for_data(self, id_: str) -> None:
        """The customer asks what is known of them, and staff pass it on to the apps."""
        with self.lock, self.shelf.acting("person"):
            self.erasure.tell_of_access(id_)

    def person_asks_for_erasure(self, id_: str) -> None:
        """The customer asks to be forgotten, and staff enter it in the admin."""
        with self.lock, self.shelf.acting("person"):
            self.erasure.request(None, gid("Customer", id_))

    def person_uninstalls(self) -> None:
        """The merchant has removed the app 48 hours ago."""
        with self.lock:
            self.erasure.tell_of_uninstalling()

"""Orders: sent whole, one by one, joined only to contacts that are already linked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import accord
from accord.http import segment
from accord_brevo.mapping import ORDERS

PATH = "/v3/orders/status"
REFUSED = 400


class Orders(accord.Stream):
    """Orders, written under our own id: Brevo upserts by it.

    The batch endpoint is not used: it answers before anything happened, tells results only to a web
    address, and allows 100 calls an hour where the single one allows 18,000.
    """

    name = "orders"
    model = accord.Order
    mapping = ORDERS
    subject = "customer"
    origin = accord.Origin.OWN
    deletes = accord.Deletes.NONE
    creates = accord.Creates.UPSERT
    full_read_is_complete = False

    @accord.batch(1, limit_class="orders")
    def upsert(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Create an order or move it on."""
        return [self._post(write) for write in writes]

    def _post(self, write: accord.Write) -> accord.Outcome:
        order: dict[str, Any] = dict(write.row.get("order") or {})
        currency, ours = order.pop("currency", None), self.connector.settings_value.currency
        if ours is not None and currency != ours:
            return accord.Outcome(write.id, accord.Result.REJECTED, reason="other_currency_than_account")
        now = self.connector.context.env.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = {"id": write.hub_id, "updatedAt": now, **order, **self._identifiers(write.row.get("contact"))}
        answer = self.http.post(PATH, json=body, accept={REFUSED}, limit_class="orders")
        if answer.status == REFUSED:
            return accord.Outcome(write.id, accord.Result.REJECTED, reason=str(answer.json().get("code")))
        return accord.Outcome(write.id, accord.Result.DONE, external_id=write.hub_id)

    def _identifiers(self, contact: str | None) -> dict[str, Any]:
        """Whom the order belongs to, by an identifier of the linked contact.

        Never by the order's own e-mail address: Brevo would create a contact for it, past every consent.
        """
        if contact is None:
            return {}
        answer = self.http.get(
            f"/v3/contacts/{segment(contact)}",
            params={"identifierType": "contact_id"},
            accept={404},
            limit_class="contacts",
            template="/v3/contacts/{key}",
        )
        row = answer.json()
        found = {"email_id": row.get("email"), "phone_id": (row.get("attributes") or {}).get("SMS")}
        names = {name: value for name, value in found.items() if value}
        return {"identifiers": dict([next(iter(names.items()))])} if names else {}

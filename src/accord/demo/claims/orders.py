"""Orders of shop and till stand in the CRM, each with its customer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from accord.demo.claims.claim import Claim

if TYPE_CHECKING:
    from accord.demo.claims.edits import Hands
    from accord.demo.stage import Stage

NEW = "#DEMO-1"


def placed(stage: Stage, hands: Hands) -> Callable[[], Claim]:
    """A customer orders in the shop."""
    email = next(hands.persons)
    shop = stage.vendors["shop"]
    example = next(iter(shop.rows("orders").values()))
    buyer = hands.id_of("shop", email)
    shop.add({**example, "name": NEW, "customerId": buyer, "email": email}, "orders")

    def check() -> Claim:
        orders = {str(row["name"]): str(row.get("customerId") or "") for row in shop.rows("orders").values()}
        crm = _numbered(stage)
        arrived = sum(number in crm for number in orders)
        right = _right(stage, orders, crm)
        receipts = stage.till.receipts()
        from_till = sum(number.startswith("TI-") for number in crm)
        figures = {"shop_orders": len(orders), "shop_orders_in_crm": arrived, "receipts": receipts}
        figures |= {"receipts_in_crm": from_till, "linked_to_their_customer": right}
        unclear = _unclear(stage)
        waiting = sum(customer in unclear for customer in orders.values())
        figures["buyer_waits_for_a_person"] = waiting
        bought = sum(bool(customer) for customer in orders.values()) - waiting
        ok = arrived == len(orders) and from_till == receipts and right == bought and NEW in crm
        return Claim("orders", "Orders arrive in the CRM, linked to their customers", ok, figures)

    return check


def _unclear(stage: Stage) -> set[str]:
    """Customers of the shop who could be either of two people: a person has to say which."""
    conflicts = stage.accord.conflicts(state="open", model="customer", limit=100_000)
    return {
        c.external_id.rpartition("/")[2] for c in conflicts if (c.kind, c.connection) == ("identity", "shop")
    }


def _numbered(stage: Stage) -> dict[str, str]:
    """The CRM's orders: id by number."""
    rows = stage.vendors["crm"].rows("orders")
    return {str(row.get("hs_external_order_id")): id_ for id_, row in rows.items()}


def _right(stage: Stage, orders: dict[str, str], crm: dict[str, str]) -> int:
    """How many of the shop's orders are linked to the contact who is the buyer."""
    now = stage.census()
    buyers = {record.id: {record.email, record.phone} - {""} for record in now.held["shop"]}
    contacts = {record.id: {record.email, record.phone} - {""} for record in now.held["crm"]}
    links: dict[str, list[str]] = {}
    for row in stage.vendors["crm"].rows("associations").values():
        links.setdefault(str(row["from"]), []).append(str(row["to"]))
    return sum(
        1
        for number, customer in orders.items()
        for contact in links.get(f"orders:{crm.get(number)}>contacts", ())
        if buyers.get(customer, set()) & contacts.get(contact, set())
    )

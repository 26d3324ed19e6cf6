"""Orders, read only."""

from __future__ import annotations

from typing import Any, ClassVar

import accord
from accord_shopify.mapping import ORDERS
from accord_shopify.streams.shop_stream import ShopStream

MONEY = "{ shopMoney { amount currencyCode } }"
ADDRESS = "{ firstName lastName company address1 address2 zip city provinceCode countryCodeV2 }"
LINE = f"""
      id sku title variantTitle quantity product {{ id }}
      originalUnitPriceSet {MONEY} totalDiscountSet {MONEY} discountedTotalSet {MONEY}
      taxLines {{ rate priceSet {MONEY} }}
"""
SHIPPING = f"id code title discountedPriceSet {MONEY}"
PAGED = {"lineItems": LINE, "shippingLines": SHIPPING}
"""Connections inside an order: what lies beyond their first page is fetched page by page."""

SHORT = 20
CUT = {
    "transactions": f"id kind status gateway processedAt amountSet {MONEY}",
    "refunds": f"id createdAt note totalRefundedSet {MONEY}",
    "fulfillments": "id status createdAt deliveredAt trackingInfo(first: 1) { company number url }",
}
"""Lists inside an order, which the vendor truncates at ``first`` without a word: one that is full to
``SHORT`` is asked for again without ``first``, which brings all (Order in the vendor's schema of 2022-07)."""


class Orders(ShopStream):
    """What was bought. Without the scope ``read_all_orders`` the shop shows the last 60 days only."""

    name = "orders"
    model = accord.Order
    mapping = ORDERS
    subject = "customer"
    origin = accord.Origin.OWN
    # Old orders leave the 60 days that an app sees, so their absence means nothing.
    deletes = accord.Deletes.NONE
    full_read_is_complete = False
    noun = "Order"
    listed = "orders"
    page_size = 10
    row_cost = 75.0
    fields: ClassVar[str] = f"""
  id name email phone note tags createdAt processedAt updatedAt cancelledAt cancelReason currencyCode
  customerLocale taxesIncluded discountCodes displayFinancialStatus displayFulfillmentStatus
  customer {{ id }}
  billingAddress {ADDRESS}
  shippingAddress {ADDRESS}
  channelInformation {{ channelDefinition {{ handle }} }}
  subtotalPriceSet {MONEY} totalDiscountsSet {MONEY} totalShippingPriceSet {MONEY}
  totalTaxSet {MONEY} totalPriceSet {MONEY} totalRefundedSet {MONEY}
  taxLines {{ title rate priceSet {MONEY} }}
  lineItems(first: 25) {{ nodes {{{LINE}}} pageInfo {{ hasNextPage endCursor }} }}
  shippingLines(first: 5) {{ nodes {{ {SHIPPING} }} pageInfo {{ hasNextPage endCursor }} }}
  {" ".join(f"{name}(first: {SHORT}) {{ {fields} }}" for name, fields in CUT.items())}
"""

    def row(self, node: dict[str, Any]) -> accord.Row | None:
        """An order with all its parts, whatever did not fit into the page."""
        if not all(self.follow(node, name, fields) for name, fields in PAGED.items()):
            return None
        full = [name for name in CUT if len(node[name]) >= SHORT]
        if not full:
            return node
        lists = " ".join(f"{name} {{ {CUT[name]} }}" for name in full)
        document = f"query WholeOrder($id: ID!) {{ order(id: $id) {{ {lists} }} }}"
        whole = self.ask(document, {"id": node["id"]}, cost=100 * len(full))["order"]
        return None if whole is None else {**node, **whole}

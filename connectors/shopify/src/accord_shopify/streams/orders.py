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
MORE_LINES = f"""query MoreLines($id: ID!, $after: String) {{
  order(id: $id) {{
    lineItems(first: 100, after: $after) {{ nodes {{{LINE}}} pageInfo {{ hasNextPage endCursor }} }}
  }}
}}"""


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
  shippingLines(first: 5) {{ nodes {{ id code title discountedPriceSet {MONEY} }} }}
  transactions(first: 20) {{ id kind status gateway processedAt amountSet {MONEY} }}
  refunds(first: 20) {{ id createdAt note totalRefundedSet {MONEY} }}
  fulfillments(first: 20) {{
    id status createdAt deliveredAt trackingInfo(first: 1) {{ company number url }}
  }}
"""

    def row(self, node: dict[str, Any]) -> accord.Row:
        """An order with all its lines: those beyond the first page are fetched one page after the other."""
        lines = node["lineItems"]
        page = lines["pageInfo"]
        while page["hasNextPage"]:
            more = self.ask(MORE_LINES, {"id": node["id"], "after": page["endCursor"]}, cost=200)
            further = more["order"]["lineItems"]
            lines["nodes"] += further["nodes"]
            page = further["pageInfo"]
        return node

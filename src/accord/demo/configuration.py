"""The accord.toml of the demo: readable, complete, and the user's to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from accord.demo.systems import TOKENS, Vendor

FILE = "accord.toml"
LAG = 0.5
"""Seconds after which a sandbox's search shows every change: ``l_max`` below."""
TEXT = """\
# Written by `accord demo`. Five systems of a tea shop, kept in agreement.
# The credentials come from the environment; for these sandboxes (any will do there):
#   export {exports}
{again}
[accord]
store = "sqlite:///accord.db"

[connections.shop]                     # the web shop
connector = "shopify"
shop = "demo"
token = "env:SHOP_TOKEN"
base_url = "{shop}"
t_max = 1.0                            # a sandbox applies a request within half a second or never
l_max = 0.5
rate = 50                              # the sandboxes allow fifty times the usual rate limits

[connections.crm]
connector = "hubspot"
token = "env:CRM_TOKEN"
base_url = "{crm}"
t_max = 1.0
l_max = 0.5
rate = 50

[connections.letter]                   # the newsletter
connector = "brevo"
token = "env:LETTER_TOKEN"
base_url = "{letter}"
t_max = 1.0
l_max = 0.5
rate = 50

[connections.till]                     # CSV files of the till
connector = "files"
root = "till"
t_max = 1.0

[connections.till.streams.customers]
model = "customer"
write = "customers.csv"
delimiter = ";"
key = "card_no"
hub_id = "accord_id"
complete = true

[connections.till.streams.customers.fields]
given_name = "first_name"
family_name = "last_name"
email = "mail"
phone = "tel"
language = "lang"
loyalty_tier = "tier"
"addresses.default.street_address" = "street"
"addresses.default.postal_code" = "zip"
"addresses.default.locality" = "city"
"addresses.default.country" = "country"

[connections.till.streams.receipts]
model = "order"
path = "receipts.csv"
delimiter = ";"
group = "receipt"

[connections.till.streams.receipts.fields]
number = "receipt"
placed_at = "at"
customer = {{ column = "card_no", stream = "customers" }}
currency = "currency"
total = {{ column = "amount", currency_column = "currency" }}

[connections.till.streams.receipts.lines]
key = "line"

[connections.till.streams.receipts.lines.fields]
sku = "sku"
name = "article"
quantity = "qty"
unit_price = {{ column = "price", currency_column = "currency" }}

[connections.loyalty]                  # the database of the loyalty programme
connector = "sql"
url = "sqlite:///loyalty.db"
t_max = 1.0

[connections.loyalty.streams.members]
model = "customer"
table = "members"
key = "id"
hub_id = "accord_id"

[connections.loyalty.streams.members.fields]
email = "email"
given_name = "first_name"
family_name = "last_name"
phone = "tel"
birth_date = "born"
language = "lang"
loyalty_points = "points"
loyalty_tier = "tier"

[flows.customers]
model = "customer"
both = ["shop", "crm", "till", "loyalty", "letter"]
match = ["email", "phone"]
conflict = "latest"
purpose = {{ shop = "service.transactional", crm = "service.support", till = "service.transactional", \
loyalty = "service.transactional", letter = "marketing.direct" }}

[flows.customers.fields]
loyalty_tier = {{ owner = "loyalty" }}   # only the programme decides about tiers
loyalty_points = {{ owner = "loyalty" }}
family_name = {{ conflict = "prefer:crm" }}

[flows.orders]
model = "order"
from = ["shop", "till"]
to = ["crm"]
purpose = "service.support"
"""


def write(
    folder: Path, vendors: Mapping[str, Vendor], tokens: Mapping[str, str], again: Sequence[str]
) -> Path:
    """Write accord.toml; its path.

    Args:
        folder: Where.
        vendors: The running sandboxes, for their addresses.
        tokens: Their credentials, by environment variable.
        again: The commands that start the sandboxes again.
    """
    exports = " ".join(f"{name}={value}" for name, value in tokens.items())
    lines = [
        "# The sandboxes ended with the demo. They go on where they were with:",
        *(f"#   {c}" for c in again),
    ]
    urls = {name: vendors[name].url for name in TOKENS}
    text = TEXT.format(exports=exports, again="\n".join(lines) + "\n" if again else "", **urls)
    file = folder / FILE
    file.write_text(text, encoding="utf-8")
    return file

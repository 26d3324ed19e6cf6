"""Configurations of invented connectors."""

from __future__ import annotations

from typing import Any

import pytest

from accord.config import Config, parse
from accord.errors import ConfigError
from accord.plugins import Plugins
from tests.unit.plugins.samples import Crm, Letter, Offering, Shop

GOOD = """\
[accord]
store = "sqlite:///accord.db"

[connections.shop]
connector = "shop"
token = "env:SHOP_TOKEN"

[connections.crm]
connector = "crm"
disabled = ["leads"]

[connections.letter]
connector = "letter"
base_url = "http://127.0.0.1:8711"

[flows.customers]
model = "customer"
both = ["shop", "crm"]
to = ["letter"]
purpose = { shop = "service.transactional", crm = "service.support", letter = "marketing.direct" }
match = ["email", "phone", "custom.card"]
conflict = "latest"
delete = "detach"
schedule = "every 10m"
filter.letter = "country in ['FR','BE'] or addresses.default.country == 'FR'"

[flows.customers.fields]
loyalty_tier = { owner = "shop" }
given_name = { conflict = "prefer:crm,shop", on_foreign_edit = "conflict" }
"addresses.billing" = { conflict = "manual" }

[flows.customers.limits]
max_deletes = "5%"
max_creates = 5000

[flows.orders]
model = "order"
from = ["shop"]

[connections.crm.mapping.contacts]
"custom.shoe_size" = "properties.shoe_size__c"
"""
GOOD = GOOD.replace("country in ['FR','BE'] or ", "")


def plugins(*more: Any) -> Plugins:
    """The invented connectors."""
    return Plugins([Offering(Shop, Crm, Letter, *more)])


def problems(text: str, known: Plugins | None = None) -> list[tuple[str, int | None, str]]:
    """What is wrong with a configuration: key, line, message."""
    with pytest.raises(ConfigError) as caught:
        parse(text, known or plugins())
    return [(each["key"], each["line"], each["message"]) for each in caught.value.facts["problems"]]


def changed(old: str, new: str) -> str:
    """The good configuration with one change."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def good() -> Config:
    """The good configuration."""
    return parse(GOOD, plugins())

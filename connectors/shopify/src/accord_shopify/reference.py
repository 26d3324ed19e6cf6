"""Where our reference stands on a shop's records: a metafield whose definition makes its values unique.

Source: https://shopify.dev/docs/apps/build/custom-data/metafields/working-with-custom-ids
"""

from __future__ import annotations

from typing import Any

NAMESPACE, KEY, TYPE = "accord", "hub_id", "id"

SHOWN = f'reference: metafield(namespace: "{NAMESPACE}", key: "{KEY}") {{ value }}'
"""How a query asks for it."""

PATH = "reference.value"
"""Where it then stands in a row."""


def metafield(hub_id: str) -> dict[str, str]:
    """The metafield that a create carries."""
    return {"namespace": NAMESPACE, "key": KEY, "type": TYPE, "value": hub_id}


def identifier(hub_id: str) -> dict[str, Any]:
    """How ``...ByIdentifier`` queries name the record."""
    return {"customId": {"namespace": NAMESPACE, "key": KEY, "value": hub_id}}


def definition(owner: str) -> dict[str, str]:
    """The definition that makes it unique among the records of an owner type."""
    return {"namespace": NAMESPACE, "key": KEY, "name": "Accord reference", "ownerType": owner, "type": TYPE}

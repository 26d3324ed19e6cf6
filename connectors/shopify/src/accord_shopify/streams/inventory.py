"""Stock by location, both ways."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar

import accord
from accord_shopify.mapping import INVENTORY
from accord_shopify.streams import user_errors
from accord_shopify.streams.aliased import Part
from accord_shopify.streams.shop_stream import ShopStream, changed_between, unanswered

LOCATIONS = """query Locations($after: String) {
  locations(first: 250, after: $after, sortKey: ID) { nodes { id } pageInfo { hasNextPage endCursor } }
}"""
NOTHING: dict[str, Any] = {"nodes": [], "pageInfo": {"hasNextPage": False}}
STALE = (
    "CHANGE_FROM_QUANTITY_STALE",
    "COMPARE_QUANTITY_STALE",
    "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED",
    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
)
"""What another decision is needed for: the quantity has changed, or an earlier try under this key was refused
(https://shopify.dev/docs/api/admin-graphql/latest/enums/InventorySetQuantitiesUserErrorCode)."""

BUSY = ("IDEMPOTENCY_CONCURRENT_REQUEST",)
"""The same write is under way: nothing is known yet, and asking again does no harm."""


class InventoryLevels(ShopStream):
    """How much of each article lies at each location.

    A write names the quantity that it expects to find; when somebody sold or counted meanwhile, the shop
    refuses it and the engine reads again. Levels are not created: a location begins to stock an article
    in the shop itself.
    """

    name = "inventory_levels"
    model = accord.InventoryLevel
    mapping = INVENTORY
    subject = None
    origin = accord.Origin.OWN
    deletes = accord.Deletes.SCAN
    etag = "quantities"
    read_back = True
    noun = "InventoryLevel"
    listed = "locations"
    page_size = 100
    row_cost = 3.0
    fields: ClassVar[str] = """
  id updatedAt isActive
  item { id sku }
  location { id name isActive }
  quantities(names: ["available", "on_hand", "committed", "incoming"]) { name quantity }
"""

    def read(self, request: accord.ReadRequest) -> Iterator[accord.Page]:
        """One location after the other; the resume token names the location and the place in it."""
        query = changed_between(request.since, request.until)
        begun = json.loads(request.token) if request.token else {}
        waiting = self._locations()
        if begun.get("location") not in waiting:
            begun = {}  # closed meanwhile: begin again
        at = waiting.index(begun["location"]) if begun else 0
        after = begun.get("after")
        while at < len(waiting):
            answer = self.ask_page(self._page, {"id": waiting[at], "after": after, "query": query})
            place = answer.json()["data"]["location"]
            levels: dict[str, Any] = place["inventoryLevels"] if place else NOTHING
            after = levels["pageInfo"].get("endCursor") if levels["pageInfo"]["hasNextPage"] else None
            at += after is None
            token = json.dumps({"location": waiting[at], "after": after}) if at < len(waiting) else None
            yield accord.Page(levels["nodes"], token, answer.server_time)

    def is_deleted(self, row: accord.Row) -> bool:
        """A level whose article is stocked there no more, or whose location is closed.

        Since 2026-04 the vendor keeps the quantities of the former, and shows them to who asks
        (https://shopify.dev/changelog/add-isactive-field-to-inventorylevel). Whether it keeps the latter's is
        not described, and taken for the worse.
        """
        return not (row["isActive"] and row["location"]["isActive"])

    def version(self, row: accord.Row) -> str:
        """The quantities that a write must still find; see :meth:`update`."""
        amounts = {each["name"]: each["quantity"] for each in row["quantities"]}
        return ",".join(f"{name}={amounts[name]}" for name in sorted(amounts))

    @accord.batch(10)
    def update(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Set what is available, if it still is what we knew (a precondition), else whatever it is.

        Source: https://shopify.dev/changelog/finalizing-compare-and-swap-redesign-for-inventory-set-quantities
        and https://shopify.dev/changelog/making-idempotency-mandatory-for-inventory-adjustments-and-refund-mutations
        """
        levels = self.get([str(write.external_id) for write in writes])
        parts = [
            _setting(at, write, level)
            for at, write in enumerate(writes)
            if (level := levels[str(write.external_id)]) is not None and not self.is_deleted(level)
        ]
        data = self.send("SetStock", parts) if parts else {}
        return [
            self._said(write, levels[str(write.external_id)], data.get(f"w{at}"))
            for at, write in enumerate(writes)
        ]

    def _said(
        self, write: accord.Write, level: accord.Row | None, said: dict[str, Any] | None
    ) -> accord.Outcome:
        id_ = write.external_id
        if level is None or self.is_deleted(level):
            return accord.Outcome(write.id, accord.Result.GONE, external_id=id_)
        if said is None:
            return unanswered(write)
        if user_errors.has_code(said["userErrors"], *BUSY):
            return accord.Outcome(write.id, accord.Result.UNKNOWN, external_id=id_, reason="under_way")
        if user_errors.has_code(said["userErrors"], *STALE):
            return accord.Outcome(
                write.id, accord.Result.PRECONDITION, external_id=id_, reason="quantity: stale"
            )
        if said["userErrors"]:
            return self.outcome(write, said["userErrors"], None)
        row = _after(level, _wanted(write))
        return accord.Outcome(write.id, accord.Result.DONE, external_id=id_, row=row, etag=self.version(row))

    def _locations(self) -> list[str]:
        """All of them: a shop may have 1,000 (help.shopify.com/manual/locations), and apps add theirs."""
        found: list[str] = []
        after: str | None = None
        while True:
            page = self.ask(LOCATIONS, {"after": after}, cost=252)["locations"]
            found += [node["id"] for node in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    @property
    def _page(self) -> str:
        return f"""query StockPage($id: ID!, $first: Int!, $after: String, $query: String) {{
  location(id: $id) {{
    inventoryLevels(first: $first, after: $after, query: $query, includeInactive: true) {{
      nodes {{ ...Row }}
      pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}
{self.fragment}"""


def _setting(at: int, write: accord.Write, level: accord.Row) -> Part:
    quantity = {
        "inventoryItemId": level["item"]["id"],
        "locationId": level["location"]["id"],
        "quantity": _wanted(write),
        "changeFromQuantity": _expected(write.precondition),
    }
    given = {"name": "available", "reason": "correction", "quantities": [quantity]}
    return Part(
        f"w{at}",
        "inventorySetQuantities(input: $input)",
        "{ inventoryAdjustmentGroup { id } userErrors { code field message } }",
        {"input": ("InventorySetQuantitiesInput!", given), "key": ("String!", _key(write, quantity))},
        directive="@idempotent(key: $key)",
    )


def _key(write: accord.Write, quantity: Mapping[str, Any]) -> str:
    """A key of this write with these quantities: the vendor refuses another body under a key it has seen."""
    told = json.dumps([write.idempotency_key, quantity], sort_keys=True)
    return sha256(told.encode()).hexdigest()[:32]


def _wanted(write: accord.Write) -> int:
    """The available quantity that a row asks for; an empty one is none."""
    quantities = write.row["quantities"]
    return int(next(each["quantity"] for each in quantities if each["name"] == "available") or 0)


def _after(level: accord.Row, wanted: int) -> accord.Row:
    """The level as the shop now holds it, as far as known: what is on hand moves with what is available."""
    held = {each["name"]: each["quantity"] for each in level["quantities"]}
    held |= {"available": wanted, "on_hand": held["on_hand"] + wanted - held["available"]}
    known = {name: value for name, value in level.items() if name != "updatedAt"}
    return {**known, "quantities": [{"name": name, "quantity": held[name]} for name in held]}


def _expected(precondition: str | None) -> int | None:
    """The available quantity inside a version; None = do not compare."""
    held = dict(part.split("=") for part in precondition.split(",")) if precondition else {}
    return int(held["available"]) if "available" in held else None

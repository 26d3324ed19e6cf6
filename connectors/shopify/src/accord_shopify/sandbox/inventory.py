"""Stock: items, locations and the level of each item at each location that stocks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, get_directive_values

from accord.sandbox import Item, Table, Values
from accord_shopify.sandbox.customers import disturbance
from accord_shopify.sandbox.paging import connection
from accord_shopify.sandbox.search import parse
from accord_shopify.sandbox.wire import Resolver, gid, moment, number_of, problem

if TYPE_CHECKING:
    from accord_shopify.sandbox.shop import ShopifySandbox

MOST = 1_000_000_000
"""The largest quantity (https://shopify.dev/docs/api/admin-graphql/latest/enums/
InventorySetQuantitiesUserErrorCode, read 2026-11)."""
NAMES = ("available", "on_hand")


class Inventory:
    """The tables of stock items, locations and levels."""

    def __init__(self, shop: ShopifySandbox) -> None:
        self._shop = shop
        self.items: Table = shop.shelf.table("stock_items")
        self.locations: Table = shop.shelf.table("locations")
        by = {"item": lambda values: values["itemId"], "location": lambda values: values["locationId"]}
        self.levels: Table = shop.shelf.table("levels", by)
        self._done: Table = shop.shelf.table("_idempotency")

    def queries(self) -> Mapping[str, Resolver]:
        """The queries by name."""
        return {
            "inventoryItem": lambda _info, id: self.item_node(id),  # noqa: A006  the vendor's name
            "inventoryItems": self.list_items,
            "inventoryLevel": lambda _info, id: self.level_node(id),  # noqa: A006
            "location": self.location,
            "locations": self.list_locations,
        }

    def mutations(self) -> Mapping[str, Resolver]:
        """The mutations by name."""
        return {"inventorySetQuantities": self.set}

    # What products use.

    def stock_item(self) -> str:
        """A new stock item, stocked at every location with nothing."""
        item = self.items.insert({"tracked": True, "variantId": None})
        for place in self.locations.items():
            self.levels.insert({"itemId": item.id, "locationId": place.id, "available": 0, "committed": 0})
        return item.id

    def belongs_to(self, item: str, variant: str) -> None:
        """Tie a stock item to its variant."""
        self.items.update(item, {"variantId": variant})

    def forget(self, item: str) -> None:
        """Delete a stock item with its levels."""
        for level in self.levels.find("item", item):
            self.levels.remove(level.id)
        self.items.remove(item)

    def total(self, item: str) -> int:
        """What is available at all locations together."""
        return sum(level.values["available"] for level in self.levels.find("item", item))

    # Reading.

    def item_node(self, id_: str) -> dict[str, Any] | None:
        """A stock item by global id."""
        item = self.items.get(number_of(id_))
        return None if item is None else self._show_item(item)

    def level_node(self, id_: str) -> dict[str, Any] | None:
        """A level by global id."""
        level = self.levels.get(number_of(id_))
        return None if level is None else self._show_level(level)

    def location_node(self, id_: str) -> dict[str, Any] | None:
        """A location by global id."""
        place = self.locations.get(number_of(id_))
        return None if place is None else self._show_location(place)

    def location(self, _info: Any, id: str | None = None) -> dict[str, Any] | None:  # noqa: A002
        """A location; without an id the primary one."""
        if id is not None:
            return self.location_node(id)
        return next((self._show_location(place) for place in self.locations.items()), None)

    def list_locations(self, _info: Any, *, includeInactive: bool = False, **page: Any) -> Any:  # noqa: N803
        """A page of locations; closed ones only for who asks."""
        rows = [row for row in self.locations.items() if includeInactive or row.values.get("active", True)]
        return connection(rows, _by_number, self._show_location, page)

    def list_items(self, _info: Any, query: str | None = None, **page: Any) -> Any:
        """A page of stock items."""
        test = parse(query)
        wanted = [row for row in self.items.items() if test(self._searchable_item(row))]
        return connection(wanted, _by_number, self._show_item, page)

    def _levels(
        self,
        key: str,
        id_: str,
        query: str | None = None,
        *,
        includeInactive: bool = False,  # noqa: N803  the vendor's name
        **page: Any,
    ) -> Any:
        test = parse(query)
        rows = self.levels.indexed() if query else self.levels.items()
        shown = [row for row in rows if includeInactive or row.values.get("active", True)]
        wanted = [row for row in shown if row.values[key] == id_ and test(_searchable_level(row))]
        return connection(wanted, _by_number, self._show_level, page, disturb=disturbance(self._shop))

    def _show_location(self, place: Item) -> dict[str, Any]:
        return {
            "__typename": "Location",
            "id": gid("Location", place.id),
            "legacyResourceId": place.id,
            "name": place.values["name"],
            "isActive": place.values.get("active", True),
            "inventoryLevels": lambda _info, **page: self._levels("locationId", place.id, **page),
        }

    def _show_item(self, item: Item) -> dict[str, Any]:
        variant = item.values["variantId"]
        return {
            "__typename": "InventoryItem",
            "id": gid("InventoryItem", item.id),
            "legacyResourceId": item.id,
            "sku": self._sku(item.id),
            "tracked": item.values["tracked"],
            "createdAt": moment(item.created_at),
            "updatedAt": moment(item.updated_at),
            "variant": lambda _info: self._shop.products.variant_node(variant),
            "inventoryLevel": lambda _info, locationId: self._level_at(item.id, locationId),  # noqa: N803
            "inventoryLevels": lambda _info, **page: self._levels("itemId", item.id, **page),
        }

    def _show_level(self, level: Item) -> dict[str, Any]:
        values = level.values
        amounts = {"available": values["available"], "committed": values["committed"]}
        amounts["on_hand"] = amounts["available"] + amounts["committed"]

        def quantities(_info: Any, names: list[str]) -> list[dict[str, Any]]:
            base = f"gid://shopify/InventoryQuantity/{level.id}?inventory_item_id={values['itemId']}&name="
            at = moment(level.updated_at)
            return [
                {"id": base + name, "name": name, "quantity": amounts.get(name, 0), "updatedAt": at}
                for name in names
            ]

        return {
            "__typename": "InventoryLevel",
            "id": f"{gid('InventoryLevel', level.id)}?inventory_item_id={values['itemId']}",
            "isActive": values.get("active", True),
            "createdAt": moment(level.created_at),
            "updatedAt": moment(level.updated_at),
            "item": lambda _info: self.item_node(values["itemId"]),
            "location": lambda _info: self.location_node(values["locationId"]),
            "quantities": quantities,
        }

    def _level_at(self, item: str, location: str) -> dict[str, Any] | None:
        level = self._find(item, number_of(location))
        return None if level is None else self._show_level(level)

    def _find(self, item: str, location: str) -> Item | None:
        found = self.levels.find("item", item)
        return next((level for level in found if level.values["locationId"] == location), None)

    def _sku(self, item: str) -> str | None:
        owner = self.items.get(item)
        variant = self._shop.products.variants.get(owner.values["variantId"] or "") if owner else None
        return variant.values.get("sku") if variant else None

    def _searchable_item(self, item: Item) -> dict[str, Any]:
        return {
            "id": int(item.id),
            "sku": self._sku(item.id),
            "updated_at": item.updated_at.replace(microsecond=0),
        }

    # Writing.

    def set(self, info: Any, input: Values) -> dict[str, Any]:  # noqa: A002  the vendor's name
        """Set quantities to absolute values, all or nothing, if nobody changed them meanwhile.

        Raises:
            GraphQLError: the mutation has no idempotency key (demanded since 2026-04).
        """
        key = _idempotency_key(info)
        done = self._done.get(key)
        if done is not None:
            return self._again(done, input)
        errors = self._problems(input)
        if errors:
            with self._shop.behind():
                self._done.insert({"input": input, "failed": True}, id_=key)
            return {"inventoryAdjustmentGroup": None, "userErrors": errors}
        changes = [self._write(input["name"], each) for each in input["quantities"]]
        with self._shop.behind():
            kept = self._done.insert({"input": input, "changes": changes}, id_=key)
        return {"inventoryAdjustmentGroup": _group(kept, input, changes), "userErrors": []}

    def _again(self, done: Item, given: Values) -> dict[str, Any]:
        if done.values.get("failed"):
            text = "A previous request with this idempotency key failed. Retry with a new idempotency key."
            error = problem(text, code="IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")
            return {"inventoryAdjustmentGroup": None, "userErrors": [error]}
        if done.values["input"] != given:
            text = "The same idempotency key cannot be used with different operation parameters."
            error = problem(text, code="IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
            return {"inventoryAdjustmentGroup": None, "userErrors": [error]}
        return {"inventoryAdjustmentGroup": _group(done, given, done.values["changes"]), "userErrors": []}

    def _problems(self, given: Values) -> list[dict[str, Any]]:
        if given["name"] not in NAMES:
            text = "The quantity name must be either 'available' or 'on_hand'."
            return [problem(text, "input", "name", code="INVALID_NAME")]
        found = (self._problem(given["name"], at, each) for at, each in enumerate(given["quantities"]))
        return [error for error in found if error is not None]

    def _problem(self, name: str, at: int, given: Values) -> dict[str, Any] | None:
        place = ("input", "quantities", str(at))
        item, location = number_of(given["inventoryItemId"]), number_of(given["locationId"])
        if item not in self.items:
            return problem(
                "The specified inventory item could not be found.", *place, code="INVALID_INVENTORY_ITEM"
            )
        if location not in self.locations:
            return problem("The specified location could not be found.", *place, code="INVALID_LOCATION")
        level = self._find(item, location)
        if level is None:
            text = "The specified inventory item is not stocked at the location."
            return problem(text, *place, code="ITEM_NOT_STOCKED_AT_LOCATION")
        if given["quantity"] > MOST:
            text = f"The quantity can't be higher than {MOST}."
            return problem(text, *place, code="INVALID_QUANTITY_TOO_HIGH")
        if "changeFromQuantity" not in given:
            raise GraphQLError("changeFromQuantity is required: pass null to opt out of the comparison.")
        expected = given["changeFromQuantity"]
        if expected is not None and expected != _amount(level, name):
            text = "The changeFromQuantity value does not match the persisted quantity."
            return problem(text, *place, code="CHANGE_FROM_QUANTITY_STALE")
        return None

    def _write(self, name: str, given: Values) -> dict[str, Any]:
        level = self._find(number_of(given["inventoryItemId"]), number_of(given["locationId"]))
        assert level is not None
        delta = given["quantity"] - _amount(level, name)
        if delta:
            level = self.levels.update(level.id, {"available": level.values["available"] + delta})
            self._shop.emit("inventory_levels/update", {"available": level.values["available"]})
        return {"name": name, "delta": delta, "quantityAfterChange": given["quantity"]}


def _amount(level: Item, name: str) -> int:
    values = level.values
    return int(values["available"] + (values["committed"] if name == "on_hand" else 0))


def _group(kept: Item, given: Values, changes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "__typename": "InventoryAdjustmentGroup",
        "id": gid("InventoryAdjustmentGroup", kept.id),
        "reason": given["reason"],
        "createdAt": moment(kept.created_at),
        "changes": changes,
    }


def _idempotency_key(info: Any) -> str:
    given = get_directive_values(
        info.schema.get_directive("idempotent"), info.field_nodes[0], info.variable_values
    )
    if given:
        return str(given["key"])
    raise GraphQLError("The @idempotent directive is required for this mutation but was not provided.")


def _by_number(item: Item) -> tuple[Any, int]:
    return 0, int(item.id)


def _searchable_level(level: Item) -> dict[str, Any]:
    return {"id": int(level.id), "updated_at": level.updated_at.replace(microsecond=0)}

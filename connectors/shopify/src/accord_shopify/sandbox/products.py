"""Products with their variants. A variant that changes moves its product's ``updatedAt``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from accord.sandbox import Item, Table, Values
from accord_shopify.sandbox.customers import disturbance
from accord_shopify.sandbox.metafields import fields as metafield_fields
from accord_shopify.sandbox.paging import Place, connection
from accord_shopify.sandbox.search import parse
from accord_shopify.sandbox.wire import Resolver, gid, moment, number_of, only_given, problem

if TYPE_CHECKING:
    from accord_shopify.sandbox.shop import ShopifySandbox

PLAIN = ("title", "handle", "descriptionHtml", "vendor", "productType", "status", "tags")
VARIANT = ("barcode", "price", "compareAtPrice", "inventoryPolicy", "taxable")
ONLY_OPTION = {"name": "Title", "values": ["Default Title"]}


class Products:
    """The tables of products and variants."""

    def __init__(self, shop: ShopifySandbox) -> None:
        self._shop = shop
        self.table: Table = shop.shelf.table("products", {"handle": lambda values: values.get("handle")})
        self.variants: Table = shop.shelf.table(
            "variants",
            {"product": lambda values: values["productId"], "sku": lambda values: values.get("sku")},
        )

    def queries(self) -> Mapping[str, Resolver]:
        """The queries by name."""
        return {
            "product": lambda _info, id: self.node(id),  # noqa: A006  the vendor's name
            "productVariant": lambda _info, id: self.variant_node(id),  # noqa: A006
            "productByIdentifier": self.by_identifier,
            "products": self.listing,
        }

    def mutations(self) -> Mapping[str, Resolver]:
        """The mutations by name."""
        return {
            "productSet": self.set,
            "productUpdate": self.update,
            "productDelete": self.delete,
            "productVariantsBulkCreate": self.create_variants,
            "productVariantsBulkUpdate": self.update_variants,
        }

    # Reading.

    def node(self, id_: str) -> dict[str, Any] | None:
        """A product by global id."""
        item = self.table.get(number_of(id_))
        return None if item is None else self.show(item)

    def variant_node(self, id_: str) -> dict[str, Any] | None:
        """A variant by global id."""
        item = self.variants.get(number_of(id_))
        return None if item is None else self.show_variant(item)

    def by_identifier(self, _info: Any, identifier: Values) -> dict[str, Any] | None:
        """A product by its id, handle or custom id."""
        if identifier.get("id"):
            return self.node(identifier["id"])
        if identifier.get("customId"):
            item = self._shop.metafields.owner_of("PRODUCT", identifier["customId"])
            return None if item is None else self.show(item)
        found = self.table.find("handle", identifier["handle"])
        return self.show(found[0]) if found else None

    def listing(self, _info: Any, query: str | None = None, sortKey: str = "ID", **page: Any) -> Any:  # noqa: N803
        """A page of products; with a query from the lagging search index."""
        test = parse(query)
        rows = self.table.indexed() if query else self.table.items()
        wanted = [row for row in rows if test(self._searchable(row))]
        disturb = disturbance(self._shop)
        return connection(wanted, lambda row: _place(row, sortKey), self.show, page, disturb=disturb)

    def of(self, product: str) -> list[Item]:
        """The variants of a product, in their order."""
        return sorted(self.variants.find("product", product), key=lambda item: item.values["position"])

    def show(self, item: Item) -> dict[str, Any]:
        """A product as the API shows it."""
        options = [
            {
                "__typename": "ProductOption",
                "id": gid("ProductOption", f"{item.id}{place}"),
                "position": place,
                **each,
            }
            for place, each in enumerate(item.values["options"], 1)
        ]
        return {
            "__typename": "Product",
            **{field: item.values.get(field) for field in PLAIN},
            "id": gid("Product", item.id),
            "legacyResourceId": item.id,
            "createdAt": moment(item.created_at),
            "updatedAt": moment(item.updated_at),
            "options": lambda _info, first=None: options[:first],
            "onlineStoreUrl": f"https://{self._shop.domain}/products/{item.values['handle']}",
            "variants": lambda _info, **page: connection(
                self.of(item.id), lambda row: (row.values["position"], int(row.id)), self.show_variant, page
            ),
            **metafield_fields(item.values.get("metafields", [])),
        }

    def show_variant(self, item: Item) -> dict[str, Any]:
        """A variant as the API shows it."""
        values = item.values
        title = " / ".join(each["value"] for each in values["selectedOptions"])
        parent = self.table.get(values["productId"])
        return {
            "__typename": "ProductVariant",
            **{field: values.get(field) for field in VARIANT},
            "id": gid("ProductVariant", item.id),
            "legacyResourceId": item.id,
            "title": title,
            "displayName": f"{parent.values['title'] if parent else ''} - {title}",
            "sku": values.get("sku"),
            "position": values["position"],
            "taxable": values.get("taxable", True),
            "inventoryPolicy": values.get("inventoryPolicy", "DENY"),
            "inventoryQuantity": self._shop.inventory.total(values["inventoryItemId"]),
            "inventoryItem": lambda _info: self._shop.inventory.item_node(values["inventoryItemId"]),
            "product": lambda _info: self.node(values["productId"]),
            "selectedOptions": values["selectedOptions"],
            "createdAt": moment(item.created_at),
            "updatedAt": moment(item.updated_at),
        }

    # Writing.

    def set(self, _info: Any, input: Values, synchronous: bool = True) -> dict[str, Any]:  # noqa: A002, ARG002, FBT001, FBT002
        """Create or update a product; a list of variants replaces the old one."""
        item = self.table.get(number_of(input["id"])) if input.get("id") else None
        if input.get("id") and item is None:
            return {
                "product": None,
                "userErrors": [problem("Product does not exist", "input", "id", code="INVALID")],
            }
        errors = self._problems(input, item) + self._variant_problems(input.get("variants") or [])
        if errors:
            return {"product": None, "userErrors": errors}
        item = self._keep(input, item)
        if input.get("variants") is not None:
            self._replace_variants(item.id, input["variants"])
        elif not self.of(item.id):
            self._replace_variants(item.id, [{"optionValues": []}])
        self._tell("products/update", item)
        return {"product": self.show(item), "userErrors": []}

    def update(self, _info: Any, product: Values) -> dict[str, Any]:
        """Change the given fields of a product."""
        item = self.table.get(number_of(product.get("id") or ""))
        if item is None:
            return {"product": None, "userErrors": [problem("Product does not exist", "id")]}
        errors = self._problems(product, item)
        if errors:
            return {"product": None, "userErrors": errors}
        item = self._keep(product, item)
        self._tell("products/update", item)
        return {"product": self.show(item), "userErrors": []}

    def delete(self, _info: Any, input: Values) -> dict[str, Any]:  # noqa: A002  the vendor's name
        """Delete a product with its variants and their stock."""
        number = number_of(input["id"])
        answer: dict[str, Any] = {"deletedProductId": None, "shop": self._shop.shop(), "userErrors": []}
        if number not in self.table:
            return answer | {"userErrors": [problem("Product does not exist", "id")]}
        with self._shop.behind():
            for variant in self.of(number):
                self._drop(variant)
        self.table.remove(number)
        self._shop.emit("products/delete", {"id": int(number)})
        return answer | {"deletedProductId": gid("Product", number)}

    def create_variants(self, _info: Any, productId: str, variants: list[Values]) -> dict[str, Any]:  # noqa: N803
        """Add variants to a product, all or nothing."""
        number = number_of(productId)
        refused = {"product": None, "productVariants": None}
        if number not in self.table:
            error = problem("Product does not exist", "productId", code="PRODUCT_DOES_NOT_EXIST")
            return refused | {"userErrors": [error]}
        taken = [item.values["selectedOptions"] for item in self.of(number)]
        errors = self._variant_problems(variants) + [
            problem("The variant already exists", "variants", str(at), code="VARIANT_ALREADY_EXISTS")
            for at, each in enumerate(variants)
            if _chosen(each) in taken
        ]
        if errors:
            return refused | {"userErrors": errors}
        with self._shop.behind():
            for position, each in enumerate(variants, len(taken) + 1):
                self._put_variant(number, position, each, None)
        parent = self._touch(number)
        shown = [self.show_variant(item) for item in self.of(number)[len(taken) :]]
        return {"product": self.show(parent), "productVariants": shown, "userErrors": []}

    def update_variants(self, _info: Any, productId: str, variants: list[Values]) -> dict[str, Any]:  # noqa: N803
        """Change the given fields of several variants of one product, all or nothing."""
        number = number_of(productId)
        own = {gid("ProductVariant", item.id): item for item in self.of(number)}
        refused = {"product": None, "productVariants": None}
        if number not in self.table:
            error = problem("Product does not exist", "productId", code="PRODUCT_DOES_NOT_EXIST")
            return refused | {"userErrors": [error]}
        errors = self._variant_problems(variants) + [
            problem(
                "Product variant does not exist",
                "variants",
                str(at),
                "id",
                code="PRODUCT_VARIANT_DOES_NOT_EXIST",
            )
            for at, each in enumerate(variants)
            if each.get("id") not in own
        ]
        if errors:
            return refused | {"userErrors": errors}
        written = [self.variants.update(own[each["id"]].id, _variant(each)) for each in variants]
        parent = self._touch(number)
        self._tell("products/update", parent)
        shown = [self.show_variant(item) for item in written]
        return {"product": self.show(parent), "productVariants": shown, "userErrors": []}

    def _touch(self, product: str) -> Item:
        with self._shop.behind():
            return self.table.update(product, {})

    def _keep(self, given: Values, item: Item | None) -> Item:
        old: Values = item.values if item else {"status": "ACTIVE", "tags": [], "options": [ONLY_OPTION]}
        values: Values = {**old, **only_given(given, *PLAIN)}
        for text in ("descriptionHtml", "vendor", "productType"):
            values[text] = values.get(text) or ""
        values["tags"] = sorted({tag.strip() for tag in values.get("tags") or [] if tag.strip()})
        values["handle"] = values.get("handle") or self._handle(values["title"])
        if given.get("productOptions"):
            values["options"] = [
                {"name": each["name"], "values": [value["name"] for value in each.get("values") or []]}
                for each in given["productOptions"]
            ]
        if given.get("metafields"):
            values["metafields"] = self._shop.metafields.merged(
                old.get("metafields", []), given["metafields"]
            )
        return self.table.insert(values) if item is None else self.table.overwrite(item.id, values)

    def _handle(self, title: str) -> str:
        base = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "product"
        taken, number = base, 0
        while self.table.find("handle", taken):
            number += 1
            taken = f"{base}-{number}"
        return taken

    def _replace_variants(self, product: str, given: list[Values]) -> None:
        """Variants named by id are changed, others are created, the rest is deleted."""
        own = {gid("ProductVariant", item.id): item for item in self.of(product)}
        with self._shop.behind():
            for position, each in enumerate(given, 1):
                old = own.pop(each.get("id") or "", None)
                self._put_variant(product, position, each, old)
            for gone in own.values():
                self._drop(gone)

    def _put_variant(self, product: str, position: int, given: Values, old: Item | None) -> None:
        values: Values = {**_variant(given), "position": position, "productId": product}
        values["selectedOptions"] = _chosen(given)
        if old is not None:
            self.variants.update(old.id, values)
            return
        values["inventoryItemId"] = self._shop.inventory.stock_item()
        item = self.variants.insert({"price": "0.00", "taxable": True, "inventoryPolicy": "DENY", **values})
        self._shop.inventory.belongs_to(values["inventoryItemId"], item.id)

    def _drop(self, variant: Item) -> None:
        self._shop.inventory.forget(variant.values["inventoryItemId"])
        self.variants.remove(variant.id)

    def _problems(self, given: Values, item: Item | None) -> list[dict[str, Any]]:
        missing = item is None and not (given.get("title") or "").strip()
        blank = "title" in given and not (given["title"] or "").strip()
        found = [problem("Title can't be blank", "input", "title", code="BLANK")] if missing or blank else []
        handle = given.get("handle")
        if handle and any(
            other.id != (item.id if item else None) for other in self.table.find("handle", handle)
        ):
            found.append(
                problem("Handle has already been taken", "input", "handle", code="HANDLE_NOT_UNIQUE")
            )
        return found + self._shop.metafields.problems(
            "PRODUCT", given.get("metafields") or [], item.id if item else None
        )

    def _variant_problems(self, given: list[Values]) -> list[dict[str, Any]]:
        return [
            problem(
                "Price must be greater than or equal to 0", "variants", str(at), "price", code="GREATER_THAN"
            )
            for at, each in enumerate(given)
            if each.get("price") is not None and _amount(each["price"]) < 0
        ]

    def _searchable(self, item: Item) -> dict[str, Any]:
        return {
            "id": int(item.id),
            "title": item.values["title"],
            "handle": item.values["handle"],
            "vendor": item.values.get("vendor"),
            "status": item.values["status"],
            "tag": item.values.get("tags") or [],
            "sku": [variant.values.get("sku") for variant in self.of(item.id)],
            "created_at": item.created_at.replace(microsecond=0),
            "updated_at": item.updated_at.replace(microsecond=0),
        }

    def _tell(self, topic: str, item: Item) -> None:
        event = {"id": int(item.id), "admin_graphql_api_id": gid("Product", item.id)}
        self._shop.emit(topic, event | {"updated_at": moment(item.updated_at)})


def _chosen(given: Values) -> list[dict[str, str]]:
    """The option values of a variant; a product without options has one variant, the default one."""
    chosen = [{"name": each["optionName"], "value": each["name"]} for each in given.get("optionValues") or []]
    return chosen or [{"name": "Title", "value": "Default Title"}]


def _variant(given: Values) -> Values:
    """The kept form of a variant's fields: prices with two decimals, the SKU out of its item."""
    values = only_given(given, *VARIANT)
    for name in ("price", "compareAtPrice"):
        if values.get(name) is not None:
            values[name] = f"{_amount(values[name]):.2f}"
    item = given.get("inventoryItem") or {}
    sku = only_given({**only_given(given, "sku"), **only_given(item, "sku")}, "sku")
    return values | sku


def _amount(text: Any) -> Decimal:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return Decimal(-1)


def _place(item: Item, key: str) -> Place:
    places: dict[str, Any] = {
        "CREATED_AT": item.created_at.timestamp(),
        "UPDATED_AT": int(item.updated_at.timestamp()),
        "TITLE": item.values["title"],
    }
    return places.get(key, 0), int(item.id)

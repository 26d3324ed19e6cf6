"""Products with their variants, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import accord
from accord_shopify.mapping import PRODUCTS
from accord_shopify.reference import PATH, SHOWN, identifier, metafield
from accord_shopify.streams import user_errors
from accord_shopify.streams.aliased import Part
from accord_shopify.streams.shop_stream import ShopStream, unanswered

PLAIN = ("title", "descriptionHtml", "vendor", "productType", "status", "tags")
ONLY_OPTION, ONLY_VALUE = "Title", "Default Title"
VARIANT = "id title sku barcode price compareAtPrice selectedOptions { name value }"
ERRORS = "userErrors { code field message }"


class Products(ShopStream):
    """What a shop sells.

    A create is one ``productSet``: the product with all its variants or nothing. A change touches only the
    fields and variants that differ; variants that a row does not name stay as they are.
    """

    name = "products"
    model = accord.Product
    mapping = PRODUCTS
    subject = None
    origin = accord.Origin.OWN
    deletes = accord.Deletes.SCAN
    reference = PATH
    creates = accord.Creates.REFERENCE
    find_by = ("hub_id",)
    read_back = True
    noun = "Product"
    listed = "products"
    page_size = 20
    row_cost = 30.0
    fields: ClassVar[str] = f"""
  id title descriptionHtml vendor productType status tags onlineStoreUrl createdAt updatedAt
  featuredImage {{ url }}
  variants(first: 25) {{ nodes {{ {VARIANT} }} pageInfo {{ hasNextPage endCursor }} }}
  {SHOWN}
"""

    def stamp(self, row: accord.Row, hub_id: str) -> accord.Row:
        """Our reference as a metafield of the new product."""
        return {**row, "metafields": [metafield(hub_id)]}

    def row(self, node: dict[str, Any]) -> accord.Row | None:
        """A product with all its variants, each under its key, and the currency of the shop's prices."""
        if not self.follow(node, "variants", VARIANT):
            return None
        keyed = _keyed(node["variants"]["nodes"])
        return {**node, "variants": {"nodes": keyed}, "currencyCode": self.shop.currency}

    @accord.batch(10)
    def find(self, probes: Sequence[accord.Probe]) -> Sequence[Sequence[accord.Row]]:
        """Products by our reference."""
        if not self.shop.define_reference("PRODUCT"):
            return [[] for _ in probes]
        parts = [_question(at, probe) for at, probe in enumerate(probes)]
        data = self.look("FindProducts", parts, self.fragment)
        shown = [self.row(found) if (found := data.get(f"p{at}")) else None for at in range(len(probes))]
        return [[] if row is None else [row] for row in shown]

    @accord.batch(5)
    def create(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """New products, each complete with its variants."""
        self.shop.define_reference("PRODUCT")
        parts = [
            Part(
                f"w{at}",
                "productSet(synchronous: true, input: $input)",
                f"{{ product {{ ...Row }} {ERRORS} }}",
                {"input": ("ProductSetInput!", self.stamp(_new(write.row), write.hub_id))},
            )
            for at, write in enumerate(writes)
            if not self._is_foreign(write)
        ]
        data = self.send("CreateProducts", parts, self.fragment) if parts else {}
        return [self._created_outcome(write, data.get(f"w{at}")) for at, write in enumerate(writes)]

    @accord.batch(5)
    def update(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Change what differs: the product's own fields, and the variants that the rows name."""
        held = self.get([str(write.external_id) for write in writes if "variants" in write.row])
        parts: list[Part] = []
        for at, write in enumerate(writes):
            if self._is_foreign(write):
                continue
            # Variants first: the product that the last answer shows then has them.
            parts += _variant_parts(at, write, held.get(str(write.external_id)))
            parts.append(_updating(at, write))
        data = self.send("UpdateProducts", parts, self.fragment) if parts else {}
        return [self._updated_outcome(write, data, at) for at, write in enumerate(writes)]

    @accord.batch(5)
    def delete(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Delete products for good, with their variants and stock."""
        parts = [
            Part(
                f"w{at}",
                "productDelete(input: $input)",
                "{ deletedProductId userErrors { field message } }",
                {"input": ("ProductDeleteInput!", {"id": write.external_id})},
            )
            for at, write in enumerate(writes)
        ]
        data = self.send("DeleteProducts", parts)
        return [self._deleted_outcome(write, data.get(f"w{at}")) for at, write in enumerate(writes)]

    def _is_foreign(self, write: accord.Write) -> bool:
        """Whether a price is in another currency: the shop would take the bare number for its own."""
        variants = (write.document.get("variants") or {}).values()
        prices = [each.get(name) for each in variants if each for name in ("price", "list_price")]
        return any(price["currency"] != self.shop.currency for price in prices if price)

    def _not_sent(self, write: accord.Write) -> accord.Outcome:
        if not self._is_foreign(write):
            return unanswered(write)
        why = "price: other currency"
        return accord.Outcome(write.id, accord.Result.REJECTED, external_id=write.external_id, reason=why)

    def _created_outcome(self, write: accord.Write, said: dict[str, Any] | None) -> accord.Outcome:
        if said is None:
            return self._not_sent(write)
        if user_errors.is_taken(said["userErrors"], "metafields"):
            (own,) = self.find([accord.Probe("hub_id", write.hub_id)])
            if own:
                return self.outcome(write, [], own[0])
        return self._outcome_of(write, said["userErrors"], said)

    def _updated_outcome(self, write: accord.Write, data: dict[str, Any], at: int) -> accord.Outcome:
        said = data.get(f"w{at}")
        if said is None:
            return self._not_sent(write)
        others = [data[alias]["userErrors"] for alias in (f"v{at}", f"n{at}") if data.get(alias)]
        return self._outcome_of(
            write, [*said["userErrors"], *(error for each in others for error in each)], said
        )

    def _deleted_outcome(self, write: accord.Write, said: dict[str, Any] | None) -> accord.Outcome:
        if said is None:
            return unanswered(write)
        if said.get("deletedProductId"):
            return accord.Outcome(write.id, accord.Result.DONE, external_id=write.external_id)
        return self.outcome(write, said["userErrors"], None)

    def _outcome_of(
        self, write: accord.Write, errors: user_errors.Errors, said: dict[str, Any]
    ) -> accord.Outcome:
        shown = said.get("product")
        return self.outcome(write, errors, self.row(shown) if shown and not errors else None)


def _keyed(variants: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each variant under its SKU; under its own number where it has none or shares it."""
    seen: set[str] = set()
    keyed: list[dict[str, Any]] = []
    for variant in variants:
        sku = (variant.get("sku") or "").strip()
        key = sku if sku and sku not in seen else str(variant["id"]).rpartition("/")[2]
        seen.add(key)
        keyed.append({**variant, "key": key, "selectedOptions": _real(variant["selectedOptions"])})
    return keyed


def _real(options: list[dict[str, str]]) -> list[dict[str, str]]:
    """A product without options is shown with one that nobody chose."""
    return [] if options == [{"name": ONLY_OPTION, "value": ONLY_VALUE}] else options


def _plain(row: accord.Row) -> dict[str, Any]:
    """The product's own fields of a row; empty text and lists where the vendor takes no null."""
    empty: dict[str, Any] = {"tags": []}
    return {name: empty.get(name, "") if row[name] is None else row[name] for name in PLAIN if name in row}


def _new(row: accord.Row) -> dict[str, Any]:
    """The input of ``productSet`` for a product that does not exist yet."""
    variants = (row.get("variants") or {}).get("nodes") or []
    given = _plain(row)
    if variants:
        given["productOptions"] = _options(variants)
        given["variants"] = [{**_variant(each), "optionValues": _choices(each)} for each in variants]
    return given


def _variant(row: dict[str, Any]) -> dict[str, Any]:
    names = ("barcode", "price", "compareAtPrice")
    given: dict[str, Any] = {name: row[name] for name in names if name in row}
    if given.get("price", "") is None:
        del given["price"]
    return {**given, **({"inventoryItem": {"sku": row["sku"]}} if row.get("sku") else {})}


def _choices(row: dict[str, Any]) -> list[dict[str, str]]:
    chosen = row.get("selectedOptions") or [{"name": ONLY_OPTION, "value": ONLY_VALUE}]
    return [{"optionName": each["name"], "name": each["value"]} for each in chosen]


def _options(variants: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every option with all its values, in the order in which the variants name them."""
    values: dict[str, dict[str, None]] = {}
    for variant in variants:
        for choice in _choices(variant):
            values.setdefault(choice["optionName"], {})[choice["name"]] = None
    return [{"name": name, "values": [{"name": value} for value in found]} for name, found in values.items()]


def _updating(at: int, write: accord.Write) -> Part:
    given = {**_plain(write.row), "id": write.external_id}
    selection = "{ product { ...Row } userErrors { field message } }"
    return Part(
        f"w{at}", "productUpdate(product: $input)", selection, {"input": ("ProductUpdateInput", given)}
    )


def _variant_parts(at: int, write: accord.Write, held: accord.Row | None) -> list[Part]:
    """Variants that the product has are changed, the others are added."""
    wanted = (write.row.get("variants") or {}).get("nodes") or []
    if held is None or not wanted:
        return []
    ids = {each["key"]: each["id"] for each in held["variants"]["nodes"]}
    changed = [{**_variant(each), "id": ids[each["key"]]} for each in wanted if each["key"] in ids]
    added = [{**_variant(each), "optionValues": _choices(each)} for each in wanted if each["key"] not in ids]
    parts = []
    for alias, mutation, variants in (
        (f"v{at}", "productVariantsBulkUpdate", changed),
        (f"n{at}", "productVariantsBulkCreate", added),
    ):
        if variants:
            values = {
                "id": ("ID!", write.external_id),
                "variants": ("[ProductVariantsBulkInput!]!", variants),
            }
            call = f"{mutation}(productId: $id, variants: $variants)"
            parts.append(Part(alias, call, f"{{ {ERRORS} }}", values))
    return parts


def _question(at: int, probe: accord.Probe) -> Part:
    variable = ("ProductIdentifierInput!", identifier(probe.value))
    return Part(f"p{at}", "productByIdentifier(identifier: $which)", "{ ...Row }", {"which": variable})

"""Metafields and their definitions; a definition of the type ``id`` makes values unique.

Source: https://shopify.dev/docs/apps/build/custom-data/metafields/working-with-custom-ids (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from accord.sandbox import Item, Table, Values
from accord_shopify.sandbox.paging import connection
from accord_shopify.sandbox.wire import Resolver, gid, moment, number_of, problem, type_of

if TYPE_CHECKING:
    from accord_shopify.sandbox.shop import ShopifySandbox

OWNERS = {"CUSTOMER": "customers", "PRODUCT": "products", "ORDER": "orders"}


class Metafields:
    """Free fields on customers, products and orders."""

    def __init__(self, shop: ShopifySandbox) -> None:
        self._shop = shop
        self._definitions: Table = shop.shelf.table("_definitions", {"name": _definition_key})

    def mutations(self) -> Mapping[str, Resolver]:
        """The mutations by name."""
        return {"metafieldDefinitionCreate": self.define, "metafieldsSet": self.set}

    def define(self, _info: Any, definition: Values) -> dict[str, Any]:
        """Declare one metafield of one owner type."""
        if self._definitions.find("name", _definition_key(definition)):
            error = problem("Key is in use for this owner type.", "definition", "key", code="TAKEN")
            return {"createdDefinition": None, "userErrors": [error]}
        item = self._definitions.insert(definition)
        shown = {**definition, "__typename": "MetafieldDefinition", "id": gid("MetafieldDefinition", item.id)}
        return {"createdDefinition": shown, "userErrors": []}

    def is_unique(self, owner: str, namespace: str, key: str) -> bool:
        """Whether values of this metafield may occur once only."""
        name = _definition_key({"ownerType": owner, "namespace": namespace, "key": key})
        return any(item.values["type"] == "id" for item in self._definitions.find("name", name))

    def owner_of(self, owner: str, identifier: Mapping[str, Any]) -> Item | None:
        """The record with this custom id.

        Raises:
            GraphQLError: the metafield is not defined with the type ``id``.
        """
        namespace, key = identifier.get("namespace") or "", identifier["key"]
        if not self.is_unique(owner, namespace, key):
            raise GraphQLError(
                "Metafield definition of type 'id' is required when using custom ids.",
                extensions={"code": "NOT_FOUND"},
            )
        held = (namespace, key, identifier["value"])
        table = self._shop.shelf.tables[OWNERS[owner]]
        return next((item for item in table.items() if held in _held(item.values)), None)

    def problems(self, owner: str, given: Iterable[Values], own_id: str | None) -> list[dict[str, Any]]:
        """What stands against these metafields on this record."""
        found: list[dict[str, Any]] = []
        for index, each in enumerate(given):
            namespace, key = each.get("namespace") or "", each.get("key") or ""
            if not each.get("value"):
                found.append(problem("Value can't be blank", "metafields", str(index), "value", code="BLANK"))
            elif self.is_unique(owner, namespace, key):
                holder = self.owner_of(owner, {"namespace": namespace, "key": key, "value": each["value"]})
                if holder is not None and holder.id != own_id:
                    text = "Value must be unique and is already in use"
                    found.append(problem(text, "metafields", str(index), "value", code="TAKEN"))
        return found

    def merged(self, old: list[Values], given: Iterable[Values]) -> list[Values]:
        """The record's metafields after a write."""
        now = moment(self._shop.clock.now())
        kept = {(each["namespace"], each["key"]): each for each in old}
        for each in given:
            name = (each.get("namespace") or "", each.get("key") or "")
            before = kept.get(name)
            kept[name] = {
                "id": before["id"] if before else gid("Metafield", self._shop.shelf.next_id()),
                "namespace": name[0],
                "key": name[1],
                "value": each["value"],
                "type": each.get("type") or (before or {}).get("type") or "single_line_text_field",
                "createdAt": before["createdAt"] if before else now,
                "updatedAt": now,
            }
        return list(kept.values())

    def set(self, _info: Any, metafields: list[Values]) -> dict[str, Any]:
        """Write up to 25 metafields at once, all or nothing."""
        owners = [self._owner(each["ownerId"]) for each in metafields]
        errors: list[dict[str, Any]] = []
        for each, owner in zip(metafields, owners, strict=True):
            if owner is None:
                errors.append(problem("Owner does not exist.", "metafields", "ownerId", code="INVALID"))
                continue
            errors += self.problems(owner[0], [each], owner[1].id)
        if errors:
            return {"metafields": None, "userErrors": errors}
        written: list[Values] = []
        for each, owner in zip(metafields, owners, strict=True):
            assert owner is not None
            table = self._shop.shelf.tables[OWNERS[owner[0]]]
            current = table.get(owner[1].id)
            assert current is not None
            rows = self.merged(current.values.get("metafields", []), [each])
            table.update(current.id, {"metafields": rows})
            name = (each["namespace"], each["key"])
            written += [_shown(row) for row in rows if (row["namespace"], row["key"]) == name]
        return {"metafields": written, "userErrors": []}

    def _owner(self, id_: str) -> tuple[str, Item] | None:
        kind = type_of(id_).upper()
        item = self._shop.shelf.tables[OWNERS[kind]].get(number_of(id_)) if kind in OWNERS else None
        return None if item is None else (kind, item)


def fields(rows: list[Values]) -> dict[str, Any]:
    """The two fields through which every owner shows its metafields."""

    def one(_info: Any, namespace: str, key: str) -> Any:
        return next((_shown(row) for row in rows if (row["namespace"], row["key"]) == (namespace, key)), None)

    def many(_info: Any, namespace: str | None = None, **arguments: Any) -> Any:
        wanted = [row for row in rows if namespace in (None, row["namespace"])]
        return connection(wanted, lambda row: (0, int(number_of(row["id"]))), _shown, arguments)

    return {"metafield": one, "metafields": many}


def _shown(row: Values) -> Values:
    return {**row, "__typename": "Metafield"}


def _held(values: Values) -> set[tuple[str, str, str]]:
    return {(row["namespace"], row["key"], row["value"]) for row in values.get("metafields", [])}


def _definition_key(values: Values) -> str:
    return f"{values['ownerType']}:{values['namespace']}.{values['key']}"

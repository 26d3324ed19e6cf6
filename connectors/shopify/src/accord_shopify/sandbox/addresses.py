"""The address book of a customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from accord.sandbox import Values
from accord_shopify.sandbox.wire import Resolver, number_of, only_given, problem

if TYPE_CHECKING:
    from accord_shopify.sandbox.customers import Customers

ADDRESS = (
    "address1",
    "address2",
    "city",
    "company",
    "countryCode",
    "firstName",
    "lastName",
    "phone",
    "provinceCode",
    "zip",
)


class Addresses:
    """Adding, changing and removing addresses of existing customers."""

    def __init__(self, customers: Customers) -> None:
        self._customers = customers

    def mutations(self) -> Mapping[str, Resolver]:
        """The mutations by name."""
        return {
            "customerAddressCreate": self.create,
            "customerAddressDelete": self.delete,
            "customerAddressUpdate": self.update,
        }

    def create(self, _info: Any, customerId: str, address: Values, setAsDefault: bool = False) -> Any:  # noqa: N803, FBT001, FBT002
        """Add an address."""
        item = self._customers.table.get(number_of(customerId))
        if item is None:
            return {"address": None, "userErrors": [problem("Customer does not exist", "customerId")]}
        row = self._customers.address(address)
        changed: Values = {"addresses": [*item.values.get("addresses", []), row]}
        if setAsDefault or not item.values.get("defaultAddressId"):
            changed["defaultAddressId"] = row["id"]
        self._customers.tell("customers/update", self._customers.table.update(item.id, changed))
        return {"address": show_address(row), "userErrors": []}

    def update(
        self,
        _info: Any,
        customerId: str,  # noqa: N803
        addressId: str,  # noqa: N803
        address: Values,
        setAsDefault: bool = False,  # noqa: N803, FBT001, FBT002
    ) -> Any:
        """Replace one address by the given lines."""
        item = self._customers.table.get(number_of(customerId))
        rows = item.values.get("addresses", []) if item else []
        if item is None or addressId not in {row["id"] for row in rows}:
            return {"address": None, "userErrors": [problem("Address does not exist", "addressId")]}
        given = only_given(address, *ADDRESS)
        fresh = [{"id": addressId, **given} if row["id"] == addressId else row for row in rows]
        changed: Values = {"addresses": fresh} | ({"defaultAddressId": addressId} if setAsDefault else {})
        self._customers.tell("customers/update", self._customers.table.update(item.id, changed))
        shown = next(row for row in fresh if row["id"] == addressId)
        return {"address": show_address(shown), "userErrors": []}

    def delete(self, _info: Any, customerId: str, addressId: str) -> Any:  # noqa: N803
        """Remove an address; another one of the customer becomes the default."""
        item = self._customers.table.get(number_of(customerId))
        rows = item.values.get("addresses", []) if item else []
        if item is None or addressId not in {row["id"] for row in rows}:
            return {"deletedAddressId": None, "userErrors": [problem("Address does not exist", "addressId")]}
        kept = [row for row in rows if row["id"] != addressId]
        changed: Values = {"addresses": kept}
        if item.values.get("defaultAddressId") == addressId:
            changed["defaultAddressId"] = kept[0]["id"] if kept else None
        self._customers.tell("customers/update", self._customers.table.update(item.id, changed))
        return {"deletedAddressId": addressId, "userErrors": []}


def show_address(row: Values) -> dict[str, Any]:
    """An address as the API shows it."""
    name = " ".join(part for part in (row.get("firstName"), row.get("lastName")) if part)
    plain = {key: row.get(key) for key in ADDRESS if key != "countryCode"}
    code = row.get("countryCode")
    return {
        "__typename": "MailingAddress",
        "id": row["id"],
        **plain,
        "countryCodeV2": code,
        "name": name or None,
    }

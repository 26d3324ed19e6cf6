"""Customers: who they are, where they live, what they subscribed to, and how two become one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from accord.sandbox import Item, Table, Values
from accord_shopify.sandbox import consent
from accord_shopify.sandbox.addresses import ADDRESS, Addresses, show_address
from accord_shopify.sandbox.metafields import fields as metafield_fields
from accord_shopify.sandbox.paging import Place, connection
from accord_shopify.sandbox.search import parse
from accord_shopify.sandbox.wire import Resolver, gid, moment, number_of, only_given, problem

if TYPE_CHECKING:
    from accord_shopify.sandbox.shop import ShopifySandbox

PLAIN = ("firstName", "lastName", "email", "phone", "note", "locale", "tags", "taxExempt", "taxExemptions")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+\d{7,15}")


class Customers:
    """The table of customers and everything the API does with it."""

    def __init__(self, shop: ShopifySandbox) -> None:
        self._shop = shop
        keys = {"email": lambda values: values.get("email"), "phone": lambda values: values.get("phone")}
        self.table: Table = shop.shelf.table("customers", keys)
        self._addresses = Addresses(self)

    def queries(self) -> Mapping[str, Resolver]:
        """The queries by name."""
        return {
            "customer": lambda _info, id: self.node(id),  # noqa: A006  the vendor's name
            "customerByIdentifier": self.by_identifier,
            "customers": self.listing,
        }

    def mutations(self) -> Mapping[str, Resolver]:
        """The mutations by name."""
        return {
            "customerCreate": self.create,
            "customerUpdate": self.update,
            "customerDelete": self.delete,
            "customerMerge": self.merge,
            **self._addresses.mutations(),
            "customerEmailMarketingConsentUpdate": self.consent_to_email,
            "customerSmsMarketingConsentUpdate": self.consent_to_sms,
        }

    # Reading.

    def node(self, id_: str) -> dict[str, Any] | None:
        """A customer by global id."""
        item = self.table.get(number_of(id_))
        return None if item is None else self.show(item)

    def by_identifier(self, _info: Any, identifier: Values) -> dict[str, Any] | None:
        """A customer by exactly one of its identifiers; not delayed by the search index."""
        if identifier.get("id"):
            return self.node(identifier["id"])
        if identifier.get("customId"):
            item = self._shop.metafields.owner_of("CUSTOMER", identifier["customId"])
            return None if item is None else self.show(item)
        key, value = next(iter(identifier.items()))
        name = {"emailAddress": "email", "phoneNumber": "phone"}[key]
        found = self.table.find(name, str(self.normalise({name: value})[name]))
        return self.show(found[0]) if found else None

    def listing(self, _info: Any, query: str | None = None, sortKey: str = "ID", **page: Any) -> Any:  # noqa: N803
        """A page of customers; with a query from the lagging search index."""
        test = parse(query)
        rows = self.table.indexed() if query else self.table.items()
        wanted = [row for row in rows if test(_searchable(row))]
        disturb = disturbance(self._shop)
        return connection(wanted, lambda row: _place(row, sortKey), self.show, page, disturb=disturb)

    def show(self, item: Item) -> dict[str, Any]:
        """A customer as the API shows it."""
        values = item.values
        addresses = values.get("addresses", [])
        default = next((row for row in addresses if row["id"] == values.get("defaultAddressId")), None)
        name = " ".join(part for part in (values.get("firstName"), values.get("lastName")) if part)
        return {
            "__typename": "Customer",
            **{field: values.get(field) for field in PLAIN},
            "id": gid("Customer", item.id),
            "legacyResourceId": item.id,
            "displayName": name or values.get("email") or values.get("phone") or "",
            "locale": values.get("locale") or "fr",
            "tags": values.get("tags") or [],
            "taxExempt": bool(values.get("taxExempt")),
            "taxExemptions": values.get("taxExemptions") or [],
            "state": values.get("state", "DISABLED"),
            "verifiedEmail": values.get("verifiedEmail", True),
            "canDelete": not self._shop.orders.of_customer(item.id),
            "numberOfOrders": str(len(self._shop.orders.of_customer(item.id))),
            "amountSpent": {"amount": "0.0", "currencyCode": self._shop.currency},
            "createdAt": moment(item.created_at),
            "updatedAt": moment(item.updated_at),
            "defaultAddress": default and show_address(default),
            "addresses": lambda _info, first=None: [show_address(row) for row in addresses[:first]],
            "emailMarketingConsent": consent.shown(values, "emailMarketingConsent", "email"),
            "smsMarketingConsent": consent.shown(values, "smsMarketingConsent", "phone"),
            **metafield_fields(values.get("metafields", [])),
        }

    # Writing.

    def normalise(self, values: Values) -> Values:
        """Trimmed texts, an e-mail address in lower case, a telephone number in E.164, tags as a set."""
        kept: Values = {
            key: value.strip() or None if isinstance(value, str) else value for key, value in values.items()
        }
        if kept.get("email"):
            kept["email"] = kept["email"].lower()
        if kept.get("phone"):
            kept["phone"] = self._phone(kept["phone"])
        if "tags" in kept:
            tags = {tag.strip().lower(): tag.strip() for tag in kept["tags"] or [] if tag.strip()}
            kept["tags"] = sorted(tags.values(), key=str.lower)
        return kept

    def typed(self, values: Values) -> Values:
        """What a person types in the admin: addresses need no id, the first is the default one."""
        kept = self.normalise(values)
        if kept.get("addresses"):
            rows = [row if "id" in row else self.address(row) for row in kept["addresses"]]
            kept |= {"addresses": rows, "defaultAddressId": values.get("defaultAddressId") or rows[0]["id"]}
        return kept

    def _phone(self, number: str) -> str:
        digits = re.sub(r"[^\d+]", "", number) or number
        return self._shop.country_prefix + digits[1:] if digits.startswith("0") else digits

    def create(self, _info: Any, input: Values) -> dict[str, Any]:  # noqa: A002  the vendor's name
        """Create a customer: it needs a name, a telephone number or an e-mail address."""
        given = self.normalise(input)
        if not any(given.get(name) for name in ("firstName", "lastName", "email", "phone")):
            error = problem("Customer must have a name, phone number or email address")
            return {"customer": None, "userErrors": [error]}
        errors = self._problems(given, None)
        if errors:
            return {"customer": None, "userErrors": errors}
        item = self.table.insert(self._with_parts({}, given, consent.now(self._shop)))
        self.tell("customers/create", item)
        return {"customer": self.show(item), "userErrors": []}

    def update(self, _info: Any, input: Values) -> dict[str, Any]:  # noqa: A002  the vendor's name
        """Change the given fields; a list of addresses replaces the old one."""
        item = self.table.get(number_of(input.get("id") or ""))
        if item is None:
            return {"customer": None, "userErrors": [problem("Customer does not exist", "id")]}
        given = self.normalise({key: value for key, value in input.items() if key != "id"})
        errors = self._problems(given, item)
        if errors:
            return {"customer": None, "userErrors": errors}
        item = self.table.update(item.id, self._with_parts(item.values, given, consent.now(self._shop)))
        self.tell("customers/update", item)
        return {"customer": self.show(item), "userErrors": []}

    def delete(self, _info: Any, input: Values) -> dict[str, Any]:  # noqa: A002  the vendor's name
        """Delete a customer who never ordered."""
        number = number_of(input["id"])
        answer: dict[str, Any] = {"deletedCustomerId": None, "shop": self._shop.shop(), "userErrors": []}
        if number not in self.table:
            return answer | {"userErrors": [problem("Customer can't be found", "id")]}
        if self._shop.orders.of_customer(number):
            text = "Customer can't be deleted because they have associated orders"
            return answer | {"userErrors": [problem(text, "id")]}
        self.table.remove(number)
        self._shop.emit("customers/delete", {"id": int(number)})
        return answer | {"deletedCustomerId": gid("Customer", number)}

    def merge(self, _info: Any, customerOneId: str, customerTwoId: str) -> dict[str, Any]:  # noqa: N803
        """Make one customer of two; the vendor decides which id is kept."""
        one, two = self.table.get(number_of(customerOneId)), self.table.get(number_of(customerTwoId))
        if one is None or two is None or one.id == two.id:
            error = problem("Customer does not exist", "customerOneId", code="INVALID_CUSTOMER_ID")
            return {"job": None, "resultingCustomerId": None, "userErrors": [error]}
        kept, gone = (one, two) if one.values.get("email") and not two.values.get("email") else (two, one)
        self.combine(kept, gone)
        job = {"id": gid("Job", self._shop.shelf.next_id()), "done": True}
        return {"job": job, "resultingCustomerId": gid("Customer", kept.id), "userErrors": []}

    def combine(self, kept: Item, gone: Item) -> Item:
        """The kept customer fills its gaps from the other and takes over tags, addresses and orders."""
        self.table.remove(gone.id)
        present = {key: value for key, value in kept.values.items() if value not in (None, "", [])}
        union = {
            "tags": sorted({*kept.values.get("tags", []), *gone.values.get("tags", [])}),
            "addresses": [*kept.values.get("addresses", []), *gone.values.get("addresses", [])],
        }
        self._shop.orders.hand_over(gone.id, kept.id)
        item = self.table.update(kept.id, {**gone.values, **present, **union})
        ids = {"admin_graphql_api_customer_kept_id": gid("Customer", kept.id)}
        ids["admin_graphql_api_customer_deleted_id"] = gid("Customer", gone.id)
        self._shop.emit("customers/merge", ids)
        return item

    def consent_to_email(self, _info: Any, input: Values) -> dict[str, Any]:  # noqa: A002
        """Subscribe or unsubscribe an e-mail address."""
        return self._consent(input, "emailMarketingConsent", "email")

    def consent_to_sms(self, _info: Any, input: Values) -> dict[str, Any]:  # noqa: A002
        """Subscribe or unsubscribe a telephone number."""
        return self._consent(input, "smsMarketingConsent", "phone")

    def _consent(self, given: Values, name: str, point: str) -> dict[str, Any]:
        item = self.table.get(number_of(given["customerId"]))
        error: dict[str, Any] | None
        if self._shop.unwell:
            error = problem("An internal error occurred", "input", code="INTERNAL_ERROR")
        elif item is None:
            error = problem("Customer not found", "input", "customerId", code="INVALID")
        elif not item.values.get(point):
            text = f"{point.capitalize()} is required to set the marketing state"
            error = problem(text, "input", name, code="INCLUSION")
        else:
            error = consent.problem_of(given[name])
        if error is not None or item is None:
            return {"customer": item and self.show(item), "userErrors": [error]}
        state = consent.later(
            item.values.get(name), given[name], consent.now(self._shop), sms=point == "phone"
        )
        item = self.table.update(item.id, {name: state})
        return {"customer": self.show(item), "userErrors": []}

    def _problems(self, given: Values, item: Item | None) -> list[dict[str, Any]]:
        own_id = item.id if item else None
        found: list[dict[str, Any]] = []
        shapes = {"email": (_EMAIL, "Email is invalid"), "phone": (_PHONE, "Phone is invalid")}
        for name, (shape, message) in shapes.items():
            value = given.get(name)
            if not value:
                continue
            if not shape.fullmatch(value):
                found.append(problem(message, name))
            elif any(other.id != own_id for other in self.table.find(name, value)):
                found.append(problem(f"{name.capitalize()} has already been taken", name))
        for name in ("emailMarketingConsent", "smsMarketingConsent"):
            wrong = consent.problem_of(given[name]) if given.get(name) else None
            found += [wrong] if wrong else []
        metafields = given.get("metafields") or []
        return found + self._shop.metafields.problems("CUSTOMER", metafields, own_id)

    def _with_parts(self, old: Values, given: Values, now: str) -> Values:
        """The values to keep: plain fields, addresses with ids, consent by its own rule, metafields."""
        kept: Values = {**only_given(given, *PLAIN)}
        for name, sms in (("emailMarketingConsent", False), ("smsMarketingConsent", True)):
            if given.get(name):
                kept[name] = consent.later(old.get(name), given[name], now, sms=sms)
        if given.get("addresses") is not None:
            kept["addresses"] = [self.address(row) for row in given["addresses"]]
            kept["defaultAddressId"] = kept["addresses"][0]["id"] if kept["addresses"] else None
        if given.get("metafields"):
            kept["metafields"] = self._shop.metafields.merged(old.get("metafields", []), given["metafields"])
        return kept

    def address(self, given: Values) -> Values:
        """An address with an id of its own."""
        number = self._shop.shelf.next_id()
        return {
            "id": f"{gid('MailingAddress', number)}?model_name=CustomerAddress",
            **only_given(given, *ADDRESS),
        }

    def tell(self, topic: str, item: Item) -> None:
        """Send a webhook about a customer."""
        event = {"id": int(item.id), "admin_graphql_api_id": gid("Customer", item.id)}
        self._shop.emit(topic, event | {"updated_at": moment(item.updated_at)})


def disturbance(shop: ShopifySandbox) -> Any:
    """What the fault of this request makes of a page: rows shown twice, or shuffled."""

    def disturb(page: list[Any], before: list[Any]) -> list[Any]:
        if shop.fault == "repeat":
            return before[-3:] + page
        if shop.fault == "reorder":
            shop.random.shuffle(page)
        return page

    return disturb


def _searchable(item: Item) -> dict[str, Any]:
    values = item.values
    return {
        "id": int(item.id),
        "email": values.get("email"),
        "phone": values.get("phone"),
        "first_name": values.get("firstName"),
        "last_name": values.get("lastName"),
        "tag": values.get("tags") or [],
        "created_at": item.created_at.replace(microsecond=0),
        "updated_at": item.updated_at.replace(microsecond=0),
    }


def _place(item: Item, key: str) -> Place:
    places = {
        "CREATED_AT": item.created_at.timestamp(),
        "UPDATED_AT": int(item.updated_at.timestamp()),
        "NAME": f"{item.values.get('lastName') or ''} {item.values.get('firstName') or ''}",
    }
    return places.get(key, 0), int(item.id)

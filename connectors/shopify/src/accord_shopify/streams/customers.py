"""Customers, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import accord
from accord_shopify.mapping import CUSTOMERS
from accord_shopify.reference import PATH, SHOWN, identifier, metafield
from accord_shopify.streams import user_errors
from accord_shopify.streams.aliased import Part
from accord_shopify.streams.permissions import Permissions
from accord_shopify.streams.shop_stream import quoted, unanswered
from accord_shopify.subscription import is_erased

PLAIN = ("firstName", "lastName", "email", "phone", "note", "locale", "tags", "taxExempt")
LINES = "firstName lastName company address1 address2 zip city provinceCode countryCodeV2"
DEFAULTS: dict[str, Any] = {"tags": [], "taxExempt": False}
"""What stands for empty where the vendor takes no null."""


class Customers(Permissions):
    """The people a shop knows.

    A create is found again by our reference in a metafield, whose definition makes it unique in the shop,
    and by e-mail address and telephone number, which the shop keeps unique anyway.
    """

    name = "customers"
    model = accord.Customer
    mapping = CUSTOMERS
    subject = "self"
    origin = accord.Origin.OWN
    # No list of deleted customers exists. The webhooks customers/delete and customers/merge tell at once;
    # absence from two complete reads tells for sure.
    deletes = accord.Deletes.SCAN
    reference = PATH
    creates = accord.Creates.REFERENCE
    find_by = ("hub_id", "email", "phone")
    read_back = True
    noun = "Customer"
    listed = "customers"
    page_size = 100
    row_cost = 4.0
    fields: ClassVar[str] = f"""
  id firstName lastName email phone note locale tags taxExempt state createdAt updatedAt
  defaultAddress {{ {LINES} }}
  emailMarketingConsent {{ marketingState marketingOptInLevel consentUpdatedAt }}
  smsMarketingConsent {{ marketingState marketingOptInLevel consentUpdatedAt }}
  {SHOWN}
"""

    def is_deleted(self, row: accord.Row) -> bool:
        """A customer whose personal data the vendor has erased: what is left says nothing about anybody."""
        return is_erased(row)

    def stamp(self, row: accord.Row, hub_id: str) -> accord.Row:
        """Our reference as a metafield of the new customer."""
        return {**row, "metafields": [metafield(hub_id)]}

    @accord.batch(10)
    def find(self, probes: Sequence[accord.Probe]) -> Sequence[Sequence[accord.Row]]:
        """Customers by our reference (exact and at once), or by e-mail or telephone (through the index)."""
        parts = [_question(at, probe) for at, probe in enumerate(probes) if self._can_ask(probe)]
        data = self.look("FindCustomers", parts, self.fragment) if parts else {}
        return [_matches(probe, data.get(f"p{at}")) for at, probe in enumerate(probes)]

    # Ten mutations and what they show: the engine asks the budget before it marks a batch as sent.
    @accord.batch(10, cost=140)
    def create(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """New customers, each with our reference and never with a marketing state."""
        self.shop.define_reference("CUSTOMER")
        parts = [_saving(at, "customerCreate", self._created(write)) for at, write in enumerate(writes)]
        data = self.send("CreateCustomers", parts, self.fragment)
        return [self._created_outcome(write, data.get(f"w{at}")) for at, write in enumerate(writes)]

    @accord.batch(10)
    def update(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Change what the rows hold and nothing else; other addresses of the customer stay."""
        held = self._default_addresses(writes)
        parts: list[Part] = []
        for at, write in enumerate(writes):
            # The address first: the customer that the second answer shows then has it.
            parts += _address_parts(at, write, held)
            parts.append(_saving(at, "customerUpdate", {**_plain(write.row), "id": write.external_id}))
        data = self.send("UpdateCustomers", parts, self.fragment)
        return [self._updated_outcome(write, data, at) for at, write in enumerate(writes)]

    @accord.batch(10)
    def delete(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Delete customers; the vendor refuses those who have ordered."""
        selection = "{ deletedCustomerId userErrors { field message } }"
        parts = [
            Part(
                f"w{at}",
                "customerDelete(input: $input)",
                selection,
                {"input": ("CustomerDeleteInput!", {"id": write.external_id})},
            )
            for at, write in enumerate(writes)
        ]
        data = self.send("DeleteCustomers", parts)
        return [self._deleted_outcome(write, data.get(f"w{at}")) for at, write in enumerate(writes)]

    def _can_ask(self, probe: accord.Probe) -> bool:
        return probe.field != "hub_id" or self.shop.define_reference("CUSTOMER")

    def _created(self, write: accord.Write) -> dict[str, Any]:
        given = {name: value for name, value in _plain(write.row).items() if value is not None}
        address = _address(write.row.get("defaultAddress"))
        return self.stamp({**given, **({"addresses": [address]} if address else {})}, write.hub_id)

    def _created_outcome(self, write: accord.Write, said: dict[str, Any] | None) -> accord.Outcome:
        """A refusal because something is taken may be the echo of our own earlier delivery of this create."""
        if said is None:
            return unanswered(write)
        errors = said["userErrors"]
        if user_errors.is_taken(errors, "email", "phone", "metafields"):
            (own,) = self.find([accord.Probe("hub_id", write.hub_id)])
            if own:
                return self.outcome(write, [], own[0])
            if user_errors.is_taken(errors, "email", "metafields"):
                # Somebody else made this customer meanwhile: the engine's search finds and adopts it.
                why = user_errors.reason(errors)
                return accord.Outcome(write.id, accord.Result.PRECONDITION, reason=why)
        return self.outcome(write, errors, said.get("customer"))

    def _updated_outcome(self, write: accord.Write, data: dict[str, Any], at: int) -> accord.Outcome:
        said = data.get(f"w{at}")
        if said is None:
            return unanswered(write)
        address = data.get(f"a{at}") or {}
        return self.outcome(
            write, [*said["userErrors"], *address.get("userErrors", [])], said.get("customer")
        )

    def _deleted_outcome(self, write: accord.Write, said: dict[str, Any] | None) -> accord.Outcome:
        if said is None:
            return unanswered(write)
        if said.get("deletedCustomerId"):
            return accord.Outcome(write.id, accord.Result.DONE, external_id=write.external_id)
        return self.outcome(write, said["userErrors"], None)

    def _default_addresses(self, writes: Iterable[accord.Write]) -> dict[str, accord.Row]:
        """The default address of each customer whose address is to change."""
        ids = [write.external_id for write in writes if "defaultAddress" in write.row]
        if not ids:
            return {}
        document = f"""query DefaultAddresses($ids: [ID!]!) {{
  nodes(ids: $ids) {{ ... on Customer {{ id defaultAddress {{ id phone {LINES} }} }} }}
}}"""
        nodes = self.ask(document, {"ids": ids}, cost=2 * len(ids))["nodes"]
        return {node["id"]: node["defaultAddress"] for node in nodes if node and node["defaultAddress"]}


def _plain(row: accord.Row) -> dict[str, Any]:
    """The customer's own fields of a row, as the vendor's input takes them."""
    given = {name: row[name] for name in PLAIN if name in row}
    return {name: DEFAULTS.get(name) if value is None else value for name, value in given.items()}


def _address(held: dict[str, Any] | None) -> dict[str, Any] | None:
    """An address as the vendor's input takes it; None when every line is empty, whatever its telephone."""
    if not held or all(value is None for name, value in held.items() if name != "phone"):
        return None
    return {("countryCode" if name == "countryCodeV2" else name): value for name, value in held.items()}


def _saving(at: int, mutation: str, given: dict[str, Any]) -> Part:
    selection = "{ customer { ...Row } userErrors { field message } }"
    return Part(f"w{at}", f"{mutation}(input: $input)", selection, {"input": ("CustomerInput!", given)})


def _address_parts(at: int, write: accord.Write, held: dict[str, accord.Row]) -> list[Part]:
    """How the default address becomes what the row says: changed, added or removed.

    A row holds the lines that change. The vendor takes an address as a whole, so the others go along
    (https://shopify.dev/docs/api/admin-graphql/2027-01/mutations/customerAddressUpdate).
    """
    if "defaultAddress" not in write.row:
        return []
    known = dict(held.get(str(write.external_id), {}))
    old, wanted = known.pop("id", None), write.row["defaultAddress"]
    address = None if wanted is None else _address({**known, **wanted})
    variables: dict[str, tuple[str, Any]] = {"customer": ("ID!", write.external_id)}
    if old is not None:
        variables["old"] = ("ID!", old)
    if address is not None:
        variables["address"] = ("MailingAddressInput!", address)
    if address is None and old is None:
        return []
    if address is None:
        call = "customerAddressDelete(customerId: $customer, addressId: $old)"
    elif old is None:
        call = "customerAddressCreate(customerId: $customer, address: $address, setAsDefault: true)"
    else:
        call = "customerAddressUpdate(customerId: $customer, addressId: $old, address: $address)"
    return [Part(f"a{at}", call, "{ userErrors { field message } }", variables)]


def _question(at: int, probe: accord.Probe) -> Part:
    if probe.field == "hub_id":
        variable = ("CustomerIdentifierInput!", identifier(probe.value))
        return Part(f"p{at}", "customerByIdentifier(identifier: $who)", "{ ...Row }", {"who": variable})
    query = f"{probe.field}:{quoted(probe.value)}"
    return Part(
        f"p{at}", "customers(first: 5, query: $query)", "{ nodes { ...Row } }", {"query": ("String", query)}
    )


def _matches(probe: accord.Probe, found: dict[str, Any] | None) -> list[accord.Row]:
    """The rows that really have the value: the vendor's search also finds what is merely alike."""
    if found is None:
        return []
    if probe.field == "hub_id":
        return [found]
    wanted = probe.value.lower()
    return [row for row in found["nodes"] if str(row.get(probe.field) or "").lower() == wanted]

"""Property definitions, and what HubSpot makes of the values written to them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accord.sandbox import Item, Refused, Request, Response, Table
from accord.sandbox import Sandbox as Base
from accord_hubspot.sandbox import answers

STAGES = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
"""Life-cycle stages in their order. A contact only moves forward unless the value is cleared first; a step
back is answered with success and ignored (HubSpot forum, "Update Lifecycle Stage Using API")."""

MAX_VALUE = 65_536
LEGAL_BASES = (
    "Legitimate interest – prospect/lead",
    "Legitimate interest – existing customer",
    "Not applicable",
)
EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[A-Za-z]{2,}")

CONTACT_TEXT = (
    "firstname lastname salutation company jobtitle phone mobilephone address city state zip country website "
    "hs_language date_of_birth gender message hs_additional_emails twitterhandle fax industry"
)
ORDER_TEXT = (
    "hs_order_name hs_external_order_id hs_external_order_url hs_external_order_status hs_fulfillment_status "
    "hs_payment_status hs_currency_code hs_source_store hs_tags hs_order_note hs_cancellation_reason "
    "hs_billing_address_firstname hs_billing_address_lastname hs_billing_address_email "
    "hs_billing_address_phone hs_billing_address_street hs_billing_address_city "
    "hs_billing_address_state hs_billing_address_postal_code hs_billing_address_country "
    "hs_shipping_address_firstname hs_shipping_address_lastname "
    "hs_shipping_address_phone hs_shipping_address_street hs_shipping_address_city hs_shipping_address_state "
    "hs_shipping_address_postal_code hs_shipping_address_country hs_shipping_tracking_number "
    "hs_pipeline hs_pipeline_stage"
)
ORDER_NUMBERS = (
    "hs_total_price hs_subtotal_price hs_tax hs_shipping_cost hs_order_discount hs_refund_amount "
    "hs_homecurrency_amount hs_exchange_rate"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One object type: its table, type id, the properties that carry its stamps, its default properties."""

    name: str
    type_id: str
    singular: str
    stamps: tuple[str, str]
    shown: tuple[str, ...]
    group: str


KINDS: Mapping[str, Kind] = {
    "contacts": Kind(
        "contacts",
        "0-1",
        "CONTACT",
        ("createdate", "lastmodifieddate"),
        ("email", "firstname", "lastname"),
        "contactinformation",
    ),
    "orders": Kind(
        "orders", "0-123", "ORDER", ("hs_createdate", "hs_lastmodifieddate"), (), "orderinformation"
    ),
}


def builtin(kind: Kind) -> list[dict[str, Any]]:
    """The definitions every portal has (those that matter here)."""
    rows = [
        _own(kind, kind.stamps[0], "datetime", readonly=True),
        _own(kind, kind.stamps[1], "datetime", readonly=True),
        _own(kind, "hs_object_id", "number", readonly=True),
        _own(kind, "hs_merged_object_ids", "enumeration", readonly=True),
    ]
    if kind.name == "contacts":
        rows += [
            _own(kind, "email", "string", unique=True),
            _own(kind, "lifecyclestage", "enumeration", options=STAGES),
            _own(kind, "hs_legal_basis", "enumeration", options=LEGAL_BASES),
            _own(kind, "hs_email_optout", "bool", readonly=True),
            *(_own(kind, name, "string") for name in CONTACT_TEXT.split()),
        ]
    else:
        rows += [
            _own(kind, "hs_external_created_date", "datetime"),
            _own(kind, "hs_processed_date", "datetime"),
        ]
        rows += [_own(kind, name, "number") for name in ORDER_NUMBERS.split()]
        rows += [_own(kind, name, "string") for name in ORDER_TEXT.split()]
    return rows


def _own(
    kind: Kind,
    name: str,
    type_: str,
    *,
    readonly: bool = False,
    unique: bool = False,
    options: Sequence[str] = (),
) -> dict[str, Any]:
    fields = {"enumeration": "select", "datetime": "date", "bool": "booleancheckbox", "number": "number"}
    row = {"name": name, "label": name.replace("_", " ").capitalize(), "type": type_}
    return {
        **row,
        "fieldType": fields.get(type_, "text"),
        "description": "",
        "groupName": kind.group,
        "options": [_option(place, value) for place, value in enumerate(options)],
        "hasUniqueValue": unique,
        "hubspotDefined": True,
        "readonly": readonly,
    }


def _option(place: int, value: str) -> dict[str, Any]:
    return {"label": value, "value": value, "displayOrder": place, "hidden": False}


class Properties:
    """The definitions of all object types of one portal."""

    def __init__(self, portal: Base, table: Table) -> None:
        self._portal = portal
        self._table = table
        self._builtin = {kind.name: {row["name"]: row for row in builtin(kind)} for kind in KINDS.values()}

    def find(self, kind: Kind, name: str) -> dict[str, Any] | None:
        """A definition by name."""
        own = self._builtin[kind.name].get(name)
        if own is not None:
            return own
        item = self._table.get(f"{kind.name}.{name}")
        return item.values if item else None

    def clean(
        self, kind: Kind, values: Mapping[str, Any], old: Item | None, *, by_person: bool = False
    ) -> dict[str, Any]:
        """Check and normalise written values; raise the 400 that HubSpot answers to wrong ones."""
        cleaned: dict[str, Any] = {}
        problems: list[dict[str, Any]] = []
        for name, value in values.items():
            definition = self.find(kind, name)
            if definition is None:
                message = f'Property "{name}" does not exist'
                problems.append(answers.problem(name, "PROPERTY_DOESNT_EXIST", message))
            elif definition.get("readonly") and not by_person:
                message = f'"{name}" is a read only property; its value cannot be set.'
                problems.append(answers.problem(name, "READ_ONLY_VALUE", message))
            else:
                text = _text(value)
                problems += _wrong(definition, text)
                cleaned[name] = text.lower() if name == "email" else text
        if problems:
            raise Refused(answers.invalid(self._portal.random, problems))
        if old is not None and _goes_back(old.values.get("lifecyclestage"), cleaned.get("lifecyclestage")):
            del cleaned["lifecyclestage"]
        return cleaned

    def unique(self, kind: Kind, name: str) -> str:
        """The name of a unique property, searchable in its table from now on; 400 when it is not unique."""
        definition = self.find(kind, name)
        if definition is None or not definition.get("hasUniqueValue"):
            message = f"Property {name} is not a unique identifier of {kind.name}"
            raise Refused(answers.error(self._portal.random, 400, "VALIDATION_ERROR", message))
        self._portal.shelf.tables[kind.name].declare(name, lambda values: _live(values, name))
        return name

    def uniques(self, kind: Kind) -> list[str]:
        """Every unique property of a type."""
        own = [name for name, row in self._builtin[kind.name].items() if row["hasUniqueValue"]]
        prefix = f"{kind.name}."
        rows = (item for item in self._table.items() if item.id.startswith(prefix))
        return own + [str(item.values["name"]) for item in rows if item.values.get("hasUniqueValue")]

    # Handlers.

    def listing(self, request: Request) -> Response:
        """GET /crm/v3/properties/{type}."""
        kind = self._kind(request)
        prefix = f"{kind.name}."
        rows = list(self._builtin[kind.name].values())
        rows += [item.values for item in self._table.items() if item.id.startswith(prefix)]
        return Response.json({"results": [_shown(row) for row in rows]})

    def one(self, request: Request) -> Response:
        """GET /crm/v3/properties/{type}/{name}."""
        kind, name = self._kind(request), request.params["name"]
        row = self.find(kind, name)
        if row is None:
            message = f"Property {name} does not exist for {kind.name}"
            return answers.error(self._portal.random, 404, "OBJECT_NOT_FOUND", message)
        return Response.json(_shown(row))

    def create(self, request: Request) -> Response:
        """POST /crm/v3/properties/{type}."""
        kind, body = self._kind(request), self._portal.body(request) or {}
        missing = [
            field for field in ("name", "label", "type", "fieldType", "groupName") if not body.get(field)
        ]
        if missing or not re.fullmatch(r"[a-z][a-z0-9_]*", str(body.get("name"))):
            message = f"Property definition is not valid: {', '.join(missing) or 'name'}"
            return answers.error(self._portal.random, 400, "VALIDATION_ERROR", message)
        if self.find(kind, body["name"]) is not None:
            message = f"A property named '{body['name']}' already exists."
            return answers.error(self._portal.random, 409, "OBJECT_ALREADY_EXISTS", message)
        row = {"description": "", "options": [], "hasUniqueValue": False, **body, "hubspotDefined": False}
        self._table.insert(row, id_=f"{kind.name}.{body['name']}")
        return Response.json(_shown(row), 201)

    def _kind(self, request: Request) -> Kind:
        name = request.params["type"]
        for kind in KINDS.values():
            if name in {kind.name, kind.type_id, kind.singular.lower()}:
                return kind
        message = f"Unable to infer object type from: {name}"
        raise Refused(answers.error(self._portal.random, 400, "VALIDATION_ERROR", message))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def _wrong(definition: Mapping[str, Any], text: str) -> list[dict[str, Any]]:
    name = definition["name"]
    if not text:
        return []
    if len(text) > MAX_VALUE:
        return [answers.problem(name, "VALUE_TOO_LONG", f"{name} is longer than {MAX_VALUE} characters")]
    if name == "email" and not EMAIL.fullmatch(text):
        return [answers.problem(name, "INVALID_EMAIL", f"Email address {text} is invalid")]
    if definition["type"] == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", text):
        return [answers.problem(name, "INVALID_DOUBLE", f"{text} was not a valid number")]
    options = {option["value"] for option in definition["options"]}
    if definition["type"] == "enumeration" and not set(text.split(";")) <= options:
        return [answers.problem(name, "INVALID_OPTION", f"{text} was not one of the allowed options")]
    return []


def _goes_back(old: Any, new: Any) -> bool:
    return bool(old and new) and old in STAGES and STAGES.index(new) < STAGES.index(old)


def _live(values: Mapping[str, Any], name: str) -> str | None:
    """The value by which a record that is not archived can be found."""
    return str(values[name]) if values.get(name) and answers.ARCHIVED not in values else None


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in row.items() if key != "readonly"}
    own, fixed = bool(row.get("hubspotDefined")), bool(row.get("readonly"))
    rights = {"archivable": not own, "readOnlyDefinition": own, "readOnlyValue": fixed}
    return {**shown, "archived": False, "modificationMetadata": rights}

"""Every answer of the sandbox fits HubSpot's own API description, for every operation it has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS30Validator

from accord.sandbox import SandboxOptions
from accord_hubspot.sandbox import HubSpotSandbox

FILES = (
    "v3/crm_contacts.json",
    "v3/crm_orders.json",
    "v3/crm_properties.json",
    "v3/account_accountInfo.json",
    "v3/communication-preferences_subscriptions.json",
    "v4/communication-preferences_subscriptions.json",
    "v4/crm_associations.json",
    "v1/auth_oauth.json",
)
V3, V4 = "/communication-preferences/v3", "/communication-preferences/v4"
EMAIL = "ada@example.com"


class Description:
    """The operations of all files: path pattern and verb to the schemas of the answers."""

    def __init__(self, folder: Path) -> None:
        self.operations: list[tuple[str, str, re.Pattern[str], dict[str, Any], dict[str, Any]]] = []
        for name in FILES:
            file = json.loads((folder / "hubspot" / name).read_text())
            _allow_null(file["components"]["schemas"])
            for path, verbs in file["paths"].items():
                pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path))
                for verb, operation in verbs.items():
                    self.operations.append((verb.upper(), path, pattern, operation, file["components"]))
        self.operations.sort(key=lambda row: row[1].count("{"))

    def find(self, verb: str, path: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """The template, the operation and the components for a request."""
        for method, template, pattern, operation, components in self.operations:
            if method == verb and pattern.fullmatch(path):
                return template, operation, components
        raise AssertionError(f"HubSpot describes no {verb} {path}")

    def check(self, answer: httpx.Response) -> str:
        """The answer's status and body are among those described; returns the operation's name."""
        request = answer.request
        template, operation, components = self.find(request.method, request.url.path)
        described = operation["responses"].get(str(answer.status_code))
        if described is None:
            assert answer.status_code >= 400, f"{template}: {answer.status_code} is not described"
            schema: dict[str, Any] = {"$ref": "#/components/schemas/Error"}
        else:
            content = described.get("content") or {}
            schema = next((one["schema"] for one in content.values()), {"not": {}})
        if answer.content:
            validator = OAS30Validator({**schema, "components": components})
            problems = [(error.json_path, error.message) for error in validator.iter_errors(answer.json())]
            assert not problems, template
        else:
            assert answer.status_code == 204
        return f"{request.method} {template}"


def _allow_null(schemas: dict[str, Any]) -> None:
    """Property values may be null: the service says so for empty ones, the description does not."""
    for schema in schemas.values():
        values = schema.get("properties", {}).get("properties", {}).get("additionalProperties")
        if isinstance(values, dict) and values.get("type") == "string":
            values["nullable"] = True


@pytest.fixture
def description(specs: Path) -> Description:
    return Description(specs)


@pytest.fixture
def portal() -> HubSpotSandbox:
    return HubSpotSandbox(SandboxOptions(size=30, l_max=0, rate=0))


@pytest.fixture
def client(portal: HubSpotSandbox) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer sandbox"}
    with httpx.Client(transport=portal.transport(), base_url="https://hubspot", headers=headers) as client:
        yield client


def _objects(client: httpx.Client, noun: str, unique: str) -> Iterator[httpx.Response]:
    """Every operation on one object type."""
    base = f"/crm/v3/objects/{noun}"
    name = "email" if noun == "contacts" else "hs_order_name"
    created = client.post(base, json={"properties": {name: EMAIL}, "associations": []})
    id_ = created.json()["id"]
    yield created
    yield client.get(base, params={"limit": 3, "properties": f"{name},hs_merged_object_ids"})
    yield client.get(f"{base}/{id_}")
    yield client.get(f"{base}/0")
    yield client.patch(f"{base}/{id_}", json={"properties": {name: f"x{EMAIL}"}})
    yield client.post(f"{base}/search", json={"limit": 2, "properties": [name]})
    yield client.post(f"{base}/search", json={"limit": 1000})
    inputs: list[dict[str, Any]] = [{"id": id_}, {"id": "0"}]
    yield client.post(f"{base}/batch/read", json={"inputs": inputs[:1], "properties": [name]})
    yield client.post(f"{base}/batch/read", json={"inputs": inputs, "properties": [name]})
    good, bad = {"properties": {name: f"y{EMAIL}"}}, {"properties": {"shoe": "42"}}
    yield client.post(f"{base}/batch/create", json={"inputs": [good]})
    yield client.post(f"{base}/batch/create", json={"inputs": [bad]})
    yield client.post(f"{base}/batch/create", json={"inputs": [{**bad, "objectWriteTraceId": "t"}]})
    changes = [{**row, "properties": {name: f"z{EMAIL}"}} for row in inputs]
    yield client.post(f"{base}/batch/update", json={"inputs": changes[:1]})
    yield client.post(f"{base}/batch/update", json={"inputs": changes})
    upsert = {"id": "u1", "idProperty": unique, "properties": {}}
    yield client.post(f"{base}/batch/upsert", json={"inputs": [upsert]})
    yield client.post(f"{base}/batch/upsert", json={"inputs": [{**upsert, **bad, "objectWriteTraceId": "t"}]})
    yield client.post(f"{base}/batch/archive", json={"inputs": inputs})
    yield client.get(base, params={"archived": "true"})
    yield client.delete(f"{base}/{id_}")


def _contacts_only(client: httpx.Client) -> Iterator[httpx.Response]:
    base = "/crm/v3/objects/contacts"
    ids = [
        client.post(base, json={"properties": {"email": f"m{n}@example.com"}}).json()["id"] for n in (1, 2)
    ]
    pair = {"primaryObjectId": ids[0], "objectIdToMerge": ids[1]}
    yield client.post(f"{base}/merge", json=pair)
    yield client.get(f"{base}/{ids[1]}", params={"associations": "orders"})
    yield client.post(f"{base}/gdpr-delete", json={"objectId": "m1@example.com", "idProperty": "email"})
    yield client.post(f"{base}/gdpr-delete", json={"objectId": "0"})


def _properties(client: httpx.Client, noun: str, unique: str) -> Iterator[httpx.Response]:
    base = f"/crm/v3/properties/{noun}"
    body = {"name": unique, "label": "x", "type": "string", "fieldType": "text", "groupName": "g"}
    yield client.post(base, json={**body, "hasUniqueValue": True})
    yield client.post(base, json=body)
    yield client.get(base)
    yield client.get(f"{base}/{unique}")
    yield client.get(f"{base}/nothing")


def _associations(client: httpx.Client) -> Iterator[httpx.Response]:
    orders = client.get("/crm/v3/objects/orders").json()["results"]
    contacts = client.get("/crm/v3/objects/contacts").json()["results"]
    order, contact = orders[0]["id"], contacts[0]["id"]
    base = "/crm/v4/associations/orders/contacts/batch"
    pair: dict[str, Any] = {"from": {"id": order}, "to": {"id": contact}}
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 507}]
    yield client.post(f"{base}/create", json={"inputs": [{**pair, "types": types}]})
    yield client.post(f"{base}/associate/default", json={"inputs": [pair]})
    yield client.post(f"{base}/read", json={"inputs": [{"id": order}]})
    yield client.post(f"{base}/read", json={"inputs": [{"id": order}, {"id": "0"}]})
    one = f"/crm/v4/objects/orders/{order}/associations"
    yield client.get(f"{one}/contacts")
    yield client.put(f"{one}/contacts/{contact}", json=types)
    yield client.put(f"{one}/default/contacts/{contact}")
    yield client.put(f"{one}/contacts/0", json=types)
    yield client.get(f"/crm/v3/objects/orders/{order}", params={"associations": "contacts"})
    yield client.delete(f"{one}/contacts/{contact}")
    yield client.post(f"{base}/archive", json={"inputs": [{**pair, "to": [{"id": contact}]}]})


def _preferences(client: httpx.Client) -> Iterator[httpx.Response]:
    wish = {"emailAddress": EMAIL, "subscriptionId": "1001", "legalBasis": "CONSENT_WITH_NOTICE"}
    yield client.get(f"{V3}/definitions")
    yield client.post(f"{V3}/subscribe", json={**wish, "legalBasisExplanation": "form"})
    yield client.post(f"{V3}/unsubscribe", json=wish)
    yield client.post(f"{V3}/subscribe", json=wish)
    yield client.get(f"{V3}/status/email/{EMAIL}")
    state = {"channel": "EMAIL", "subscriptionId": 1001, "statusState": "SUBSCRIBED"}
    emails = {"inputs": [EMAIL, "bob@example.com"]}
    yield client.get(f"{V4}/definitions")
    yield client.post(f"{V4}/statuses/{EMAIL}", json=state)
    channel = {"channel": "EMAIL"}
    yield client.get(f"{V4}/statuses/{EMAIL}", params=channel)
    yield client.post(f"{V4}/statuses/batch/write", json={"inputs": [{**state, "subscriberIdString": EMAIL}]})
    yield client.post(f"{V4}/statuses/batch/read", json=emails, params=channel)
    yield client.post(f"{V4}/statuses/{EMAIL}/unsubscribe-all", params=channel)
    yield client.get(f"{V4}/statuses/{EMAIL}/unsubscribe-all", params=channel)
    yield client.post(f"{V4}/statuses/batch/unsubscribe-all", json=emails, params=channel)
    yield client.post(f"{V4}/statuses/batch/unsubscribe-all/read", json=emails, params=channel)


def _account(client: httpx.Client) -> Iterator[httpx.Response]:
    yield client.get("/account-info/v3/details")
    yield client.get("/account-info/v3/api-usage/daily")
    form = {"grant_type": "authorization_code", "code": "c", "client_id": "i", "client_secret": "s"}
    token = client.post("/oauth/v1/token", data=form)
    yield token
    yield client.post("/oauth/v1/token", data={"grant_type": "refresh_token", "refresh_token": "?"})
    yield client.get(f"/oauth/v1/access-tokens/{token.json()['access_token']}")


def _everything(client: httpx.Client) -> Iterator[httpx.Response]:
    for noun in ("contacts", "orders"):
        yield from _properties(client, noun, "accord_id")
        yield from _objects(client, noun, "accord_id")
    yield from _contacts_only(client)
    yield from _associations(client)
    yield from _preferences(client)
    yield from _account(client)


def test_every_operation_answers_as_described(
    client: httpx.Client, portal: HubSpotSandbox, description: Description
) -> None:
    checked = {description.check(answer) for answer in _everything(client)}
    declared = {description.find(*_asked(route))[0] for route in portal.router.routes()}
    assert {name.partition(" ")[2] for name in checked} == declared


def _asked(route: Any) -> tuple[str, str]:
    """A request that a route of the sandbox answers, with nouns in the places of types."""
    types = {"{from}": "orders", "{to}": "contacts", "{type}": "contacts"}
    parts = [
        "0" if part.startswith("{") and part not in types else types.get(part, part) for part in route.parts
    ]
    return route.method, "/" + "/".join(parts)


@pytest.mark.parametrize("fault", ["429", "401"])
def test_refusals_on_the_way_have_the_shape_of_errors(
    portal: HubSpotSandbox, client: httpx.Client, description: Description, fault: str
) -> None:
    client.post("/_sandbox/faults", json={"faults": f"{fault}=100%"})
    description.check(client.get("/crm/v3/objects/contacts"))

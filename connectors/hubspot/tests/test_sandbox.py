"""The HubSpot sandbox behaves like HubSpot where it hurts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from accord.sandbox import SandboxOptions, Target
from accord_hubspot.sandbox import HubSpotSandbox

CONTACTS = "/crm/v3/objects/contacts"
ORDERS = "/crm/v3/objects/orders"
ASSOCIATIONS = "/crm/v4/associations/orders/contacts/batch/"
PREFERENCES = "/communication-preferences/"
ACCORD_ID = {
    "name": "accord_id",
    "label": "Accord id",
    "type": "string",
    "fieldType": "text",
    "groupName": "contactinformation",
    "hasUniqueValue": True,
}


@pytest.fixture
def portal() -> HubSpotSandbox:
    return HubSpotSandbox(SandboxOptions(size=0, l_max=0, rate=0))


@pytest.fixture
def client(portal: HubSpotSandbox) -> Iterator[httpx.Client]:
    yield from _client(portal)


def _client(portal: HubSpotSandbox) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer sandbox"}
    with httpx.Client(transport=portal.transport(), base_url="https://hubspot", headers=headers) as client:
        yield client


def _new(client: httpx.Client, **properties: str) -> str:
    answer = client.post(CONTACTS, json={"properties": properties})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _batch(client: httpx.Client, verb: str, inputs: list[dict[str, Any]], **more: Any) -> httpx.Response:
    return client.post(f"{CONTACTS}/batch/{verb}", json={"inputs": inputs, **more})


def test_email_is_kept_in_lower_case(client: httpx.Client) -> None:
    id_ = _new(client, email=" Ada@Example.COM ", firstname="Ada ")
    shown = client.get(f"{CONTACTS}/{id_}").json()["properties"]
    assert (shown["email"], shown["firstname"]) == ("ada@example.com", "Ada")


def test_a_taken_address_names_its_contact(client: httpx.Client) -> None:
    id_ = _new(client, email="ada@example.com")
    answer = client.post(CONTACTS, json={"properties": {"email": "ADA@example.com"}})
    assert answer.status_code == 409
    assert answer.json()["category"] == "CONFLICT"
    assert answer.json()["message"].endswith(f"Existing ID: {id_}")


def test_wrong_values_are_named_in_the_error(client: httpx.Client) -> None:
    answer = client.post(CONTACTS, json={"properties": {"email": "no", "shoe": "42", "createdate": "1"}})
    assert answer.status_code == 400
    codes = {row["code"] for row in answer.json()["errors"]}
    assert codes == {"INVALID_EMAIL", "PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"}


def test_a_batch_without_trace_ids_fails_as_a_whole(client: httpx.Client, portal: HubSpotSandbox) -> None:
    _new(client, email="ada@example.com")
    rows = [{"properties": {"email": mail}} for mail in ("new@example.com", "ada@example.com")]
    assert _batch(client, "create", rows).status_code == 409
    assert len(portal.objects["contacts"].table) == 1
    assert portal.stats()["creates"] == 1


def test_a_batch_with_trace_ids_fails_item_by_item(client: httpx.Client) -> None:
    _new(client, email="ada@example.com")
    rows = [
        {"properties": {"email": mail}, "objectWriteTraceId": mail[:3]}
        for mail in ("new@example.com", "ada@example.com")
    ]
    answer = _batch(client, "create", rows)
    assert answer.status_code == 207
    assert [row["objectWriteTraceId"] for row in answer.json()["results"]] == ["new"]
    assert answer.json()["errors"][0]["context"] == {"objectWriteTraceId": ["ada"]}


def test_more_than_a_hundred_inputs_are_refused(client: httpx.Client) -> None:
    rows = [{"properties": {"email": f"p{n}@example.com"}} for n in range(101)]
    assert _batch(client, "create", rows).status_code == 400


def test_upsert_creates_once_by_a_unique_property(client: httpx.Client, portal: HubSpotSandbox) -> None:
    assert client.post("/crm/v3/properties/contacts", json=ACCORD_ID).status_code == 201
    row = {"idProperty": "accord_id", "id": "h1", "properties": {"email": "ada@example.com"}}
    first = _batch(client, "upsert", [row]).json()["results"][0]
    row["properties"] = {"firstname": "Ada"}
    second = _batch(client, "upsert", [row]).json()["results"][0]
    assert (first["new"], second["new"], second["id"]) == (True, False, first["id"])
    assert len(portal.objects["contacts"].table) == 1


def test_upsert_by_a_property_that_is_not_unique_is_refused(client: httpx.Client) -> None:
    row = {"idProperty": "firstname", "id": "Ada", "properties": {}}
    assert _batch(client, "upsert", [row]).status_code == 400


def test_missing_ids_are_listed_in_a_207(client: httpx.Client) -> None:
    id_ = _new(client, email="ada@example.com")
    answer = _batch(client, "read", [{"id": id_}, {"id": "999999"}], properties=["email"])
    assert answer.status_code == 207
    assert answer.json()["errors"][0]["context"]["ids"] == ["999999"]
    assert answer.json()["results"][0]["properties"]["email"] == "ada@example.com"


def test_every_contact_is_listed_once_over_pages(client: httpx.Client) -> None:
    ids = [_new(client, email=f"p{n}@example.com") for n in range(25)]
    seen: list[str] = []
    after = ""
    while True:
        page = client.get(CONTACTS, params={"limit": 10, **({"after": after} if after else {})}).json()
        seen += [row["id"] for row in page["results"]]
        if "paging" not in page:
            break
        after = page["paging"]["next"]["after"]
    assert seen == ids


def test_archived_contacts_leave_the_list_and_free_their_address(client: httpx.Client) -> None:
    id_ = _new(client, email="ada@example.com")
    assert client.delete(f"{CONTACTS}/{id_}").status_code == 204
    assert client.get(f"{CONTACTS}/{id_}").status_code == 404
    archived = client.get(CONTACTS, params={"archived": "true"}).json()["results"]
    assert [(row["id"], row["archived"]) for row in archived] == [(id_, True)]
    assert _new(client, email="ada@example.com") != id_


def test_search_sees_a_new_contact_only_after_the_lag() -> None:
    portal = HubSpotSandbox(SandboxOptions(size=0, l_max=30))
    for client in _client(portal):
        _new(client, email="ada@example.com")
        wanted = {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}]}]}
        assert client.post(f"{CONTACTS}/search", json=wanted).json()["total"] == 0
        portal.clock.advance(31)
        assert client.post(f"{CONTACTS}/search", json=wanted).json()["total"] == 1


def _find(client: httpx.Client, *filters: dict[str, Any], **more: Any) -> list[str]:
    body = {"filterGroups": [{"filters": list(filters)}], "properties": ["email"], **more}
    answer = client.post(f"{CONTACTS}/search", json=body)
    assert answer.status_code == 200, answer.text
    return [row["properties"]["email"] for row in answer.json()["results"]]


def test_search_filters_by_instant_and_sorts(client: httpx.Client, portal: HubSpotSandbox) -> None:
    _new(client, email="old@example.com")
    portal.clock.advance(60)
    since = int(portal.clock.now().timestamp() * 1000)
    _new(client, email="b@example.com")
    portal.clock.advance(1)
    _new(client, email="a@example.com")
    changed = {"propertyName": "lastmodifieddate", "operator": "GTE", "value": str(since)}
    assert _find(client, changed, sorts=["email"]) == ["a@example.com", "b@example.com"]
    newest = [{"propertyName": "lastmodifieddate", "direction": "DESCENDING"}]
    assert _find(client, changed, sorts=newest)[0] == "a@example.com"


@pytest.mark.parametrize(
    ("operator", "more", "found"),
    [
        ("EQ", {"value": "ADA"}, 1),
        ("NEQ", {"value": "Ada"}, 2),
        ("IN", {"values": ["ada", "Bob"]}, 2),
        ("NOT_IN", {"values": ["Ada"]}, 1),
        ("HAS_PROPERTY", {}, 2),
        ("NOT_HAS_PROPERTY", {}, 1),
        ("CONTAINS_TOKEN", {"value": "*da*"}, 1),
        ("BETWEEN", {"value": "A", "highValue": "B"}, 1),
    ],
)
def test_search_operators(client: httpx.Client, operator: str, more: dict[str, Any], found: int) -> None:
    _new(client, email="ada@example.com", firstname="Ada")
    _new(client, email="bob@example.com", firstname="Bob")
    _new(client, email="nameless@example.com")
    assert len(_find(client, {"propertyName": "firstname", "operator": operator, **more})) == found


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": 100, "after": "9950"},
        {"filterGroups": [{"filters": []}] * 6},
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "LIKE"}]}]},
    ],
)
def test_search_refuses_more_than_its_limits(client: httpx.Client, body: dict[str, Any]) -> None:
    assert client.post(f"{CONTACTS}/search", json=body).status_code == 400


def test_both_ids_of_merged_contacts_lead_to_the_new_one(client: httpx.Client) -> None:
    first = _new(client, email="ada@example.com", firstname="Ada")
    second = _new(client, email="ada.home@example.com", phone="+33199001234")
    order = client.post(ORDERS, json={"properties": {"hs_order_name": "1"}}).json()["id"]
    client.put(f"/crm/v4/objects/orders/{order}/associations/default/contacts/{second}")
    merged = client.post(
        f"{CONTACTS}/merge", json={"primaryObjectId": first, "objectIdToMerge": second}
    ).json()
    assert merged["id"] not in {first, second}
    names = "firstname,phone,hs_merged_object_ids"
    shown = client.get(f"{CONTACTS}/{second}", params={"properties": names}).json()
    assert shown["id"] == client.get(f"{CONTACTS}/{first}").json()["id"] == merged["id"]
    assert shown["properties"]["hs_merged_object_ids"] == f"{first};{second}"
    assert (shown["properties"]["firstname"], shown["properties"]["phone"]) == ("Ada", "+33199001234")
    assert client.post(CONTACTS, json={"properties": {"email": "ada.home@example.com"}}).status_code == 409
    partners = client.get(f"/crm/v4/objects/orders/{order}/associations/contacts").json()["results"]
    assert [row["toObjectId"] for row in partners] == [merged["id"]]


def test_merging_a_merged_contact_keeps_every_old_id(client: httpx.Client) -> None:
    ids = [_new(client, email=f"p{n}@example.com") for n in range(3)]
    merge = f"{CONTACTS}/merge"
    once = client.post(merge, json={"primaryObjectId": ids[0], "objectIdToMerge": ids[1]}).json()["id"]
    twice = client.post(merge, json={"primaryObjectId": once, "objectIdToMerge": ids[2]}).json()["id"]
    assert {client.get(f"{CONTACTS}/{id_}").json()["id"] for id_ in [*ids, once]} == {twice}


def test_erasing_an_unknown_address_blocks_it(client: httpx.Client) -> None:
    erase = {"objectId": "ghost@example.com", "idProperty": "email"}
    assert client.post(f"{CONTACTS}/gdpr-delete", json=erase).status_code == 204
    assert client.post(CONTACTS, json={"properties": {"email": "ghost@example.com"}}).status_code == 400


def test_erasing_a_contact_removes_it_for_good(client: httpx.Client) -> None:
    id_ = _new(client, email="ada@example.com")
    client.post(f"{CONTACTS}/gdpr-delete", json={"objectId": id_})
    assert client.get(f"{CONTACTS}/{id_}", params={"archived": "true"}).status_code == 404


def test_the_life_cycle_goes_back_only_when_cleared(client: httpx.Client) -> None:
    id_ = _new(client, email="ada@example.com", lifecyclestage="customer")

    def put(stage: str) -> str | None:
        client.patch(f"{CONTACTS}/{id_}", json={"properties": {"lifecyclestage": stage}})
        shown = client.get(f"{CONTACTS}/{id_}", params={"properties": "lifecyclestage"}).json()
        stage_now: str | None = shown["properties"]["lifecyclestage"]
        return stage_now

    assert [put("lead"), put(""), put("lead")] == ["customer", None, "lead"]


def test_writing_what_is_there_changes_nothing(client: httpx.Client, portal: HubSpotSandbox) -> None:
    id_ = _new(client, email="ada@example.com")
    before = client.get(f"{CONTACTS}/{id_}").json()["updatedAt"]
    portal.clock.advance(5)
    client.patch(f"{CONTACTS}/{id_}", json={"properties": {"email": "Ada@example.com"}})
    assert client.get(f"{CONTACTS}/{id_}").json()["updatedAt"] == before


def test_orders_are_created_with_their_contact(client: httpx.Client) -> None:
    contact = _new(client, email="ada@example.com")
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 507}]
    row = {
        "properties": {"hs_order_name": "1", "hs_total_price": "12.50"},
        "associations": [{"to": {"id": contact}, "types": types}],
    }
    order = client.post(f"{ORDERS}/batch/create", json={"inputs": [row]}).json()["results"][0]["id"]
    read = client.post(ASSOCIATIONS + "read", json={"inputs": [{"id": order}]}).json()["results"]
    assert read[0]["to"][0]["toObjectId"] == contact
    shown = client.get(f"{CONTACTS}/{contact}", params={"associations": "orders"}).json()
    assert shown["associations"]["orders"]["results"][0]["id"] == order
    pair = {"from": {"id": order}, "to": [{"id": contact}]}
    assert client.post(ASSOCIATIONS + "archive", json={"inputs": [pair]}).status_code == 204
    assert client.post(ASSOCIATIONS + "read", json={"inputs": [{"id": order}]}).status_code == 207


def test_version_three_never_subscribes_who_opted_out(client: httpx.Client) -> None:
    body = {"emailAddress": "ada@example.com", "subscriptionId": "1001"}
    assert client.post(PREFERENCES + "v3/subscribe", json=body).status_code == 200
    assert client.post(PREFERENCES + "v3/unsubscribe", json=body).json()["status"] == "NOT_SUBSCRIBED"
    assert client.post(PREFERENCES + "v3/subscribe", json=body).status_code == 400


def test_version_four_subscribes_even_who_opted_out(client: httpx.Client, portal: HubSpotSandbox) -> None:
    id_ = _new(client, email="ada@example.com")
    portal.person_unsubscribes("contacts", id_)
    shown = client.get(f"{CONTACTS}/{id_}", params={"properties": "hs_email_optout"}).json()
    assert shown["properties"]["hs_email_optout"] == "true"
    body = {"channel": "EMAIL", "subscriptionId": 1001, "statusState": "SUBSCRIBED"}
    answer = client.post(PREFERENCES + "v4/statuses/ada@example.com", json=body).json()
    assert answer["results"][0]["setStatusSuccessReason"] == "RESUBSCRIBE_OCCURRED"
    assert client.get(f"{CONTACTS}/{id_}", params={"properties": "hs_email_optout"}).status_code == 200


def test_calls_beyond_the_window_get_429_with_the_policy() -> None:
    portal = HubSpotSandbox(SandboxOptions(size=0, rate=0.1))
    for client in _client(portal):
        first = client.get("/account-info/v3/details")
        assert first.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
        answers = [client.get("/account-info/v3/details") for _ in range(200)]
        assert answers[-1].status_code == 429
        assert answers[-1].json()["policyName"] == "TEN_SECONDLY_ROLLING"
        portal.clock.advance(10)
        assert client.get("/account-info/v3/details").status_code == 200


def test_searches_have_their_own_limit_and_no_headers() -> None:
    portal = HubSpotSandbox(SandboxOptions(size=0))
    for client in _client(portal):
        answers = [client.post(f"{CONTACTS}/search", json={}) for _ in range(6)]
        assert "X-HubSpot-RateLimit-Remaining" not in answers[0].headers
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert answers[-1].json()["policyName"] == "SECONDLY"


def test_tokens_expire_and_are_refreshed(client: httpx.Client, portal: HubSpotSandbox) -> None:
    form = {"grant_type": "authorization_code", "code": "c", "client_id": "i", "client_secret": "s"}
    token = client.post("/oauth/v1/token", data=form).json()
    auth = {"Authorization": f"Bearer {token['access_token']}"}
    assert client.get(CONTACTS, headers=auth).status_code == 200
    portal.clock.advance(1801)
    assert client.get(CONTACTS, headers=auth).json()["category"] == "EXPIRED_AUTHENTICATION"
    form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    fresh = client.post("/oauth/v1/token", data=form).json()["access_token"]
    assert client.get(CONTACTS, headers={"Authorization": f"Bearer {fresh}"}).status_code == 200


def test_no_token_is_no_access(client: httpx.Client) -> None:
    answer = client.get(CONTACTS, headers={"Authorization": ""})
    assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_webhooks_are_signed_as_version_three(client: httpx.Client, portal: HubSpotSandbox) -> None:
    portal.webhooks.targets.append(Target("http://127.0.0.1:1/hook", "app-secret"))
    _new(client, email="ada@example.com")
    delivery = portal.webhooks.take()[0]
    at = delivery.headers["X-HubSpot-Request-Timestamp"]
    source = b"POST" + delivery.url.encode() + delivery.body + at.encode()
    expected = hmac.new(b"app-secret", source, hashlib.sha256).digest()
    assert base64.b64decode(delivery.headers["X-HubSpot-Signature-v3"]) == expected
    assert json.loads(delivery.body)[0]["subscriptionType"] == "contact.creation"


def test_a_person_edits_and_deletes_by_hand(client: httpx.Client, portal: HubSpotSandbox) -> None:
    id_ = _new(client, email="ada@example.com")
    table = f"/_sandbox/tables/contacts/{id_}"
    assert client.put(table, json={"firstname": "Augusta"}).json()["values"]["firstname"] == "Augusta"
    assert client.put(table, json={"shoe": "42"}).status_code == 400
    assert client.delete(table).status_code == 204
    assert client.get(f"{CONTACTS}/{id_}").status_code == 404
    assert portal.stats()["updates"] == 0


def test_generated_portals_hold_people_orders_and_wishes() -> None:
    portal = HubSpotSandbox(SandboxOptions(size=60))
    tables = portal.stats()["tables"]
    assert tables["contacts"] == 60
    assert min(tables["orders"], tables["associations"], tables["subscriptions"]) > 10
    again = HubSpotSandbox(SandboxOptions(size=60))
    table = portal.objects["contacts"].table
    assert [item.values for item in table.items()] == [
        item.values for item in again.objects["contacts"].table.items()
    ]

"""HubSpot's own Python client works against the served sandbox, as it would against HubSpot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accord.sandbox import SandboxOptions, serve
from accord_hubspot.sandbox import HubSpotSandbox

hubspot = pytest.importorskip("hubspot", reason="the official client (hubspot-api-client) is not installed")

# urllib3 closes its pool late; the client offers no way to close it.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(HubSpotSandbox(SandboxOptions(size=250, l_max=0))) as running:
        yield running.url


def _api(owner: Any, address: str) -> Any:
    """Point one API object at the sandbox; keep the object, attribute access builds a new one."""
    owner.api_client.configuration.host = address
    return owner


@pytest.fixture
def client() -> Any:
    return hubspot.HubSpot(access_token="sandbox")


def test_the_client_pages_through_all_contacts(client: Any, address: str) -> None:
    contacts = _api(client.crm.contacts.basic_api, address)
    ids: list[str] = []
    after = None
    while True:
        page = contacts.get_page(limit=100, after=after, properties=["email", "lastmodifieddate"])
        ids += [row.id for row in page.results]
        if page.paging is None:
            break
        after = page.paging.next.after
    assert len(ids) == len(set(ids)) == 250


def test_the_client_upserts_twice_and_makes_one(client: Any, address: str) -> None:
    from hubspot.crm.contacts import BatchInputSimplePublicObjectBatchInputUpsert as Batch

    batch = _api(client.crm.contacts.batch_api, address)
    row = {"idProperty": "email", "id": "Grace@Example.com", "properties": {"firstname": "Grace"}}
    answers = [batch.upsert(Batch(inputs=[row])).results[0] for _ in range(2)]
    assert [answer.new for answer in answers] == [True, False]
    assert answers[0].id == answers[1].id
    assert answers[0].properties["email"] == "grace@example.com"


def test_the_client_searches_by_instant(client: Any, address: str) -> None:
    from hubspot.crm.contacts import PublicObjectSearchRequest as Wanted

    search = _api(client.crm.contacts.search_api, address)
    instant = {"propertyName": "lastmodifieddate", "operator": "GTE", "value": "1704067200000"}
    sort = {"propertyName": "lastmodifieddate", "direction": "ASCENDING"}
    wanted = Wanted(
        filter_groups=[{"filters": [instant]}], sorts=[sort], limit=100, properties=["email"], after="0"
    )
    answer = search.do_search(wanted)
    assert answer.total >= 250
    stamps = [row.updated_at for row in answer.results]
    assert stamps == sorted(stamps)


def test_the_client_sees_a_conflict_as_its_exception(client: Any, address: str) -> None:
    from hubspot.crm.contacts import ApiException
    from hubspot.crm.contacts import SimplePublicObjectInputForCreate as New

    contacts = _api(client.crm.contacts.basic_api, address)
    made = contacts.create(New(properties={"email": "twice@example.com"}, associations=[]))
    with pytest.raises(ApiException) as refused:
        contacts.create(New(properties={"email": "twice@example.com"}, associations=[]))
    assert refused.value.status == 409
    assert f"Existing ID: {made.id}" in refused.value.body


def test_the_client_lists_orders(client: Any, address: str) -> None:
    objects = _api(client.crm.objects.basic_api, address)
    page = objects.get_page("orders", limit=5, properties=["hs_total_price"])
    assert [row.properties["hs_total_price"] is not None for row in page.results] == [True] * 5


def test_the_client_subscribes_unsubscribes_and_is_refused(client: Any, address: str) -> None:
    from hubspot.communication_preferences import ApiException
    from hubspot.communication_preferences import PublicUpdateSubscriptionStatusRequest as Wish

    types = _api(client.communication_preferences.definition_api, address).get_page()
    [marketing] = [row.id for row in types.subscription_definitions if row.name == "Marketing Information"]
    statuses = _api(client.communication_preferences.status_api, address)
    wish = Wish(email_address="ada@example.com", subscription_id=marketing)
    assert statuses.subscribe(wish).status == "SUBSCRIBED"
    assert statuses.unsubscribe(wish).status == "NOT_SUBSCRIBED"
    with pytest.raises(ApiException) as refused:
        statuses.subscribe(wish)
    assert refused.value.status == 400
    shown = statuses.get_email_status("ada@example.com").subscription_statuses
    assert {row.status for row in shown if row.id == marketing} == {"NOT_SUBSCRIBED"}


def test_the_client_erases_for_good(client: Any, address: str) -> None:
    from hubspot.crm.contacts import ApiException, PublicGdprDeleteInput
    from hubspot.crm.contacts import SimplePublicObjectInputForCreate as New

    contacts = _api(client.crm.contacts.basic_api, address)
    made = contacts.create(New(properties={"email": "gone@example.com"}, associations=[]))
    contacts.purge(PublicGdprDeleteInput(object_id=made.id))
    with pytest.raises(ApiException) as missing:
        contacts.get_by_id(made.id)
    assert missing.value.status == 404

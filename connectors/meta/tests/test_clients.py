"""The vendor's own client, unchanged, against the served sandbox."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.customaudience import CustomAudience
from facebook_business.adobjects.serverside.action_source import ActionSource
from facebook_business.adobjects.serverside.custom_data import CustomData
from facebook_business.adobjects.serverside.event import Event
from facebook_business.adobjects.serverside.event_request import EventRequest
from facebook_business.adobjects.serverside.user_data import UserData
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from accord.consent.identifiers import META
from accord.sandbox import SandboxOptions, serve
from accord_meta.sandbox import AUDIENCE, DATASET, MetaSandbox
from accord_meta.sandbox.graph import ACCOUNT

SCHEMA = CustomAudience.Schema


@pytest.fixture
def sandbox() -> MetaSandbox:
    return MetaSandbox(SandboxOptions(size=0, l_max=0, rate=0))


@pytest.fixture
def api(sandbox: MetaSandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with serve(sandbox) as running:
        monkeypatch.setattr(FacebookSession, "GRAPH", running.url)
        session = FacebookSession("app", "secret", "key")
        api = FacebookAdsApi(session)
        FacebookAdsApi.set_default_api(api)
        yield api
        session.requests.close()


def test_the_client_reads_the_accounts_lists(api: Any) -> None:
    [found] = AdAccount(f"act_{ACCOUNT}", api=api).get_custom_audiences(fields=["name", "operation_status"])
    assert (found["id"], found["operation_status"]["code"]) == (AUDIENCE, 200)


def test_the_client_hashes_an_address_as_we_do(sandbox: MetaSandbox, api: Any) -> None:
    audience = CustomAudience(AUDIENCE, api=api)
    said = audience.add_users(SCHEMA.email_hash, [" Ana.Example+shop@Example.com "]).json()
    assert (said["num_received"], said["num_invalid_entries"]) == (1, 0)
    [member] = sandbox.members.items()
    assert member.values["EMAIL"] == META["em"].identify("Ana.Example+shop@Example.com").value
    audience.remove_users(SCHEMA.email_hash, ["ana.example+shop@example.com"])
    assert sandbox.members.items() == []


def test_the_client_sends_rows_of_several_keys(sandbox: MetaSandbox, api: Any) -> None:
    keys = [SCHEMA.MultiKeySchema.email, SCHEMA.MultiKeySchema.ln]
    CustomAudience(AUDIENCE, api=api).add_users(keys, [["ana@example.com", "Example"]], is_raw=True)
    [member] = sandbox.members.items()
    wanted = META.identify({"em": "ana@example.com", "ln": "Example"}).values
    assert (member.values["EMAIL"], member.values["LN"]) == (wanted["em"], wanted["ln"])


def test_the_client_is_refused_by_a_flagged_list(sandbox: MetaSandbox, api: Any) -> None:
    sandbox.flag()
    with pytest.raises(FacebookRequestError) as refusal:
        CustomAudience(AUDIENCE, api=api).remove_users(SCHEMA.email_hash, ["ana@example.com"])
    assert (refusal.value.api_error_code(), refusal.value.api_error_subcode()) == (100, 1713230)


def test_the_client_sends_a_purchase(sandbox: MetaSandbox, api: Any) -> None:
    event = Event(
        event_name="Purchase",
        event_time=int(time.time()),
        event_id="R-1",
        user_data=UserData(emails=["Ana@Example.com"]),
        custom_data=CustomData(value=17.8, currency="eur"),
        action_source=ActionSource.OTHER,
    )
    said = EventRequest(pixel_id=DATASET, events=[event, event]).execute()
    assert said.events_received == 2
    [held] = sandbox.events.items()
    assert held.values["user_data"]["em"] == [META["em"].identify("Ana@Example.com").value]

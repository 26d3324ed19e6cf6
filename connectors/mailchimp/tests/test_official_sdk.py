"""Mailchimp's own Python client works against the served sandbox, as it would against Mailchimp."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import mailchimp_marketing
import pytest
from mailchimp_marketing.api_client import ApiClientError

from accord.sandbox import SandboxOptions, serve
from accord_mailchimp.sandbox import LIST_ID, MailchimpSandbox
from accord_mailchimp.streams.permission import subscriber_hash


@pytest.fixture
def sandbox() -> MailchimpSandbox:
    return MailchimpSandbox(SandboxOptions(size=25, l_max=0))


@pytest.fixture
def client(sandbox: MailchimpSandbox) -> Iterator[Any]:
    """The client, with nothing changed but where it calls."""
    with serve(sandbox) as running:
        found = mailchimp_marketing.Client({"api_key": "key-us6"})
        for part in vars(found).values():
            if hasattr(part, "api_client"):
                part.api_client.host = f"{running.url}/3.0"
        yield found


def refusal(call: Any, *arguments: Any) -> str:
    with pytest.raises(ApiClientError) as caught:
        call(*arguments)
    assert caught.value.status_code == 400
    return str(json.loads(caught.value.text)["title"])


def test_the_client_pages_through_all_members(sandbox: MailchimpSandbox, client: Any) -> None:
    order = {"count": 10, "sort_field": "last_changed", "sort_dir": "ASC"}
    pages = [
        client.lists.get_list_members_info(
            LIST_ID, offset=at, since_last_changed="2023-01-01T00:00:00Z", **order
        )
        for at in (0, 10, 20)
    ]
    ids = [member["contact_id"] for page in pages for member in page["members"]]
    assert ids == [item.id for item in sandbox.members.items()]
    assert pages[0]["total_items"] == len(ids)


def test_the_client_upserts_twice_and_makes_one(sandbox: MailchimpSandbox, client: Any) -> None:
    before, hashed = len(sandbox.members), subscriber_hash("Grace@example.com")
    body = {"email_address": "Grace@example.com", "status_if_new": "pending", "merge_fields": {"FNAME": "G"}}
    made, again = (client.lists.set_list_member(LIST_ID, hashed, body) for _ in range(2))
    assert made["contact_id"] == again["contact_id"]
    assert len(sandbox.members) == before + 1
    assert client.lists.get_list_member(LIST_ID, made["contact_id"])["id"] == hashed


def test_the_client_cannot_subscribe_who_unsubscribed(sandbox: MailchimpSandbox, client: Any) -> None:
    item = sandbox.sign_up("grace@example.com")
    sandbox.confirm(item.id)
    sandbox.leave(item.id)
    hashed = subscriber_hash("grace@example.com")
    wanted = {"status": "subscribed"}
    title = refusal(client.lists.update_list_member, LIST_ID, hashed, wanted)
    assert title == "Member In Compliance State"
    assert client.lists.update_list_member(LIST_ID, hashed, {"status": "pending"})["status"] == "pending"
    assert sandbox.confirm(item.id).values["status"] == "subscribed"


def test_the_client_archives_and_forgets(sandbox: MailchimpSandbox, client: Any) -> None:
    sandbox.sign_up("grace@example.com")
    hashed = subscriber_hash("grace@example.com")
    client.lists.delete_list_member(LIST_ID, hashed)
    assert client.lists.get_list_member(LIST_ID, hashed)["status"] == "archived"
    client.lists.delete_list_member_permanent(LIST_ID, hashed)
    body = {"email_address": "grace@example.com", "status": "pending"}
    assert refusal(client.lists.add_list_member, LIST_ID, body) == "Forgotten Email Not Subscribed"
    assert sandbox.sign_up("grace@example.com").values["status"] == "pending"


def test_the_client_sees_account_audience_and_fields(client: Any) -> None:
    assert client.ping.get()["health_status"]
    assert client.root.get_root()["account_id"]
    assert client.lists.get_list(LIST_ID)["id"] == LIST_ID
    tags = {field["tag"] for field in client.lists.get_list_merge_fields(LIST_ID, count=50)["merge_fields"]}
    assert {"FNAME", "LNAME", "ADDRESS", "PHONE", "BIRTHDAY"} <= tags
    assert client.lists.get_list_abuse_reports(LIST_ID)["total_items"] == 0
    assert (
        client.searchMembers.search("nobody@example.net", list_id=LIST_ID)["exact_matches"]["total_items"]
        == 0
    )

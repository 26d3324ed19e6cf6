"""The vendor's own clients, unchanged, against the served sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import brevo
import httpx
import pytest
import sib_api_v3_sdk
from sib_api_v3_sdk.rest import ApiException

from accord.sandbox import SandboxOptions, serve
from accord_brevo.sandbox import BrevoSandbox


@pytest.fixture
def sandbox() -> BrevoSandbox:
    return BrevoSandbox(SandboxOptions(size=12, l_max=0, rate=0))


@pytest.fixture
def address(sandbox: BrevoSandbox) -> Iterator[str]:
    with serve(sandbox) as running:
        yield f"{running.url}/v3"


def test_the_current_client_lists_upserts_and_pages(sandbox: BrevoSandbox, address: str) -> None:
    with httpx.Client() as wire:
        client = brevo.Brevo(api_key="key", base_url=address, httpx_client=wire)
        pages = [client.contacts.get_contacts(limit=5, offset=offset, sort="asc") for offset in (0, 5, 10)]
        ids = [contact.id for page in pages for contact in page.contacts]
        assert [str(id_) for id_ in ids] == [item.id for item in sandbox.contacts.items()]
        made = client.contacts.create_contact(email="New@example.com", ext_id="h1", update_enabled=True)
        client.contacts.create_contact(email="new@example.com", attributes={"CITY": "X"}, update_enabled=True)
        shown = client.contacts.get_contact_info(identifier=made.id)
        assert (shown.email, len(sandbox.contacts)) == ("new@example.com", len(ids) + 1)


def test_the_former_client_lists_upserts_and_is_refused(sandbox: BrevoSandbox, address: str) -> None:
    configuration = sib_api_v3_sdk.Configuration()
    configuration.host, configuration.api_key["api-key"] = address, "key"
    wire = sib_api_v3_sdk.ApiClient(configuration)
    client = sib_api_v3_sdk.ContactsApi(wire)
    page = client.get_contacts(limit=3, offset=0, modified_since="2024-01-01T00:00:00.000Z")
    assert (len(page.contacts), page.count) == (3, len(sandbox.contacts))
    wanted = sib_api_v3_sdk.CreateContact(email="new@example.com", attributes={"FIRSTNAME": "Ana"})
    client.create_contact(wanted)
    with pytest.raises(ApiException) as refusal:
        client.create_contact(wanted)
    assert refusal.value.status == 400
    wire.rest_client.pool_manager.clear()
    wire.pool.close()
    wire.pool.join()


def test_the_current_client_carries_consent(sandbox: BrevoSandbox, address: str) -> None:
    with httpx.Client() as wire:
        client = brevo.Brevo(api_key="key", base_url=address, httpx_client=wire)
        made = client.contacts.create_contact(email="new@example.com")
        lists, page = [4], "https://example.com/thanks"
        client.contacts.create_doi_contact(
            email="new@example.com", include_list_ids=lists, template_id=2, redirection_url=page
        )
        sandbox.person_confirms("new@example.com")
        client.contacts.update_contact(identifier=made.id, email_blacklisted=True)
        shown = client.contacts.get_contact_info(identifier=made.id)
        assert (shown.list_ids, shown.email_blacklisted) == (lists, True)
        sandbox.person_blocks("new@example.com", "hardBounce")
        [blocked] = client.transactional_emails.get_transac_blocked_contacts(limit=10).contacts or []
        assert (blocked.email, blocked.reason.code) == ("new@example.com", "hardBounce")

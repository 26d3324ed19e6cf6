"""Contacts of Brevo against its sandbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

import accord
from accord.errors import RecordRejectedError, VendorError
from accord.mapping import both
from accord.sandbox import FaultProfile
from accord_brevo.mapping import CONTACTS
from accord_brevo.sandbox_contacts import ATTRIBUTES
from accord_brevo.streams.contacts import Contacts
from connectors.brevo.tests.conftest import Account


def contacts(account: Account, **settings: Any) -> Contacts:
    return Contacts(account.connect(**settings))


def creating(stream: Contacts, hub_id: str = "hub1", **document: Any) -> accord.Write:
    row = stream.mapping.write(document)
    return accord.Write(f"w-{hub_id}", accord.Operation.CREATE, row, document, hub_id, f"k-{hub_id}")


def updating(stream: Contacts, external_id: str, **document: Any) -> accord.Write:
    row = stream.mapping.write(document)
    named = f"w-{external_id}"
    return accord.Write(named, accord.Operation.UPDATE, row, document, "hub1", named, external_id)


def everything(stream: Contacts, since: Any = None) -> list[accord.Row]:
    return [row for page in stream.read(accord.ReadRequest(since=since)) for row in page.rows]


def test_the_account_is_named_by_its_organisation(account: Account) -> None:
    found = account.connect().check()
    assert found.fingerprint == "65f0c0de0000000000000001"
    assert not found.missing


def test_an_attribute_the_account_lacks_is_named(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(ATTRIBUTES, "CITY")
    assert account.connect().check().missing == ["contact attribute CITY"]


def test_every_contact_is_read_once_or_more(peopled: Account) -> None:
    stream = contacts(peopled)
    rows = everything(stream)
    assert {stream.external_id(row) for row in rows} == {item.id for item in peopled.sandbox.contacts.items()}


def test_pages_survive_a_deletion_between_them(peopled: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Contacts, "pages", replace(Contacts.pages, size=15))
    stream, ids = contacts(peopled), [item.id for item in peopled.sandbox.contacts.items()]
    pages = stream.read(accord.ReadRequest())
    seen = {stream.external_id(row) for row in next(pages).rows}
    peopled.sandbox.person_deletes("contacts", ids[0])
    seen |= {stream.external_id(row) for page in pages for row in page.rows}
    assert seen == set(ids)


def test_an_incremental_read_brings_what_changed(peopled: Account) -> None:
    stream, first = contacts(peopled), peopled.sandbox.contacts.items()[0]
    started = peopled.env.now() - timedelta(seconds=1)
    peopled.sandbox.person_edits("contacts", first.id, {"attributes": {"CITY": "Example"}})
    assert [stream.external_id(row) for row in everything(stream, started)] == [first.id]


def test_an_empty_attribute_is_read_as_empty(account: Account) -> None:
    item = account.sandbox.person_creates("contacts", {"email": "a@example.com", "attributes": {"CITY": "X"}})
    stream = contacts(account)
    document = stream.mapping.read(everything(stream)[0])
    assert stream.external_id(everything(stream)[0]) == item.id
    assert document["given_name"] is None
    assert document["addresses"]["default"]["locality"] == "X"


def test_a_set_flag_is_a_withdrawal_and_a_clear_one_says_nothing(account: Account) -> None:
    account.sandbox.person_creates("contacts", {"email": "a@example.com", "emailBlacklisted": True})
    stream = contacts(account)
    consents = stream.mapping.read(everything(stream)[0])["consents"]
    assert consents["marketing.direct:email"] == {"state": "withdrawn", "source": "brevo:emailBlacklisted"}
    assert consents["marketing.direct:sms"] == {"state": "unknown"}


def test_no_write_ever_carries_a_flag(account: Account) -> None:
    consents = {
        "marketing.direct:email": {"state": "granted"},
        "marketing.direct:sms": {"state": "withdrawn"},
    }
    stream = contacts(account)
    assert stream.mapping.write({"email": "a@example.com", "consents": consents}) == {
        "email": "a@example.com"
    }


def test_an_update_leaves_the_blacklist_alone(account: Account) -> None:
    values = {"email": "a@example.com", "emailBlacklisted": True}
    item = account.sandbox.person_creates("contacts", values)
    stream = contacts(account)
    assert stream.update([updating(stream, item.id, given_name="Ana")])[0].result is accord.Result.DONE
    held = account.sandbox.contacts.get(item.id)
    assert held is not None
    assert held.values["emailBlacklisted"] is True
    assert held.values["attributes"]["FIRSTNAME"] == "Ana"


def test_a_create_is_stamped_and_joins_the_configured_lists(account: Account) -> None:
    stream = contacts(account, lists=(4,))
    [outcome] = stream.create([creating(stream, email="A@Example.com", phone="+33199001234")])
    held = account.sandbox.contacts.get(outcome.external_id or "")
    assert held is not None
    assert (held.values["ext_id"], held.values["listIds"]) == ("hub1", [4])
    assert held.values["attributes"]["SMS"] == "33199001234"
    row = stream.get([held.id])[held.id]
    assert row is not None
    assert stream.hub_reference(row) == "hub1"
    assert stream.mapping.read(row)["phone"] == "+33199001234"


def test_a_repeated_create_makes_no_second_contact(account: Account) -> None:
    stream = contacts(account)
    write = creating(stream, email="a@example.com", given_name="Ana")
    first, second = stream.create([write])[0], stream.create([write])[0]
    assert (second.result, second.external_id) == (accord.Result.DONE, first.external_id)
    assert len(account.sandbox.contacts) == 1


def test_a_refusal_that_names_no_identifier_is_looked_up_all_the_same(account: Account) -> None:
    stream = contacts(account)
    inner = account.recorder.inner

    def terse(request: httpx.Request) -> httpx.Response:
        answer = inner.handle_request(request)
        if answer.status_code != 400:
            return answer
        return httpx.Response(400, json={"code": "duplicate_parameter", "message": "Contact already exist"})

    account.recorder.inner = httpx.MockTransport(terse)
    write = creating(stream, email="a@example.com", given_name="Ana")
    first, second = stream.create([write])[0], stream.create([write])[0]
    assert (second.result, second.external_id) == (accord.Result.DONE, first.external_id)
    account.sandbox.person_creates("contacts", {"email": "b@example.com"})
    [outcome] = stream.create([creating(stream, "hub2", email="b@example.com")])
    assert outcome.result is accord.Result.PRECONDITION


def test_a_batch_that_is_taken_in_part_is_told_contact_by_contact(account: Account) -> None:
    item = account.sandbox.person_creates("contacts", {"email": "a@example.com"})
    stream = contacts(account)
    inner = account.recorder.inner

    def partly(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/contacts/batch":
            return httpx.Response(207, json={"successIds": [], "failureIds": [999]})
        return inner.handle_request(request)

    account.recorder.inner = httpx.MockTransport(partly)
    good, bad = updating(stream, item.id, given_name="A"), updating(stream, "999", given_name="B")
    said = {outcome.write_id: outcome.result for outcome in stream.update([good, bad])}
    assert said == {good.id: accord.Result.DONE, bad.id: accord.Result.GONE}


def test_a_create_never_overwrites_a_contact_it_does_not_know(account: Account) -> None:
    item = account.sandbox.person_creates("contacts", {"email": "a@example.com", "attributes": {"CITY": "X"}})
    stream = contacts(account)
    [outcome] = stream.create([creating(stream, email="a@example.com", given_name="Ana")])
    assert (outcome.result, outcome.external_id) == (accord.Result.PRECONDITION, item.id)
    assert account.sandbox.contacts.get(item.id) == item


def test_a_number_of_somebody_else_is_refused(account: Account) -> None:
    account.sandbox.person_creates(
        "contacts", {"email": "a@example.com", "attributes": {"SMS": "33199001234"}}
    )
    stream = contacts(account)
    [outcome] = stream.create([creating(stream, email="b@example.com", phone="+33199001234")])
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, "duplicate_parameter SMS")


def test_a_changed_address_is_not_renamed_unless_allowed(account: Account) -> None:
    item = account.sandbox.person_creates("contacts", {"email": "a@example.com"})
    stream = contacts(account)
    [outcome] = stream.update([updating(stream, item.id, email="b@example.com")])
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, "rename_not_allowed")
    [outcome] = contacts(account, rename=True).update([updating(stream, item.id, email="b@example.com")])
    held = account.sandbox.contacts.get(item.id)
    assert outcome.result is accord.Result.DONE
    assert held is not None
    assert held.values["email"] == "b@example.com"


def test_a_contact_on_the_blacklist_is_never_renamed(account: Account) -> None:
    values = {"email": "a@example.com", "emailBlacklisted": True}
    item = account.sandbox.person_creates("contacts", values)
    stream = contacts(account, rename=True)
    [outcome] = stream.update([updating(stream, item.id, email="b@example.com")])
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, "rename_of_blacklisted")
    assert account.sandbox.contacts.get(item.id) == item


def test_updates_travel_together(peopled: Account) -> None:
    stream = contacts(peopled)
    ids = [item.id for item in peopled.sandbox.contacts.items()[:20]]
    outcomes = stream.update([updating(stream, id_, job_title="Baker") for id_ in ids])
    assert {outcome.result for outcome in outcomes} == {accord.Result.DONE}
    assert [request.url.path for request, _ in peopled.recorder.exchanges] == ["/v3/contacts/batch"]


def test_a_bad_update_fails_its_batch_and_is_found_alone(account: Account) -> None:
    item = account.sandbox.person_creates("contacts", {"email": "a@example.com"})
    stream = contacts(account)
    good, bad = updating(stream, item.id, given_name="A"), updating(stream, "999", given_name="B")
    with pytest.raises(RecordRejectedError):
        stream.update([good, bad])
    assert stream.update([bad])[0].result is accord.Result.GONE
    assert stream.update([good])[0].result is accord.Result.DONE


@pytest.mark.parametrize(
    ("field", "value"), [("hub_id", "h9"), ("email", "A@example.com"), ("phone", "+33199001234")]
)
def test_a_contact_is_found_by_each_identifier(account: Account, field: str, value: str) -> None:
    attributes = {"SMS": "+33199001234", "EXT_ID": "h9"}
    item = account.sandbox.person_creates("contacts", {"email": "a@example.com", "attributes": attributes})
    stream = contacts(account)
    [[row], nothing] = stream.find([accord.Probe(field, value), accord.Probe(field, "123456")])
    assert (stream.external_id(row), nothing) == (item.id, [])


def test_an_id_stays_one_segment_of_the_path(account: Account) -> None:
    stream = contacts(account)
    assert stream.update([updating(stream, "1?a/../b", given_name="Ann")])[0].result is not accord.Result.DONE
    paths = [request.url.raw_path for request, _ in account.recorder.exchanges]
    assert paths[-1].startswith(b"/v3/contacts/1%3Fa%2F..%2Fb?")
    with pytest.raises(RecordRejectedError):
        stream.update([updating(stream, "..", given_name="Ann")])


def test_a_deleted_contact_is_gone(account: Account) -> None:
    item = account.sandbox.person_creates("contacts", {"email": "a@example.com"})
    stream = contacts(account)
    write = accord.Write("w", accord.Operation.DELETE, {}, {}, "hub1", "k", item.id)
    assert stream.delete([write])[0].result is accord.Result.DONE
    assert stream.delete([write])[0].result is accord.Result.GONE
    assert stream.get([item.id]) == {item.id: None}


def test_a_spent_limit_is_waited_for(account: Account) -> None:
    stream = contacts(account)
    for number in range(25):
        stream.create([creating(stream, f"hub{number}", email=f"a{number}@example.com")])
    assert len(account.sandbox.contacts) == 25
    assert all(response.status_code != 429 for _, response in account.recorder.exchanges)


def test_a_field_of_the_account_travels_both_ways(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ATTRIBUTES, "SHOE_SIZE", "text")
    mapping = CONTACTS.extended(both("custom.shoe_size", "attributes.SHOE_SIZE"))
    stream = Contacts(account.connect(), mapping)
    [made] = stream.create([creating(stream, email="a@example.com", custom={"shoe_size": "42"})])
    row = stream.get([made.external_id or ""])[made.external_id or ""]
    assert row is not None
    assert stream.mapping.read(row)["custom"] == {"shoe_size": "42"}


def test_a_bad_network_makes_no_second_contact(account: Account) -> None:
    stream = contacts(account)
    account.sandbox.faults = FaultProfile.parse("40%")
    for number in range(40):
        until_done(account, stream, creating(stream, f"hub{number}", email=f"a{number}@example.com"))
    account.sandbox.settle(everything=True)
    assert len(account.sandbox.contacts) == 40


def until_done(account: Account, stream: Contacts, write: accord.Write) -> None:
    """Send a create again and again, as the engine would after each wait."""
    for _ in range(40):
        try:
            if stream.create([write])[0].result is accord.Result.DONE:
                return
        except VendorError:
            account.env.sleep(1)
    raise AssertionError("never created")

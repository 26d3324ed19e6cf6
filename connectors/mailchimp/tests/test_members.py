"""Members of Mailchimp's sandbox: read, found, written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

import accord
from accord.errors import AccessError, ConfigError, RateLimitedError, RecordRejectedError, VendorError
from accord.mapping import both
from accord.sandbox import FaultProfile
from accord_mailchimp.mapping import MEMBERS
from accord_mailchimp.streams.members import Members
from connectors.mailchimp.tests.conftest import Account


def creating(stream: Members, hub_id: str = "hub1", **document: Any) -> accord.Write:
    row = stream.mapping.write(document)
    return accord.Write(f"w-{hub_id}", accord.Operation.CREATE, row, document, hub_id, f"k-{hub_id}")


def updating(stream: Members, external_id: str, **document: Any) -> accord.Write:
    row = stream.mapping.write(document)
    named = f"w-{external_id}"
    return accord.Write(named, accord.Operation.UPDATE, row, document, "hub1", named, external_id)


def everything(stream: Members, since: Any = None) -> list[accord.Row]:
    return [row for page in stream.read(accord.ReadRequest(since=since)) for row in page.rows]


def said(account: Account) -> list[dict[str, Any]]:
    """The bodies of all writes."""
    return [json.loads(request.content) for request, _ in account.recorder.exchanges if request.content]


# The connection.


def test_the_account_is_named_with_its_audience(account: Account) -> None:
    found = account.connect().check()
    assert found.fingerprint == "sandbox0account/sandbox"
    assert not found.missing


def test_the_merge_field_of_our_reference_is_made(account: Account) -> None:
    [field] = account.sandbox.merge_fields.find("tag", "ACCORD_ID")
    account.sandbox.merge_fields.remove(field.id)
    assert not account.connect().check().missing
    assert account.sandbox.merge_fields.find("tag", "ACCORD_ID")


def test_a_merge_field_the_audience_lacks_is_named(account: Account) -> None:
    [field] = account.sandbox.merge_fields.find("tag", "BIRTHDAY")
    account.sandbox.merge_fields.remove(field.id)
    assert account.connect().check().missing == ["merge field BIRTHDAY"]


def test_a_phone_field_that_takes_american_numbers_only_is_named(account: Account) -> None:
    [field] = account.sandbox.merge_fields.find("tag", "PHONE")
    account.sandbox.merge_fields.update(field.id, {"options": {"phone_format": "US"}})
    assert account.connect().check().missing == ["merge field PHONE in international format"]
    stream = account.members()
    [outcome] = stream.create([creating(stream, email="ana@example.com", phone="+33199001234")])
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, "invalid_resource PHONE")


def test_an_unknown_audience_is_a_mistake_of_the_configuration(account: Account) -> None:
    with pytest.raises(ConfigError, match="no audience with this list_id"):
        account.connect(list_id="0000000000").check()


def test_the_data_centre_is_the_end_of_the_key_or_set(account: Account) -> None:
    assert account.connect().settings_value.data_centre == "us6"
    assert account.connect(server="us21").settings_value.data_centre == "us21"


def test_a_key_without_a_data_centre_says_what_is_missing(account: Account) -> None:
    with pytest.raises(ValueError, match="server is missing"):
        account.connect(api_key="key")


@pytest.mark.parametrize(
    ("kind", "error"), [("text/html", RateLimitedError), ("application/problem+json", AccessError)]
)
def test_a_forbidden_without_json_is_a_limit_and_with_it_a_refused_key(
    account: Account, kind: str, error: type[VendorError]
) -> None:
    refusal = httpx.Response(403, headers={"Content-Type": kind}, content=b"{}")
    account.recorder.heard = lambda _request, _response: refusal
    with pytest.raises(error):
        account.connect().check()


# Reading.


def test_every_member_but_the_archived_is_read(peopled: Account) -> None:
    stream, items = peopled.members(), peopled.sandbox.members.items()
    stream.delete([replace(updating(stream, items[0].id), operation=accord.Operation.DELETE)])
    assert {stream.external_id(row) for row in everything(stream)} == {item.id for item in items[1:]}


def test_pages_survive_changes_and_deletions_between_them(
    peopled: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Members, "pages", replace(Members.pages, size=15))
    stream, ids = peopled.members(), [item.id for item in peopled.sandbox.members.items()]
    pages = stream.read(accord.ReadRequest())
    seen = {stream.external_id(row) for row in next(pages).rows}
    peopled.sandbox.person_deletes("members", ids[0])
    for id_ in (ids[1], ids[-1]):
        peopled.sandbox.person_edits("members", id_, {"merge_fields": {"FNAME": "Eva"}})
    assert seen | {stream.external_id(row) for page in pages for row in page.rows} == set(ids)


def test_an_incremental_read_brings_what_changed_in_the_second_of_its_bound(peopled: Account) -> None:
    stream, first = peopled.members(), peopled.sandbox.members.items()[0]
    peopled.env.sleep(10)
    started = peopled.env.now()
    peopled.sandbox.person_edits("members", first.id, {"merge_fields": {"FNAME": "Eva"}})
    assert [stream.external_id(row) for row in everything(stream, started)] == [first.id]


@pytest.mark.parametrize("email", ["ana@example.com", " Ana@Example.COM"])
def test_a_member_is_found_by_the_address_in_any_case(account: Account, email: str) -> None:
    item, stream = account.person("Ana@example.com"), account.members()
    [[row], nothing] = stream.find([accord.Probe("email", email), accord.Probe("email", "b@example.com")])
    assert (stream.external_id(row), nothing) == (item.id, [])


def test_our_reference_is_compared_exactly(account: Account) -> None:
    stream = account.members()
    [made, _] = [
        stream.create([creating(stream, hub, email=f"{hub}@example.com")])[0] for hub in ("h1", "h11")
    ]
    [[row]] = stream.find([accord.Probe("hub_id", "h1")])
    assert stream.external_id(row) == made.external_id


# Writing.


def test_a_new_member_was_never_asked(account: Account) -> None:
    stream = account.members()
    consents = {"marketing.direct:email": {"state": "granted", "at": "2026-11-01T10:00:00Z"}}
    [outcome] = stream.create([creating(stream, email="Ana@Example.com", consents=consents)])
    held = account.held(outcome.external_id or "")
    assert (held["status"], held["timestamp_opt"]) == ("transactional", "")
    assert held["merge_fields"] == {"ACCORD_ID": "hub1"}
    [body] = said(account)
    assert body["status_if_new"] == "transactional"
    assert "status" not in body


@pytest.mark.parametrize("status", ["subscribed", "unsubscribed", "cleaned", "pending", "transactional"])
def test_no_ordinary_write_changes_the_status_of_a_member(account: Account, status: str) -> None:
    item, stream = account.person(status=status), account.members()
    before = account.held(item.id)
    created = stream.create([creating(stream, email="ana@example.com", given_name="Ana")])
    updated = stream.update([updating(stream, item.id, family_name="Example")])
    assert [outcome.result for outcome in (*created, *updated)] == [accord.Result.DONE] * 2
    assert created[0].external_id == item.id
    after = account.held(item.id)
    assert after["merge_fields"]["LNAME"] == "Example"
    assert {**after, "merge_fields": None} == {**before, "merge_fields": None}


def test_a_member_without_an_address_is_refused_unsent(account: Account) -> None:
    stream = account.members()
    [outcome] = stream.create([creating(stream, given_name="Ana")])
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, "address_needed")
    assert account.methods() == []


def test_a_forgotten_address_is_refused(account: Account) -> None:
    item, stream = account.person(), account.members()
    stream.erase([accord.ConsentWrite("e", accord.Verb.ERASE, "", "", item.id)])
    [outcome] = stream.create([creating(stream, email="ANA@example.com")])
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, "forgotten_email")
    assert len(account.sandbox.members) == 0


def test_an_address_that_signed_up_too_often_is_tried_again_later(account: Account) -> None:
    account.sandbox.crowded.add("ana@example.com")
    stream = account.members()
    [outcome] = stream.create([creating(stream, email="Ana@example.com")])
    assert (outcome.result, outcome.reason) == (accord.Result.RETRY, "too_many_signups")
    assert outcome.retry_after
    account.sandbox.crowded.clear()
    assert stream.create([creating(stream, email="Ana@example.com")])[0].result is accord.Result.DONE


def test_a_refusal_names_the_field_and_nobody(account: Account) -> None:
    account.sandbox.merge_fields.insert({"tag": "SHOP", "name": "Shop", "type": "address", "options": {}})
    stream = account.members()
    write = creating(stream, email="ana@example.com")
    write.row["merge_fields"] = {"SHOP": {"addr1": "1 Example Street"}}
    [outcome] = stream.create([write])
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, "invalid_resource SHOP")


def test_a_birthday_leaves_without_its_year(account: Account) -> None:
    stream = account.members()
    [outcome] = stream.create([creating(stream, email="ana@example.com", birth_date="1990-01-31")])
    assert account.held(outcome.external_id or "")["merge_fields"]["BIRTHDAY"] == "01/31"


def test_an_archived_member_who_had_refused_comes_back_refusing(account: Account) -> None:
    item, stream = account.person(status="unsubscribed"), account.members()
    stream.delete([replace(updating(stream, item.id), operation=accord.Operation.DELETE)])
    assert account.held(item.id)["status"] == "archived"
    [outcome] = stream.create([creating(stream, email="ana@example.com")])
    assert (outcome.result, outcome.external_id) == (accord.Result.DONE, item.id)
    assert account.held(item.id)["status"] == "unsubscribed"


def test_an_archived_member_who_stays_archived_is_no_success(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, stream = account.person(status="archived"), account.members()
    monkeypatch.setattr(account.sandbox, "restored", lambda item, _body: item)
    [outcome] = stream.create([creating(stream, email="ana@example.com")])
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, "archived")
    assert account.held(item.id)["status"] == "archived"


def test_an_archived_member_in_a_list_is_passed_over(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.person(status="archived")
    monkeypatch.setattr(account.sandbox, "wanted", lambda *_: True)
    assert everything(account.members()) == []


def test_the_answer_about_who_has_left_is_not_taken_for_the_whole(account: Account) -> None:
    """A complaint stands in another answer: the record is read again."""
    left, there = account.person(status="unsubscribed"), account.person("eva@example.com")
    stream = account.members()
    [one], [two] = (stream.update([updating(stream, item.id, given_name="X")]) for item in (left, there))
    assert one.row is None
    assert two.row is not None


def test_an_id_that_climbs_deletes_no_audience(account: Account) -> None:
    """``DELETE /3.0/lists/LIST/members/..`` is the audience itself."""
    stream = account.members()
    with pytest.raises(RecordRejectedError):
        stream.delete([replace(updating(stream, ".."), operation=accord.Operation.DELETE)])
    for odd in ("../..", "a?b", "a#b", "%2e%2e"):
        stream.delete([replace(updating(stream, odd), operation=accord.Operation.DELETE)])
    paths = [request.url.raw_path.decode() for request, _ in account.recorder.exchanges]
    assert "/3.0/lists/" not in {path.removesuffix("..") for path in paths}
    assert [path.rpartition("/")[2] for path in paths if "/members/" in path] == [
        "..%2F..",
        "a%3Fb",
        "a%23b",
        "%252e%252e",
    ]


def test_a_repeated_delete_finds_nobody(account: Account) -> None:
    item, stream = account.person(), account.members()
    write = replace(updating(stream, item.id), operation=accord.Operation.DELETE)
    results = [stream.delete([write])[0].result for _ in range(2)]
    assert results == [accord.Result.DONE, accord.Result.GONE]
    assert stream.get([item.id]) == {item.id: None}
    assert stream.update([updating(stream, item.id, given_name="A")])[0].result is accord.Result.GONE


def test_a_field_of_the_audience_travels_both_ways(account: Account) -> None:
    account.sandbox.merge_fields.insert({"tag": "SHOE", "name": "Shoe", "type": "text", "options": {}})
    mapping = MEMBERS.extended(both("custom.shoe_size", "merge_fields.SHOE"))
    stream = Members(account.connect(), mapping)
    [made] = stream.create([creating(stream, email="a@example.com", custom={"shoe_size": "42"})])
    row = stream.get([made.external_id or ""])[made.external_id or ""]
    assert row is not None
    assert stream.mapping.read(row)["custom"] == {"shoe_size": "42"}


def test_a_bad_network_makes_no_second_member(account: Account) -> None:
    stream = account.members()
    account.sandbox.faults = FaultProfile.parse("40%")
    for number in range(40):
        until_done(account, stream, creating(stream, f"hub{number}", email=f"a{number}@example.com"))
    account.sandbox.settle(everything=True)
    assert len(account.sandbox.members) == 40


def until_done(account: Account, stream: Members, write: accord.Write) -> None:
    """Send a create again and again, as the engine would after each wait."""
    for _ in range(40):
        try:
            if stream.create([write])[0].result is accord.Result.DONE:
                return
        except VendorError:
            account.env.sleep(1)
    raise AssertionError("never created")


def test_nobody_is_taken_for_deleted_because_the_audience_is_gone(account: Account) -> None:
    item = account.person()
    stream = account.members(list_id="gone")
    with pytest.raises(AccessError, match="404") as raised:
        stream.get([item.id])
    assert "list_id" in raised.value.hint
    with pytest.raises(AccessError):
        stream.update([updating(stream, item.id, given_name="Ana")])
    with pytest.raises(AccessError):
        stream.create([creating(stream, email="b@example.com")])
    with pytest.raises(AccessError):
        list(stream.read(accord.ReadRequest()))

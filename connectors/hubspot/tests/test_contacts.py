"""Contacts of HubSpot against its sandbox."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

import accord
from accord.errors import (
    AccessError,
    AnswerShapeError,
    RateLimitedError,
    RecordRejectedError,
    RetryableError,
    VendorError,
)
from accord.mapping import both
from accord.sandbox import FaultProfile
from accord_hubspot.mapping import CONTACTS
from accord_hubspot.sandbox import search, versions
from accord_hubspot.streams import crm_object
from accord_hubspot.streams.contacts import Contacts
from connectors.hubspot.tests.conftest import Portal


def creating(stream: accord.Stream, hub_id: str = "hub1", **document: Any) -> accord.Write:
    row = stream.mapping.write(document)
    return accord.Write(f"w-{hub_id}", accord.Operation.CREATE, row, document, hub_id, f"k-{hub_id}")


def updating(stream: accord.Stream, external_id: str, **document: Any) -> accord.Write:
    row = stream.mapping.write(document)
    named = f"w-{external_id}"
    return accord.Write(named, accord.Operation.UPDATE, row, document, f"h-{external_id}", named, external_id)


def deleting(external_id: str) -> accord.Write:
    return accord.Write("w", accord.Operation.DELETE, {}, {}, "hub1", "k", external_id)


def everything(stream: crm_object.CrmObject, since: datetime | None = None) -> list[accord.Row]:
    return [row for page in stream.read(accord.ReadRequest(since=since)) for row in page.rows]


def test_check_names_the_portal_and_creates_the_reference_once(portal: Portal) -> None:
    first, second = portal.connect().check(), portal.connect().check()
    assert first == second
    assert (first.fingerprint, first.missing) == ("48151623", [])
    created = [request for request, _ in portal.recorder.exchanges if request.method == "POST"]
    assert [request.url.path.rpartition("/")[2] for request in created] == ["contacts", "orders"]


def test_a_full_read_brings_every_contact(peopled: Portal) -> None:
    rows = everything(Contacts(peopled.connect()))
    table = peopled.sandbox.objects["contacts"].table
    assert [row["id"] for row in rows] == [item.id for item in table.items()]


def test_an_incremental_read_brings_what_changed(peopled: Portal) -> None:
    stream = Contacts(peopled.connect())
    started, table = peopled.env.now(), peopled.sandbox.objects["contacts"].table
    changed = table.items()[3].id
    peopled.sandbox.person_edits("contacts", changed, {"city": "Example"})
    assert [row["id"] for row in everything(stream, started)] == [changed]


def test_a_bulk_edit_of_more_rows_than_a_search_shows_is_read(
    peopled: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crm_object, "SEARCH_SIZE", 7)
    monkeypatch.setattr(search, "MAX_RESULTS", 14)
    since = datetime.fromisoformat("2020-01-01T00:00:00Z")
    rows = everything(Contacts(peopled.connect()), since)
    table = peopled.sandbox.objects["contacts"].table
    assert len(table) > search.MAX_RESULTS
    assert [row["id"] for row in rows] == [item.id for item in table.items()]


def test_a_search_goes_on_where_it_stopped(peopled: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crm_object, "SEARCH_SIZE", 7)
    since = datetime.fromisoformat("2020-01-01T00:00:00Z")
    stream = Contacts(peopled.connect(statuses_every=0))
    first = next(iter(stream.read(accord.ReadRequest(since=since))))
    rest = stream.read(accord.ReadRequest(since=since, token=first.token))
    ids = [row["id"] for page in rest for row in page.rows]
    assert ids == [item.id for item in peopled.sandbox.objects["contacts"].table.items()][7:]


def test_a_search_that_is_not_sorted_as_asked_stops_the_read(portal: Portal) -> None:
    rows = [{"id": "2", "properties": {}}, {"id": "1", "properties": {}}]
    stream = Contacts(portal.connect())
    portal.recorder.inner = httpx.MockTransport(lambda _: httpx.Response(200, json={"results": rows}))
    with pytest.raises(AnswerShapeError, match="order"):
        everything(stream, portal.env.now())


def test_a_search_can_be_closed_at_the_end(peopled: Portal) -> None:
    stream = Contacts(peopled.connect())
    since, table = peopled.env.now(), peopled.sandbox.objects["contacts"].table
    first, second = (item.id for item in table.items()[:2])
    peopled.sandbox.person_edits("contacts", first, {"city": "Example"})
    peopled.env.sleep(5)
    until = peopled.env.now()
    peopled.sandbox.person_edits("contacts", second, {"city": "Example"})
    pages = stream.read(accord.ReadRequest(since=since, until=until))
    assert [row["id"] for page in pages for row in page.rows] == [first]


def test_a_read_goes_on_where_it_stopped(peopled: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crm_object, "LIST_SIZE", 10)
    stream = Contacts(peopled.connect())
    first = next(iter(stream.read(accord.ReadRequest())))
    rest = [row for page in stream.read(accord.ReadRequest(token=first.token)) for row in page.rows]
    assert len(first.rows) + len(rest) == len(peopled.sandbox.objects["contacts"].table)


def test_an_archived_contact_is_read_as_deleted(peopled: Portal) -> None:
    stream = Contacts(peopled.connect())
    gone = peopled.sandbox.objects["contacts"].table.items()[0].id
    started = peopled.env.now()
    peopled.env.sleep(5)
    peopled.sandbox.person_deletes("contacts", gone)
    [row] = everything(stream, started)
    assert (row["id"], stream.is_deleted(row), stream.updated_at(row)) == (gone, True, peopled.env.now())
    assert everything(stream, started + timedelta(minutes=1)) == []


def test_an_id_stays_one_segment_of_the_path(portal: Portal) -> None:
    stream = Contacts(portal.connect())
    assert stream.get(["1?archived=true", "a/../b"]) == {"1?archived=true": None, "a/../b": None}
    paths = [request.url.raw_path for request, _ in portal.recorder.exchanges if request.method == "GET"]
    assert [path.rpartition(b"/")[2].partition(b"?")[0] for path in paths[-2:]] == [
        b"1%3Farchived%3Dtrue",
        b"a%2F..%2Fb",
    ]


def test_both_ids_of_a_merge_lead_to_the_new_contact(portal: Portal) -> None:
    stream, sandbox = Contacts(portal.connect()), portal.sandbox
    one = sandbox.person_creates("contacts", {"email": "a@example.com"}).id
    two = sandbox.person_creates("contacts", {"email": "b@example.com"}).id
    merged = sandbox.person_merges("contacts", one, two).id
    rows = stream.get([one, two, "999"])
    assert {key: row and row["id"] for key, row in rows.items()} == {one: merged, two: merged, "999": None}
    row = rows[one]
    assert row is not None
    assert set(stream.merged_ids(row)) == {one, two}


def test_a_repeated_create_makes_no_second_contact(portal: Portal) -> None:
    stream = Contacts(portal.connect())
    write = creating(stream, given_name="Ana", phone="+33199001234")
    first, second = stream.create([write])[0], stream.create([write])[0]
    assert (first.result, second.external_id) == (accord.Result.DONE, first.external_id)
    assert len(portal.sandbox.objects["contacts"].table) == 1


def test_a_create_is_stamped_and_read_back(portal: Portal) -> None:
    stream = Contacts(portal.connect())
    [outcome] = stream.create([creating(stream, email="A@Example.com", given_name=" Ana ")])
    assert outcome.row is not None
    assert stream.hub_reference(outcome.row) == "hub1"
    row = stream.get([outcome.external_id or ""])[outcome.external_id or ""]
    assert row is not None
    document = stream.mapping.read(row)
    assert (document["email"], document["given_name"]) == ("a@example.com", "Ana")


def test_a_taken_address_names_the_contact_that_has_it(portal: Portal) -> None:
    stream = Contacts(portal.connect())
    taken = portal.sandbox.person_creates("contacts", {"email": "a@example.com"}).id
    writes = [
        creating(stream, "hub1", email="a@example.com"),
        creating(stream, "hub2", email="b@example.com"),
    ]
    refused, made = stream.create(writes)
    assert (refused.result, refused.external_id) == (accord.Result.PRECONDITION, taken)
    assert made.result is accord.Result.DONE


def test_each_record_of_a_batch_has_its_own_outcome(portal: Portal) -> None:
    stream = Contacts(portal.connect())
    good = portal.sandbox.person_creates("contacts", {"email": "a@example.com"}).id
    bad = portal.sandbox.person_creates("contacts", {"email": "b@example.com"}).id
    writes = [
        updating(stream, good, given_name="Ana"),
        updating(stream, "999", given_name="Nobody"),
        updating(stream, bad, email="not an address"),
    ]
    results = [outcome.result for outcome in stream.update(writes)]
    assert results == [accord.Result.DONE, accord.Result.GONE, accord.Result.REJECTED]


def test_an_emptied_field_is_cleared(portal: Portal) -> None:
    stream = Contacts(portal.connect())
    id_ = portal.sandbox.person_creates("contacts", {"firstname": "Ana", "city": "Example"}).id
    stream.update([updating(stream, id_, given_name=None)])
    item = portal.sandbox.objects["contacts"].find(id_)
    assert item is not None
    assert not item.values["firstname"]
    assert item.values["city"] == "Example"


def test_a_reference_is_found_before_the_index_knows_it(lagging: Portal) -> None:
    stream = Contacts(lagging.connect())
    [made] = stream.create([creating(stream, email="a@example.com", phone="+33199001234")])
    probes = [accord.Probe("hub_id", "hub1"), accord.Probe("email", "A@example.com")]
    assert [[row["id"] for row in rows] for rows in stream.find(probes)] == [[made.external_id]] * 2
    assert stream.find([accord.Probe("phone", "+33199001234")]) == [[]]
    lagging.env.sleep(30)
    [[row]] = stream.find([accord.Probe("phone", "+33199001234")])
    assert row["id"] == made.external_id


def test_a_contact_answers_for_an_address_it_took_over(portal: Portal) -> None:
    stream, sandbox = Contacts(portal.connect()), portal.sandbox
    one = sandbox.person_creates("contacts", {"email": "a@example.com"}).id
    two = sandbox.person_creates("contacts", {"email": "b@example.com"}).id
    merged = sandbox.person_merges("contacts", one, two).id
    [[row]] = stream.find([accord.Probe("email", "b@example.com")])
    assert row["id"] == merged


def test_a_delete_moves_to_the_recycle_bin(portal: Portal) -> None:
    stream = Contacts(portal.connect())
    id_ = portal.sandbox.person_creates("contacts", {"email": "a@example.com"}).id
    assert stream.delete([deleting(id_)])[0].result is accord.Result.DONE
    assert stream.get([id_]) == {id_: None}
    assert [row["id"] for row in everything(stream) if stream.is_deleted(row)] == [id_]


def test_nothing_a_contact_says_can_subscribe_anybody(portal: Portal) -> None:
    stream = Contacts(portal.connect())
    consents = {"marketing.direct:email": {"state": "granted"}}
    row = stream.mapping.write({"email": "a@example.com", "lifecycle": "lead", "consents": consents})
    assert row == {"properties": {"email": "a@example.com"}}


def test_a_batch_refused_as_a_whole_is_left_to_the_engine(portal: Portal) -> None:
    stream = Contacts(portal.connect())
    write = creating(stream, email="a@example.com")
    with pytest.raises(RecordRejectedError):
        stream.create([write] * 101)


def test_a_spent_search_limit_is_waited_for(portal: Portal) -> None:
    stream = Contacts(portal.connect())
    for _ in range(12):
        stream.find([accord.Probe("phone", "+33199001234")])
    assert all(response.status_code == 200 for _, response in portal.recorder.exchanges[-12:])


def test_a_field_of_the_account_travels_both_ways(portal: Portal) -> None:
    connector = portal.connect()
    definition = {
        "name": "shoe_size",
        "label": "Shoe",
        "type": "string",
        "fieldType": "text",
        "groupName": "g",
    }
    connector.http.post("/crm/v3/properties/contacts", json=definition)
    stream = Contacts(connector, CONTACTS.extended(both("custom.shoe_size", "properties.shoe_size")))
    [made] = stream.create([creating(stream, given_name="Ana", custom={"shoe_size": "42"})])
    row = stream.get([made.external_id or ""])[made.external_id or ""]
    assert row is not None
    assert stream.mapping.read(row)["custom"] == {"shoe_size": "42"}


def test_a_bad_network_makes_no_second_contact(portal: Portal) -> None:
    stream, table = Contacts(portal.connect()), portal.sandbox.objects["contacts"].table
    portal.sandbox.faults = FaultProfile.parse("40%")
    for number in range(40):
        until_done(portal, stream, creating(stream, f"hub{number}", email=f"a{number}@example.com"))
    portal.sandbox.settle(everything=True)
    assert len(table) == 40


def until_done(portal: Portal, stream: Contacts, write: accord.Write) -> None:
    """Send a create again and again, as the engine would after each wait."""
    for _ in range(40):
        try:
            if stream.create([write])[0].result is accord.Result.DONE:
                return
        except VendorError:
            portal.env.sleep(1)
    raise AssertionError("never created")


@pytest.mark.parametrize(
    ("status", "kind", "wait"),
    [(423, RetryableError, None), (477, RateLimitedError, 7200), (410, AccessError, None)],
)
def test_a_portal_that_is_closed_makes_no_dead_letters(
    portal: Portal, status: int, kind: type[VendorError], wait: float | None
) -> None:
    stream = Contacts(portal.connect())
    writes = [creating(stream, f"hub{n}", email=f"a{n}@example.com") for n in range(10)]
    portal.sandbox.closed = status
    portal.recorder.exchanges.clear()
    with pytest.raises(kind) as raised:
        stream.create(writes)
    assert type(raised.value) is kind
    assert getattr(raised.value, "retry_after", None) == wait
    assert len(portal.recorder.exchanges) == 1


def test_a_version_that_hubspot_has_retired_is_a_matter_for_a_person(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Contacts(portal.connect())
    monkeypatch.setattr(versions, "SERVED", frozenset({"2028-03"}))
    with pytest.raises(AccessError, match="404") as raised:
        stream.update([updating(stream, str(n), given_name="Ana") for n in range(10)])
    assert "api_version" in raised.value.hint


def test_another_dated_version_is_a_setting(portal: Portal) -> None:
    stream = Contacts(portal.connect(api_version="2026-09"))
    stream.create([creating(stream, given_name="Ana")])
    assert everything(stream)
    assert all("/2026-09/" in str(request.url) for request, _ in portal.recorder.exchanges)

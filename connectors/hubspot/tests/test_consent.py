"""What people allow and refuse, both ways between Accord and HubSpot's sandbox."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import accord
from accord.errors import AccessError
from accord_hubspot.sandbox.subscriptions import WIDE
from accord_hubspot.streams.contacts import Contacts
from accord_hubspot.subscription import CONSENTING, STATUSES, Status, concerned, permissions
from connectors.hubspot.tests.conftest import Portal
from connectors.hubspot.tests.test_contacts import everything, updating
from connectors.hubspot.tests.test_described import described

ANA = "ana@example.com"
DIRECT, MARKETING, SERVICE = "marketing.direct", "1001", "1002"
NEWS = {DIRECT: frozenset({MARKETING})}
EARLY, LATE = "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"
Version = Literal["v3", "v4"]
VERSIONS: tuple[Version, ...] = ("v3", "v4")


def person(portal: Portal, email: str = ANA) -> str:
    return portal.sandbox.person_creates("contacts", {"email": email}).id


def contacts(portal: Portal, **settings: Any) -> Contacts:
    return Contacts(portal.connect(**settings))


def wish(verb: accord.Verb, id_: str | None, purpose: str = DIRECT, **more: Any) -> accord.ConsentWrite:
    named: dict[str, Any] = {"document": {"email": ANA}, "id": "w", **more}
    return accord.ConsentWrite(named.pop("id"), verb, purpose, "email", id_, **named)


def carried(stream: Contacts, *writes: accord.ConsentWrite) -> list[accord.Outcome]:
    outcomes: list[accord.Outcome] = list(getattr(stream.operations, writes[0].verb)(writes))
    return outcomes


def status(portal: Portal, type_: str = MARKETING, email: str = ANA) -> str | None:
    item = portal.sandbox.subscriptions.table.get(f"{email}|{type_}")
    return None if item is None else str(item.values["status"])


def shown(stream: Contacts, id_: str) -> dict[str, Any]:
    row = stream.get([id_])[id_]
    assert row is not None
    told: dict[str, Any] = stream.mapping.read(row).get("consents", {}).get(f"{DIRECT}:email", {})
    return told


# The table.


@pytest.mark.parametrize("word", [*STATUSES, "SOMETHING_NEW", ""])
@pytest.mark.parametrize("basis", [*CONSENTING, "SOMETHING_NEW"])
def test_every_status_and_basis_means_something_and_few_are_grants(word: str, basis: str | None) -> None:
    state = permissions([Status(MARKETING, word, EARLY, basis)], NEWS)[DIRECT]["state"]
    agreed = word == "SUBSCRIBED" and basis in (None, "CONSENT_WITH_NOTICE")
    expected = {"UNSUBSCRIBED": "withdrawn"}.get(word, "granted" if agreed else "unknown")
    assert state == expected


@pytest.mark.parametrize("version", VERSIONS)
def test_the_table_has_every_value_that_hubspot_describes(version: str, specs: Path) -> None:
    file = specs / "hubspot" / version / "communication-preferences_subscriptions.json"
    schemas = json.loads(file.read_text())["components"]["schemas"]
    told = schemas["PublicStatus" if version == "v4" else "PublicSubscriptionStatus"]["properties"]
    assert set(told["status"]["enum"]) <= set(STATUSES)
    assert set(told["legalBasis"]["enum"]) == set(CONSENTING) - {None}


@given(st.lists(st.sampled_from([*STATUSES, "NEW"]), max_size=4))
def test_a_refusal_of_everything_closes_every_purpose(words: list[str]) -> None:
    known = [Status(MARKETING, word, EARLY) for word in words]
    told = permissions(
        [*known, Status(WIDE, "UNSUBSCRIBED", LATE)], {**NEWS, "marketing.partners": frozenset()}
    )
    assert set(told) == {DIRECT, "marketing.partners", "marketing"}
    assert {one["state"] for one in told.values()} == {"withdrawn"}
    assert {one["at"] for one in told.values()} == {LATE}


def test_a_refusal_of_one_type_is_none_of_all_marketing() -> None:
    assert set(permissions([Status(MARKETING, "UNSUBSCRIBED", LATE)], NEWS)) == {DIRECT}


def test_a_purpose_of_two_types_is_granted_by_both_and_withdrawn_by_one() -> None:
    both = {DIRECT: frozenset({MARKETING, SERVICE})}
    yes, no = Status(MARKETING, "SUBSCRIBED", LATE), Status(SERVICE, "UNSUBSCRIBED", EARLY)
    assert permissions([yes], both)[DIRECT]["state"] == "unknown"
    assert permissions([yes, no], both)[DIRECT]["state"] == "withdrawn"
    granted = permissions([yes, Status(SERVICE, "SUBSCRIBED", EARLY)], both)[DIRECT]
    assert (granted["state"], granted["at"]) == ("granted", EARLY)


def test_a_refusal_covers_what_lies_below_and_a_permission_does_not() -> None:
    purposes = {DIRECT: frozenset({"1"}), f"{DIRECT}.similar_products": frozenset({"2"})}
    assert concerned(DIRECT, purposes, opening=False) == frozenset({"1", "2"})
    assert concerned(DIRECT, purposes, opening=True) == frozenset({"1"})
    assert concerned(f"{DIRECT}.similar_products", purposes, opening=False) == frozenset({"2"})
    assert concerned("marketing", purposes, opening=False) is None
    assert concerned("marketing", purposes, opening=True) == frozenset()
    assert concerned("marketing.partners", purposes, opening=False) == frozenset()
    assert concerned("marketing.directory", purposes, opening=False) == frozenset()
    assert concerned(DIRECT, {DIRECT: frozenset()}, opening=False) is None


# Reading.


def test_a_subscription_is_read_with_its_date(portal: Portal) -> None:
    id_ = person(portal)
    portal.sandbox.person_subscribes("contacts", id_)
    told = shown(contacts(portal), id_)
    assert (told["state"], told["source"]) == ("granted", "hubspot:SUBSCRIBED")
    assert told["at"]


def test_a_full_read_asks_twice_for_a_hundred_people(peopled: Portal) -> None:
    stream = contacts(peopled)
    table = peopled.sandbox.objects["contacts"].table
    people = [item.id for item in table.items() if item.values.get("email")]
    before = len(peopled.recorder.exchanges)
    rows = everything(stream)
    asked = [request.url.path for request, _ in peopled.recorder.exchanges[before:]]
    assert sum("statuses/batch" in path for path in asked) == 2
    assert [row["id"] for row in rows if "permissions" in row] == people


def test_a_contact_without_an_address_permits_nothing_and_refuses_nothing(portal: Portal) -> None:
    id_ = portal.sandbox.person_creates("contacts", {"firstname": "Ana"}).id
    assert shown(contacts(portal), id_) == {}


def test_an_address_that_hubspot_cannot_answer_for_says_nothing(portal: Portal) -> None:
    id_ = person(portal)
    portal.sandbox.person_subscribes("contacts", id_)
    portal.recorder.heard = _failed_for_everybody
    assert shown(contacts(portal), id_) == {}


def _failed_for_everybody(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    """Some addresses could not be looked up: 207 with errors instead of rows."""
    if "unsubscribe-all/read" not in request.url.path:
        return response
    body = {**response.json(), "results": [], "numErrors": 1, "errors": [{"status": "error"}]}
    return httpx.Response(207, json=body, request=request)


def test_a_status_that_touches_no_contact_is_read_within_the_hour(portal: Portal) -> None:
    id_ = person(portal)
    other = person(portal, "bo@example.com")
    portal.sandbox.person_subscribes("contacts", other)
    portal.env.sleep(2 * 3600)
    stream, since = contacts(portal), portal.env.now()
    portal.env.sleep(600)
    portal.sandbox.person_unsubscribes("contacts", id_)
    assert everything(stream, since) == []
    portal.env.sleep(3600)
    rows = everything(stream, since)
    assert [(row["id"], row["permissions"][DIRECT]["state"]) for row in rows] == [(id_, "withdrawn")]


def test_a_sweep_goes_on_where_it_stopped(peopled: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    from accord_hubspot.streams import crm_object

    monkeypatch.setattr(crm_object, "LIST_SIZE", 4)
    stream, table = contacts(peopled), peopled.sandbox.objects["contacts"].table
    peopled.env.sleep(7200)
    since = peopled.env.now()
    peopled.env.sleep(3600)
    people = [item.id for item in table.items() if item.values.get("email")]
    for id_ in people:
        peopled.sandbox.person_unsubscribes("contacts", id_)
    pages = list(stream.read(accord.ReadRequest(since=since)))
    tokens = [page.token for page in pages if page.token and page.token.startswith("statuses:")]
    again = stream.read(accord.ReadRequest(since=since, token=tokens[1]))
    rest = [row["id"] for page in again for row in page.rows]
    assert rest == people[-len(rest) :]
    assert {row["id"] for page in pages for row in page.rows} == set(people)


def test_an_idle_portal_is_swept_once_an_hour(peopled: Portal) -> None:
    peopled.env.sleep(7200)
    stream, since, through, swept = contacts(peopled), peopled.env.now(), peopled.env.now(), []
    for _ in range(12):
        peopled.env.sleep(600)
        began, before = peopled.env.now(), len(peopled.recorder.exchanges)
        list(stream.read(accord.ReadRequest(since=since, through=through)))
        asked = [request.url.path for request, _ in peopled.recorder.exchanges[before:]]
        swept.append(any("statuses/batch" in path for path in asked))
        through = began
    assert sum(swept) == 2


def test_no_sweep_is_made_when_it_is_switched_off(portal: Portal) -> None:
    id_ = person(portal)
    portal.env.sleep(7200)
    since = portal.env.now()
    portal.env.sleep(7200)
    portal.sandbox.person_unsubscribes("contacts", id_)
    assert everything(contacts(portal, statuses_every=0), since) == []


def test_version_three_knows_a_refusal_of_everything_and_no_dates(portal: Portal) -> None:
    first, second = person(portal), person(portal, "bo@example.com")
    portal.sandbox.person_subscribes("contacts", first)
    portal.sandbox.person_unsubscribes("contacts", second)
    stream = contacts(portal, preferences="v3")
    assert shown(stream, first) == {"state": "granted", "source": "hubspot:SUBSCRIBED"}
    assert shown(stream, second)["state"] == "withdrawn"


def test_version_three_takes_a_refusal_of_one_type_for_unknown(portal: Portal) -> None:
    id_ = person(portal)
    portal.sandbox.subscriptions.put(ANA, MARKETING, "UNSUBSCRIBED")
    assert shown(contacts(portal, preferences="v3"), id_)["state"] == "unknown"


def test_preferences_switched_off_are_neither_read_nor_written(portal: Portal) -> None:
    id_ = person(portal)
    portal.sandbox.person_unsubscribes("contacts", id_)
    stream = contacts(portal, preferences="off")
    assert shown(stream, id_) == {}
    [outcome] = carried(stream, wish(accord.Verb.UNSUBSCRIBE, id_))
    assert (outcome.reason, outcome.receipt) == ("preferences_off", accord.Receipt.IMPOSSIBLE)
    assert not any("communication" in request.url.path for request, _ in portal.recorder.exchanges)


def test_a_type_is_meant_by_its_name_or_its_number(portal: Portal) -> None:
    id_ = person(portal)
    portal.sandbox.person_subscribes("contacts", id_)
    for name in ("marketing information", MARKETING):
        assert shown(contacts(portal, subscriptions={name: DIRECT}), id_)["state"] == "granted"


def test_a_type_that_the_portal_lacks_is_named(portal: Portal) -> None:
    connector = portal.connect(subscriptions={"Lettre": DIRECT, MARKETING: DIRECT})
    assert connector.check().missing == ["subscription type 'Lettre' (setting subscriptions)"]


def test_a_token_without_the_scope_is_named(portal: Portal) -> None:
    connector = portal.connect()
    portal.recorder.heard = _no_scope
    assert portal.connect().check().missing == ["scope communication_preferences.read_write"]
    with pytest.raises(AccessError):
        Contacts(connector).get([person(portal)])


def _no_scope(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    if "communication-preferences" not in request.url.path:
        return response
    return httpx.Response(403, json={"category": "MISSING_SCOPES"}, request=request)


# Refusals.


@pytest.mark.parametrize("version", VERSIONS)
def test_a_refusal_is_set_for_its_type_only(portal: Portal, version: Version) -> None:
    id_ = person(portal)
    portal.sandbox.person_subscribes("contacts", id_)
    for _ in range(2):
        [outcome] = carried(contacts(portal, preferences=version), wish(accord.Verb.UNSUBSCRIBE, id_))
        assert (outcome.result, outcome.receipt) == (accord.Result.DONE, accord.Receipt.CONFIRMED)
    assert (status(portal), status(portal, SERVICE)) == ("UNSUBSCRIBED", "SUBSCRIBED")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_refusal_of_all_marketing_ends_all_mail(portal: Portal, version: Version) -> None:
    id_ = person(portal)
    [outcome] = carried(
        contacts(portal, preferences=version), wish(accord.Verb.UNSUBSCRIBE, id_, "marketing")
    )
    assert outcome.receipt is accord.Receipt.CONFIRMED
    assert {status(portal), status(portal, SERVICE)} == {"UNSUBSCRIBED"}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_refusal_is_done_where_everything_was_refused_before(portal: Portal, version: Version) -> None:
    id_ = person(portal)
    portal.sandbox.person_unsubscribes("contacts", id_)
    [outcome] = carried(contacts(portal, preferences=version), wish(accord.Verb.UNSUBSCRIBE, id_))
    assert outcome.receipt is accord.Receipt.CONFIRMED


def test_a_refusal_of_a_topic_is_for_that_type(portal: Portal) -> None:
    id_ = person(portal)
    [outcome] = carried(
        contacts(portal), wish(accord.Verb.UNSUBSCRIBE, id_, scope="customer service communication")
    )
    assert outcome.result is accord.Result.DONE
    assert (status(portal), status(portal, SERVICE)) == (None, "UNSUBSCRIBED")


def test_a_refusal_without_a_type_here_is_impossible(portal: Portal) -> None:
    [outcome] = carried(contacts(portal), wish(accord.Verb.UNSUBSCRIBE, person(portal), "marketing.partners"))
    assert (outcome.reason, outcome.receipt) == ("purpose_not_mapped", accord.Receipt.IMPOSSIBLE)


def test_without_any_mapped_type_a_refusal_ends_all_mail(portal: Portal) -> None:
    id_ = person(portal)
    carried(contacts(portal, subscriptions={}), wish(accord.Verb.UNSUBSCRIBE, id_))
    assert status(portal, WIDE) == "UNSUBSCRIBED"


def test_an_address_unknown_to_hubspot_is_never_named(portal: Portal) -> None:
    person(portal, "bo@example.com")
    [outcome] = carried(contacts(portal), wish(accord.Verb.UNSUBSCRIBE, None))
    assert outcome.result is accord.Result.GONE
    assert len(portal.sandbox.subscriptions.table) == 0


def test_an_old_address_of_a_merged_contact_is_refused_with_the_new_one(portal: Portal) -> None:
    one, two = person(portal, "bo@example.com"), person(portal)
    portal.sandbox.person_merges("contacts", one, two)
    [outcome] = carried(contacts(portal), wish(accord.Verb.UNSUBSCRIBE, two))
    assert outcome.result is accord.Result.DONE
    assert {status(portal), status(portal, email="bo@example.com")} == {"UNSUBSCRIBED"}


def test_many_refusals_are_one_request(peopled: Portal) -> None:
    people = [item for item in peopled.sandbox.objects["contacts"].table.items() if item.values.get("email")]
    stream = contacts(peopled)
    writes = [wish(accord.Verb.UNSUBSCRIBE, item.id, id=item.id, document={}) for item in people[:20]]
    assert {outcome.result for outcome in carried(stream, *writes)} == {accord.Result.DONE}
    paths = [request.url.path for request, _ in peopled.recorder.exchanges]
    assert sum(path.endswith("statuses/batch/write") for path in paths) == 1


def test_one_refused_address_does_not_stop_the_others(portal: Portal) -> None:
    good, bad = person(portal), person(portal, "bo@example.com")
    portal.recorder.heard = _bo_is_refused
    writes = [wish(accord.Verb.UNSUBSCRIBE, id_, id=id_, document={}) for id_ in (good, bad)]
    said = {outcome.write_id: outcome.result for outcome in carried(contacts(portal), *writes)}
    assert said == {good: accord.Result.DONE, bad: accord.Result.REJECTED}


def _bo_is_refused(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    if request.url.path.endswith("statuses/batch/write") and b"bo@" in request.content:
        return httpx.Response(400, json={"category": "VALIDATION_ERROR"}, request=request)
    return response


def test_what_hubspot_does_not_account_for_is_not_believed(portal: Portal) -> None:
    id_ = person(portal)
    portal.recorder.heard = _nothing_accounted_for
    [outcome] = carried(contacts(portal), wish(accord.Verb.UNSUBSCRIBE, id_))
    assert (outcome.result, outcome.reason) == (accord.Result.UNKNOWN, "not_shown")


def _nothing_accounted_for(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    if not request.url.path.endswith("statuses/batch/write"):
        return response
    return httpx.Response(200, json={**response.json(), "results": []}, request=request)


# Permissions.


def test_a_grant_subscribes_on_its_ground_without_evidence(portal: Portal) -> None:
    id_ = person(portal)
    [outcome] = carried(contacts(portal), wish(accord.Verb.SUBSCRIBE, id_, grant="g1"))
    assert (outcome.result, outcome.receipt) == (accord.Result.DONE, accord.Receipt.CONFIRMED)
    [sent] = json.loads(portal.recorder.exchanges[-1][0].content)["inputs"]
    assert (sent["legalBasis"], sent["legalBasisExplanation"]) == ("CONSENT_WITH_NOTICE", "Accord grant g1")
    assert (status(portal), status(portal, SERVICE)) == ("SUBSCRIBED", None)


def test_version_three_does_not_bring_back_who_refused(portal: Portal) -> None:
    id_ = person(portal)
    portal.sandbox.person_unsubscribes("contacts", id_)
    [outcome] = carried(contacts(portal, preferences="v3"), wish(accord.Verb.SUBSCRIBE, id_, grant="g1"))
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, "compliance_state")
    assert status(portal) == "UNSUBSCRIBED"


def test_version_four_brings_back_who_refused_only_with_a_grant(portal: Portal) -> None:
    id_ = person(portal)
    portal.sandbox.person_unsubscribes("contacts", id_)
    stream = contacts(portal)
    [refused] = carried(stream, wish(accord.Verb.SUBSCRIBE, id_))
    assert (refused.reason, status(portal)) == ("no_grant", "UNSUBSCRIBED")
    carried(stream, wish(accord.Verb.SUBSCRIBE, id_, grant="g1"))
    assert (status(portal), shown(stream, id_)["state"]) == ("SUBSCRIBED", "granted")


def test_a_permission_is_never_wider_than_its_purpose(portal: Portal) -> None:
    write = wish(accord.Verb.SUBSCRIBE, person(portal), "marketing", grant="g1")
    [outcome] = carried(contacts(portal), write)
    assert (outcome.reason, len(portal.sandbox.subscriptions.table)) == ("purpose_not_mapped", 0)


def test_an_ordinary_sync_never_goes_near_the_preferences(portal: Portal) -> None:
    id_ = person(portal)
    portal.sandbox.person_unsubscribes("contacts", id_)
    stream = contacts(portal)
    before = len(portal.recorder.exchanges)
    stream.update([updating(stream, id_, given_name="Ana")])
    said = [request for request, _ in portal.recorder.exchanges[before:]]
    assert [request.url.path for request in said] == ["/crm/objects/2026-03/contacts/batch/update"]
    assert status(portal, WIDE) == "UNSUBSCRIBED"


# Erasure.


def test_an_erasure_is_by_id_and_blocks_no_address(portal: Portal) -> None:
    id_ = person(portal)
    stream = contacts(portal)
    [outcome] = carried(stream, wish(accord.Verb.ERASE, id_, ""))
    assert (outcome.result, outcome.receipt) == (accord.Result.DONE, accord.Receipt.CONFIRMED)
    for key in (id_, None):
        [again] = carried(stream, wish(accord.Verb.ERASE, key, ""))
        assert again.result is accord.Result.GONE
    sent = [json.loads(r.content) for r, _ in portal.recorder.exchanges if "gdpr" in r.url.path]
    assert sent == [{"objectId": id_}]
    assert not portal.sandbox.blocked(ANA)


# The vendor's own description.


@pytest.mark.parametrize("version", VERSIONS)
def test_consent_is_carried_as_hubspot_describes(portal: Portal, version: Version, specs: Path) -> None:
    id_ = person(portal)
    stream = contacts(portal, preferences=version)
    portal.env.sleep(3600)
    everything(stream, portal.env.now() - timedelta(hours=2))
    for write in (
        wish(accord.Verb.SUBSCRIBE, id_, grant="g1"),
        wish(accord.Verb.UNSUBSCRIBE, id_),
        wish(accord.Verb.SUBSCRIBE, id_, grant="g2"),
        wish(accord.Verb.UNSUBSCRIBE, id_, "marketing"),
        wish(accord.Verb.UNSUBSCRIBE, None),
        wish(accord.Verb.ERASE, id_, ""),
    ):
        carried(stream, write)
    seen = described(specs).check(portal.recorder.exchanges)
    assert sum(seen.values()) == len(portal.recorder.exchanges)
    assert any("gdpr-delete" in name for name in seen)
    part = {"v3": "/v3/", "v4": "/2026-03/"}[version]
    assert sum(part in name for name in seen if "communication" in name) >= 4

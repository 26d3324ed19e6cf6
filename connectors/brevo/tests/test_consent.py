"""What people allow and refuse, both ways between Accord and Brevo's sandbox."""

from __future__ import annotations

import json
from typing import Any

import pytest

import accord
from accord.testing import Description
from accord_brevo.streams.contacts import Contacts
from accord_brevo.subscription import BLOCKS, SUPPRESSIONS, meaning
from connectors.brevo.tests.conftest import Account
from connectors.brevo.tests.test_contacts import contacts, everything, updating
from connectors.brevo.tests.test_described import described

ANA = "ana@example.com"
DIRECT = "marketing.direct"
CONFIRMING = {"lists": (4,), "confirmation_template": 2, "confirmation_page": "https://example.com/thanks"}


def person(account: Account, **values: Any) -> str:
    return account.sandbox.person_creates("contacts", {"email": ANA, **values}).id


def wish(verb: accord.Verb, id_: str | None, channel: str = "email", **more: Any) -> accord.ConsentWrite:
    named: dict[str, Any] = {"document": {"email": ANA, "phone": "+33199001234"}, **more}
    return accord.ConsentWrite("w", verb, named.pop("purpose", DIRECT), channel, id_, **named)


def carried(stream: Contacts, write: accord.ConsentWrite) -> accord.Outcome:
    [outcome] = getattr(stream.operations, write.verb)([write])
    assert isinstance(outcome, accord.Outcome)
    return outcome


def held(account: Account, id_: str) -> dict[str, Any]:
    item = account.sandbox.contacts.get(id_)
    assert item is not None
    return dict(item.values)


def shown(stream: Contacts, since: Any = None) -> dict[str, Any]:
    [row] = everything(stream, since)
    return stream.mapping.read(row)


# Reading.


@pytest.mark.parametrize("code", [*BLOCKS, "somethingNewIn2027", "", None])
def test_every_block_says_something_and_none_says_yes(account: Account, code: str | None) -> None:
    person(account)
    account.sandbox.person_creates("blocked", {"email": ANA, "code": code, "senderEmail": "a@example.com"})
    document = shown(contacts(account))
    told = meaning(code)
    assert told.withdrawn or told.suppression in SUPPRESSIONS
    consent = document["consents"][f"{DIRECT}:email"]
    assert consent["state"] == ("withdrawn" if told.withdrawn else "unknown")
    assert set(document.get("suppressions", {})) == ({f"email:{told.suppression}"} - {"email:None"})


def test_a_block_reason_nobody_described_is_a_suppression_and_no_wish() -> None:
    assert meaning("somethingNewIn2027") == (False, "blocked")


def test_the_table_has_every_reason_that_brevo_describes(specs: Any) -> None:
    document = described(specs).operations[0].document
    row = document["components"]["schemas"]["getTransacBlockedContacts"]["properties"]["contacts"]["items"]
    assert set(BLOCKS) == set(row["properties"]["reason"]["properties"]["code"]["enum"])


def test_a_complaint_is_a_suppression_and_a_withdrawal_with_its_date(account: Account) -> None:
    person(account)
    account.sandbox.person_blocks(ANA, "contactFlaggedAsSpam")
    document = shown(contacts(account))
    consent, complaint = document["consents"][f"{DIRECT}:email"], document["suppressions"]["email:complaint"]
    assert (consent["state"], consent["at"]) == ("withdrawn", complaint["at"])
    assert complaint["source"] == "brevo:contactFlaggedAsSpam"


def test_a_bounce_suppresses_and_withdraws_nothing(account: Account) -> None:
    person(account)
    account.sandbox.person_blocks(ANA, "hardBounce")
    document = shown(contacts(account))
    assert document["consents"][f"{DIRECT}:email"] == {"state": "unknown"}
    assert list(document["suppressions"]) == ["email:hard_bounce"]


@pytest.mark.parametrize(
    ("codes", "state"),
    [
        (["hardBounce"], "unknown"),
        (["adminBlocked", "hardBounce"], "unknown"),
        (["hardBounce", "unsubscribedViaEmail"], "withdrawn"),
        (["somethingNewIn2027"], "withdrawn"),
        ([], "withdrawn"),
    ],
)
def test_a_flag_that_a_bounce_explains_is_no_wish(account: Account, codes: list[str], state: str) -> None:
    person(account, emailBlacklisted=True)
    for code in codes:
        account.sandbox.person_blocks(ANA, code)
    document = shown(contacts(account))
    assert document["consents"][f"{DIRECT}:email"]["state"] == state
    assert ("email:hard_bounce" in document.get("suppressions", {})) == ("hardBounce" in codes)


def test_a_block_that_touches_no_contact_is_read_by_the_next_run(account: Account) -> None:
    person(account)
    account.env.sleep(3600)
    since = account.env.now()
    account.env.sleep(5)
    account.sandbox.person_blocks(ANA)
    assert shown(contacts(account), since)["consents"][f"{DIRECT}:email"]["state"] == "withdrawn"
    account.env.sleep(3600)
    assert everything(contacts(account), account.env.now()) == []


@pytest.mark.parametrize("hours", [0, 8, 16])
def test_blocks_are_asked_for_at_every_hour_without_a_day_in_the_future(account: Account, hours: int) -> None:
    person(account)
    account.env.sleep(hours * 3600)
    since = account.env.now()
    account.sandbox.person_blocks(ANA)
    assert shown(contacts(account), since)["consents"][f"{DIRECT}:email"]["state"] == "withdrawn"


def test_the_newest_blocks_are_read_without_going_through_all_old_ones(account: Account) -> None:
    for number in range(350):
        account.sandbox.person_blocks(f"old{number}@example.com", "hardBounce")
    person(account)
    account.env.sleep(9 * 86_400)
    since = account.env.now()
    for number in range(120):
        account.sandbox.person_blocks(f"new{number}@example.com", "hardBounce")
    account.sandbox.person_blocks(ANA)
    account.recorder.exchanges.clear()
    assert shown(contacts(account), since)["consents"][f"{DIRECT}:email"]["state"] == "withdrawn"
    asked = [request for request, _ in account.recorder.exchanges if "blockedContacts" in request.url.path]
    assert len(asked) == 3


def test_ten_thousand_blocks_are_no_matter_of_hours(account: Account) -> None:
    for number in range(10_200):
        account.sandbox.person_blocks(f"old{number}@example.com", "hardBounce")
    before = account.env.elapsed
    everything(contacts(account))
    assert account.env.elapsed - before < 60


def test_a_read_of_part_of_the_blocks_says_nothing_of_the_others(account: Account) -> None:
    id_ = person(account)
    account.sandbox.person_blocks(ANA)
    account.env.sleep(9 * 86_400)
    since = account.env.now()
    account.sandbox.person_edits("contacts", id_, {"attributes": {"CITY": "Example"}})
    assert f"{DIRECT}:email" not in shown(contacts(account), since)["consents"]


def test_a_read_interrupted_before_the_blocks_goes_on_with_them(account: Account) -> None:
    person(account)
    account.env.sleep(3600)
    since = account.env.now()
    account.sandbox.person_blocks(ANA)
    request = accord.ReadRequest(since=since)
    first = next(iter(contacts(account).read(request)))
    rest = contacts(account).read(accord.ReadRequest(since=since, token=first.token))
    assert [row["email"] for page in rest for row in page.rows] == [ANA]


def test_blocks_are_not_asked_for_when_switched_off(account: Account) -> None:
    person(account)
    account.sandbox.person_blocks(ANA)
    assert "suppressions" not in shown(contacts(account, blocks=False))
    assert not any("blockedContacts" in request.url.path for request, _ in account.recorder.exchanges)


# Refusals.


@pytest.mark.parametrize(("channel", "flag"), [("email", "emailBlacklisted"), ("sms", "smsBlacklisted")])
def test_a_refusal_sets_the_flag_of_its_channel_and_no_other(
    account: Account, channel: str, flag: str
) -> None:
    id_ = person(account)
    outcome = carried(contacts(account), wish(accord.Verb.UNSUBSCRIBE, id_, channel))
    assert (outcome.result, outcome.receipt) == (accord.Result.DONE, accord.Receipt.CONFIRMED)
    flags = {name: held(account, id_)[name] for name in ("emailBlacklisted", "smsBlacklisted")}
    assert flags == {**dict.fromkeys(flags, False), flag: True}


def test_a_refusal_finds_a_person_who_came_back_under_another_key(account: Account) -> None:
    id_ = person(account)
    outcome = carried(contacts(account), wish(accord.Verb.UNSUBSCRIBE, "999"))
    assert (outcome.result, outcome.external_id) == (accord.Result.DONE, id_)
    assert held(account, id_)["emailBlacklisted"] is True


def test_a_refusal_of_one_list_leaves_that_list(account: Account) -> None:
    id_ = person(account, listIds=[2, 4])
    outcome = carried(contacts(account), wish(accord.Verb.UNSUBSCRIBE, id_, scope="4"))
    assert outcome.result is accord.Result.DONE
    assert (held(account, id_)["listIds"], held(account, id_)["emailBlacklisted"]) == ([2], False)


def test_a_refusal_of_something_that_brevo_does_not_do_is_impossible(account: Account) -> None:
    write = wish(accord.Verb.UNSUBSCRIBE, person(account), purpose="analytics.audience")
    assert carried(contacts(account), write).receipt is accord.Receipt.IMPOSSIBLE


def test_the_echo_of_our_refusal_is_read_as_withdrawn(account: Account) -> None:
    stream = contacts(account)
    carried(stream, wish(accord.Verb.UNSUBSCRIBE, person(account)))
    assert shown(stream)["consents"][f"{DIRECT}:email"]["state"] == "withdrawn"


# Permissions.


def test_a_grant_makes_brevo_ask_the_person(account: Account) -> None:
    id_ = person(account)
    outcome = carried(contacts(account, **CONFIRMING), wish(accord.Verb.SUBSCRIBE, id_, grant="g1"))
    assert (outcome.result, outcome.receipt) == (accord.Result.DONE, accord.Receipt.ACCEPTED)
    assert held(account, id_)["listIds"] == []
    account.sandbox.person_confirms(ANA)
    assert held(account, id_)["listIds"] == [4]


def test_who_is_on_the_blacklist_is_never_taken_off_it(account: Account) -> None:
    id_ = person(account, emailBlacklisted=True)
    outcome = carried(contacts(account, **CONFIRMING), wish(accord.Verb.SUBSCRIBE, id_, grant="g1"))
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, "compliance_state")
    assert held(account, id_)["emailBlacklisted"] is True
    assert len(account.sandbox.confirmations) == 0


@pytest.mark.parametrize(
    ("channel", "settings", "reason"),
    [("email", {}, "confirmation_not_configured"), ("sms", CONFIRMING, "no_confirmation_on_this_channel")],
)
def test_without_a_way_to_ask_nothing_is_opened(
    account: Account, channel: str, settings: dict[str, Any], reason: str
) -> None:
    id_ = person(account)
    outcome = carried(contacts(account, **settings), wish(accord.Verb.SUBSCRIBE, id_, channel, grant="g1"))
    assert (outcome.reason, outcome.receipt) == (reason, accord.Receipt.IMPOSSIBLE)
    assert account.recorder.exchanges == []


def test_no_operation_ever_clears_a_flag_or_deletes_a_block(account: Account) -> None:
    id_ = person(account, emailBlacklisted=True)
    account.sandbox.person_blocks(ANA)
    stream = contacts(account, **CONFIRMING)
    for verb in (accord.Verb.UNSUBSCRIBE, accord.Verb.SUBSCRIBE):
        for channel in ("email", "sms"):
            carried(stream, wish(verb, id_, channel, grant="g1"))
    stream.update([updating(stream, id_, given_name="Ana")])
    for request, _ in account.recorder.exchanges:
        body = json.loads(request.content) if request.content else {}
        assert False not in (body.get("emailBlacklisted"), body.get("smsBlacklisted"))
        assert not (request.method == "DELETE" and "blockedContacts" in request.url.path)
    assert len(account.sandbox.blocked) == 1


# Erasure.


def test_an_erasure_deletes_and_confirms(account: Account) -> None:
    id_ = person(account)
    outcome = carried(contacts(account), wish(accord.Verb.ERASE, id_, ""))
    assert (outcome.result, outcome.receipt) == (accord.Result.DONE, accord.Receipt.CONFIRMED)
    assert account.sandbox.contacts.get(id_) is None


def test_an_erasure_by_address_spares_whoever_shares_the_number(account: Account) -> None:
    other = account.sandbox.person_creates(
        "contacts", {"email": "bo@example.com", "attributes": {"SMS": "33199001234"}}
    )
    assert carried(contacts(account), wish(accord.Verb.ERASE, None, "")).result is accord.Result.GONE
    assert account.sandbox.contacts.get(other.id) == other


# The vendor's own description.


def test_consent_is_carried_as_brevo_describes(account: Account, specs: Any) -> None:
    id_ = person(account)
    account.sandbox.person_blocks(ANA, "hardBounce")
    stream = contacts(account, **CONFIRMING)
    everything(stream)
    everything(stream, account.env.now())
    for write in (
        wish(accord.Verb.SUBSCRIBE, id_, grant="g1"),
        wish(accord.Verb.UNSUBSCRIBE, id_),
        wish(accord.Verb.UNSUBSCRIBE, id_, "sms", scope="4"),
        wish(accord.Verb.ERASE, id_, ""),
        wish(accord.Verb.ERASE, id_, ""),
    ):
        carried(stream, write)
    description: Description = described(specs)
    seen = description.check(account.recorder.exchanges)
    assert {"GET /smtp/blockedContacts", "POST /contacts/doubleOptinConfirmation"} <= set(seen)

"""Consent at Mailchimp: nothing opens but by the person's own click, and a refusal is final."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import accord
from accord.sandbox import Item
from accord_mailchimp.streams.permission import subscriber_hash
from connectors.mailchimp.tests.conftest import Account
from connectors.mailchimp.tests.test_members import creating, everything, said

CELL = "marketing.direct:email"
DONE, REJECTED, GONE = accord.Result.DONE, accord.Result.REJECTED, accord.Result.GONE


def asking(verb: accord.Verb, id_: str | None = None, **more: Any) -> accord.ConsentWrite:
    facts: dict[str, Any] = {"purpose": "marketing.direct", "channel": "email", "external_id": id_, **more}
    if verb is accord.Verb.SUBSCRIBE:
        facts.setdefault("grant", "grant1")
    return accord.ConsentWrite("c1", verb, **facts)


def ask(account: Account, write: accord.ConsentWrite) -> accord.Outcome:
    operations = account.members().operations
    call = getattr(operations, write.verb)
    [outcome] = call([write])
    assert isinstance(outcome, accord.Outcome)
    return outcome


def shown(account: Account, item: Item) -> dict[str, Any]:
    """What the connector reads of a person now."""
    stream = account.members()
    [row] = [row for row in everything(stream) if stream.external_id(row) == item.id]
    assert stream.get([item.id]) == {item.id: row}
    return stream.mapping.read(row)


# Refusing.


@pytest.mark.parametrize("status", ["subscribed", "pending", "transactional", "unsubscribed"])
def test_an_unsubscribe_closes_and_is_confirmed_by_the_answer(account: Account, status: str) -> None:
    item = account.person(status=status)
    outcome = ask(account, asking(accord.Verb.UNSUBSCRIBE, item.id))
    assert (outcome.result, outcome.receipt) == (DONE, accord.Receipt.CONFIRMED)
    assert account.held(item.id)["status"] == "unsubscribed"
    assert shown(account, item)["consents"][CELL]["state"] == "withdrawn"


@pytest.mark.parametrize("known", ["identifiers", "document"])
def test_a_person_is_refused_under_every_name_we_have(account: Account, known: str) -> None:
    item = account.person(status="subscribed")
    names: dict[str, Any] = {
        "identifiers": {"subscriber_hash": subscriber_hash("ana@example.com")},
        "document": {"email": "Ana@example.com"},
    }
    outcome = ask(account, asking(accord.Verb.UNSUBSCRIBE, **{known: names[known]}))
    assert (outcome.result, outcome.external_id) == (DONE, item.id)


def test_two_members_of_one_person_are_both_refused(account: Account) -> None:
    old, new = account.person("old@example.com", "subscribed"), account.person(status="subscribed")
    write = asking(accord.Verb.UNSUBSCRIBE, old.id, document={"email": "ana@example.com"})
    assert ask(account, write).result is DONE
    assert {account.held(item.id)["status"] for item in (old, new)} == {"unsubscribed"}


def test_a_row_leaves_under_the_hash_of_its_address(account: Account) -> None:
    stream = account.members()
    row = creating(stream, email=" Ana@Example.com").row
    assert stream.identifiers(row) == {"subscriber_hash": subscriber_hash("ana@example.com")}
    assert stream.identifiers({"merge_fields": {}}) == {}


def test_a_bounced_member_stays_bounced_until_refused(account: Account) -> None:
    item = account.person(status="cleaned")
    assert ask(account, asking(accord.Verb.UNSUBSCRIBE, item.id)).result is DONE


def test_a_refusal_of_something_else_reaches_a_person(account: Account) -> None:
    item = account.person(status="subscribed")
    for verb in (accord.Verb.UNSUBSCRIBE, accord.Verb.SUBSCRIBE):
        outcome = ask(account, asking(verb, item.id, purpose="email.open_tracking"))
        assert (outcome.result, outcome.receipt) == (REJECTED, accord.Receipt.IMPOSSIBLE)
    assert account.held(item.id)["status"] == "subscribed"


def test_an_answer_that_shows_an_open_member_is_not_taken_for_a_refusal(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = account.person(status="subscribed")
    monkeypatch.setattr(account.sandbox, "decided", lambda *_: {})
    outcome = ask(account, asking(accord.Verb.UNSUBSCRIBE, item.id))
    assert (outcome.result, outcome.reason) == (accord.Result.UNKNOWN, "not_closed")


# Opening.


@pytest.mark.parametrize("status", ["unsubscribed", "transactional"])
def test_a_subscribe_only_ever_asks(account: Account, status: str) -> None:
    item = account.person(status=status)
    outcome = ask(account, asking(accord.Verb.SUBSCRIBE, item.id))
    assert (outcome.result, outcome.receipt) == (DONE, accord.Receipt.ACCEPTED)
    assert account.held(item.id)["status"] == "pending"
    assert said(account) == [{"status": "pending"}]
    assert shown(account, item)["consents"][CELL]["state"] == "pending_confirmation"


def test_only_the_click_in_the_mail_grants_after_a_refusal_by_api(account: Account) -> None:
    item = account.person(status="subscribed")
    account.env.sleep(60)
    ask(account, asking(accord.Verb.UNSUBSCRIBE, item.id))
    account.env.sleep(60)
    ask(account, asking(accord.Verb.SUBSCRIBE, item.id))
    pending = shown(account, item)["consents"][CELL]
    account.env.sleep(60)
    account.sandbox.confirm(item.id)
    confirmed = shown(account, item)["consents"][CELL]
    assert (pending["state"], pending.get("at")) == ("pending_confirmation", None)
    assert (confirmed["state"], confirmed["double_opt_in"]) == ("granted", True)
    assert confirmed["at"] == account.env.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert confirmed["evidence"].startswith("mailchimp:sandbox/")


@pytest.mark.parametrize("status", ["subscribed", "pending"])
def test_nobody_is_asked_twice(account: Account, status: str) -> None:
    item = account.person(status=status)
    assert ask(account, asking(accord.Verb.SUBSCRIBE, item.id)).result is DONE
    assert account.methods() == ["GET"]


def test_a_subscribe_without_a_grant_is_never_sent(account: Account) -> None:
    item = account.person()
    assert ask(account, asking(accord.Verb.SUBSCRIBE, item.id, grant=None)).reason == "no_grant"
    assert account.methods() == []


def test_a_bounced_address_is_not_asked_and_not_taken_for_a_refusal(account: Account) -> None:
    item = account.person(status="cleaned")
    outcome = ask(account, asking(accord.Verb.SUBSCRIBE, item.id))
    assert (outcome.result, outcome.reason) == (REJECTED, "hard_bounce")


def test_the_compliance_state_is_told_by_its_name(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    item = account.person()
    detail = "ana@example.com is in a compliance state"
    refusal = account.sandbox.refuse(400, "compliance_state", detail)

    def refuse(*_: object) -> None:
        raise refusal

    monkeypatch.setattr(account.sandbox, "decided", refuse)
    for verb in (accord.Verb.SUBSCRIBE, accord.Verb.UNSUBSCRIBE):
        outcome = ask(account, asking(verb, item.id))
        assert (outcome.result, outcome.reason) == (REJECTED, "compliance_state")


def test_a_permission_of_another_list_opens_nothing(account: Account) -> None:
    item = account.person()
    assert ask(account, asking(accord.Verb.SUBSCRIBE, item.id, scope="0000000000")).reason == "other_list"
    assert ask(account, asking(accord.Verb.SUBSCRIBE, item.id, scope="sandbox")).result is DONE


def test_no_stream_can_set_a_member_to_subscribed(account: Account) -> None:
    """Whatever is asked in whatever state, no body ever says so."""
    for number, status in enumerate(("subscribed", "unsubscribed", "cleaned", "pending", "transactional")):
        item = account.person(f"a{number}@example.com", status)
        for verb in (accord.Verb.SUBSCRIBE, accord.Verb.UNSUBSCRIBE, accord.Verb.SUBSCRIBE):
            ask(account, asking(verb, item.id, document={"email": f"a{number}@example.com"}))
    assert {body["status"] for body in said(account)} == {"pending", "unsubscribed"}


# Erasing.


def test_an_erased_person_is_forgotten_for_good(account: Account) -> None:
    item = account.person(status="unsubscribed")
    account.sandbox.person_edits("members", item.id, {"email_address": "eva@example.com"})
    outcome = ask(account, asking(accord.Verb.ERASE, item.id))
    assert (outcome.result, outcome.receipt) == (DONE, accord.Receipt.CONFIRMED)
    assert len(account.sandbox.members) == 0
    assert ask(account, asking(accord.Verb.ERASE, item.id)).result is GONE


def test_an_archived_person_is_erased_too(account: Account) -> None:
    item, stream = account.person(), account.members()
    write = replace(creating(stream), operation=accord.Operation.DELETE, external_id=item.id)
    stream.delete([write])
    outcome = ask(account, asking(accord.Verb.ERASE, document={"email": "ana@example.com"}))
    assert outcome.result is DONE
    assert len(account.sandbox.members) == 0


# Bounces and complaints.


def test_a_bounce_is_a_suppression_and_no_refusal(account: Account) -> None:
    item = account.person(status="subscribed")
    account.sandbox.bounce(item.id)
    document = shown(account, item)
    assert document["consents"][CELL]["state"] == "unknown"
    assert document["suppressions"]["email:hard_bounce"]["source"] == "cleaned"


def test_a_complaint_is_a_suppression_and_a_dated_refusal_that_no_update_clears(account: Account) -> None:
    item = account.person(status="subscribed")
    account.env.sleep(60)
    account.sandbox.complain(item.id)
    before = shown(account, item)
    complained = before["suppressions"]["email:complaint"]
    assert (before["consents"][CELL]["state"], complained["source"]) == ("withdrawn", "abuse report")
    assert before["consents"][CELL]["at"] == complained["at"]
    account.env.sleep(60)
    stream = account.members()
    stream.create([creating(stream, email="ana@example.com", given_name="Ana")])
    after = shown(account, item)
    assert (after["consents"], after["suppressions"]) == (before["consents"], before["suppressions"])


def test_complaints_are_asked_for_only_when_somebody_has_left(account: Account) -> None:
    account.person(status="subscribed")
    everything(account.members())
    account.person("eva@example.com", "unsubscribed")
    everything(account.members())
    paths = [request.url.path.rpartition("/")[2] for request, _ in account.recorder.exchanges]
    assert paths == ["members", "members", "abuse-reports"]

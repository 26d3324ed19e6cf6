"""What people allow and refuse, both ways between Accord and a shop; and erasure."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import accord
from accord_shopify.sandbox.shop import schema
from accord_shopify.subscription import FIELDS, STATES, meaning
from connectors.shopify.tests.conftest import Shop, rows_of
from connectors.shopify.tests.described import described, problems_of_answer, problems_of_request

ANA, NUMBER = "ana@example.com", "+33199001234"
DIRECT = "marketing.direct"
ENUMS = ("CustomerEmailMarketingState", "CustomerSmsMarketingState")


def wish(verb: accord.Verb, id_: str | None, channel: str = "email", **more: Any) -> accord.ConsentWrite:
    named: dict[str, Any] = {"document": {"email": ANA, "phone": NUMBER}, **more}
    return accord.ConsentWrite("w", verb, DIRECT, channel, id_, **named)


def carried(shop: Shop, write: accord.ConsentWrite) -> accord.Outcome:
    [outcome] = getattr(shop.stream("customers").operations, write.verb)([write])
    assert isinstance(outcome, accord.Outcome)
    return outcome


def person(shop: Shop, **values: Any) -> str:
    return shop.customer(**{"firstName": "Ana", "email": ANA, "phone": NUMBER, **values})


def state(shop: Shop, id_: str, channel: str = "email") -> dict[str, Any]:
    item = shop.sandbox.customers.table.get(id_.rpartition("/")[2])
    assert item is not None
    held: dict[str, Any] = item.values.get(FIELDS[channel]) or {}
    return held


def subscribed(at: str) -> dict[str, Any]:
    return {"marketingState": "SUBSCRIBED", "marketingOptInLevel": "SINGLE_OPT_IN", "consentUpdatedAt": at}


def shown(shop: Shop, word: str) -> dict[str, Any]:
    held = {**subscribed("2026-01-02T03:04:05Z"), "marketingState": word}
    document: dict[str, Any] = shop.stream("customers").mapping.read({"emailMarketingConsent": held})
    return document


# Reading.


@pytest.mark.parametrize("enum", ENUMS)
def test_the_table_has_every_state_that_shopify_describes(enum: str, specs: Path) -> None:
    known: Any = described(specs).type_map[enum]
    assert set(known.values) | set(getattr(schema().type_map[enum], "values", ())) <= set(STATES)


@pytest.mark.parametrize("word", [*STATES, "SOMETHING_NEW", ""])
def test_every_state_means_something_and_only_one_is_a_grant(shop: Shop, word: str) -> None:
    told = shown(shop, word)["consents"][f"{DIRECT}:email"]
    assert told["state"] == (STATES[word].permission if word in STATES else "unknown")
    assert (told["state"] == "granted") == (word == "SUBSCRIBED")


def test_an_invalid_address_is_a_suppression_and_no_wish(shop: Shop) -> None:
    document = shown(shop, "INVALID")
    assert document["suppressions"] == {
        "email:invalid": {"at": "2026-01-02T03:04:05Z", "source": "shopify:INVALID"}
    }
    assert document["consents"][f"{DIRECT}:email"]["state"] == "unknown"


def test_an_erased_customer_is_a_tombstone_that_empties_nobody(shop: Shop) -> None:
    id_, stream = person(shop), shop.stream("customers")
    shop.sandbox.person_asks_for_erasure(id_.rpartition("/")[2])
    shop.env.sleep(11 * 86_400)
    [row] = rows_of(stream)
    assert (row["email"], stream.is_deleted(row)) == (None, True)


def test_what_is_not_erased_is_no_tombstone() -> None:
    assert [word for word in [*STATES, "SOMETHING_NEW"] if meaning({"marketingState": word}).erased] == [
        "REDACTED"
    ]


# Refusals.


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_refusal_carries_the_date_of_the_decision(shop: Shop, channel: str) -> None:
    id_, at = person(shop), shop.env.now() - timedelta(days=2)
    outcome = carried(shop, wish(accord.Verb.UNSUBSCRIBE, id_, channel, at=at))
    assert (outcome.result, outcome.receipt) == (accord.Result.DONE, accord.Receipt.CONFIRMED)
    held = state(shop, id_, channel)
    assert held["marketingState"] == "UNSUBSCRIBED"
    assert datetime.fromisoformat(held["consentUpdatedAt"]) == at.replace(microsecond=0)


def test_a_refusal_without_a_date_is_dated_now(shop: Shop) -> None:
    id_ = person(shop, emailMarketingConsent=subscribed("2026-01-01T00:00:00Z"))
    assert carried(shop, wish(accord.Verb.UNSUBSCRIBE, id_)).result is accord.Result.DONE
    held = datetime.fromisoformat(state(shop, id_)["consentUpdatedAt"])
    assert timedelta(0) <= shop.env.now() - held <= timedelta(seconds=1)


def test_no_state_is_ever_sent_without_its_date(shop: Shop) -> None:
    id_ = person(shop)
    for channel in FIELDS:
        carried(shop, wish(accord.Verb.UNSUBSCRIBE, id_, channel))
        carried(shop, wish(accord.Verb.SUBSCRIBE, id_, channel, grant="g1", at=shop.env.now()))
        carried(shop, wish(accord.Verb.SUBSCRIBE, id_, channel, grant="g1"))
    sent = [
        said.variables["w0_input"][FIELDS[channel]]
        for said in shop.said
        for channel in FIELDS
        if FIELDS[channel] in said.variables.get("w0_input", {})
    ]
    assert len(sent) == 4
    assert all(given["consentUpdatedAt"] for given in sent)


def test_a_later_decision_in_the_shop_is_read_before_it_is_overruled(shop: Shop) -> None:
    at = shop.env.now() - timedelta(hours=1)
    id_ = person(shop, emailMarketingConsent=subscribed(shop.env.now().isoformat()))
    outcome = carried(shop, wish(accord.Verb.UNSUBSCRIBE, id_, at=at))
    assert (outcome.result, outcome.reason) == (accord.Result.PRECONDITION, "later_decision")
    assert state(shop, id_)["marketingState"] == "SUBSCRIBED"


def test_a_refusal_is_firm_once_the_later_decision_must_have_been_read(shop: Shop) -> None:
    at = shop.env.now() - timedelta(hours=1)
    id_ = person(shop, emailMarketingConsent=subscribed(shop.env.now().isoformat()))
    shop.env.sleep(2 * 86_400)
    outcome = carried(shop, wish(accord.Verb.UNSUBSCRIBE, id_, at=at))
    assert (outcome.result, outcome.receipt) == (accord.Result.DONE, accord.Receipt.CONFIRMED)
    assert datetime.fromisoformat(state(shop, id_)["consentUpdatedAt"]) >= at + timedelta(days=2)


def test_a_refusal_finds_a_person_who_came_back_under_another_key(shop: Shop) -> None:
    id_ = person(shop)
    outcome = carried(shop, wish(accord.Verb.UNSUBSCRIBE, "gid://shopify/Customer/1"))
    assert (outcome.result, outcome.external_id) == (accord.Result.DONE, id_)


def test_a_person_without_the_contact_point_has_nothing_to_refuse(shop: Shop) -> None:
    id_ = shop.customer(firstName="Ana", email=ANA)
    outcome = carried(shop, wish(accord.Verb.UNSUBSCRIBE, id_, "sms"))
    assert outcome.result is accord.Result.GONE


def test_a_refusal_in_the_shop_is_read_by_the_next_run(shop: Shop) -> None:
    id_ = person(shop, emailMarketingConsent=subscribed("2026-01-01T00:00:00Z"))
    shop.env.sleep(60)
    since = shop.env.now()
    shop.sandbox.person_unsubscribes("customers", id_.rpartition("/")[2])
    stream = shop.stream("customers")
    [row] = rows_of(stream, since=since)
    told = stream.mapping.read(row)["consents"][f"{DIRECT}:email"]
    assert told["state"] == "withdrawn"
    assert datetime.fromisoformat(told["at"]) >= since.replace(microsecond=0)


# Permissions.


def test_a_grant_is_recorded_with_its_own_date(shop: Shop) -> None:
    id_, at = person(shop), shop.env.now() - timedelta(days=1)
    outcome = carried(shop, wish(accord.Verb.SUBSCRIBE, id_, grant="g1", at=at))
    assert (outcome.result, outcome.receipt) == (accord.Result.DONE, accord.Receipt.CONFIRMED)
    assert datetime.fromisoformat(state(shop, id_)["consentUpdatedAt"]) == at.replace(microsecond=0)


def test_a_grant_without_a_date_opens_nothing(shop: Shop) -> None:
    id_ = person(shop)
    outcome = carried(shop, wish(accord.Verb.SUBSCRIBE, id_, grant="g1"))
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, "undated_grant")
    assert shop.said == []


def test_a_replayed_grant_does_not_revive_who_refused_since(shop: Shop) -> None:
    id_, at = person(shop), shop.env.now()
    grant = wish(accord.Verb.SUBSCRIBE, id_, grant="g1", at=at)
    carried(shop, grant)
    shop.env.sleep(3600)
    shop.sandbox.person_unsubscribes("customers", id_.rpartition("/")[2])
    shop.env.sleep(3600)
    outcome = carried(shop, grant)
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, "compliance_state")
    assert state(shop, id_)["marketingState"] == "UNSUBSCRIBED"


# Failures inside the vendor.


@pytest.mark.parametrize("verb", [accord.Verb.UNSUBSCRIBE, accord.Verb.SUBSCRIBE, accord.Verb.ERASE])
def test_a_failure_inside_shopify_is_tried_again_and_given_up_by_nobody(
    shop: Shop, verb: accord.Verb
) -> None:
    id_, at = person(shop), shop.env.now()
    channel = "" if verb is accord.Verb.ERASE else "email"
    write = wish(verb, id_, channel, grant="g1", at=at)
    shop.sandbox.unwell = True
    outcome = carried(shop, write)
    assert (outcome.result, outcome.reason) == (accord.Result.RETRY, "vendor_failure")
    shop.sandbox.unwell = False
    assert carried(shop, write).result is accord.Result.DONE


# Erasure.


def test_an_erasure_is_accepted_and_happens_days_later(shop: Shop) -> None:
    id_ = person(shop)
    outcome = carried(shop, wish(accord.Verb.ERASE, id_, ""))
    assert (outcome.result, outcome.receipt) == (accord.Result.DONE, accord.Receipt.ACCEPTED)
    shop.env.sleep(11 * 86_400)
    again = carried(shop, wish(accord.Verb.ERASE, id_, ""))
    assert again.result is accord.Result.GONE


def test_an_erasure_waits_for_recent_orders(busy: Shop) -> None:
    order = next(item for item in busy.sandbox.orders.table.items() if item.values["customerId"])
    number = order.values["customerId"]
    for other in busy.sandbox.orders.of_customer(number):
        busy.sandbox.orders.table.update(other.id, {"processedAt": busy.env.now().isoformat()})
    carried(busy, wish(accord.Verb.ERASE, f"gid://shopify/Customer/{number}", ""))
    for days, state_ in ((11, False), (170, True)):
        busy.env.sleep(days * 86_400)
        busy.sandbox.erasure.happen()
        held = busy.sandbox.customers.table.get(number)
        assert held is not None
        assert ((held.values.get(FIELDS["email"]) or {}).get("marketingState") == "REDACTED") is state_


# The vendor's own description.


def test_consent_is_carried_as_shopify_describes(shop: Shop, specs: Path) -> None:
    id_ = person(shop)
    for verb in (accord.Verb.UNSUBSCRIBE, accord.Verb.SUBSCRIBE, accord.Verb.ERASE):
        for key in (id_, "gid://shopify/Customer/1", None):
            for channel in FIELDS if verb is not accord.Verb.ERASE else ("",):
                carried(shop, wish(verb, key, channel, grant="g1", at=shop.env.now()))
    wrong = {
        problem
        for said in shop.said
        for problem in (
            *problems_of_request(described(specs), said.query, said.variables),
            *problems_of_answer(described(specs), said.query, said.variables, said.answer["data"]),
        )
    }
    assert not wrong
    assert len(shop.said) > 15

"""Purchases sent to the dataset of a Meta ad account, against its sandbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import accord
from accord.consent.identifiers import sha256
from accord.errors import RecordRejectedError
from accord_meta.sandbox import DATASET
from accord_meta.streams.purchases import Purchases
from connectors.meta.tests.conftest import Account

ORDER: dict[str, Any] = {
    "number": "R-1001",
    "status": "paid",
    "placed_at": "2026-11-20T10:00:00Z",
    "currency": "EUR",
    "total": {"amount": "17.80", "currency": "EUR"},
    "email": "Ana@Example.com",
    "notes": "for my rash",
    "lines": {"1": {"sku": "OINTMENT", "name": "Ointment", "quantity": 1}},
    "addresses": {"billing": {"given_name": "Ana", "locality": "Example", "country": "FR"}},
}


def purchases(account: Account, **settings: Any) -> Purchases:
    return Purchases(account.connect(**settings))


def order(stream: Purchases, hub_id: str = "hub1", **changes: Any) -> accord.Write:
    document = {**ORDER, **changes}
    row = stream.mapping.write(document)
    return accord.Write(f"w-{hub_id}", accord.Operation.CREATE, row, document, hub_id, f"k-{hub_id}")


def events(account: Account) -> list[dict[str, Any]]:
    return [item.values for item in account.sandbox.events.items()]


def test_an_order_is_a_purchase_of_a_hashed_buyer(account: Account) -> None:
    stream = purchases(account)
    [outcome] = stream.create([order(stream)])
    assert (outcome.result, outcome.external_id) == (accord.Result.DONE, "R-1001")
    [event] = events(account)
    assert (event["event_name"], event["event_id"], event["event_time"]) == ("Purchase", "R-1001", 1795168800)
    assert event["custom_data"] == {"value": 17.8, "currency": "EUR", "order_id": "R-1001"}
    assert event["user_data"] == {
        "em": [sha256("ana@example.com")],
        "fn": [sha256("ana")],
        "ct": [sha256("example")],
        "country": [sha256("fr")],
    }


def test_neither_articles_nor_clear_text_leave(account: Account) -> None:
    stream = purchases(account)
    stream.create([order(stream)])
    said = account.said().lower()
    assert not [clear for clear in (b"ana@", b"ointment", b"rash", b"quantity") if clear in said]
    assert stream.mapping.writable_fields == stream.allows["ads.conversion_measurement"]


def test_what_is_measured_is_not_used_to_choose_audiences(account: Account) -> None:
    stream = purchases(account)
    stream.create([order(stream)])
    assert events(account)[0]["opt_out"] is True


@pytest.mark.parametrize(
    ("limited", "options"),
    [(False, {"data_processing_options": []}), (True, {"data_processing_options": ["LDU"]})],
)
def test_limited_data_use_is_said_either_way(
    account: Account, limited: bool, options: dict[str, Any]
) -> None:
    stream = purchases(account, limited_data_use=limited)
    stream.create([order(stream)])
    assert events(account)[0].items() >= options.items()


def test_a_repeated_purchase_counts_once_within_48_hours(account: Account) -> None:
    stream = purchases(account)
    stream.create([order(stream)])
    account.env.sleep(timedelta(hours=47).total_seconds())
    stream.create([order(stream)])
    assert len(events(account)) == 1


def test_two_shops_with_one_number_are_told_apart_by_the_hub_id(account: Account) -> None:
    stream = purchases(account, event_id="hub_id")
    stream.create([order(stream, "hub1"), order(stream, "hub2")])
    assert [event["event_id"] for event in events(account)] == ["hub1", "hub2"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"marketplace": "amazon"}, "marketplace_origin"),
        ({"status": "cancelled"}, "no_longer_a_purchase"),
        ({"email": None}, "neither_email_nor_telephone"),
        ({"email": "x@marketplace.amazon.fr"}, "neither_email_nor_telephone"),
        ({"total": None}, "no_date_or_no_amount"),
        ({"placed_at": None}, "no_date_or_no_amount"),
        ({"placed_at": "2026-11-14T10:00:00Z"}, "older_than_meta_takes"),
    ],
)
def test_what_is_no_event_is_a_dead_letter_and_harms_no_other(
    account: Account, changes: dict[str, Any], reason: str
) -> None:
    stream = purchases(account)
    bad, good = stream.create([order(stream, "bad", **changes), order(stream, "good", number="R-2")])
    assert (bad.result, bad.reason) == (accord.Result.REJECTED, reason)
    assert good.result is accord.Result.DONE
    assert len(events(account)) == 1


def test_a_sale_in_a_shop_may_be_two_months_old(account: Account) -> None:
    stream = purchases(account, action_source="physical_store")
    [outcome] = stream.create([order(stream, placed_at="2026-10-01T10:00:00Z")])
    assert outcome.result is accord.Result.DONE


def test_a_batch_that_meta_refuses_is_refused_as_a_whole(account: Account) -> None:
    stream = purchases(account)
    writes = [order(stream, "hub1"), order(stream, "hub2", number="R-2")]
    writes[1].row["identifiers"]["em"] = "clear@example.com"
    with pytest.raises(RecordRejectedError) as caught:
        stream.create(writes)
    assert "clear@" not in str(caught.value)
    assert events(account) == []


def test_the_ledger_names_the_dataset(account: Account) -> None:
    stream = purchases(account)
    ledger = stream.identifiers(order(stream, addresses=None).row)
    assert ledger == {"em": sha256("ana@example.com"), "normaliser": "meta/em/1", "dataset": DATASET}


def test_a_purchase_cannot_be_taken_back_and_the_receipt_says_so(account: Account) -> None:
    stream = purchases(account)
    write = order(stream)
    stream.create([write])
    said = len(account.recorder.exchanges)
    asked = accord.ConsentWrite(
        "r1",
        accord.Verb.REMOVE,
        "ads.conversion_measurement",
        "ad_platform:meta",
        identifiers=stream.identifiers(write.row),
    )
    for [outcome] in (stream.remove([asked]), stream.erase([asked])):
        assert (outcome.receipt, outcome.reason) == (accord.Receipt.IMPOSSIBLE, "events_are_irrevocable")
    assert len(account.recorder.exchanges) == said


def test_a_later_change_of_the_order_is_no_second_purchase(account: Account) -> None:
    assert purchases(account).operations.update is None


def test_the_code_of_the_test_tool_is_passed_on(account: Account) -> None:
    stream = purchases(account, test_event_code="TEST12345")
    stream.create([order(stream)])
    assert b"TEST12345" in account.said()

"""The round-trip laws of Mailchimp's mapping, and the meaning of every status."""

from __future__ import annotations

from typing import Any

import pytest

import accord
from accord.mapping.laws import check_laws
from accord_mailchimp.mapping import MEMBERS, SHOWN_STATUS
from connectors.mailchimp.tests.conftest import Account
from connectors.mailchimp.tests.test_members import everything

BOUND = MEMBERS.bound(connector="mailchimp", stream="members", model=accord.Customer)
SIGNED, OPTED = "2026-11-01T10:00:00+00:00", "2026-11-01T10:05:00+00:00"


def consent(**row: Any) -> dict[str, Any]:
    whole = {"list_id": "l", "contact_id": "c", "timestamp_signup": "", "timestamp_opt": "", **row}
    found: dict[str, Any] = BOUND.read(whole)["consents"]["marketing.direct:email"]
    return {name: value for name, value in found.items() if value is not None}


def test_the_laws_hold_for_generated_documents() -> None:
    check_laws(MEMBERS, accord.Customer, examples=100)


def test_the_laws_hold_for_what_mailchimp_shows(peopled: Account) -> None:
    rows = everything(peopled.members())
    check_laws(MEMBERS, accord.Customer, rows)
    assert {row["status"] for row in rows} == {"subscribed", "unsubscribed", "cleaned", "transactional"}


@pytest.mark.parametrize(("status", "state"), SHOWN_STATUS.items())
def test_every_status_means_something(status: str, state: str) -> None:
    assert consent(status=status)["state"] == state


@pytest.mark.parametrize("status", ["snoozed", "SUBSCRIBED", "Subscribed ", "0"])
def test_a_status_nobody_has_seen_is_unknown(status: str) -> None:
    assert consent(status=status, timestamp_signup=SIGNED, timestamp_opt=OPTED) == {"state": "unknown"}


def test_an_opt_in_with_its_time_is_dated() -> None:
    assert consent(status="subscribed", timestamp_opt=OPTED) == {
        "state": "granted",
        "at": "2026-11-01T10:05:00Z",
    }


def test_an_opt_in_without_a_time_is_an_observation_only() -> None:
    assert consent(status="subscribed") == {"state": "granted"}


def test_a_confirmation_after_the_sign_up_is_a_double_opt_in_with_its_evidence() -> None:
    found = consent(status="subscribed", timestamp_signup=SIGNED, timestamp_opt=OPTED)
    assert found["double_opt_in"] is True
    assert found["evidence"] == f"mailchimp:l/c/{OPTED}"


@pytest.mark.parametrize("signed", ["", OPTED, "never"])
def test_one_step_is_no_double_opt_in(signed: str) -> None:
    assert "double_opt_in" not in consent(status="subscribed", timestamp_signup=signed, timestamp_opt=OPTED)


def test_the_time_of_the_opt_in_never_dates_a_refusal() -> None:
    left = consent(status="unsubscribed", timestamp_signup=SIGNED, timestamp_opt=OPTED)
    assert left == {"state": "withdrawn"}


def test_marketing_permissions_say_nothing() -> None:
    permissions = [{"marketing_permission_id": "1", "text": "E-mail", "enabled": True}]
    assert consent(status="transactional", marketing_permissions=permissions) == {"state": "unknown"}


def test_an_address_that_was_never_filled_is_empty() -> None:
    for empty in ("", {"addr1": "", "city": "", "state": "", "zip": "", "country": "US"}):
        address = MEMBERS.read({"merge_fields": {"ADDRESS": empty}})["addresses"]["default"]
        assert not any((address or {}).values())


def test_a_national_number_is_read_in_the_country_of_the_address() -> None:
    fields: dict[str, Any] = {"PHONE": "01 99 00 12 34", "ADDRESS": {"addr1": "x", "country": "FR"}}
    assert MEMBERS.read({"merge_fields": fields})["phone"] == "+33199001234"
    assert "phone" not in BOUND.read({"merge_fields": {**fields, "ADDRESS": ""}})

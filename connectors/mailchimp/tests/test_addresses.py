"""Addresses at Mailchimp: postal ones are whole or empty, e-mail addresses are what a permission hangs on."""

from __future__ import annotations

from typing import Any

import pytest

import accord
from accord_mailchimp.mapping import NOTHING
from accord_mailchimp.sandbox import merge_fields
from accord_mailchimp.streams.permission import subscriber_hash
from connectors.mailchimp.tests.conftest import Account
from connectors.mailchimp.tests.test_members import creating, updating

# A postal address.


def test_an_address_without_a_state_is_kept_whole(account: Account) -> None:
    stream = account.members()
    home = {"street_address": "1 rue Exemple", "locality": "Paris", "postal_code": "75000", "country": "FR"}
    [outcome] = stream.create([creating(stream, email="ana@example.com", addresses={"default": home})])
    assert account.held(outcome.external_id or "")["merge_fields"]["ADDRESS"]["state"] == NOTHING
    assert outcome.row is not None
    shown = stream.mapping.read(outcome.row)["addresses"]["default"]
    assert {name: line for name, line in shown.items() if line} == home


def test_an_address_without_a_country_is_left_empty(account: Account) -> None:
    """Mailchimp would make it an American one."""
    stream = account.members()
    write = creating(stream, email="ana@example.com", addresses={"default": {"locality": "Paris"}})
    [outcome] = stream.create([write])
    assert account.held(outcome.external_id or "")["merge_fields"]["ADDRESS"] == ""


def test_an_address_mailchimp_refuses_does_not_keep_back_the_rest(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge_fields, "NEEDED", (*merge_fields.NEEDED, "addr2"))
    stream = account.members()
    facts: dict[str, Any] = {
        "given_name": "Ana",
        "addresses": {"default": {"locality": "X", "country": "FR"}},
    }
    [made] = stream.create([creating(stream, email="ana@example.com", **facts)])
    [changed] = stream.update([updating(stream, made.external_id or "", **{**facts, "given_name": "Eva"})])
    assert (made.result, changed.result) == (accord.Result.DONE, accord.Result.DONE)
    held = account.held(made.external_id or "")["merge_fields"]
    assert (held["FNAME"], held.get("ADDRESS")) == ("Eva", None)


# A changed address.


def test_a_member_without_a_permission_is_renamed_and_keeps_the_key(account: Account) -> None:
    item, stream = account.person(), account.members()
    [outcome] = stream.update([updating(stream, item.id, email="eva@example.com")])
    assert (outcome.result, outcome.external_id) == (accord.Result.DONE, item.id)
    row = stream.get([item.id])[item.id]
    assert row is not None
    assert row["id"] == subscriber_hash("eva@example.com")


@pytest.mark.parametrize("status", ["subscribed", "pending"])
def test_a_permission_moves_to_a_new_address_only_if_the_settings_say_so(
    account: Account, status: str
) -> None:
    item, stream = account.person(status=status), account.members()
    [outcome] = stream.update([updating(stream, item.id, email="eva@example.com")])
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, f"rename_of_{status}")
    willing = account.members(rename=True)
    [outcome] = willing.update([updating(willing, item.id, email="eva@example.com")])
    assert outcome.result is accord.Result.DONE
    assert account.held(item.id)["email_address"] == "eva@example.com"


@pytest.mark.parametrize("status", ["unsubscribed", "cleaned"])
def test_a_refusal_or_a_bounce_never_moves_to_another_address(account: Account, status: str) -> None:
    item, stream = account.person(status=status), account.members(rename=True)
    [outcome] = stream.update([updating(stream, item.id, email="eva@example.com")])
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, f"rename_of_{status}")
    assert account.held(item.id)["email_address"] == "ana@example.com"


def test_the_same_address_in_another_case_is_no_rename(account: Account) -> None:
    item, stream = account.person(status="unsubscribed"), account.members()
    [outcome] = stream.update([updating(stream, item.id, email="ANA@example.com", given_name="Ana")])
    assert outcome.result is accord.Result.DONE


def test_an_address_of_somebody_else_is_refused(account: Account) -> None:
    account.person("eva@example.com")
    item, stream = account.person(), account.members()
    [outcome] = stream.update([updating(stream, item.id, email="eva@example.com")])
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, "invalid_resource email_address")

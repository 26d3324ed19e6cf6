"""Audiences and conversions from files to Meta, with the configuration that the connector's README shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from accord import Accord
from accord.consent.identifiers import sha256
from accord.sandbox import SandboxOptions, serve
from accord_meta.sandbox import MetaSandbox

README = Path(__file__).parents[2] / "connectors" / "meta" / "README.md"
MATCH, MEASURE = "ads.audience_match:ad_platform:meta", "ads.conversion_measurement:ad_platform:meta"
PERSONAL = "ads.personalisation:ad_platform:meta"
"""The policy asks for it beside the match: who is matched is shown other advertisements."""
OFFICE = f"""
[accord]
store = "sqlite:///accord.db"

[connections.office]
connector = "files"
root = "."

[connections.office.streams.customers]
model = "customer"
path = "customers.csv"
key = "id"

[connections.office.streams.customers.fields]
email = "email"
given_name = "name"
birth_date = "born"
"consents[{MATCH}].state" = "match"
"consents[{MATCH}].at" = "match_at"
"consents[{PERSONAL}].state" = "personal"
"consents[{PERSONAL}].at" = "personal_at"
"consents[{MEASURE}].state" = "measure"
"consents[{MEASURE}].at" = "measure_at"

[connections.office.streams.orders]
model = "order"
path = "orders.csv"
key = "number"

[connections.office.streams.orders.fields]
number = "number"
status = "status"
placed_at = "placed"
email = "email"
currency = "currency"
total = {{ column = "amount", currency_column = "currency" }}
customer = {{ column = "customer", stream = "customers" }}
"""
HEAD = "id,email,name,born,match,match_at,personal,personal_at,measure,measure_at\n"
AT = "2026-01-01T00:00:00Z"


def person(number: int, email: str, match: str, measure: str) -> str:
    """One row of the export; who agrees to the match agrees to personalisation too."""
    at = {"unknown": ""}
    wishes = [f"{wish},{at.get(wish, AT)}" for wish in (match, match, measure)]
    return ",".join([str(number), email, f"Name{number}", "1990-01-31", *wishes])


PEOPLE = {
    "ana": person(1, "Ana@Example.com", "granted", "granted"),
    "unknown": person(2, "bob@example.com", "unknown", "unknown"),
    "refuser": person(3, "cid@example.com", "withdrawn", "withdrawn"),
    "measured": person(4, "dee@example.com", "unknown", "granted"),
    "lent": person(5, "x1@marketplace.amazon.fr", "granted", "granted"),
}


@dataclass
class Office:
    """A folder with exports, and the ad account they lead to."""

    folder: Path
    sandbox: MetaSandbox

    def people(self, **changed: str) -> None:
        rows = {**PEOPLE, **changed}.values()
        (self.folder / "customers.csv").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")

    def orders(self, *rows: str) -> None:
        head = "number,status,placed,email,currency,amount,customer\n"
        (self.folder / "orders.csv").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")

    def sync(self, flow: str) -> Any:
        with Accord.open(self.folder / "accord.toml") as accord:
            return accord.sync(flow, approve=True)

    def said(self) -> str:
        return "".join(entry["path"] + entry["body"] for entry in self.sandbox.log)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("META_TOKEN", "key")
    monkeypatch.setenv("META_APP_SECRET", "app")
    [shown] = re.findall(r"^```toml\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    sandbox = MetaSandbox(SandboxOptions(size=0, l_max=0, rate=0))
    with serve(sandbox) as running:
        placed = shown.replace(
            "[connections.ads]", f'[connections.ads]\nbase_url = "{running.url}"\nt_max = 0.1\nl_max = 0.0001'
        )
        text = OFFICE + placed
        (tmp_path / "accord.toml").write_text(text, encoding="utf-8")
        office = Office(tmp_path, sandbox)
        office.people()
        office.orders()
        yield office


def test_only_who_agreed_reaches_the_audience_and_only_as_a_hash(office: Office) -> None:
    report = office.sync("audience")
    assert [item.values["EMAIL"] for item in office.sandbox.members.items()] == [sha256("ana@example.com")]
    assert not re.search("ana@|bob|cid|marketplace|1990|Name1", office.said(), re.IGNORECASE)
    assert sum(report.total.held.values()) >= 3


def test_a_second_sync_says_nothing(office: Office) -> None:
    office.sync("audience")
    before = office.sandbox.counts["writes"]
    office.sync("audience")
    assert office.sandbox.counts["writes"] == before


def test_a_grant_that_comes_later_lets_the_person_in(office: Office) -> None:
    office.sync("audience")
    office.people(unknown=person(2, "bob@example.com", "granted", "unknown"))
    office.sync("audience")
    hashes = {item.values["EMAIL"] for item in office.sandbox.members.items()}
    assert hashes == {sha256("ana@example.com"), sha256("bob@example.com")}


def test_a_changed_name_is_sent_with_the_whole_person(office: Office) -> None:
    office.sync("audience")
    office.people(ana=PEOPLE["ana"].replace(",Name1,", ",Anaïs,"))
    office.sync("audience")
    assert office.sandbox.members.items()[-1].values["FN"] == sha256("anaïs")
    assert office.sandbox.members.items()[-1].values["EMAIL"] == sha256("ana@example.com")


def test_a_sale_is_measured_only_for_who_agreed_to_that(office: Office) -> None:
    today = datetime.now(UTC).strftime("%Y-%m-%dT00:00:00Z")
    office.orders(
        f"R-1,paid,{today},dee@example.com,EUR,17.80,4",
        f"R-2,paid,{today},bob@example.com,EUR,5.00,2",
        f"R-3,new,{today},dee@example.com,EUR,5.00,4",
    )
    office.sync("audience")
    office.sync("sales")
    [event] = [item.values for item in office.sandbox.events.items()]
    assert (event["event_id"], event["custom_data"]["value"]) == ("R-1", 17.8)
    assert event["user_data"] == {"em": [sha256("dee@example.com")]}

"""The customer list of a Meta ad account, against its sandbox."""

from __future__ import annotations

import json
from typing import Any

import pytest

import accord
from accord.consent.identifiers import sha256
from accord.errors import AccessError
from accord_meta.sandbox import AUDIENCE
from accord_meta.streams.members import Members
from connectors.meta.tests.conftest import Account

ANA: dict[str, Any] = {
    "email": "Ana.Example+shop@Example.com",
    "phone": "+33199001234",
    "given_name": "Ana-Éva",
    "family_name": "O'Example",
    "addresses": {"default": {"locality": "Saint-Étienne", "postal_code": "42 000", "country": "FR"}},
}
HASHED = {
    "EMAIL": sha256("ana.example+shop@example.com"),
    "PHONE": sha256("33199001234"),
    "FN": sha256("anaéva"),
    "LN": sha256("oexample"),
    "CT": sha256("saintétienne"),
    "ZIP": sha256("42000"),
    "COUNTRY": sha256("fr"),
}


def members(account: Account, **settings: Any) -> Members:
    return Members(account.connect(**settings))


def adding(stream: Members, hub_id: str = "hub1", **document: Any) -> accord.Write:
    row = stream.mapping.write(document)
    return accord.Write(f"w-{hub_id}", accord.Operation.CREATE, row, document, hub_id, f"k-{hub_id}")


def removing(identifiers: Any, name: str = "r1") -> accord.ConsentWrite:
    return accord.ConsentWrite(
        name, accord.Verb.REMOVE, "ads.audience_match", "ad_platform:meta", identifiers=identifiers
    )


def erasing(identifiers: Any) -> accord.ConsentWrite:
    return accord.ConsentWrite("e1", accord.Verb.ERASE, "", "", identifiers=identifiers)


def bodies(account: Account) -> list[dict[str, Any]]:
    return [json.loads(request.content) for request, _ in account.recorder.exchanges]


def test_only_hashes_leave(account: Account) -> None:
    stream = members(account)
    [outcome] = stream.upsert([adding(stream, **ANA)])
    assert (outcome.result, outcome.external_id) == (accord.Result.DONE, "hub1")
    assert account.members() == [{"audience": AUDIENCE, **HASHED}]
    said = account.said().lower()
    assert not [
        clear for clear in (b"ana", b"example.com", b"99001234", b"tienne", b"42000") if clear in said
    ]


def test_a_field_that_is_not_listed_never_leaves(account: Account) -> None:
    stream = members(account)
    unlisted = {
        "birth_date": "1990-01-31",
        "notes": "secret note",
        "loyalty_tier": "gold",
        "gender": "female",
    }
    stream.upsert([adding(stream, **ANA, **unlisted)])
    [body] = bodies(account)
    assert set(body["payload"]["schema"]) == set(HASHED)
    assert {len(row) for row in body["payload"]["data"]} == {len(HASHED)}
    assert stream.mapping.writable_fields == stream.allows["ads.audience_match"]


def test_the_ledger_gets_what_leaves_and_by_which_normaliser(account: Account) -> None:
    stream = members(account)
    ledger = stream.identifiers(adding(stream, email="a@example.com").row)
    assert ledger == {"em": sha256("a@example.com"), "normaliser": "meta/em/1", "audience": AUDIENCE}


def test_a_batch_is_one_finished_session(account: Account) -> None:
    stream = members(account)
    stream.upsert([adding(stream, f"hub{n}", email=f"a{n}@example.com") for n in range(3)])
    [body] = bodies(account)
    session = body["session"]
    assert (session["batch_seq"], session["last_batch_flag"], session["estimated_num_total"]) == (1, True, 3)
    held = account.sandbox.sessions.get(str(session["session_id"]))
    assert held is not None
    assert held.values["received"] == 3


def test_a_lent_address_is_a_dead_letter_that_says_why(account: Account) -> None:
    stream = members(account)
    [outcome] = stream.upsert([adding(stream, email="x1@marketplace.amazon.fr", given_name="Ana")])
    assert outcome.result is accord.Result.REJECTED
    assert "lent" in outcome.reason
    assert "x1" not in outcome.reason
    assert account.recorder.exchanges == []
    assert stream.identifiers(adding(stream, email="x1@marketplace.amazon.fr").row) == {}


def test_a_name_alone_matches_nobody(account: Account) -> None:
    stream = members(account)
    [outcome] = stream.upsert([adding(stream, given_name="Ana", family_name="Example")])
    assert (outcome.result, outcome.reason) == (accord.Result.REJECTED, "neither e-mail nor telephone")


def test_a_lent_address_does_not_keep_the_telephone_back(account: Account) -> None:
    stream = members(account)
    stream.upsert([adding(stream, email="x1@marketplace.amazon.fr", phone="+33199001234")])
    assert account.members() == [{"audience": AUDIENCE, "PHONE": sha256("33199001234")}]


def test_one_row_that_meta_cannot_use_is_found(account: Account) -> None:
    stream = members(account)
    writes = [adding(stream, f"hub{n}", email=f"a{n}@example.com") for n in range(5)]
    writes[3].row["identifiers"]["em"] = "not a digest"
    results = {outcome.write_id: outcome.result for outcome in stream.upsert(writes)}
    wanted = dict.fromkeys((write.id for write in writes), accord.Result.DONE)
    assert results == {**wanted, "w-hub3": accord.Result.REJECTED}
    assert len(account.members()) == 4


def test_a_removal_replays_the_ledger_whatever_the_customer_is_called_today(account: Account) -> None:
    stream = members(account)
    write = adding(stream, **ANA)
    ledger = stream.identifiers(write.row)
    stream.upsert([write, adding(stream, "hub2", email="other@example.com")])
    [outcome] = stream.remove([removing(ledger)])
    assert (outcome.result, outcome.receipt) == (accord.Result.DONE, accord.Receipt.ACCEPTED)
    assert [member["EMAIL"] for member in account.members()] == [sha256("other@example.com")]
    sent = account.recorder.exchanges[-1][0]
    assert (sent.method, sent.url.path) == ("DELETE", f"/v25.0/{AUDIENCE}/users")


def test_a_removal_goes_to_the_audience_it_was_sent_to(account: Account) -> None:
    stream = members(account)
    write = adding(stream, **ANA)
    stream.upsert([write])
    with account.sandbox.shelf.acting("person"):
        account.sandbox.audiences.insert({"name": "New", "account_id": "1", "flagged": False}, id_="777")
    later = members(account, audience="777")
    later.remove([removing(stream.identifiers(write.row))])
    assert account.members() == []


def test_a_removal_without_identifiers_reaches_a_person(account: Account) -> None:
    [outcome] = members(account).remove([removing({})])
    assert (outcome.result, outcome.receipt) == (accord.Result.REJECTED, accord.Receipt.IMPOSSIBLE)
    assert account.recorder.exchanges == []


def test_an_erasure_takes_the_person_out_of_the_audience(account: Account) -> None:
    stream = members(account)
    write = adding(stream, **ANA)
    stream.upsert([write])
    [outcome] = stream.erase([erasing(stream.identifiers(write.row))])
    assert outcome.receipt is accord.Receipt.ACCEPTED
    assert account.members() == []


def test_a_flagged_audience_stops_additions_and_removals_and_asks_a_person(account: Account) -> None:
    stream = members(account)
    write = adding(stream, **ANA)
    stream.upsert([write])
    account.sandbox.flag()
    with pytest.raises(AccessError, match="answered with 400") as adding_refused:
        stream.upsert([write])
    with pytest.raises(AccessError, match="answered with 400") as removal_refused:
        stream.remove([removing(stream.identifiers(write.row))])
    assert "Audience Manager" in adding_refused.value.hint == removal_refused.value.hint
    account.sandbox.flag(flagged=False)
    assert stream.remove([removing(stream.identifiers(write.row))])[0].result is accord.Result.DONE


def test_a_flagged_audience_does_not_keep_others_from_being_cleared(account: Account) -> None:
    stream = members(account)
    write = adding(stream, **ANA)
    ledger = dict(stream.identifiers(write.row))
    with account.sandbox.shelf.acting("person"):
        account.sandbox.audiences.insert({"name": "Old", "account_id": "1", "flagged": True}, id_="777")
    stream.upsert([write])
    outcomes = stream.remove([removing({**ledger, "audience": "777"}, "r1"), removing(ledger, "r2")])
    said = {outcome.write_id: (outcome.result, outcome.reason) for outcome in outcomes}
    assert said == {"r1": (accord.Result.RETRY, "audience_flagged"), "r2": (accord.Result.DONE, "")}


def test_an_audience_that_was_deleted_does_not_keep_others_from_being_cleared(account: Account) -> None:
    stream = members(account)
    write = adding(stream, **ANA)
    ledger = dict(stream.identifiers(write.row))
    stream.upsert([write])
    outcomes = stream.remove([removing({**ledger, "audience": "999"}, "r1"), removing(ledger, "r2")])
    said = {outcome.write_id: (outcome.result, outcome.reason) for outcome in outcomes}
    assert said == {"r1": (accord.Result.RETRY, "audience_unreachable"), "r2": (accord.Result.DONE, "")}


@pytest.mark.parametrize("broken", ["a retired version", "an unknown audience"])
def test_what_no_record_can_help_is_asked_once_and_makes_no_dead_letters(
    account: Account, broken: str
) -> None:
    stream = members(account, audience="999" if broken == "an unknown audience" else AUDIENCE)
    account.sandbox.oldest = 26.0 if broken == "a retired version" else 25.0
    with pytest.raises(AccessError):
        stream.upsert([adding(stream, f"hub{n}", email=f"a{n}@example.com") for n in range(10)])
    assert len(account.recorder.exchanges) == 1


def test_limited_data_use_is_flagged_per_row_and_only_when_adding(account: Account) -> None:
    stream = members(account, limited_data_use=True)
    write = adding(stream, email="a@example.com")
    stream.upsert([write])
    stream.remove([removing(stream.identifiers(write.row))])
    added, removed = bodies(account)
    assert added["payload"]["schema"] == ["EMAIL", "DATA_PROCESSING_OPTIONS"]
    assert added["payload"]["data"] == [[sha256("a@example.com"), ["LDU"]]]
    assert removed["payload"]["schema"] == ["EMAIL"]


def test_a_change_is_completed_with_the_whole_person() -> None:
    assert {"email", "phone", "addresses"} <= Members.mapping.completes(["given_name"])


def test_ten_thousand_go_in_one_call(account: Account) -> None:
    stream = members(account)
    assert stream.operations.sizes["create"] == stream.operations.sizes["remove"] == 10_000
    writes = [adding(stream, f"hub{n}", email=f"a{n}@example.com") for n in range(10_000)]
    assert {outcome.result for outcome in stream.upsert(writes)} == {accord.Result.DONE}
    assert len(account.recorder.exchanges) == 1

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accord import Deletes, Probe, ReadRequest
from accord.errors import AccessError, MappingError, RetryableError
from connectors.files.tests.till import HEADER, HUB, Till, pages, rows


def test_columns_become_canonical_fields(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,zoe@example.com,01 99 00 12 34\n")
    stream = till.stream()
    (row,) = rows(stream)
    assert stream.external_id(row) == "7"
    assert stream.mapping.read(row) == {
        "given_name": "Zoé",
        "email": "zoe@example.com",
        "phone": "+33199001234",
    }


def test_an_empty_cell_is_known_to_be_empty(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,,\n")
    stream = till.stream()
    assert stream.mapping.read(rows(stream)[0])["email"] is None


def test_words_are_listed_for_numbers_and_truth_values_too(till: Till) -> None:
    till.put("c.jsonl", '{"id": 1, "news": {"yes": true}, "size": 2}\n{"id": 2, "news": {"yes": false}}\n')
    words = {"column": "news.yes", "values": {"true": "granted", "false": "withdrawn"}}
    size = {"column": "size", "values": {"2": "big"}}
    fields = {"consents[marketing.direct:email].state": words, "custom.size": size}
    stream = till.stream(path="c.jsonl", key="id", fields=fields)
    first, second = (stream.mapping.read(row) for row in rows(stream))
    assert first["custom"] == {"size": "big"}
    shown = [one["consents"]["marketing.direct:email"]["state"] for one in (first, second)]
    assert shown == ["granted", "withdrawn"]


@pytest.mark.parametrize(
    ("words", "known", "odd"),
    [({"values": {"ja": "granted", "nein": "withdrawn"}}, "nein", "no"), ({}, "withdrawn", "nein")],
)
def test_a_permission_in_a_word_that_nobody_listed_is_told(
    till: Till, caplog: pytest.LogCaptureFixture, words: dict[str, Any], known: str, odd: str
) -> None:
    fields = {"email": "mail", "consents[marketing.direct:email].state": {"column": "tel", **words}}
    stream = till.stream(fields=fields)
    till.put("customers.csv", f"{HEADER}7,Zoé,zoe@example.com,{known}\n8,Ann,ann@example.com,\n")
    rows(stream)
    assert caplog.messages == []
    till.put("customers.csv", f"{HEADER}7,Zoé,zoe@example.com,{odd}\n")
    rows(stream)
    assert [message.partition(" holds ")[0] for message in caplog.messages] == [
        "till/customers: column 'tel'"
    ]


@pytest.mark.parametrize(
    ("column", "held"),
    [
        ("news.mail", {"mail": "no"}),
        ("news[0].mail", [{"mail": "no"}]),
        (r"news.by\.mail", {"by.mail": "no"}),
    ],
)
def test_such_a_word_is_told_wherever_in_a_row_it_stands(
    till: Till, caplog: pytest.LogCaptureFixture, column: str, held: Any
) -> None:
    fields = {"consents[marketing.direct:email].state": {"column": column, "values": {"ja": "granted"}}}
    till.put("c.jsonl", json.dumps({"id": 1, "news": held}) + "\n")
    rows(till.stream(path="c.jsonl", key="id", fields=fields))
    (message,) = caplog.messages
    assert message.startswith(f"till/customers: column {column!r} holds words that are no known state")


def test_a_listed_word_may_mean_that_nothing_is_known(till: Till, caplog: pytest.LogCaptureFixture) -> None:
    words = {"column": "tel", "values": {"ja": "granted", "never asked": "unknown"}}
    stream = till.stream(fields={"email": "mail", "consents[marketing.direct:email].state": words})
    till.put("customers.csv", f"{HEADER}7,Zoé,zoe@example.com,never asked\n")
    rows(stream)
    assert caplog.messages == []


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_seen_in_the_header(till: Till, sign: str) -> None:
    till.put("customers.csv", (HEADER + "7,Zoé,zoe@example.com,\n").replace(",", sign))
    assert rows(till.stream())[0]["first name"] == "Zoé"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_encoding_is_detected(till: Till, encoding: str) -> None:
    till.put("customers.csv", (HEADER + "7,Hélène Müller,h@example.com,\n").encode(encoding))
    assert rows(till.stream())[0]["first name"] == "Hélène Müller"


def test_columns_may_hold_any_sign(till: Till) -> None:
    till.put("customers.csv", "card_no,a.b[c]/d\n7,Zoé\n")
    stream = till.stream(fields={"given_name": "a.b[c]/d"})
    assert stream.mapping.read(rows(stream)[0]) == {"given_name": "Zoé"}


def test_several_columns_make_one_key(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,a|b,x@example.com,\n7,a,y@example.com,\n")
    stream = till.stream(key=["card_no", "first name"])
    assert [stream.external_id(row) for row in rows(stream)] == ["7|a\\|b", "7|a"]


def test_the_later_of_two_rows_with_one_key_counts(till: Till, caplog: pytest.LogCaptureFixture) -> None:
    till.put("customers.csv", HEADER + "7,Old,,\n8,Other,,\n7,New,,\n")
    assert [row["first name"] for row in rows(till.stream())] == ["Other", "New"]
    assert "rows that gave way to a later one with the same key: 1" in caplog.text


def test_the_later_file_counts(till: Till) -> None:
    till.put("customers-2.csv", HEADER + "7,New,,\n")
    till.put("customers-1.csv", HEADER + "7,Old,,\n8,Other,,\n")
    stream = till.stream(path="customers-*.csv")
    assert {row["card_no"]: row["first name"] for row in rows(stream)} == {"7": "New", "8": "Other"}


def test_an_interrupted_read_goes_on_after_the_last_page(till: Till) -> None:
    till.put("customers.csv", HEADER + "".join(f"{n},Name{n},,\n" for n in range(1200)))
    first, *_ = pages(till.stream())
    rest = rows(till.stream(), token=first.token)
    assert [row["card_no"] for row in [*first.rows, *rest]] == [str(n) for n in range(1200)]


def test_a_changed_file_is_read_from_its_start(till: Till) -> None:
    till.put("customers.csv", HEADER + "".join(f"{n},Name{n},,\n" for n in range(600)))
    token = pages(till.stream())[0].token
    till.put("customers.csv", HEADER + "".join(f"{n},Other{n},,\n" for n in range(600)))
    assert len(rows(till.stream(), token=token)) == 600


def test_unchanged_files_are_not_read_again(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,,\n")
    later = datetime.now(UTC) + timedelta(hours=1)
    assert rows(till.stream(), since=later) == []


def test_a_late_export_with_old_dates_is_read(till: Till) -> None:
    till.put("customers.csv", "card_no,first name,mail,tel,changed\n7,Zoé,,,2001-01-01\n")
    stream = till.stream(updated_at="changed")
    found = rows(stream, since=datetime.now(UTC) - timedelta(minutes=5))
    assert stream.updated_at(found[0]) == datetime(2001, 1, 1, tzinfo=UTC)


def test_an_old_mtime_hides_no_new_file(till: Till) -> None:
    os.utime(till.put("customers.csv", HEADER + "7,Zoé,,\n"), (0, 0))
    assert rows(till.stream(), since=datetime.now(UTC) - timedelta(minutes=5))


def test_the_fingerprint_moves_with_the_files(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,,\n")
    stream = till.stream()
    before = stream.fingerprint()
    assert stream.fingerprint() == before
    till.put("customers.csv", HEADER + "7,Zoë,,x\n")
    assert stream.fingerprint() != before


def test_a_table_without_records_is_an_empty_complete_read(till: Till) -> None:
    till.put("customers.csv", HEADER)
    stream = till.stream(complete=True)
    assert [(list(page.rows), page.token) for page in pages(stream)] == [([], None)]
    assert stream.full_read_is_complete


def test_absence_means_deletion_only_in_full_exports(till: Till) -> None:
    assert till.stream().deletes is Deletes.NONE
    assert till.stream(complete=True).deletes is Deletes.SCAN


def test_a_missing_file_is_named(till: Till) -> None:
    with pytest.raises(AccessError, match=r"no file 'customers\.csv'"):
        rows(till.stream())


def test_a_missing_folder_is_named(till: Till) -> None:
    till.root.rmdir()
    with pytest.raises(AccessError, match="cannot be opened"):
        till.open().check()


def test_a_file_that_grows_is_left_for_the_next_run(till: Till) -> None:
    path = till.put("customers.csv", HEADER + "".join(f"{n},Name{n},,\n" for n in range(1200)))
    reading = till.stream().read(ReadRequest())
    next(reading)
    with path.open("a") as file:
        file.write("1200,New,,\n")
    with pytest.raises(RetryableError, match="changed while it was read"):
        list(reading)


def test_rows_are_looked_up_by_key(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Old,,\n7,New,,\n")
    found = till.stream().get(["7", "9"])
    assert found["9"] is None
    assert found["7"] is not None
    assert found["7"]["first name"] == "New"


def test_rows_are_found_by_mail_phone_and_our_id(till: Till) -> None:
    till.put("customers.csv", HEADER + f"7,Zoé,Zoe@Example.com,01 99 00 12 34\n{HUB},Ann,,\n")
    stream = till.stream()
    asked = [Probe("email", "zoe@example.com"), Probe("phone", "+33199001234"), Probe("hub_id", HUB)]
    assert [[row["first name"] for row in found] for found in stream.find(asked)] == [
        ["Zoé"],
        ["Zoé"],
        ["Ann"],
    ]


def test_lines_of_one_invoice_are_one_order(till: Till) -> None:
    till.put("orders.csv", 'invoice,sku,qty,price\nA1,X,1,"2,50"\nB2,X,3,"2,50"\nA1,Y,2,"1,00"\n')
    money = {"column": "price", "currency": "EUR", "decimal": ","}
    stream = till.stream(
        model="order",
        path="orders.csv",
        key="invoice",
        group="invoice",
        fields={"number": "invoice"},
        lines={"fields": {"sku": "sku", "quantity": "qty", "unit_price": money}},
    )
    orders = {stream.external_id(row): stream.mapping.read(row) for row in rows(stream)}
    assert [line["sku"] for line in orders["A1"]["lines"].values()] == ["X", "Y"]
    assert orders["B2"]["lines"]["1"]["unit_price"] == {"amount": "2.50", "currency": "EUR"}


def test_nested_lines_are_read_from_jsonl(till: Till) -> None:
    till.put(
        "orders.jsonl", '{"no": "A1", "items": [{"id": 5, "sku": "X", "qty": 2}], "to": {"zip": "75001"}}\n'
    )
    stream = till.stream(
        model="order",
        path="orders.jsonl",
        key="no",
        fields={"number": "no", "addresses.shipping.postal_code": "to.zip"},
        lines={"path": "items", "key": "id", "fields": {"sku": "sku", "quantity": "qty"}},
    )
    document = stream.mapping.read(rows(stream)[0])
    assert document["lines"]["5"]["quantity"] == 2
    assert document["addresses"]["shipping"]["postal_code"] == "75001"


def test_dates_of_a_french_till_are_instants(till: Till) -> None:
    till.put("customers.csv", "card_no,since\n7,31/01/2026\n8,soon\n")
    since = {"column": "since", "as": "instant", "zone": "Europe/Paris", "format": "%d/%m/%Y"}
    stream = till.stream(fields={"created_at": since})
    good, bad = rows(stream)
    assert stream.mapping.read(good) == {"created_at": "2026-01-30T23:00:00Z"}
    with pytest.raises(MappingError, match="created_at"):
        stream.mapping.read(bad)

from __future__ import annotations

import io
import os
import zipfile
from typing import Any

import openpyxl
import pytest
from pydantic import ValidationError

from accord.errors import AccessError, AnswerShapeError, ConfigError, MappingError, RetryableError
from connectors.files.tests.till import HEADER, Till, rows


def refused(till: Till, **config: Any) -> list[str]:
    """Why the mapping sets rows aside, in the order of the file."""
    stream = till.stream(**config)
    reasons = []
    for row in rows(stream):
        try:
            stream.mapping.read(row)
        except MappingError as error:
            reasons.append(f"{stream.external_id(row)}: {error}")
    return reasons


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HEADER + '7,"Zoé,zoe@example.com,\n8,Ann,,\n', "quote opened in line 2"),
        (HEADER + "7,Zoé,,\n8,An", "line 3 breaks off"),
        (HEADER + "7,Zoé,,\n8,Ann,,01990", "its last line has no end"),
        ("", "not even a header"),
    ],
)
def test_a_half_written_file_is_left_for_the_next_run(till: Till, content: str, words: str) -> None:
    till.put("customers.csv", content)
    with pytest.raises(RetryableError, match=words):
        rows(till.stream())


def test_an_old_file_may_end_without_a_line_break(till: Till) -> None:
    os.utime(till.put("customers.csv", HEADER + "7,Zoé,,"), (1e9, 1e9))
    assert len(rows(till.stream())) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name,mail\n", "no column 'card_no', 'first name'"),
        (b"card_no,first name,mail,mail,tel\n", "'mail' more than once"),
    ],
)
def test_wrong_columns_are_named(till: Till, content: bytes, words: str) -> None:
    till.put("customers.csv", content)
    with pytest.raises(AnswerShapeError, match=words):
        rows(till.stream())


def test_a_wrong_declared_encoding_names_the_line(till: Till) -> None:
    till.put("customers.csv", (HEADER + "7,Ann,,\n8,Zoé,,\n").encode("cp1252"))
    with pytest.raises(AnswerShapeError, match="line 3 cannot be decoded"):
        rows(till.stream(encoding="utf-8"))


def test_an_encoding_of_another_family_is_not_guessed(till: Till) -> None:
    till.put("customers.csv", (HEADER + "7,Hélène Côté,,\n8,José Núñez,,\n").encode("cp850"))
    with pytest.raises(AnswerShapeError, match="cp850"):
        rows(till.stream())
    assert rows(till.stream(encoding="cp850"))[0]["first name"] == "Hélène Côté"


def test_windows_text_is_not_taken_for_one_with_signs_inside_words(till: Till) -> None:
    towns = "".join(f"K{number:05};Zürich;x\r\n" for number in range(9))
    till.put("customers.csv", ("Nummer;Ort;Geändert\r\n" + towns).encode("cp1252"))
    stream = till.stream(key="Nummer", fields={"custom.town": "Ort"})
    assert {row["Ort"] for row in rows(stream)} == {"Zürich"}


def test_broken_utf8_is_not_taken_for_windows(till: Till) -> None:
    till.put("customers.csv", (HEADER + "7,Hélène,,\n").encode() + b"8,Andr\xe9,,\n")
    with pytest.raises(AnswerShapeError, match="line 3 cannot be decoded"):
        rows(till.stream())


def test_an_unknown_encoding_is_refused_in_the_settings(till: Till) -> None:
    with pytest.raises(ValidationError, match="no encoding is called so"):
        till.stream(encoding="utf-99")


def test_ragged_rows_are_set_aside_one_by_one(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Zoé\n8,Ann,,\n9,Eve,x@example.com,,and,more\n")
    assert refused(till) == [
        "7: The record is refused: customers.csv line 2: has 2 cells, the header has 4",
        "9: The record is refused: customers.csv line 4: has 6 cells, the header has 4",
    ]


def test_wrong_quotes_set_one_row_aside(till: Till) -> None:
    till.put("customers.csv", HEADER + '7,"Zo"é,,\n8,Ann,,\n')
    (reason,) = refused(till)
    assert reason.startswith("customers.csv line 2: The record is refused")


def test_a_row_without_a_key_is_named_by_its_line(till: Till) -> None:
    till.put("customers.csv", HEADER + ",Zoé,,\n8,Ann,,\n")
    (reason,) = refused(till)
    assert reason.startswith("customers.csv line 2: ")


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_huge_field_sets_its_record_aside_without_its_value(till: Till, suffix: str) -> None:
    huge = "x" * 10_000_000
    content = {
        "csv": HEADER + f"7,{huge},,\n8,Ann,,\n",
        "jsonl": f'{{"card_no": "7", "first name": "{huge}"}}\n{{"card_no": "8"}}\n',
    }[suffix]
    till.put(f"customers.{suffix}", content)
    (reason,) = refused(till, path=f"customers.{suffix}")
    assert reason.startswith("7: ")
    assert "line" in reason
    assert "'first name'" in reason
    assert len(reason) < 300


def test_nul_bytes_set_one_row_aside(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Zo\0é,,\n8,Ann,,\n")
    assert len(refused(till)) == 1


def test_invalid_values_set_one_row_aside_without_showing_them(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,not-an-address,\n8,Ann,,12\n9,Eve,,\n")
    reasons = refused(till)
    assert len(reasons) == 2
    assert not any("not-an-address" in reason for reason in reasons)


@pytest.mark.parametrize("line", ["not json", "[1, 2]", '{"a": NaN}', "{}", "[" * 100_000])
def test_a_line_that_is_no_object_is_set_aside(till: Till, line: str) -> None:
    till.put("customers.jsonl", f'{line}\n{{"card_no": "8", "first name": "Ann"}}\n')
    assert len(refused(till, path="customers.jsonl")) == 1


def test_half_an_object_at_the_end_is_left_for_the_next_run(till: Till) -> None:
    till.put("customers.jsonl", '{"card_no": "7"}\n{"card_no": "8", "fir')
    with pytest.raises(RetryableError, match="line 2 breaks off"):
        rows(till.stream(path="customers.jsonl"))


def test_half_a_workbook_is_left_for_the_next_run(till: Till) -> None:
    book = workbook([["card_no", "first name", "mail", "tel"], [7, "Zoé", None, None]])
    till.put("customers.xlsx", book[: len(book) // 2])
    with pytest.raises(RetryableError, match="not a complete workbook"):
        rows(till.stream(path="customers.xlsx"))


def test_a_zip_that_is_no_workbook_is_refused(till: Till) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.txt", "text")
    till.put("customers.xlsx", held.getvalue())
    with pytest.raises(AnswerShapeError, match="no workbook"):
        rows(till.stream(path="customers.xlsx"))


def test_a_missing_sheet_is_named(till: Till) -> None:
    till.put("customers.xlsx", workbook([["card_no"]]))
    with pytest.raises(AnswerShapeError, match="no sheet 'Clients'"):
        rows(till.stream(path="customers.xlsx", sheet="Clients"))


def test_a_failed_formula_sets_its_row_aside(till: Till) -> None:
    till.put("customers.xlsx", workbook([["card_no", "first name", "mail", "tel"], [7, "#REF!", None, None]]))
    assert "failed" in refused(till, path="customers.xlsx")[0]


def test_an_unreadable_file_asks_a_person(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    till.put("customers.csv", HEADER)
    opened = os.open

    def forbid(path: Any, *args: Any, **more: Any) -> int:
        if path == "customers.csv":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **more)

    monkeypatch.setattr(os, "open", forbid)
    with pytest.raises(AccessError, match="Permission denied"):
        rows(till.stream())


def test_an_unknown_canonical_field_names_its_key(till: Till) -> None:
    with pytest.raises(ConfigError, match=r"connections\.till\.streams\.customers\.fields\.nickname"):
        till.stream(fields={"nickname": "first name"})


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"key": None}, "`key` is missing"),
        ({"path": "customers.dat"}, "say `format`"),
        ({"path": "a*.csv", "write": "b.csv"}, "`path` matches"),
        ({"group": "card_no"}, "need a `lines` table"),
        ({"lines": {"fields": {"sku": "sku"}}}, "need `group`"),
    ],
)
def test_tables_that_make_no_sense_are_refused(till: Till, config: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        till.stream(**config)


def workbook(table: list[list[Any]]) -> bytes:
    """An .xlsx file."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for values in table:
        sheet.append(values)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def test_the_fingerprint_names_the_folder_as_seen_from_the_configuration(till: Till) -> None:
    till.put("customers.csv", HEADER)
    account = till.open().check()
    assert account.fingerprint == "files:till"
    assert account.details["customers"] == "1 files"

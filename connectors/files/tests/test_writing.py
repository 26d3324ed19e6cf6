from __future__ import annotations

import fcntl
import os
from typing import Any, BinaryIO

import openpyxl
import pytest

from accord import Creates, Probe
from accord.errors import RetryableError
from accord_files.folder import Folder
from connectors.files.tests.till import HEADER, HUB, Till, change, removal, results, rows

OTHER = HUB.replace("cafe", "beef")


def test_a_changed_row_leaves_all_others_as_they_were(till: Till) -> None:
    before = '"card_no";"first name";"mail";"tel";"note"\r\n"7";"Zoé";"";"";"a ""b"""\r\n\r\n8;Ann;;;x\r\n'
    till.put("customers.csv", before.encode("cp1252"))
    (outcome,) = till.writable().update([change({"first name": "Zoë"}, "7")])
    assert outcome.row is not None
    assert outcome.row["note"] == 'a "b"'
    expected = before.replace("Zoé", "Zoë")
    assert (till.root / "customers.csv").read_bytes().decode("cp1252") == expected


def test_a_new_row_gets_our_id_as_its_key(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,,")
    stream = till.writable()
    (outcome,) = stream.create([change(stream.stamp({"first name": "Ann"}, HUB))])
    assert outcome.external_id == HUB
    assert till.text() == HEADER + f"7,Zoé,,\n{HUB},Ann,,\n"
    assert outcome.row == rows(stream)[1]
    assert outcome.etag == stream.version(rows(stream)[1])


def test_a_repeated_create_adds_nothing(till: Till) -> None:
    till.put("customers.csv", HEADER)
    stream = till.writable()
    first = stream.create([change({"first name": "Ann"})])
    assert stream.create([change({"first name": "Ann"})]) == first
    assert len(rows(stream)) == 1


def test_a_row_created_by_us_is_found_by_our_own_column(till: Till) -> None:
    till.put("customers.csv", "card_no,first name,mail,tel,accord\n7,Zoé,,,\n")
    stream = till.writable(hub_id="accord", key_from="row")
    stream.create([change({"card_no": "9", "first name": "Ann", "accord": HUB})])
    assert [row["card_no"] for row in stream.find([Probe("hub_id", HUB)])[0]] == ["9"]


def test_a_create_needs_a_key_where_rows_bring_their_own(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,,\n")
    stream = till.writable(key_from="row")
    assert results(stream.create([change({"first name": "Ann"})])) == ["rejected"]
    assert results(stream.create([change({"card_no": "7", "first name": "Ann"})])) == ["rejected"]


def test_the_first_write_makes_the_file(till: Till) -> None:
    till.writable().create([change({"first name": "Ann"})])
    assert till.text() == f"card_no,first name,mail,tel\n{HUB},Ann,,\n"


def test_a_deleted_row_is_removed_with_its_doubles(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Old,,\n8,Ann,,\n7,New,,\n")
    stream = till.writable()
    assert results(stream.delete([removal("7"), removal("9")])) == ["done", "gone"]
    assert till.text() == HEADER + "8,Ann,,\n"


def test_a_row_edited_since_it_was_seen_is_not_overwritten(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,,\n8,Ann,,\n")
    stream = till.writable()
    seen = [stream.version(row) for row in rows(stream)]
    till.put("customers.csv", HEADER + "7,Chloé,,\n8,Ann,,\n")
    writes = [
        change({"mail": "z@example.com"}, "7", precondition=seen[0]),
        change({"mail": "a@example.com"}, "8", precondition=seen[1]),
        removal("7", seen[0]),
    ]
    assert results(stream._apply(writes)) == ["precondition", "done", "precondition"]
    assert till.text() == HEADER + "7,Chloé,,\n8,Ann,a@example.com,\n"


def test_an_edit_during_the_rewrite_is_merged(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,,\n")
    stream = till.writable()
    written = Folder._write

    def edit_meanwhile(*args: Any) -> None:
        written(*args)
        if "Person" not in till.text():
            till.put("customers.csv", HEADER + "7,Zoé,,\n8,Person,,\n")

    monkeypatch.setattr(Folder, "_write", edit_meanwhile)
    assert results(stream.update([change({"mail": "z@example.com"}, "7")])) == ["done"]
    assert till.text() == HEADER + "7,Zoé,z@example.com,\n8,Person,,\n"


def test_a_file_that_never_rests_is_tried_later(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,,\n")
    monkeypatch.setattr(Folder, "replace", lambda *args: False)
    assert results(till.writable().update([change({"mail": "z@example.com"}, "7")])) == ["retry"]


def test_another_writer_is_waited_for(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,,\n")
    stream = till.writable()
    waited: list[float] = []
    with (till.root / ".customers.csv.accord-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        monkeypatch.setattr(till.env, "sleep", waited.append)
        monkeypatch.setattr(till.env, "monotonic", lambda: sum(waited))
        assert results(stream.update([change({"mail": "z@example.com"}, "7")])) == ["retry"]
    assert results(stream.update([change({"mail": "z@example.com"}, "7")])) == ["done"]


def test_a_full_disk_changes_nothing(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,,\n")
    stream = till.writable()

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stream.format, "rewrite", full)
    with pytest.raises(RetryableError, match="No space left"):
        stream.update([change({"mail": "z@example.com"}, "7")])
    assert till.text() == HEADER + "7,Zoé,,\n"
    assert not (till.root / ".customers.csv.accord-new").exists()


def test_the_mode_of_the_file_is_kept(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,,\n").chmod(0o640)
    till.writable().update([change({"mail": "z@example.com"}, "7")])
    assert (till.root / "customers.csv").stat().st_mode & 0o777 == 0o640


def test_a_reader_keeps_the_file_it_opened(till: Till) -> None:
    path = till.put("customers.csv", HEADER + "7,Zoé,,\n")
    with path.open() as reader:
        till.writable().update([change({"first name": "Zoë"}, "7")])
        assert "Zoé" in reader.read()


def test_a_row_of_an_export_is_changed_in_the_written_file(till: Till) -> None:
    till.put("customers-1.csv", HEADER + "7,Zoé,z@example.com,\n")
    till.put("customers-0.csv", HEADER)
    stream = till.writable(path="customers-*.csv", write="customers-0.csv")
    assert results(stream.update([change({"first name": "Zoë"}, "7")])) == ["done"]
    assert rows(stream) == [{"card_no": "7", "first name": "Zoë", "mail": "z@example.com", "tel": None}]
    assert "Zoé" in till.text("customers-1.csv")


def test_a_row_of_an_export_cannot_be_deleted(till: Till) -> None:
    till.put("customers-1.csv", HEADER + "7,Zoé,,\n")
    stream = till.writable(path="customers-*.csv", write="customers-2.csv")
    assert results(stream.delete([removal("7")])) == ["rejected"]


def test_what_the_file_cannot_hold_is_refused_alone(till: Till) -> None:
    till.put("customers.csv", (HEADER + "7,Zoé,,\n8,Ann,,\n").encode("cp1252"))
    writes = [
        change({"first name": "Łukasz"}, "7"),
        change({"first name": "Anne"}, "8"),
        change({"shoe": "42"}, "8"),
        change({"first name": "a\0b"}, "8"),
        change({"card_no": "9"}, "8"),
    ]
    outcomes = till.writable().update(writes)
    assert results(outcomes) == ["rejected", "done", "rejected", "rejected", "rejected"]
    assert "encoding cp1252 lacks: save the file as UTF-8, then replay" in outcomes[0].reason
    assert outcomes[2].reason == "the file has no column 'shoe'"


def test_a_refused_row_is_not_written(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Zoé\n")
    assert results(till.writable().update([change({"mail": "z@example.com"}, "7")])) == ["rejected"]


def test_the_column_of_change_is_set_in_its_own_spelling(till: Till) -> None:
    till.put("customers.csv", "card_no,first name,mail,tel,changed\n7,Zoé,,,01/02/2020\n")
    stream = till.writable(updated_at={"column": "changed", "format": "%d/%m/%Y", "zone": "Europe/Paris"})
    stream.update([change({"first name": "Zoë"}, "7")])
    found = stream.updated_at(rows(stream)[0])
    assert found is not None
    assert found.year >= 2024


def test_writes_of_one_batch_see_each_other(till: Till) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,,\n")
    stream = till.writable()
    outcomes = stream._apply(
        [change({"first name": "A"}, "7"), change({"mail": "z@example.com"}, "7"), change({}, hub=OTHER)]
    )
    assert results(outcomes) == ["done", "done", "done"]
    assert till.text() == HEADER + f"7,A,z@example.com,\n{OTHER},,,\n"


def test_jsonl_keeps_what_the_mapping_does_not_know(till: Till) -> None:
    till.put("c.jsonl", '{"card_no": 7, "name": {"first": "Zoé", "last": "X"}, "n": [1]}\n{"card_no": 8}')
    stream = till.writable(write="c.jsonl", fields={"given_name": "name.first"})
    stream.update([change({"name": {"first": "Zoë"}}, "7")])
    stream.create([change({"name": {"first": "Ann"}})])
    assert till.text("c.jsonl").splitlines() == [
        '{"card_no": 7, "name": {"first": "Zoë", "last": "X"}, "n": [1]}',
        '{"card_no": 8}',
        f'{{"name": {{"first": "Ann"}}, "card_no": "{HUB}"}}',
    ]


def test_a_workbook_keeps_other_sheets_and_formats(till: Till) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for values in (["card_no", "first name", "mail", "tel"], [7, "Zoé", None, None], [8, "Ann", None, None]):
        sheet.append(values)
    book.create_sheet("Notes")["A1"] = "keep me"
    book.save(till.root / "c.xlsx")
    stream = till.writable(write="c.xlsx")
    assert results(stream.update([change({"first name": "=1+1"}, "7")])) == ["done"]
    stream.delete([removal("8")])
    stream.create([change({"first name": "Eve"})])
    assert [row["first name"] for row in rows(stream)] == ["=1+1", "Eve"]
    saved = openpyxl.load_workbook(till.root / "c.xlsx")
    assert saved["Notes"]["A1"].value == "keep me"
    assert saved.worksheets[0]["B2"].data_type == "s"


def test_creates_are_safe_by_reference(till: Till) -> None:
    stream = till.writable()
    assert stream.creates is Creates.REFERENCE
    assert stream.find_by[0] == "hub_id"
    assert till.stream(path="x.csv").creates is None
    assert till.stream(path="x.csv").operations.create is None


def test_the_new_file_is_on_disk_before_it_is_renamed(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,,\n")
    seen: list[str] = []
    fsync, rename = os.fsync, os.replace

    def note_fsync(descriptor: int) -> None:
        seen.append("fsync")
        fsync(descriptor)

    def note_rename(*args: Any, **more: Any) -> None:
        seen.append("rename")
        rename(*args, **more)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_rename)
    till.writable().update([change({"first name": "Zoë"}, "7")])
    assert seen == ["fsync", "rename", "fsync"]


def test_a_crash_before_the_rename_leaves_the_old_file(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    till.put("customers.csv", HEADER + "7,Zoé,,\n")
    stream = till.writable()
    rewrite = stream.format.rewrite

    def crash(old: Any, target: BinaryIO, *rest: Any) -> None:
        rewrite(old, target, *rest)
        raise KeyboardInterrupt

    monkeypatch.setattr(stream.format, "rewrite", crash)
    with pytest.raises(KeyboardInterrupt):
        stream.update([change({"first name": "Zoë"}, "7")])
    assert till.text() == HEADER + "7,Zoé,,\n"
    monkeypatch.undo()
    assert results(stream.update([change({"first name": "Zoë"}, "7")])) == ["done"]

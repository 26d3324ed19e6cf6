from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord import Row
from connectors.files.tests.till import HUB, Till, change, results, rows

TRICKY = st.sampled_from(
    ["=1+1", "+33", "@SUM(A1)", "-2", '"', '""', ",", ";", "a\nb", "\r\n", "\t", " x ", "é€𝄞", "'"]
)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
CELLS = st.one_of(TRICKY, TEXT)
PRINTED = st.one_of(TRICKY.filter(lambda text: "\r" not in text), st.text("abc éß=+-,;\"'\n\t", max_size=20))
ROWS = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5)
QUICK = settings(max_examples=30, suppress_health_check=list(HealthCheck))


def round_trip(name: str, cells: list[tuple[str, str]], **config: object) -> list[Row]:
    """Write rows through the connector, then read them."""
    with tempfile.TemporaryDirectory() as folder:
        stream = Till(Path(folder)).writable(
            write=name, key="id", fields={"given_name": "a", "notes": "b"}, **config
        )
        writes = [change({"id": str(n), "a": a, "b": b}, hub=f"{n:032x}") for n, (a, b) in enumerate(cells)]
        assert results(stream.create(writes)) == ["done"] * len(cells)
        found = rows(stream)
        again = stream.update([change(row, row["id"], precondition=stream.version(row)) for row in found])
        assert [outcome.row for outcome in again] == found
        assert rows(stream) == found
        return found


@QUICK
@given(ROWS, st.sampled_from([None, ";", "\t", "|"]))
def test_any_text_comes_back_from_csv(cells: list[tuple[str, str]], sign: str | None) -> None:
    found = round_trip("c.csv", cells, delimiter=sign)
    assert [(row["a"] or "", row["b"] or "") for row in found] == cells


@QUICK
@given(ROWS)
def test_any_text_comes_back_from_jsonl(cells: list[tuple[str, str]]) -> None:
    assert [(row["a"], row["b"]) for row in round_trip("c.jsonl", cells)] == cells


@settings(QUICK, max_examples=8)
@given(st.lists(st.tuples(PRINTED, PRINTED), min_size=1, max_size=3))
def test_text_comes_back_from_workbooks(cells: list[tuple[str, str]]) -> None:
    found = round_trip("c.xlsx", cells)
    assert [(row["a"] or "", row["b"] or "") for row in found] == cells


@QUICK
@given(st.lists(st.tuples(st.sampled_from("abc"), CELLS), max_size=8), st.integers(0, 7), CELLS)
def test_rewriting_one_row_touches_no_other(cells: list[tuple[str, str]], which: int, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        till = Till(Path(folder))
        stream = till.writable(write="c.csv", key="id", fields={"notes": "b"})
        stream.create([change({"id": str(n), "b": b}, hub=f"{n:032x}") for n, (_, b) in enumerate(cells)])
        before = {row["id"]: row for row in rows(stream)} if cells else {}
        outcome = stream.update([change({"b": text}, str(which), hub=HUB)])
        after = {row["id"]: row for row in rows(stream)} if cells else {}
        if str(which) in before:
            assert results(outcome) == ["done"]
            before[str(which)]["b"] = text or None
        assert after == before


@pytest.mark.parametrize("text", ["=1+1", "=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1"])
@pytest.mark.parametrize("name", ["c.csv", "c.jsonl", "c.xlsx"])
def test_text_that_looks_like_a_formula_stays_text(text: str, name: str) -> None:
    assert round_trip(name, [(text, "x")])[0]["a"] == text

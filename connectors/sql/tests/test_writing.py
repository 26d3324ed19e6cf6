from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from accord import Creates, Probe
from connectors.sql.tests.database import HUB, Loyalty, change, removal, results, rows

OTHER = HUB.replace("cafe", "beef")


def test_only_what_changed_is_written(loyalty: Loyalty) -> None:
    loyalty.put({"id": 7, "email": "z@example.com", "First Name": "Zoé", "points": 5, "extra": {"a": 1}})
    stream = loyalty.writable()
    (outcome,) = stream.update([change({"First Name": "Zoë", "points": "7.25"}, "7")])
    assert str(outcome.result) == "done"
    assert outcome.row == rows(stream)[0]
    (held,) = loyalty.held()
    assert (held["First Name"], held["points"], held["email"]) == ("Zoë", Decimal("7.25"), "z@example.com")
    assert held["extra"] == {"a": 1}
    assert held["changed"] is not None


def test_a_new_row_gets_its_key_from_the_database(loyalty: Loyalty) -> None:
    stream = loyalty.writable()
    (outcome,) = stream.create([change(stream.stamp({"email": "a@example.com", "vip": True}, HUB))])
    assert outcome.external_id == "1"
    assert outcome.row == rows(stream)[0]
    assert [row["id"] for row in stream.find([Probe("hub_id", HUB)])[0]] == [1]


def test_a_repeated_create_adds_nothing(loyalty: Loyalty) -> None:
    stream = loyalty.writable()
    for _ in range(2):
        (outcome,) = stream.create([change(stream.stamp({"email": "a@example.com"}, HUB))])
        assert outcome.external_id == "1"
    assert len(loyalty.held()) == 1


def test_a_text_key_is_our_id(loyalty: Loyalty) -> None:
    fields = {"given_name": "name"}
    stream = loyalty.writable(
        table="codes", key="code", updated_at=None, hub_id=None, key_from="hub_id", fields=fields
    )
    for _ in range(2):
        (outcome,) = stream.create([change({"name": "Zoé"})])
        assert outcome.external_id == HUB
    assert loyalty.held("codes") == [{"code": HUB, "name": "Zoé"}]
    assert stream.find_by == ("hub_id",)
    assert [row["code"] for row in stream.find([Probe("hub_id", HUB)])[0]] == [HUB]


def test_a_new_row_is_merged_into_the_one_with_its_address(loyalty: Loyalty) -> None:
    loyalty.put({"id": 7, "email": "a@example.com", "First Name": "Ann", "rev": 1, "tel": "1"})
    stream = loyalty.writable(upsert_by="email", version="rev", hub_id=None)
    assert stream.creates is Creates.UPSERT
    writes = [
        change({"email": "a@example.com", "First Name": "Anne"}),
        change({"email": "b@example.com"}, hub=OTHER),
    ]
    assert next(iter(stream.create(writes))).external_id == "7"
    held = {row["email"]: row for row in loyalty.held()}
    ann = held.pop("a@example.com")
    assert (ann["First Name"], ann["tel"], ann["rev"]) == ("Anne", "1", 2)
    assert list(held) == ["b@example.com"]


def test_a_bad_row_fails_alone(loyalty: Loyalty) -> None:
    loyalty.put({"id": 7, "email": "z@example.com"}, {"id": 8})
    stream = loyalty.writable()
    outcomes = stream._apply(
        [
            change({"points": "-1"}, "7"),
            change({"points": "3"}, "8"),
            change({"email": "z@example.com"}, hub=OTHER),
            change({"email": "x" * 81}, "8"),
            change({"points": "many"}, "8"),
            change({"nickname": "x"}, "8"),
            change({"First Name": "a\0b"}, "8"),
            change({"First Name": "Eve"}, "99"),
        ]
    )
    assert results(outcomes) == ["rejected", "done", *["rejected"] * 5, "gone"]
    assert [outcome.reason for outcome in outcomes[:6]] == [
        "a check constraint forbids it",
        "",
        "another row has the same unique value",
        "column 'email': longer than the column's 80 characters",
        "column 'points': not a value of type Decimal",
        "table 'members' has no column 'nickname'",
    ]
    assert [row["points"] for row in loyalty.held()] == [None, Decimal(3)]


def test_a_missing_value_is_refused(loyalty: Loyalty) -> None:
    stream = loyalty.writable(
        table="cards", key=["shop", "no"], updated_at=None, hub_id=None, fields={"given_name": "name"}
    )
    outcomes = stream.create([change({"shop": "a", "no": 1}), change({"name": "Zoé"}, hub=OTHER)])
    assert results(outcomes) == ["rejected", "rejected"]
    assert outcomes[0].reason == "a column must not be null"
    assert results(stream.create([change({"shop": "a", "no": 1, "name": "Zoé"})])) == ["done"]
    assert results(stream.update([change({"name": "Zoë"}, "a|1")])) == ["done"]
    assert results(stream.delete([removal("a|1"), removal("a|1")])) == ["done", "gone"]


def test_a_row_edited_since_it_was_seen_is_not_overwritten(loyalty: Loyalty) -> None:
    loyalty.put({"id": 7, "First Name": "Zoé"}, {"id": 8})
    stream = loyalty.writable()
    seen = [stream.version(row) for row in rows(stream)]
    loyalty.run("UPDATE members SET tel = '1' WHERE id = 7")
    outcomes = stream._apply(
        [
            change({"points": 1}, "7", precondition=seen[0]),
            change({"points": 1}, "8", precondition=seen[1]),
            removal("7", seen[0]),
        ]
    )
    assert results(outcomes) == ["precondition", "done", "precondition"]


def test_a_version_column_counts_every_write(loyalty: Loyalty) -> None:
    loyalty.put({"id": 7, "rev": 3})
    stream = loyalty.writable(version="rev")
    (outcome,) = stream.update([change({"points": 1}, "7", precondition="3")])
    assert outcome.etag == "4"
    assert results(stream.update([change({"points": 2}, "7", precondition="3")])) == ["precondition"]
    assert results(stream.update([change({"points": 2}, "7", precondition=outcome.etag)])) == ["done"]


def test_a_deleted_row_is_marked_where_there_is_a_column(loyalty: Loyalty) -> None:
    loyalty.put({"id": 7})
    stream = loyalty.writable(deleted="gone")
    assert results(stream.delete([removal("7")])) == ["done"]
    assert loyalty.held()[0]["gone"] is True
    assert stream.is_deleted(rows(stream)[0])


def test_a_deleted_row_is_removed_where_there_is_none(loyalty: Loyalty) -> None:
    loyalty.put({"id": 7}, {"id": 8})
    assert results(loyalty.writable().delete([removal("7"), removal("9")])) == ["done", "gone"]
    assert [row["id"] for row in loyalty.held()] == [8]


def test_a_key_that_names_two_rows_is_not_written(loyalty: Loyalty) -> None:
    loyalty.put({"id": 7, "tel": "1"}, {"id": 8, "tel": "1"})
    stream = loyalty.writable(key="tel")
    assert results(stream.update([change({"points": 1}, "1")])) == ["rejected"]
    assert results(stream.delete([removal("1")])) == ["rejected"]
    assert [row["points"] for row in loyalty.held()] == [None, None]


@pytest.mark.parametrize("text", ["'; DROP TABLE members; --", '"', "%s", ":x", "\\", "{}", "=1+1", "é𝄞\n"])
def test_values_are_never_taken_for_sql(loyalty: Loyalty, text: str) -> None:
    stream = loyalty.writable()
    (outcome,) = stream.create([change({"First Name": text, "email": text})])
    assert outcome.row is not None
    assert outcome.row["First Name"] == text
    assert stream.find([Probe("hub_id", text)]) == [[]]
    assert len(loyalty.held()) == 1


def test_names_are_never_taken_for_sql(sqlite: Loyalty) -> None:
    sqlite.run('CREATE TABLE "a""; DROP TABLE members; --" ("id ]`" INTEGER PRIMARY KEY, "x\'; --" TEXT)')
    stream = sqlite.writable(
        table='a"; DROP TABLE members; --',
        key="id ]`",
        updated_at=None,
        hub_id=None,
        fields={"notes": "x'; --"},
    )
    stream.create([change({"x'; --": "kept"})])
    assert rows(stream) == [{"id ]`": 1, "x'; --": "kept"}]
    assert sqlite.held() == []


def test_a_read_only_table_is_not_written(loyalty: Loyalty) -> None:
    stream = loyalty.stream(read_only=True)
    assert stream.creates is None
    assert stream.operations.delete is None


def test_a_failed_commit_is_unknown_and_a_failed_batch_is_not(
    sqlite: Loyalty, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = sqlite.writable()
    commit = sa.engine.default.DefaultDialect.do_commit

    def broken(*args: Any) -> None:
        raise OperationalError("COMMIT", {}, OSError("connection lost"))

    monkeypatch.setattr(type(stream.source.database.engine.dialect), "do_commit", broken)
    assert results(stream.create([change({"First Name": "Ann"})])) == ["unknown"]
    monkeypatch.setattr(type(stream.source.database.engine.dialect), "do_commit", commit)
    monkeypatch.setattr(stream, "_create", broken)
    assert results(stream.create([change({"First Name": "Ann"})])) == ["retry"]


def test_a_deferred_constraint_refuses_only_its_row(loyalty: Loyalty) -> None:
    loyalty.run("DROP TABLE IF EXISTS visits")
    loyalty.run(
        "CREATE TABLE visits (id INTEGER PRIMARY KEY, member INTEGER"
        " REFERENCES members (id) DEFERRABLE INITIALLY DEFERRED)"
    )
    loyalty.put({"id": 7})
    stream = loyalty.writable(
        table="visits", key_from="row", updated_at=None, hub_id=None, fields={"notes": "member"}
    )
    if stream.source.database.dialect == "sqlite":
        sa.event.listen(
            stream.source.database.engine, "connect", lambda c, _: c.execute("PRAGMA foreign_keys=ON")
        )
    outcomes = stream.create([change({"id": 1, "member": 7}), change({"id": 2, "member": 99}, hub=OTHER)])
    loyalty.run("DROP TABLE visits")
    assert results(outcomes) == ["done", "rejected"]


CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | CELLS,
    lambda held: st.lists(held) | st.dictionaries(CELLS, held),
)


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(CELLS, st.decimals(0, 10**9, places=2), st.dates(), st.booleans(), JSON)
def test_any_value_comes_back(
    loyalty: Loyalty, text: str, points: Decimal, born: Any, vip: bool, extra: Any
) -> None:
    stream = loyalty.writable()
    row = {"First Name": text, "points": str(points), "born": born.isoformat(), "vip": vip, "extra": extra}
    (outcome,) = stream.create([change(stream.stamp(row, HUB))])
    found = stream.get([outcome.external_id or ""])[outcome.external_id or ""]
    assert found == outcome.row
    assert found is not None
    assert Decimal(found["points"]) == points
    assert {name: found[name] for name in ("First Name", "born", "vip", "extra")} == {
        name: row[name] for name in ("First Name", "born", "vip", "extra")
    }
    again = stream.update([change(found, outcome.external_id, precondition=stream.version(found))])
    assert results(again) == ["done"]

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accord import Deletes, Probe
from accord.errors import MappingError
from connectors.sql.tests.database import HUB, NOON, Loyalty, pages, rows


def test_columns_become_canonical_fields(loyalty: Loyalty) -> None:
    loyalty.put(
        {
            "id": 7,
            "email": "zoe@example.com",
            "First Name": "Zoé",
            "tel": "01 99 00 12 34",
            "points": Decimal("12.50"),
            "born": date(1990, 2, 3),
            "vip": True,
            "extra": {"a": [1, None]},
            "changed": datetime(2026, 7, 1, 14, 0),  # noqa: DTZ001  wall clock of Paris
        }
    )
    stream = loyalty.stream()
    (row,) = rows(stream)
    assert stream.external_id(row) == "7"
    assert stream.updated_at(row) == datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    assert Decimal(row["points"]) == Decimal("12.50")
    assert row["extra"] == {"a": [1, None]}
    assert stream.mapping.read(row) == {
        "email": "zoe@example.com",
        "given_name": "Zoé",
        "phone": "+33199001234",
        "loyalty_points": 12.5,
        "birth_date": "1990-02-03",
        "custom": {"vip": True},
    }


WORDS = {
    "custom.level": {"column": "rev", "values": {"1": "gold", "-2": "silver"}},
    "custom.known": {"column": "vip", "values": {"true": "yes", "false": "no"}},
}


@pytest.mark.parametrize(
    ("rev", "vip", "level", "known"), [(1, True, "gold", "yes"), (-2, False, "silver", "no")]
)
def test_words_are_listed_for_numbers_and_truth_values_too(
    loyalty: Loyalty, rev: int, vip: bool, level: str, known: str
) -> None:
    loyalty.put({"id": 7, "rev": rev, "vip": vip})
    stream = loyalty.stream(fields=WORDS)
    (row,) = rows(stream)
    shown = {"custom": {"level": level, "known": known}}
    assert stream.mapping.read(row) == shown
    assert stream.mapping.write(shown) == {"rev": str(rev), "vip": str(vip).lower()}


def test_a_permission_in_a_word_that_nobody_listed_is_told(
    loyalty: Loyalty, caplog: pytest.LogCaptureFixture
) -> None:
    words = {"column": "First Name", "values": {"ja": "granted", "nein": "withdrawn"}}
    fields = {"email": "email", "consents[marketing.direct:email].state": words}
    stream = loyalty.stream(fields=fields)
    loyalty.put(*({"id": n, "First Name": word} for n, word in enumerate(("ja", "nein", "", None))))
    rows(stream)
    assert caplog.messages == []
    loyalty.put({"id": 9, "First Name": "no"})
    rows(stream)
    (message,) = caplog.messages
    assert message.startswith("loyalty/members: column 'First Name' holds words that are no known state")


def test_a_full_read_goes_by_key_page_by_page(loyalty: Loyalty) -> None:
    loyalty.put(*({"id": n} for n in range(1, 2301)))
    found = pages(loyalty.stream())
    assert [len(page.rows) for page in found] == [1000, 1000, 300]
    assert [row["id"] for page in found for row in page.rows] == list(range(1, 2301))


def test_the_hour_that_clocks_go_through_twice_hides_no_change(loyalty: Loyalty) -> None:
    ten_past_two = datetime(2026, 10, 25, 2, 10)  # noqa: DTZ001  wall clock of Paris, for the second time
    loyalty.put({"id": 1, "changed": ten_past_two})
    ten_to_two = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)  # 02:50 in Paris, for the first time
    assert [row["id"] for row in rows(loyalty.stream(), since=ten_to_two)] == [1]
    later = datetime(2026, 10, 25, 3, 30, tzinfo=UTC)
    assert rows(loyalty.stream(), since=later) == []


def test_a_read_goes_on_after_its_token(loyalty: Loyalty) -> None:
    loyalty.put(*({"id": n} for n in range(1, 1502)))
    token = pages(loyalty.stream())[0].token
    assert [row["id"] for row in rows(loyalty.stream(), token=token)] == list(range(1001, 1502))


def test_rows_removed_between_pages_hide_no_others(loyalty: Loyalty) -> None:
    loyalty.put(*({"id": n} for n in range(1, 1502)))
    stream = loyalty.stream()
    token = pages(stream)[0].token
    loyalty.run("DELETE FROM members WHERE id < 900 OR id = 1200")
    assert len(rows(stream, token=token)) == 500


def test_an_incremental_read_takes_changes_and_undated_rows(loyalty: Loyalty) -> None:
    local = NOON.replace(tzinfo=None) + timedelta(hours=1)  # Paris in winter
    loyalty.put(
        {"id": 1, "changed": local - timedelta(minutes=1)},
        {"id": 2, "changed": local},
        {"id": 3, "changed": local + timedelta(minutes=1)},
        {"id": 4, "changed": None},
        {"id": 5, "changed": local + timedelta(hours=2)},
    )
    found = rows(loyalty.stream(), since=NOON, until=NOON + timedelta(hours=1))
    assert [row["id"] for row in found] == [2, 3, 4]


def test_rows_of_one_moment_are_not_lost_between_pages(loyalty: Loyalty) -> None:
    local = NOON.replace(tzinfo=None) + timedelta(hours=1)
    loyalty.put(*({"id": n, "changed": local} for n in range(1, 1502)))
    first, *_ = pages(loyalty.stream(), since=NOON)
    rest = rows(loyalty.stream(), since=NOON, token=first.token)
    assert len({row["id"] for row in [*first.rows, *rest]}) == 1501


def test_an_empty_table_is_an_empty_complete_read(loyalty: Loyalty) -> None:
    stream = loyalty.stream()
    assert [(list(page.rows), page.token) for page in pages(stream)] == [([], None)]
    assert stream.full_read_is_complete
    assert stream.deletes is Deletes.SCAN


def test_marked_rows_are_tombstones(loyalty: Loyalty) -> None:
    loyalty.put({"id": 1, "gone": True}, {"id": 2, "gone": False}, {"id": 3, "gone": None})
    stream = loyalty.stream(deleted="gone")
    assert stream.deletes is Deletes.FLAG
    assert [stream.is_deleted(row) for row in rows(stream)] == [True, False, False]


def test_several_columns_make_one_key(loyalty: Loyalty) -> None:
    loyalty.put({"shop": "a|b", "no": 1, "name": "Zoé"}, {"shop": "a", "no": 2, "name": "Ann"}, table="cards")
    stream = loyalty.stream(
        table="cards", key=["shop", "no"], updated_at=None, hub_id=None, fields={"given_name": "name"}
    )
    ids = [stream.external_id(row) for row in rows(stream)]
    assert sorted(ids) == ["a\\|b|1", "a|2"]
    found = stream.get([*ids, "x|9", "no key", "a|b|c"])
    assert {key: row and row["name"] for key, row in found.items()} == {
        "a\\|b|1": "Zoé",
        "a|2": "Ann",
        "x|9": None,
        "no key": None,
        "a|b|c": None,
    }


def test_a_query_is_only_read(loyalty: Loyalty) -> None:
    loyalty.put({"id": 1, "email": "a@example.com", "points": 5}, {"id": 2, "points": 1})
    stream = loyalty.stream(
        table=None,
        query="SELECT id, 'x:y' AS label, email AS mail FROM members WHERE points > 2;",
        hub_id=None,
        updated_at=None,
        fields={"email": "mail", "notes": "label"},
    )
    assert [stream.mapping.read(row) for row in rows(stream)] == [{"email": "a@example.com", "notes": "x:y"}]
    assert stream.get(["1", "2"])["2"] is None
    assert stream.creates is None
    assert stream.operations.update is None
    assert stream.deletes is Deletes.NONE


def test_rows_are_looked_up_by_key(loyalty: Loyalty) -> None:
    loyalty.put({"id": 1, "First Name": "Zoé"})
    found = loyalty.stream().get(["1", "2", "not a number", "1; DROP TABLE members"])
    assert [row is not None for row in found.values()] == [True, False, False, False]


def test_rows_are_found_by_mail_phone_and_our_id(loyalty: Loyalty) -> None:
    loyalty.put(
        {"id": 1, "email": "Zoe@Example.com", "tel": "01 99 00 12 34"},
        {"id": 2, "tel": "0199001235", "hub": HUB},
        {"id": 3, "tel": "+33199001234"},
    )
    probes = [
        Probe("email", "zoe@example.com"),
        Probe("phone", "+33199001234"),
        Probe("phone", "+33199001235"),
        Probe("hub_id", HUB),
        Probe("email", "' OR 1=1 --"),
    ]
    found = loyalty.stream().find(probes)
    assert [sorted(row["id"] for row in answer) for answer in found] == [[1], [1, 3], [2], [2], []]


def test_a_huge_field_sets_its_record_aside_without_its_value(loyalty: Loyalty) -> None:
    loyalty.put({"id": 1, "First Name": "x" * 10_000_000}, {"id": 2})
    stream = loyalty.stream()
    huge, small = rows(stream)
    assert stream.external_id(huge) == "1"
    with pytest.raises(MappingError, match="column 'First Name' holds more than"):
        stream.mapping.read(huge)
    assert stream.mapping.read(small)["given_name"] is None


def test_sqlite_columns_may_hold_what_does_not_fit(sqlite: Loyalty) -> None:
    sqlite.run("INSERT INTO members (id, points, born, changed) VALUES (1, 'many', 'never', 'soon')")
    sqlite.run("INSERT INTO members (id, points) VALUES (2, 5)")
    stream = sqlite.stream()
    bad, good = rows(stream)
    assert stream.updated_at(bad) is None
    with pytest.raises(MappingError, match=r"birth_date|loyalty_points"):
        stream.mapping.read(bad)
    assert stream.mapping.read(good)["loyalty_points"] == 5


def test_sqlite_dates_are_compared_as_they_are_stored(sqlite: Loyalty) -> None:
    sqlite.run(
        "INSERT INTO members (id, changed) VALUES (1, '2026-01-31 13:00:00'), (2, '2026-01-31 12:59:59')"
    )
    assert [row["id"] for row in rows(sqlite.stream(), since=NOON)] == [1]


def test_epoch_seconds_can_be_the_column_of_change(loyalty: Loyalty) -> None:
    loyalty.put({"id": 1, "rev": int(NOON.timestamp())}, {"id": 2, "rev": int(NOON.timestamp()) - 1})
    stream = loyalty.stream(updated_at="rev", zone=None)
    (row,) = rows(stream, since=NOON)
    assert stream.updated_at(row) == NOON

"""A changed mapping: what it shows differently is no edit, and what it would write waits for a person."""

from __future__ import annotations

from accord.connector import Creates
from accord.errors import RetryableError
from accord.mapping import Via, both, each, write
from accord.mapping.declaration import Declaration
from tests.integration.engine.town import THREE, Build, Town
from tests.integration.engine.vendors import Contacts


def declare(town: Town, name: str, *more: Declaration, without: str = "") -> None:
    """Give a system's people another mapping."""
    kept = [d for d in Contacts.mapping.declarations if d.where != without]
    mapping = type(Contacts.mapping)(*kept).extended(*more)
    town.change(name, mapping=mapping.bound(connector="memory", stream="contacts", model=Contacts.model))


def test_a_new_field_waits_for_a_person(town: Town) -> None:
    town.person(nick="Nan")
    for name in town.names:
        declare(town, name, both("custom.nick", "nick"))
    report = town.run()
    assert (str(report.state), report.exit_code) == ("waiting", 4)
    assert report.total.rebased > 0
    assert any("shop/contacts: its mapping changed" in notice for notice in report.notices)
    assert "nick" not in town["crm"].row(mail="ann@example.com")


def test_a_new_field_is_carried_out_by_the_next_run(town: Town) -> None:
    town.person(nick="Nan")
    for name in town.names:
        declare(town, name, both("custom.nick", "nick"))
    town.run()
    town.settle()
    assert town.everywhere("nick") == [{"nick": "Nan"}]


def test_a_new_field_that_nobody_fills_needs_no_word(town: Town) -> None:
    town.person()
    declare(town, "shop", both("custom.nick", "nick"))
    report = town.sync()
    assert (report.writes, report.total.rebased) == (0, 0)


def test_the_plan_names_the_stream_whose_mapping_changed(town: Town) -> None:
    town.person(nick="Nan")
    declare(town, "shop", both("custom.nick", "nick"))
    plan = town.plan()
    assert any("shop/contacts: its mapping changed" in notice for notice in plan.notices)
    town.sync()
    assert not town.sync().notices


def test_a_plan_of_the_old_mapping_counts_for_nothing(town: Town) -> None:
    town.person(nick="Nan")
    town.plan()
    declare(town, "shop", both("custom.nick", "nick"))
    assert str(town.run().state) == "waiting"


def test_a_first_plan_of_the_old_mapping_counts_for_nothing(build: Build) -> None:
    town = build(first=True)
    town["shop"].put(mail="ann@example.com", nick="Nan")
    town.plan()
    for name in town.names:
        declare(town, name, both("custom.nick", "nick"))
    assert (str(town.run().state), town["crm"].rows) == ("waiting", {})
    assert town.sync().total.created == 1


def test_a_field_mapped_no_more_is_released_and_blanks_nothing(town: Town) -> None:
    town.person(first="Ann", tel="+15005550006")
    declare(town, "shop", without="given_name")
    town.sync()
    assert town.everywhere("first") == [{"first": "Ann"}]
    town["crm"].put("c1", first="Anna")
    town.settle()
    assert [table.row()["first"] for table in town.tables] == ["Ann", "Anna"]


def test_a_released_field_is_met_anew_when_it_is_mapped_again(town: Town) -> None:
    town.person(first="Ann")
    declare(town, "shop", without="given_name")
    town.sync()
    town["crm"].put("c1", first="Anna")
    town.sync()
    declare(town, "shop")
    assert str(town.run().state) == "waiting"
    town.settle()
    assert town.everywhere("first") == [{"first": "Anna"}]


def test_another_reading_is_no_edit(town: Town) -> None:
    town.person(first="Ann", called="Nan")
    town["crm"].put("c1", first="Anna")
    town.settle()
    town.env.forward(60)
    declare(town, "shop", both("given_name", "called"))
    assert str(town.run().state) == "waiting"
    town.settle()
    assert (town["crm"].row()["first"], town["shop"].row()["called"]) == ("Anna", "Anna")


def test_a_field_that_moves_while_a_list_lags_is_written_to_its_new_column(town: Town) -> None:
    """The list still shows the record as it was before our last write, which nobody has seen there."""
    shop, crm = town.person(first="Ann")
    before = dict(town["crm"].rows[crm])
    town["crm"].fail("get", RetryableError("busy"))
    town["shop"].put(shop, first="Anna")
    town.sync()
    written, town["crm"].rows[crm] = town["crm"].rows[crm], before
    declare(town, "crm", both("given_name", "called"))
    assert town.run().total.rebased == 1
    town.run(approve=True)
    made = town["crm"].rows[crm]
    town["crm"].rows[crm] = {**written, "called": made.get("called"), "version": made["version"]}
    town.settle()
    assert (town["crm"].row()["called"], town["shop"].row()["first"]) == ("Anna", "Anna")


def test_an_empty_column_blanks_nothing(town: Town) -> None:
    town.person(first="Ann")
    declare(town, "shop", both("given_name", "called"))
    town.run()
    town.settle()
    assert (town["crm"].row()["first"], town["shop"].row()["called"]) == ("Ann", "Ann")


def test_what_came_from_the_record_is_corrected(town: Town) -> None:
    town.person(first="Ann", called="Nan")
    declare(town, "shop", both("given_name", "called"))
    assert town.plan().counts["crm/contacts"]["update"] == 1
    town.settle()
    assert town["crm"].row()["first"] == "Nan"


def test_a_list_read_from_another_column_loses_no_member(town: Town) -> None:
    town.person(points=[{"key": "work", "type": "phone", "value": "+15005550006"}])
    declare(
        town,
        "shop",
        each("contact_points", "ways", both("value", "value"), both("type", "type"), key="key"),
    )
    town["shop"].rows["s1"]["ways"] = []
    town.run()
    town.settle()
    assert [point["key"] for point in town["crm"].row()["points"]] == ["work"]
    assert [point["key"] for point in town["shop"].row()["ways"]] == ["work"]


def test_an_edit_of_another_field_is_still_an_edit(town: Town) -> None:
    town.person(first="Ann", nick="Nan")
    declare(town, "shop", both("custom.nick", "nick"))
    town["shop"].put("s1", first="Anna")
    town.run(approve=True)
    town.settle()
    assert town.everywhere("first") == [{"first": "Anna"}]


def test_a_field_that_is_only_written_goes_out(town: Town) -> None:
    town.person(first="Ann")
    declare(town, "shop", write("given_name", "greeting"), without="given_name")
    report = town.run()
    assert (str(report.state), report.total.rebased) == ("waiting", 1)
    town.sync()
    assert town["shop"].row()["greeting"] == "Ann"


def test_a_stream_that_is_only_written_gets_its_new_field(build: Build) -> None:
    town = build(names=THREE, flow={"both": ["shop", "crm"], "to": ["till"]})
    town.person(first="Ann")
    declare(town, "till", both("given_name", "greeting"), without="given_name")
    report = town.run()
    assert (str(report.state), report.exit_code) == ("waiting", 4)
    assert any("till/contacts: its mapping changed" in notice for notice in report.notices)
    assert town.sync().total.updated == 1
    assert town["till"].row()["greeting"] == "Ann"
    assert town.sync().writes == 0


def test_what_was_refused_is_tried_in_the_terms_of_the_new_mapping(town: Town) -> None:
    town["crm"].refuses = lambda row: "invalid_name" if row.get("first") else None
    town["shop"].put(mail="ann@example.com", first="Ann")
    assert town.sync().total.dead_letters == 1
    declare(town, "crm", without="given_name")
    town.sync()
    assert town["crm"].shown("mail", "first") == [{"mail": "ann@example.com", "first": None}]
    assert town.accord.dead_letters() == []


def test_what_nobody_knows_the_outcome_of_is_not_repeated_for_a_new_mapping(build: Build) -> None:
    blind = {"creates": Creates.BLIND, "find": None, "reference": None}
    town = build(flow={"both": ["shop"], "to": ["crm"]}, crm=blind)
    town["shop"].put(mail="ann@example.com", first="Ann")
    town["crm"].lose_replies("create")
    town.sync()
    declare(town, "crm", both("family_name", "greeting"), without="family_name")
    town.settle()
    assert len(town["crm"].rows) == 1


def test_a_field_that_moved_before_the_first_read_is_written_where_it_stands_now(town: Town) -> None:
    person = town["shop"].put(mail="ann@example.com", tel="+33612345678")
    town.accord.sync_record(f"shop/contacts:{person}")
    assert town["crm"].row()["tel"] == "+33612345678"
    declare(town, "crm", both("phone", "mobile"), without="phone")
    assert str(town.run().state) == "waiting"
    town.settle()
    assert town["crm"].row()["mobile"] == "+33612345678"


def test_an_approved_change_that_is_interrupted_goes_on(town: Town) -> None:
    for number in range(7):
        town["shop"].put(mail=f"p{number}@example.com", nick=f"N{number}")
    town.sync()
    for name in town.names:
        declare(town, name, both("custom.nick", "nick"))
    town.run()
    assert str(town.run(max_seconds=0).state) == "interrupted"
    town.settle()
    assert len(town.everywhere("mail", "nick")) == 7
    assert {row["nick"] for row in town["crm"].rows.values()} == {f"N{number}" for number in range(7)}


def test_the_status_shows_a_stream_that_is_only_written(build: Build) -> None:
    town = build(names=THREE, flow={"both": ["shop", "crm"], "to": ["till"]})
    town.person()
    (flow,) = [each for each in town.accord.status().flows if each.flow == "customers"]
    assert {(each.connection, each.linked) for each in flow.streams} == {("shop", 1), ("crm", 1), ("till", 1)}


def test_what_is_only_written_is_written_anew_under_another_converter(build: Build) -> None:
    town = build(names=THREE, flow={"both": ["shop", "crm"], "to": ["till"]})
    town.person(first="Ann")
    declare(town, "till", both("given_name", "first", as_=Via(str.swapcase, str.swapcase)))
    assert str(town.run().state) == "waiting"
    assert town.sync().total.updated == 1
    assert [table.row()["first"] for table in town.tables] == ["Ann", "Ann", "aNN"]
    assert town.sync().writes == 0


def test_a_field_that_is_only_written_from_now_on_is_not_written_again(town: Town) -> None:
    town.person(first="Ann")
    declare(town, "shop", write("given_name", "first"))
    town.run()
    assert town.sync().writes == 0


def test_a_single_record_does_not_overwrite_what_a_new_field_has_not_shown_yet(build: Build) -> None:
    town = build(crm={"etag": "version", "read_back": True})
    town.person(nick="Nan")
    declare(town, "shop", both("custom.nick", "nick"))
    town.run()
    town.settle()
    town["crm"].put("c1", nick="Nannie")
    town.sync()
    declare(town, "crm", both("custom.nick", "nick"))
    town["shop"].put("s1", first="Anna")
    report = town.accord.sync_record("shop/contacts:s1")
    assert town["crm"].row()["nick"] == "Nannie"
    assert any("crm/contacts: its mapping changed" in notice for notice in report.notices)

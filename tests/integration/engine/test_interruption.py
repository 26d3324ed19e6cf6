"""Runs that stop early lose nothing and go on where they were."""

from __future__ import annotations

from tests.integration.engine.town import BOTH, Build, Town

pytestmark = BOTH


def crowd(town: Town, number: int = 10) -> None:
    for each in range(number):
        town["shop"].put(mail=f"p{each}@example.com")


def test_an_interrupted_pull_resumes_from_its_page(town: Town) -> None:
    crowd(town)
    town["shop"].once("read", lambda _: town.accord.interrupt())
    report = town.run()
    assert (str(report.state), report.exit_code) == ("interrupted", 130)
    read = report.members["shop/contacts"].read
    assert 0 < read < 10
    assert town.sync().members["shop/contacts"].read == 10 - read
    town.settle()
    assert len(town["crm"].rows) == 10


def test_time_is_up_in_the_middle_of_a_pull(town: Town) -> None:
    crowd(town)
    town["shop"].once("read", lambda _: town.env.forward(100))
    report = town.run(max_seconds=10)
    assert str(report.state) == "interrupted"
    town.settle()
    assert len(town["crm"].rows) == 10


def test_an_interrupted_push_goes_on(build: Build) -> None:
    town = build(flow={"both": ["shop"], "to": ["crm"]})
    crowd(town, 40)
    town["crm"].once("create", lambda _: town.accord.interrupt())
    assert str(town.run().state) == "interrupted"
    assert len(town["crm"].rows) < 40
    town.settle()
    assert len(town["crm"].rows) == 40


def test_an_edit_while_a_pull_sleeps_is_seen(town: Town) -> None:
    crowd(town)
    town["shop"].once("read", lambda _: town.accord.interrupt())
    town.run()
    town["shop"].put("s1", first="Anna")
    town["shop"].put(mail="new@example.com")
    town.settle()
    assert town["crm"].row(mail="p0@example.com")["first"] == "Anna"
    assert len(town["crm"].rows) == 11


def test_an_interrupted_complete_read_deletes_nobody(town: Town) -> None:
    crowd(town)
    town.settle()
    town["shop"].once("read", lambda _: town.accord.interrupt())
    town.run(full=True)
    for _ in range(3):
        town.sync(full=True)
    assert len(town["shop"].rows) == len(town["crm"].rows) == 10

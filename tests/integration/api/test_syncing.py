"""Class Accord from a program: progress, choices, single records, many threads."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from accord.engine.progress import Progress
from accord.errors import AccessError, SetupError
from tests.integration.engine.town import BOTH, THREE, Build, Town

pytestmark = BOTH


def crowd(town: Town, number: int = 7) -> None:
    for each in range(number):
        person = town["shop"].put(mail=f"p{each}@example.com")
        town["shop/orders"].put(number=f"{1000 + each}", contact_id=person)


def test_progress_is_told_for_both_phases(build: Build) -> None:
    steps: list[Progress] = []
    town = build(progress=steps.append)
    crowd(town)
    town.sync()
    pulls = [step for step in steps if (step.phase, step.connection) == ("pull", "shop")]
    assert [(step.done, step.total) for step in pulls] == [(3, 7), (6, 7), (7, 7)]
    assert {step.connection for step in steps if step.phase == "push"} == {"crm"}
    assert max(step.done for step in steps if step.phase == "push") == 7


def test_a_broken_progress_bar_is_told_not_swallowed(build: Build) -> None:
    def broken(_: Progress) -> None:
        raise ValueError("a bug in the caller's progress bar")

    town = build(progress=broken)
    crowd(town, 2)
    assert {problem.error for problem in town.run().problems} == {"UnexpectedError"}


def test_two_threads_sync_two_flows(town: Town) -> None:
    crowd(town)
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(town.run, ("customers", "orders")))
    assert [report.problems for report in reports] == [[], []]
    town.accord.sync_all()
    town.accord.sync_all()
    assert len(town["crm/orders"].rows) == len(town["crm"].rows) == 7
    assert all(row["contact_id"] for row in town["crm/orders"].rows.values())


def test_two_threads_of_one_flow_do_the_work_once(town: Town) -> None:
    crowd(town)
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(town.run, ("customers", "customers")))
    town.settle()
    assert sum(report.total.created for report in reports) <= 7
    assert len(town["crm"].rows) == 7


def test_a_flow_that_cannot_start_is_told_when_the_others_had_their_turn(build: Build) -> None:
    town = build(names=THREE, flow={"both": ["shop", "crm"]}, orders={"both": ["shop", "till"]})
    town.accord.sync_all()
    town.system("crm").account = "somebody else"
    crowd(town)
    with pytest.raises(AccessError, match="another account"):
        town.accord.sync_all()
    assert (len(town["till/orders"].rows), town["crm"].rows) == (7, {})


def test_chosen_connections_leave_the_others_for_later(build: Build) -> None:
    town = build(names=THREE)
    crowd(town)
    town.sync(connections=["shop", "crm"])
    assert (len(town["crm"].rows), town["till"].rows) == (7, {})
    town.sync()
    assert len(town["till"].rows) == 7


def test_one_record_is_synced_alone(town: Town) -> None:
    crowd(town)
    report = town.accord.sync_record("shop/contacts:s3")
    assert (report.writes, town["crm"].shown("mail")) == (1, [{"mail": "p2@example.com"}])


def test_a_record_waits_with_the_first_run_of_its_flow(build: Build) -> None:
    """A hint says that it changed: nobody has approved yet that anything of the flow is written."""
    town = build(first=True)
    crowd(town)
    before = town.rows()
    report = town.accord.sync_record("shop/contacts:s3")
    assert (str(report.state), report.exit_code, town["crm"].rows) == ("waiting", 4, {})
    assert "flow 'customers' never ran" in report.notices[0]
    assert town.rows() == before
    town.plan()
    town.accord.sync_record("shop/contacts:s3")
    assert town["crm"].rows == {}
    town.sync()
    town["shop"].put("s3", first="Anna")
    assert town.accord.sync_record("shop/contacts:s3").writes == 1


def test_a_record_that_vanished_is_deleted_alone(build: Build) -> None:
    town = build(flow={"delete": "propagate"})
    crowd(town)
    town.sync()
    town["shop"].remove("s3")
    town.accord.sync_record("shop/contacts:s3")
    assert len(town["crm"].rows) == 6


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda town: town.accord.sync("sales"), "no flow 'sales'"),
        (lambda town: town.accord.sync("customers", connections=["erp"]), "no connection 'erp'"),
        (lambda town: town.accord.sync_record("erp:1"), "not one stream of a flow"),
        (lambda town: town.accord.sync_record("shop:1"), "not one stream of a flow"),
        (lambda town: town.accord.find("nobody@example.com"), "no record is known"),
        (lambda town: town.accord.resolve("x", "hub"), "no conflict 'x'"),
        (lambda town: town.accord.check(["erp"]), "no connection 'erp'"),
    ],
)
def test_a_wrong_name_is_a_clear_mistake(town: Town, call: object, words: str) -> None:
    assert callable(call)
    with pytest.raises(SetupError, match=words) as found:
        call(town)
    assert found.value.hint


def test_a_report_is_plain_json(town: Town) -> None:
    crowd(town)
    report, plan = town.sync(), town.plan("orders")
    assert json.loads(json.dumps(report.as_dict()))["total"]["created"] == 7
    assert json.loads(json.dumps(plan.as_dict()))["counts"]["crm/orders"]["create"] == 7

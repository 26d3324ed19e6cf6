"""What a program can find out: runs, status, records, why they are as they are."""

from __future__ import annotations

import pytest

from accord.errors import AccessError, SetupError
from tests.integration.engine.town import Build, Town


@pytest.fixture
def town(build: Build) -> Town:
    """A conflict, settled by the policy, and an edit that came later."""
    town = build()
    shop, crm = town.person(first="Ann")
    town["crm"].put(crm, first="Crm")
    town["shop"].put(shop, first="Shop")
    town.sync()
    return town


def test_runs_are_remembered_newest_first(town: Town) -> None:
    town.sync()
    runs = town.accord.runs("customers")
    assert [run.state for run in runs] == ["done"] * 3
    assert runs[0].started_at >= runs[1].started_at
    assert runs[-1].counters["total"]["created"] == 1


def test_a_failed_run_is_remembered_with_its_reason(town: Town) -> None:
    town["crm"].fail("read", AccessError("the token was withdrawn"))
    town.run()
    assert town.accord.runs()[0].state == "failed"
    assert "token was withdrawn" in str(town.accord.runs()[0].counters["problems"])


def test_the_status_counts_what_waits(town: Town) -> None:
    town["shop"].put(mail="bob@example.com", born="soon")
    town.sync()
    status = town.accord.status()
    flow = next(flow for flow in status.flows if flow.flow == "customers")
    assert (flow.records, flow.last_state, flow.approved) == (1, "done", True)
    assert {stream.connection: stream.linked for stream in flow.streams} == {"shop": 1, "crm": 1}
    assert (status.open_conflicts, status.open_dead_letters) == (0, 1)


def test_the_beginning_of_a_hub_id_names_a_record(town: Town) -> None:
    whole = town.hub("ann@example.com").id
    assert [entity.id for entity, _ in town.accord.find(whole[:8].upper())] == [whole]
    with pytest.raises(SetupError, match="no record is known"):
        town.accord.find(whole[:3])


def test_a_number_that_begins_like_a_hub_id_is_a_number_first(town: Town) -> None:
    number = town.hub("ann@example.com").id[:8]
    town["shop/orders"].put(number=number)
    town.sync("orders")
    assert [entity.kind for entity, _ in town.accord.find(number)] == ["order"]


def test_a_field_tells_who_set_it_and_what_lost(town: Town) -> None:
    (story,) = town.accord.explain("ann@example.com")
    field = next(field for field in story.fields if field.cell == "given_name")
    assert (field.value, field.source) == ("Shop", "shop/contacts")
    assert "Crm" in str(field.lost) + str(field.earlier)


def test_a_system_tells_why_it_holds_nothing(build: Build) -> None:
    town = build(flow={"both": ["shop"], "to": ["crm"], "purpose": "marketing.direct"})
    town["shop"].put(mail="ann@example.com")
    town.sync()
    (story,) = town.accord.explain("ann@example.com")
    place = next(place for place in story.places if place.connection == "crm")
    assert (place.state, place.held) == ("absent", "refused: state_unknown")


@pytest.mark.parametrize(
    "name", ["ann@example.com", "ANN@example.com", "shop/contacts:s1", "crm/contacts:c1"]
)
def test_a_record_is_found_by_every_name(town: Town, name: str) -> None:
    assert town.hub(name).cells["email"] == "ann@example.com"


def test_a_check_tells_of_each_connection(town: Town) -> None:
    town.system("crm").down = AccessError("the token was withdrawn", hint="ask for a new one")
    shop, crm = town.accord.check()
    assert (shop.connection, shop.exit_code) == ("shop", 0)
    assert (crm.connection, crm.exit_code, crm.hint) == ("crm", 5, "ask for a new one")

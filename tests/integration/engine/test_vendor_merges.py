"""Records merged by their vendor: ids change, people do not vanish."""

from __future__ import annotations

import pytest

from accord.connector import Deletes
from tests.integration.engine.town import Build, Town


@pytest.fixture
def town(build: Build) -> Town:
    """Ann and Anne, one person in truth, known to both systems as two."""
    town = build(flow={"delete": "propagate"})
    for name in ("ann", "anne"):
        town["crm"].put(mail=f"{name}@example.com", first=name)
    town.sync()
    return town


def states(town: Town) -> dict[str, str]:
    return town.links("shop:s1")


def test_a_merge_into_one_of_the_two_unites_the_hub(town: Town) -> None:
    town["crm"].merge("c1", "c2")
    town.settle()
    found = states(town)
    assert (found["crm:c1"], found["crm:c2"]) == ("live", "aliased")
    assert {found["shop:s1"], found["shop:s2"]} == {"live", "shadowed"}


def test_a_merge_under_a_new_id_unites_the_hub(town: Town) -> None:
    town["crm"].merge("c1", "c2", new_id="c9")
    town.settle()
    found = states(town)
    assert (found["crm:c9"], found["crm:c1"], found["crm:c2"]) == ("live", "aliased", "aliased")


def test_a_merge_deletes_nobody(town: Town) -> None:
    town["crm"].merge("c1", "c2", new_id="c9")
    for _ in range(3):
        town.sync(full=True)
    assert len(town["shop"].rows) == 2
    assert len(town["crm"].rows) == 1


def test_a_merge_creates_nobody(town: Town) -> None:
    calls = len(town["crm"].calls)
    town["crm"].merge("c1", "c2", new_id="c9")
    town.settle()
    assert all(operation != "create" for operation, _ in town["crm"].calls[calls:])


def test_a_merged_person_entered_anew_at_once_is_a_second_record(town: Town) -> None:
    """Found by simulated seed 17 of the consent weather: both rows come on one page."""
    town["crm"].merge("c1", "c2")
    town["crm"].put(mail="anne@example.com", first="Anneke")
    town.settle()
    assert (states(town)["crm:c1"], states(town)["crm:c3"]) == ("live", "shadowed")


@pytest.fixture
def twice(town: Town) -> tuple[str, str]:
    """The crm made one of the two: the shop has that person twice, live and shadowed."""
    town["crm"].merge("c1", "c2")
    town.settle()
    here = {state: name.removeprefix("shop:") for name, state in states(town).items() if name[0] == "s"}
    return here["live"], here["shadowed"]


def test_a_second_record_merged_into_a_new_one_stays_the_second(town: Town, twice: tuple[str, str]) -> None:
    """Found by simulated seed 400 of the consent weather: the flow could not be run any more."""
    live, shadowed = twice
    town["shop"].put(mail="annie@example.com", first="Annie")
    town["shop"].merge("s3", shadowed)
    town.settle()
    found = states(town)
    assert (found[f"shop:{live}"], found["shop:s3"], found[f"shop:{shadowed}"]) == (
        "live",
        "shadowed",
        "aliased",
    )


@pytest.mark.parametrize("new_id", [None, "s9"])
def test_what_is_left_of_a_merge_is_the_live_record(
    town: Town, twice: tuple[str, str], new_id: str | None
) -> None:
    live, shadowed = twice
    town["shop"].merge(shadowed, live, new_id=new_id)
    town["crm"].put("c1", first="Annika")
    town.settle()
    assert states(town)[f"shop:{new_id or shadowed}"] == "live"
    assert town["shop"].shown("first") == [{"first": "Annika"}]


def test_a_second_record_that_becomes_the_live_one_is_compared_anew(build: Build) -> None:
    """Found by simulated seed 410034 of the brake weather: its own name stood there for good."""
    town = build(shop={"deletes": Deletes.FEED})
    town["crm"].put(mail="ann@example.com", first="Ann")
    town.sync()
    second = town["shop"].put(mail="ann@example.com", first="Annie")
    town.sync()
    town["shop"].remove("s1")
    other = town["shop"].put(mail="other@example.com")
    town.sync()
    town["shop"].merge(second, other)
    town.settle()
    assert town.links("crm:c1")[f"shop:{second}"] == "live"
    assert town["shop"].rows[second]["first"] == town.hub("crm:c1").cells["given_name"]


def test_edits_flow_after_a_merge(town: Town) -> None:
    town["crm"].merge("c1", "c2", new_id="c9")
    town.settle()
    live = next(name for name, state in states(town).items() if name[0] == "s" and state == "live")
    town["shop"].put(live.removeprefix("shop:"), first="Annika")
    town.settle()
    assert town["crm"].shown("first") == [{"first": "Annika"}]


def test_the_most_restrictive_consent_survives_a_merge(town: Town) -> None:
    town["crm"].put("c1", news="granted")
    town["crm"].put("c2", news="withdrawn")
    town.settle()
    town["crm"].merge("c1", "c2")
    town.settle()
    assert town.hub("crm:c1").cells["consents.marketing.direct:email"]["state"] == "withdrawn"


def test_the_values_kept_in_a_merge_stand(town: Town) -> None:
    town["crm"].merge("c1", "c2")
    town.settle()
    assert town["crm"].shown("mail", "first") == [{"mail": "ann@example.com", "first": "ann"}]


def test_a_tag_of_the_loser_is_not_lost(town: Town) -> None:
    town["crm"].put("c2", tags=["vip"])
    town.settle()
    town["crm"].merge("c1", "c2")
    town.settle()
    assert town["crm"].shown("tags") == [{"tags": ["vip"]}]


def test_a_vanished_id_is_resolved_before_it_counts_as_deleted(build: Build) -> None:
    town = build(flow={"delete": "propagate"}, crm={"merged": None})
    for name in ("ann", "anne"):
        town["crm"].put(mail=f"{name}@example.com", first=name)
    town.sync()
    town["crm"].merge("c1", "c2")
    for _ in range(4):
        town.sync(full=True)
    assert len(town["shop"].rows) == 2


@pytest.mark.parametrize("new_id", [None, "c9"])
@pytest.mark.parametrize("deletes", [Deletes.FEED, Deletes.FLAG])
def test_a_record_merged_into_one_that_was_then_deleted_is_gone_with_it(
    build: Build, deletes: Deletes, new_id: str | None
) -> None:
    """Found by simulated seed 42204 of the brief weather: nobody had read the merge."""
    town = build(crm={"deletes": deletes})
    for name in ("ann", "anne", "bob"):
        town["crm"].put(mail=f"{name}@example.com", first=name)
    town.sync()
    town["crm"].remove(town["crm"].merge("c1", "c2", new_id=new_id))
    town.settle()
    found = [str(town.link(f"crm:{id_}").state) for id_ in ("c1", "c2", "c3")]
    assert found == ["gone", "gone", "live"]
    assert len(town["shop"].rows) == 3


def test_the_end_of_an_id_that_was_merged_away_is_not_the_end_of_its_record(build: Build) -> None:
    town = build(crm={"deletes": Deletes.FLAG}, flow={"delete": "propagate"})
    for name in ("ann", "anne"):
        town["crm"].put(mail=f"{name}@example.com", first=name)
    town.sync()
    town["crm"].merge("c1", "c2")
    town.settle()
    town["crm"].graves["c2"] = {"id": "c2", "deleted": True, "updated_at": town["crm"].env.now().isoformat()}
    town.settle()
    assert (states(town)["crm:c1"], len(town["shop"].rows)) == ("live", 2)


def test_a_merge_during_our_push_loses_nothing(build: Build) -> None:
    town = build(crm={"deletes": Deletes.SCAN})
    for name in ("ann", "anne"):
        town["crm"].put(mail=f"{name}@example.com", first=name)
    town.sync()
    loser = town["shop"].row(mail="anne@example.com")["id"]
    town["shop"].put(loser, last="Lee")
    town["crm"].once("update", lambda _: town["crm"].merge("c1", "c2"))
    town.settle()
    assert town["crm"].rows["c1"]["last"] == "Lee"


def test_an_edit_on_the_page_of_a_merge_does_not_undo_it(build: Build) -> None:
    """Found by the simulation (weather consent, seed 247): the edited link was stored as before the merge."""
    town = build()
    town["shop"].put(mail="ann@example.com", first="Ann")
    town.settle()
    town["crm"].put(mail="ann@example.com", last="Again")
    town["crm"].put(mail="bea@example.com", first="Bea")
    town.settle()
    town["crm"].put("c1", last="Edited")
    town["crm"].merge("c3", "c2")
    town.settle()
    assert town.hub("crm:c1").id == town.hub("crm:c3").id
    [live] = [name for name, state in town.links("crm:c3").items() if (name[:3], state) == ("crm", "live")]
    assert town["crm"].rows[live[4:]]["mail"] == town.hub("crm:c3").cells["email"]
    assert town.link("crm:c1").entity == town.hub("crm:c3").id

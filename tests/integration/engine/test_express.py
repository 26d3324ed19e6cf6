"""Writes that are derived once: what changes between the derivation and the mark is decided anew."""

from __future__ import annotations

from accord.engine import hub
from tests.integration.engine.town import Town


def test_a_record_that_changes_before_the_mark_goes_out_as_it_is_now(town: Town) -> None:
    town["shop"].put(mail="ann@example.com", first="Ann")

    def edit(label: str) -> None:
        if label == "mark sent" and not done:
            done.append(label)
            rename(town, "Anna")

    done: list[str] = []
    town.env.switches.append(edit)
    town.sync()
    assert done
    assert town["crm"].shown("first") == [{"first": "Anna"}]
    assert len(town["crm"].calls) == 1


def test_an_update_whose_look_shows_no_news_is_decided_once(town: Town) -> None:
    shop, _ = town.person(first="Ann", last="Lee")
    town.settle()
    town["shop"].put(shop, first="Anna")
    labels: list[str] = []
    town.env.switches.append(labels.append)
    town.sync()
    assert town["crm"].shown("first") == [{"first": "Anna"}]
    assert labels.count("mark sent") == 1
    assert not {"look", "decide"} & set(labels)


def test_an_update_whose_look_shows_an_edit_is_decided_anew(town: Town) -> None:
    shop, crm = town.person(first="Ann", last="Lee")
    town.settle()
    town["shop"].put(shop, first="Anna")
    town["crm"].once("get", lambda _: town["crm"].put(crm, first="Annie", last="Li"))
    labels: list[str] = []
    town.env.switches.append(labels.append)
    town.settle()
    assert "look" in labels
    assert town.everywhere("first", "last") == [{"first": "Annie", "last": "Li"}]


def test_nothing_is_dirty_or_open_after_a_quiet_run(town: Town) -> None:
    for number in range(7):
        town["shop"].put(mail=f"p{number}@example.com", first=f"P{number}")
    town.sync()
    rows = town.rows()
    assert (rows["dirty"], rows["intent"]) == (0, 0)
    assert len(town["crm"].rows) == len(town["shop"].rows) == 7


def rename(town: Town, name: str) -> None:
    """An edit of the hub by a person, between two transactions of the run."""
    with town.accord.store.transaction("edit") as tx:
        (entity,) = tx.entities.by_kind("customer")
        change = hub.put(entity, "given_name", name, "operator", town.env.now().timestamp())
        tx.entities.update([entity])
        tx.history.add([change])
        tx.dirty.add([(system, "contacts", entity.id) for system in town.names])

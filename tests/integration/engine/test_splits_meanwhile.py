"""A person splits a hub record while a write to one of its records has not been answered."""

from __future__ import annotations

import pytest

from accord.connector import Creates
from tests.integration.engine.town import THREE, Build, Town


def whose_create_got_no_answer(build: Build, **crm: object) -> Town:
    """Ann of the shop and the till; nobody knows whether the crm created her. The till's is another Ann."""
    town = build(names=THREE, crm={"t_max": 100.0, **crm})
    town["shop"].put(mail="ann@example.com", first="Ann")
    town["till"].put(mail="ann@example.com", first="Ann")
    town["crm"].lose_replies("create")
    assert town.sync().total.unknown == 1
    town.accord.split("ann@example.com", "till", "t1")
    town.env.forward(200.0)
    return town


@pytest.mark.parametrize("reference", ["ref", None])
def test_a_create_without_an_answer_is_not_repeated(build: Build, reference: str | None) -> None:
    town = whose_create_got_no_answer(build, creates=Creates.REFERENCE, reference=reference)
    town.settle()
    assert len(town["crm"].rows) == 2
    assert town.kinds("open") == []


def test_who_was_split_twice_is_apart_from_both(build: Build) -> None:
    town = build(names=THREE)
    for name in THREE:
        town[name].put(mail="ann@example.com", first=name)
    town.sync()
    (first, _), *_ = town.accord.find("ann@example.com")
    second = town.accord.split(first.id, "crm", "c1")
    third = town.accord.split(first.id, "till", "t1")
    with town.accord.store.reading() as tx:
        assert len(tx.apart.pairs_of([first.id, second.id, third.id])) == 3

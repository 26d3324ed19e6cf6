"""A stream that leaves its flow: its links are retired, nothing there is touched, and it can return."""

from __future__ import annotations

from typing import Any

import pytest

from accord.store.rows import LinkState
from tests.integration.engine.town import THREE, Build, Town

SMALL: dict[str, Any] = {"flow": {"both": ["shop", "crm"]}, "orders": {"both": ["shop", "crm"]}}


@pytest.fixture
def left(build: Build) -> Town:
    """Ann was known to three systems; then the till left the flows."""
    build(names=THREE).person(first="Ann")
    town = build(names=THREE, **SMALL)
    for name in ("shop", "crm"):
        town[name].put(f"{name[0]}1", mail="ann@example.com", first="Ann")
    return town


def test_a_plan_lists_the_links_of_a_stream_that_left(left: Town) -> None:
    assert any(
        "till/contacts is in no flow any more; its 1 links are retired" in n for n in left.plan().notices
    )


def test_a_plan_retires_nothing_yet(left: Town) -> None:
    left.plan()
    with left.accord.store.reading() as tx:
        assert tx.links.live_count("till", "contacts") == 1


def test_nothing_is_written_where_a_stream_left(left: Town) -> None:
    left["shop"].put("s1", first="Anna")
    left.sync()
    assert left.link("till:t1").state is LinkState.RETIRED
    assert left["till"].calls == []


def test_a_stream_that_returns_takes_part_again(build: Build, left: Town) -> None:
    left["shop"].put("s1", first="Anna")
    left.sync()
    town = build(names=THREE)
    for name in THREE:
        town[name].put(f"{name[0]}1", mail="ann@example.com", first="Ann" if name == "till" else "Anna")
    town.settle()
    assert town.link("till:t1").state is LinkState.LIVE
    assert town.everywhere("first") == [{"first": "Anna"}]


def test_a_connection_that_cannot_be_opened_has_not_left(left: Town) -> None:
    object.__setattr__(left.accord.world, "closed", frozenset({"till"}))
    left.sync()
    assert left.link("till:t1").state is LinkState.LIVE

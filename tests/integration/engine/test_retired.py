"""A stream that leaves its flow: its links are retired, nothing there is touched, and it can return."""

from __future__ import annotations

from typing import Any

import pytest

from accord.consent.signal import Kind
from accord.errors import SetupError
from accord.store.consent_rows import Revocation, RevocationState
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
        "till/contacts is in no flow any more; retired links: 1, writes that stay open: 0" in n
        for n in left.plan().notices
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


def test_who_left_is_listed_from_the_first_sync_on(left: Town) -> None:
    assert left.accord.retired_streams() == []
    left.sync()
    (one, *_) = left.accord.retired_streams()
    assert (one.connection, one.stream, one.links, one.duties) == ("till", "contacts", 1, ())


def test_a_released_stream_is_forgotten(left: Town) -> None:
    left.sync()
    left["shop"].put("s1", first="Anna")
    assert left.accord.release_stream("till/contacts").links == 1
    assert left.accord.retired_streams() == []
    assert "till:t1" not in left.links(left.hub("ann@example.com").id)
    assert not any("till" in notice for notice in left.plan().notices)


def test_a_released_stream_that_returns_is_matched_like_a_new_one(build: Build, left: Town) -> None:
    left.sync()
    left.accord.release_stream("till/contacts")
    town = build(names=THREE)
    for name in THREE:
        town[name].put(f"{name[0]}1", mail="ann@example.com", first="Ann")
    town.settle()
    assert town.link("till:t1").state is LinkState.LIVE
    assert [len(table.rows) for table in town.tables] == [1, 1, 1]


@pytest.mark.parametrize("name", ["crm/contacts", "till", "nobody/contacts"])
def test_only_a_stream_that_left_can_be_released(left: Town, name: str) -> None:
    left.sync()
    with pytest.raises(SetupError, match="no stream that left"):
        left.accord.release_stream(name)


def test_a_stream_that_was_not_told_of_a_withdrawal_is_kept(left: Town) -> None:
    left.sync()
    duty = Revocation("w", left.hub().id, "till", "contacts", "unsubscribe", "marketing.direct", "email")
    with left.accord.store.transaction("a withdrawal") as tx:
        tx.revocations.add([duty])
    with pytest.raises(SetupError, match="not told of the withdrawal or erasure of 1"):
        left.accord.release_stream("till/contacts")
    assert left.accord.release_stream("till/contacts", told=True).duties == (duty.subject,)
    with left.accord.store.reading() as tx:
        (closed,) = tx.revocations.of([duty.subject])
    assert (closed.state, closed.reason) == (RevocationState.IMPOSSIBLE, "released")


def test_who_withdrew_meanwhile_is_told_to_a_stream_that_returns(build: Build) -> None:
    ann = {"mail": "ann@example.com", "first": "Ann"}
    yes = {"news": "granted", "news_at": "2026-01-01T00:00:00Z"}
    whole = build(names=THREE)
    whole["till"].put("t1", **ann, **yes)
    whole.settle()
    away = build(names=THREE, **SMALL)
    for name in ("shop", "crm"):
        away[name].put(f"{name[0]}1", **ann, **yes)
    away.sync()
    away.say(Kind.WITHDRAW)
    away.settle()
    back = build(names=THREE)
    for name in THREE:
        back[name].rows.update((whole if name == "till" else away)[name].rows)
    back.settle()
    assert back["till"].rows["t1"]["news"] == "withdrawn"

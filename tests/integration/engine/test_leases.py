"""Two runs at once, runs that died, runs that were overtaken."""

from __future__ import annotations

import pytest

from accord.env import SystemEnv
from accord.errors import FenceLostError, OutcomeUnknownError
from accord.store.rows import Intent
from tests.integration.engine.town import BOTH, Build, Town

pytestmark = BOTH

OTHER = "otherhost:boot:1:1"


def take(town: Town, scope: str, holder: str = OTHER) -> int:
    """Another process takes a lease."""
    with town.accord.store.transaction("another run") as tx:
        now = town.env.now().timestamp()
        fence = tx.leases.acquire(scope, holder, 30.0, now, lambda _: False)
    assert fence is not None
    return fence.number


def intents(town: Town) -> list[Intent]:
    with town.accord.store.reading() as tx:
        return list(tx.intents.unsettled("crm", "contacts"))


def test_a_second_run_at_once_is_busy(town: Town) -> None:
    town["shop"].put(mail="ann@example.com")
    for scope in ("shop/contacts", "crm/contacts"):
        take(town, scope)
    report = town.run()
    assert (str(report.state), town["crm"].rows) == ("busy", {})


def test_a_first_run_that_was_busy_has_not_run(build: Build) -> None:
    """It did nothing: who asks for one record of the flow still waits for the first run."""
    town = build(first=True)
    town["shop"].put(mail="ann@example.com")
    town.plan()
    for scope in ("shop/contacts", "crm/contacts"):
        take(town, scope)
    assert str(town.run().state) == "busy"
    assert str(town.accord.sync_record("shop/contacts:s1").state) == "waiting"
    town.env.forward(31)
    assert town.sync().total.created == 1


def test_a_stream_held_by_another_is_left_to_it(build: Build) -> None:
    town = build(names=("shop", "crm", "till"))
    town["shop"].put(mail="ann@example.com")
    take(town, "crm/contacts")
    report = town.run()
    assert report.notices == ["crm/contacts is being synced by another run; left to it"]
    assert (len(town["till"].rows), town["crm"].rows) == (1, {})


def test_an_expired_lease_is_taken_over(town: Town) -> None:
    town["shop"].put(mail="ann@example.com")
    take(town, "crm/contacts")
    town.env.forward(31)
    assert town.sync().total.created == 1


def test_a_dead_process_loses_its_lease_at_once(town: Town) -> None:
    town["shop"].put(mail="ann@example.com")
    take(town, "crm/contacts")
    town.env.dead.add(OTHER)
    assert town.sync().total.created == 1


def test_leases_are_given_back(town: Town) -> None:
    town.sync()
    with town.accord.store.reading() as tx:
        assert tx.leases.every() == []


def test_an_overtaken_run_writes_nothing_more(town: Town) -> None:
    town["shop"].put(mail="ann@example.com")
    town["crm"].once("create", lambda _: take(town, "crm/contacts"))
    with pytest.raises(FenceLostError, match="took over crm/contacts"):
        town.accord.sync("customers")
    assert [intent.state for intent in intents(town)] == ["sent"]


def test_a_take_over_puts_open_writes_in_doubt(town: Town) -> None:
    town["shop"].put(mail="ann@example.com")
    town["crm"].once("create", lambda _: take(town, "crm/contacts"))
    with pytest.raises(FenceLostError):
        town.accord.sync("customers")
    town.env.forward(60)
    town.settle()
    assert (len(town["crm"].rows), intents(town)) == (1, [])


def test_a_run_that_died_while_sending_makes_no_duplicate(town: Town) -> None:
    def dies(_: object) -> None:
        raise KeyboardInterrupt

    town["shop"].put(mail="ann@example.com")
    town["crm"].after["create"] = [dies]
    with pytest.raises(KeyboardInterrupt):
        town.accord.sync("customers")
    assert [intent.state for intent in intents(town)] == ["sent"]
    town.env.dead.add(SystemEnv().holder)
    town.settle()
    assert len(town["crm"].rows) == 1


def test_an_unanswered_write_waits_before_the_look(town: Town) -> None:
    town.change("crm", t_max=60.0)
    town["shop"].put(mail="ann@example.com")
    town["crm"].fail("create", OutcomeUnknownError("the line went dead"))
    assert town.sync().total.unknown == 1
    assert town.sync().total.created == 0
    town.env.forward(61)
    assert town.sync().total.created == 1

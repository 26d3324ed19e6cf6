"""A withdrawal does not wait for the person who looks at a plan."""

from __future__ import annotations

from typing import Any

import pytest

from accord.errors import OutcomeUnknownError
from accord.mapping import both
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import SYSTEMS, Stage

DAY = 86_400.0


def remap(stage: Stage, name: str) -> None:
    """Map one more column of a system's people."""
    for flow in stage.accord.world.flows:
        for member in flow.members:
            if member.key == (name, "contacts"):
                made = type(member.stream.mapping)(*member.stream.mapping.declarations)
                made = made.extended(both("custom.nick", "nick"))
                model = type(member.stream).model
                bound = made.bound(connector="memory", stream="contacts", model=model)
                member.stream.mapping = bound
                vars(member).pop("covers", None)


@pytest.fixture
def waiting(stage: Stage) -> Stage:
    """Ann reads the newsletter; then the shop's mapping changes, and what it makes waits for a person."""
    yes: dict[str, Any] = stage.yes(days=2)
    stage["shop"].put("s1", mail="ann@example.com", first="Ann", mail_consent=yes, nick="Nan")
    stage.settle()
    assert stage.state() == "granted"
    for name in ("shop", "crm", "letter"):
        remap(stage, name)
    return stage


def told(stage: Stage) -> list[str]:
    return [verb for verb, _ in stage.written("letter") if verb == "unsubscribe"]


def test_a_withdrawal_at_the_desk_is_told_although_a_plan_waits(waiting: Stage) -> None:
    waiting.withdraw()
    report = waiting.sync(unattended=True)
    assert str(report.state) == "waiting"
    assert told(waiting) == ["unsubscribe"]
    assert (report.members["letter/contacts"].told, report.total.told) == (1, 1)


def test_a_system_that_fails_to_hear_of_it_hides_no_plan(waiting: Stage) -> None:
    waiting.withdraw()
    waiting["letter"].fail("unsubscribe", OutcomeUnknownError("no answer"))
    assert str(waiting.sync(unattended=True).state) == "waiting"
    waiting.env.forward(DAY)
    waiting.sync(unattended=True)
    assert told(waiting)[-1:] == ["unsubscribe"]
    assert {one.connection for one in waiting.revocations() if one.finished_at is None} == set()


def test_nothing_else_is_written_with_it(waiting: Stage) -> None:
    waiting.withdraw()
    waiting["shop"].put("s1", first="Anna")
    begun = {name: len(waiting.written(name)) for name in SYSTEMS}
    waiting.sync(unattended=True)
    new = [verb for name in SYSTEMS for verb, _ in waiting.written(name)[begun[name] :]]
    assert new == ["unsubscribe"]


def test_a_first_run_that_waits_tells_it_too(waiting: Stage) -> None:
    """The flow of another purpose is set up while a withdrawal is due."""
    waiting.withdraw()
    with waiting.accord.store.transaction("as if it never ran") as tx:
        state = tx.flows.load("customers")
        state.approved_at = state.waiting_plan = None
        tx.flows.save(state)
    report = waiting.sync(unattended=True)
    assert (str(report.state), told(waiting)) == ("waiting", ["unsubscribe"])

"""The process dies at every point where consent could be lost (consent.md 2.7, K1 to K9)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from accord.consent.signal import Kind
from accord.errors import OutcomeUnknownError
from accord.store.consent_rows import LEFT
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import Stage

POINTS = [
    "pull",
    "pull:committed",
    "mark sent",
    "mark sent:committed",
    "confirm",
    "confirm:committed",
    "revoke",
    "revoke:committed",
    "revoked",
    "revoked:committed",
]


class KilledError(BaseException):
    """The process is gone."""


def reader(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", first="Ann", mail_consent=stage.yes(days=9))
    stage.sync()
    stage.sync()


def die_at(stage: Stage, label: str) -> Callable[[], bool]:
    """Kill the process the next time it comes to a point; tells whether that happened."""
    done: list[str] = []

    def listener(point: str) -> None:
        if point == label and not done:
            done.append(point)
            raise KilledError(point)

    stage.env.switches.append(listener)
    return lambda: bool(done)


def run_and_recover(stage: Stage, label: str) -> bool:
    """A run that dies at a point, then runs that do not; whether it died."""
    died = die_at(stage, label)
    with suppress(KilledError):
        stage.sync()
    stage.env.forward(7200)
    stage.accord.sync("customers")
    for _ in range(3):
        stage.env.forward(7200)
        stage.sync(full=True)
    return died()


def no_send_since(stage: Stage, at: float) -> bool:
    """K1: nothing was marked for marketing after the withdrawal was committed."""
    return not [one for one in stage.sends() if one.connection == "letter" and one.at > at]


@pytest.mark.parametrize("label", POINTS)
def test_k1_k8_a_withdrawal_survives_a_death_at_any_point(stage: Stage, label: str) -> None:
    reader(stage)
    stage["shop"].put("s1", first="Anna")
    stage.withdraw()
    committed = stage.env.now().timestamp()
    run_and_recover(stage, label)
    assert no_send_since(stage, committed)
    assert stage["letter"].row(id="l1")["mail_consent"]["state"] == "withdrawn"
    assert stage["letter"].row(id="l1")["first"] == "Ann"
    assert not [one for one in stage.sends() if one.connection == "letter" and one.status in LEFT]
    assert stage.state() == "withdrawn"


@pytest.mark.parametrize("label", POINTS)
def test_k6_a_withdrawal_that_is_read_is_whole_or_read_again(stage: Stage, label: str) -> None:
    reader(stage)
    stage["shop"].put("s1", first="Anna", mail_consent=stage.no(seconds=30))
    run_and_recover(stage, label)
    assert stage.state() == "withdrawn"
    assert stage["letter"].row(id="l1")["mail_consent"]["state"] == "withdrawn"
    assert [one.kind for one in stage.signals() if one.source == "shop"] == [Kind.GRANT, Kind.WITHDRAW]


def test_k2_an_unanswered_send_is_decided_again_and_counts_as_sent(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", mail_consent=stage.yes(days=9))
    stage["letter"].lose_replies("create")
    stage["letter"].after["create"].append(lambda _: stage.withdraw())
    stage["letter"].after["create"].reverse()
    stage.sync()
    for _ in range(3):
        stage.env.forward(7200)
        stage.sync(full=True)
    assert [verb for verb, _ in stage.written("letter")].count("create") == 1
    assert stage["letter"].row(mail="ann@example.com")["mail_consent"]["state"] == "withdrawn"


def test_k3_a_replayed_dead_letter_asks_the_gate_again(stage: Stage) -> None:
    stage["shop"].put(mail="ann@example.com", mail_consent=stage.yes(days=9))
    stage["letter"].refuses = lambda _: "poison"
    stage.sync()
    (letter,) = stage.accord.dead_letters()
    stage["letter"].refuses = lambda _: None
    stage.withdraw()
    stage.accord.replay([letter.id])
    stage.sync()
    assert stage["letter"].rows == {}


def test_k5_a_request_holds_one_lawful_basis(stage: Stage) -> None:
    stream = stage.accord.connections.streams["letter"]["contacts"]
    type(stream).consent_per_request = True
    try:
        for each in range(4):
            stage["shop"].put(mail=f"p{each}@example.com", mail_consent=stage.yes())
        stage.sync()
        assert len(stage.mails("letter")) == 4
    finally:
        type(stream).consent_per_request = False


@pytest.mark.parametrize("label", ["mark sent", "mark sent:committed"])
def test_k9_a_withdrawal_beside_the_send_stops_or_follows_it(stage: Stage, label: str) -> None:
    stage["shop"].put(mail="ann@example.com", mail_consent=stage.yes(days=9))
    done: list[str] = []

    def withdraw(point: str) -> None:
        if point == label and not done:
            done.append(point)
            stage.withdraw()

    stage.sync(connections=["shop", "crm"])
    stage.env.switches.append(withdraw)
    for _ in range(3):
        stage.env.forward(7200)
        stage.sync(full=True)
    assert done
    rows = stage["letter"].rows.values()
    assert all(row["mail_consent"]["state"] == "withdrawn" for row in rows)
    assert not [one for one in stage.sends() if one.connection == "letter" and one.status in LEFT]


def test_k2_a_lost_answer_to_a_revocation_is_asked_again(stage: Stage) -> None:
    reader(stage)
    stage["letter"].fail("unsubscribe", OutcomeUnknownError("the reply was lost"))
    stage.withdraw()
    for _ in range(3):
        stage.env.forward(7200)
        stage.sync(full=True)
    assert stage["letter"].row(id="l1")["mail_consent"]["state"] == "withdrawn"

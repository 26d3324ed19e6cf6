"""The guard before the consent operations of connectors."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from accord.connector import batch
from accord.consent.guard import guarded
from accord.model.record import ConsentWrite, Outcome, Receipt, Result, Verb

EMAIL = frozenset({"email"})


def write(verb: Verb, id_: str = "w", channel: str = "email", grant: str | None = None) -> ConsentWrite:
    return ConsentWrite(id_, verb, "marketing.direct", channel, "1", grant=grant)


@batch(7, limit_class="slow", cost=3)
def accept(writes: Sequence[ConsentWrite]) -> Sequence[Outcome]:
    assert writes, "an empty batch was sent"
    return [Outcome(one.id, Result.DONE) for one in writes]


@pytest.mark.parametrize("grant", [None, ""])
def test_nothing_opens_without_a_grant(grant: str | None) -> None:
    [outcome] = guarded(Verb.SUBSCRIBE, accept, EMAIL)([write(Verb.SUBSCRIBE, grant=grant)])
    assert (outcome.result, outcome.reason) == (Result.REJECTED, "no_grant")


def test_a_grant_passes() -> None:
    [outcome] = guarded(Verb.SUBSCRIBE, accept, EMAIL)([write(Verb.SUBSCRIBE, grant="g1")])
    assert outcome.result is Result.DONE


def test_a_refusal_needs_no_grant() -> None:
    [outcome] = guarded(Verb.UNSUBSCRIBE, accept, EMAIL)([write(Verb.UNSUBSCRIBE)])
    assert outcome.result is Result.DONE


@pytest.mark.parametrize("verb", [Verb.UNSUBSCRIBE, Verb.SUBSCRIBE, Verb.REMOVE])
def test_a_channel_that_is_not_served_is_impossible(verb: Verb) -> None:
    [outcome] = guarded(verb, accept, EMAIL)([write(verb, channel="sms", grant="g1")])
    assert (outcome.reason, outcome.receipt) == ("channel_not_served", Receipt.IMPOSSIBLE)


def test_an_erasure_has_no_channel() -> None:
    [outcome] = guarded(Verb.ERASE, accept, EMAIL)([write(Verb.ERASE, channel="")])
    assert outcome.result is Result.DONE


def test_a_write_of_another_verb_is_not_sent() -> None:
    [outcome] = guarded(Verb.SUBSCRIBE, accept, EMAIL)([write(Verb.UNSUBSCRIBE, grant="g1")])
    assert outcome.reason == "not_a_subscribe"


def test_each_write_of_a_mixed_batch_has_its_outcome() -> None:
    writes = [write(Verb.SUBSCRIBE, "a"), write(Verb.SUBSCRIBE, "b", grant="g1")]
    said = {outcome.write_id: outcome.result for outcome in guarded(Verb.SUBSCRIBE, accept, EMAIL)(writes)}
    assert said == {"a": Result.REJECTED, "b": Result.DONE}


def test_the_guard_keeps_what_the_operation_declares() -> None:
    send = guarded(Verb.ERASE, accept, EMAIL)
    declared = {name: getattr(send, name) for name in ("size", "limit_class", "cost")}
    assert declared == {"size": 7, "limit_class": "slow", "cost": 3}

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from accord.engine.flow import Policy, PolicyKind
from accord.engine.policies import Claim, Winner, consent_winner, decide
from accord.store.rows import Stamp

SOURCES = ("shop/contacts", "crm/contacts", "till/contacts")
PRIORITIES = {source: place for place, source in enumerate(SOURCES)}
CLOSED = {"withdrawn", "expired", "not_applicable"}

claims = st.builds(
    Claim,
    st.text("abc", min_size=1, max_size=2),
    st.builds(
        Stamp,
        st.integers(1, 9),
        st.sampled_from(SOURCES),
        st.floats(0, 3),
        st.text("12", min_size=1, max_size=1),
    ),
)
instants = st.integers(0, 20).map(
    lambda n: (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n)).isoformat()
)
states = st.sampled_from(
    ("granted", "soft_opt_in", "withdrawn", "expired", "not_applicable", "pending", "unknown")
)
consents = st.one_of(
    st.none(),
    st.fixed_dictionaries({"state": states}),
    st.fixed_dictionaries({"state": states, "at": instants}),
)


def fold(policy: Policy, order: tuple[Claim, ...]) -> Any:
    def merged(hub: Claim, vendor: Claim) -> Claim:
        return vendor if decide(policy, hub, vendor, PRIORITIES) is Winner.VENDOR else hub

    return reduce(merged, order)


def order_of(claim: Claim) -> tuple[Any, ...]:
    return (claim.stamp.time, claim.stamp.source, claim.stamp.link)


@given(st.lists(claims, min_size=2, max_size=4, unique_by=order_of))
def test_the_latest_wins_in_whatever_order_it_arrives(found: list[Claim]) -> None:
    results = [fold(Policy(PolicyKind.LATEST), order) for order in permutations(found)]
    assert all(result == results[0] for result in results)


@given(st.lists(claims, min_size=2, max_size=4, unique_by=order_of))
def test_a_lattice_ends_at_its_strongest_state_in_any_order(found: list[Claim]) -> None:
    policy = Policy(PolicyKind.LATTICE, ("a", "b", "c"))
    results = [fold(policy, order).value for order in permutations(found)]
    assert all(result == results[0] for result in results)


@given(st.lists(claims, min_size=2, max_size=4, unique_by=order_of))
def test_a_preferred_connection_wins_in_any_order(found: list[Claim]) -> None:
    policy = Policy(PolicyKind.PREFER, ("crm", "till"))
    results = [fold(policy, order) for order in permutations(found)]
    assert all(result == results[0] for result in results)


@given(claims, claims)
def test_a_manual_policy_leaves_it_to_a_person(hub: Claim, vendor: Claim) -> None:
    assert decide(Policy(PolicyKind.MANUAL), hub, vendor, PRIORITIES) is Winner.NOBODY


def state(consent: Any) -> str:
    return str(consent["state"]) if isinstance(consent, dict) else "unknown"


@given(consents, consents)
def test_an_undated_grant_never_reopens_a_withdrawal(one: Any, other: Any) -> None:
    winner = consent_winner(one, other)
    result, loser = (other, one) if winner is Winner.VENDOR else (one, other)
    if state(loser) in CLOSED and state(result) in ("granted", "soft_opt_in", "pending"):
        assert "at" in result
        assert "at" in loser
        assert result["at"] > loser["at"]


@given(consents, consents)
def test_merged_consent_is_one_of_the_two(one: Any, other: Any) -> None:
    assert consent_winner(one, other) in (Winner.HUB, Winner.VENDOR)


@given(consents, consents)
def test_consent_is_as_strict_whichever_side_is_the_hub(one: Any, other: Any) -> None:
    first = other if consent_winner(one, other) is Winner.VENDOR else one
    second = one if consent_winner(other, one) is Winner.VENDOR else other
    assert (state(first) in CLOSED) == (state(second) in CLOSED)
